"""Writes the smallest meshes of this folder (Gmsh's format 2.2), where each line matters: python3 small.py [folder]"""
import os
import sys

N = 4  # squares a side of the unit square, two triangles each


def write(path, points, elements, names=(), periodic=()):
    """elements: (Gmsh's type, part, corners from 0)."""
    with open(path, "w") as f:
        f.write("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n")
        if names:
            f.write(f"$PhysicalNames\n{len(names)}\n" + "".join('%d %d "%s"\n' % n for n in names) + "$EndPhysicalNames\n")
        f.write(f"$Nodes\n{len(points)}\n" + "".join(f"{i + 1} {x:.17g} {y:.17g} 0\n" for i, (x, y) in enumerate(points)))
        f.write(f"$EndNodes\n$Elements\n{len(elements)}\n")
        for i, (kind, part, corners) in enumerate(elements):
            f.write(f"{i + 1} {kind} 2 {part} {part} " + " ".join(str(c + 1) for c in corners) + "\n")
        f.write("$EndElements\n")
        if periodic:
            f.write(f"$Periodic\n1\n1 2 1\n{len(periodic)}\n" + "".join(f"{a + 1} {b + 1}\n" for a, b in periodic))
            f.write("$EndPeriodic\n")


def vertex(i, j):
    return j * (N + 1) + i


def main(folder):
    points = [(i / N, j / N) for j in range(N + 1) for i in range(N + 1)]
    cells = []
    for j in range(N):
        for i in range(N):
            a, b, c, d = vertex(i, j), vertex(i + 1, j), vertex(i + 1, j + 1), vertex(i, j + 1)
            cells += [(2, 10 if i < N // 2 else 20, corners) for corners in ((a, b, c), (a, c, d))]
    edges = lambda part, line: [(1, part, line[k:k + 2]) for k in range(N)]
    bottom, top = [vertex(i, 0) for i in range(N + 1)], [vertex(i, N) for i in range(N + 1)]
    left, middle, right = ([vertex(i, j) for j in range(N + 1)] for i in (0, N // 2, N))
    # The bottom is 1, the left 0, a line inside 7; the other boundaries belong to nothing.
    write(os.path.join(folder, "sets.msh"), points, edges(1, bottom) + edges(0, left) + edges(7, middle) + cells,
          ((1, 1, "bottom"), (1, 0, "left"), (1, 7, "fault"), (2, 10, "rock"), (2, 20, "water")))
    # Periodic from left to right; the top is 2, the bottom belongs to nothing.
    write(os.path.join(folder, "tube.msh"), points, edges(2, top) + edges(7, middle) + cells, periodic=list(zip(right, left)))
    # Six nodes a triangle.
    middles = {}

    def between(a, b):
        key = min(a, b), max(a, b)
        if key not in middles:
            middles[key] = len(points)
            points.append(tuple((p + q) / 2 for p, q in zip(points[a], points[b])))
        return middles[key]

    write(os.path.join(folder, "quadratic.msh"), points,
          [(9, part, (a, b, c, between(a, b), between(b, c), between(c, a))) for _, part, (a, b, c) in cells])


main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
