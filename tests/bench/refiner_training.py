#!/usr/bin/python3
"""Refiners that are trained in programs of others, against the best of 20 tuned thresholds: PetRLRefinerSetTraining().

    tests/bench/refiner_training.py BUILD OUT.csv [--ex11 PETSC/src/ts/tutorials/ex11.c] [--seeds 3] [--keep DIR]

Trains with each seed in programs that contain nothing of PetRL but the lines that attach a refiner: nonlinear diffusion
with moving sources and thin reaction fronts (tests/plugin/moving_sources.c, reaction_front.c: linear elements, implicit)
and the shallow water of PETSc's own tutorial ex11 (tests/bench/refiner/ex11.patch: finite volumes with walls, explicit; left out without --ex11). Writes
what each program's table says of the held-out part of its interval: error, cell-steps, and cell-steps over those of the
tuned thresholds at the same error. OUT.csv: one row for each rule and seed; prints geometric means.
"""
import argparse
import csv
import math
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COMMON = ["-refiner_train", "-refiner_remesh_cost", "0"]
# program: options
PROGRAMS = {
    "moving_sources": ["-refiner_max_level", "3", "-refiner_interval", "4", "-refiner_train_passes", "8"],
    "reaction_front": ["-refiner_max_level", "4", "-refiner_interval", "4", "-refiner_train_passes", "8",
                       "-refiner_train_heldout", "0.25"],
    "ex11": ["-physics", "sw", "-bc_wall", "1,2,3,4", "-ufv_cfl", "2", "-ts_max_time", "2", "-ufv_vtk_interval", "0",
             "-ufv_vtk_monitor", "0", "-dm_plex_adj_cone", "-dm_plex_adj_closure", "0", "-refiner_max_level", "3",
             "-refiner_interval", "5", "-refiner_train_passes", "8"],
}
COLUMNS = ["program", "seed", "method", "setting", "decisions", "error", "cell_steps", "remeshes", "relative_cell_steps"]


def square(path, n, size):
    """A square of n x n squares, two triangles each, sides 1 to 4 (Gmsh's format 2.2)."""
    v = lambda i, j: j * (n + 1) + i + 1
    lines = [(1, v(k, 0), v(k + 1, 0)) for k in range(n)] + [(2, v(n, k), v(n, k + 1)) for k in range(n)]
    lines += [(3, v(k, n), v(k + 1, n)) for k in range(n)] + [(4, v(0, k), v(0, k + 1)) for k in range(n)]
    cells = [t for j in range(n) for i in range(n)
             for t in ((v(i, j), v(i + 1, j), v(i + 1, j + 1)), (v(i, j), v(i + 1, j + 1), v(i, j + 1)))]
    elements = [f"1 2 {side} {side} {a} {b}" for side, a, b in lines] + ["2 2 9 9 %d %d %d" % t for t in cells]
    points = [f"{size * i / n:.17g} {size * j / n:.17g} 0" for j in range(n + 1) for i in range(n + 1)]
    with open(path, "w") as f:
        f.write(f"$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n{len(points)}\n")
        f.write("".join(f"{k + 1} {p}\n" for k, p in enumerate(points)))
        f.write(f"$EndNodes\n$Elements\n{len(elements)}\n")
        f.write("".join(f"{k + 1} {e}\n" for k, e in enumerate(elements)) + "$EndElements\n")


def build_ex11(source, build, folder):
    """The tutorial with a refiner attached."""
    program, patched = os.path.join(folder, "ex11"), os.path.join(folder, "ex11.c")
    subprocess.run(["patch", "-s", "-o", patched, source, os.path.join(HERE, "refiner", "ex11.patch")], check=True)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], check=True, capture_output=True, text=True)
    library = os.path.join(build, "lib")
    subprocess.run(["mpicc", "-O2", "-w", patched, "-o", program, "-I", os.path.join(HERE, "..", "..", "src", "include"),
                    *flags.stdout.split(), "-L" + library, "-Wl,-rpath," + library, "-lpetrl", "-lm"], check=True)
    return program


def train(name, command, seed, folder):
    file = os.path.join(folder, f"{name}-{seed}.h5")
    command = command + COMMON + PROGRAMS[name] + ["-refiner_save", file, "-refiner_train_seed", str(seed)]
    with open(os.path.join(folder, f"{name}-{seed}.log"), "w") as log:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    with open(file + ".csv") as f:
        rows = [r for r in csv.DictReader(f) if r["part"] == "held out"]
    policies = [r for r in rows if r["method"] == "policy"]
    # The judgement that chose the policy.
    score = lambda r: math.log(float(r["relative_cell_steps"]))
    each = {d: [r for r in policies if r["decisions"] == d] for d in {r["decisions"] for r in policies}}
    best = min(each.values(), key=lambda group: sum(map(score, group)))
    for r in [r for r in rows if r["method"] != "policy"] + best:
        yield {"program": name, "seed": seed, **{c: r[c] for c in COLUMNS[2:]}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("out")
    parser.add_argument("--ex11", help="PETSc's tutorial, of the version that is built against")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", help="folder for policies, states and logs; the same command goes on from it")
    a = parser.parse_args()
    build, folder = os.path.abspath(a.build), a.keep or tempfile.mkdtemp(prefix="petrl-refiner-")
    os.makedirs(folder, exist_ok=True)
    folder = os.path.abspath(folder)
    programs = {"moving_sources": [os.path.join(build, "bin", "moving_sources")],
                "reaction_front": [os.path.join(build, "bin", "reaction_front"), "-seed", "1"]}
    if a.ex11:
        square(os.path.join(folder, "square.msh"), 10, 6.0)
        programs["ex11"] = [build_ex11(a.ex11, build, folder), "-dm_plex_filename", os.path.join(folder, "square.msh")]
    rows = []
    for name, command in programs.items():
        for seed in range(1, a.seeds + 1):
            rows += train(name, command, seed, folder)
            mine = [math.log(float(r["relative_cell_steps"])) for r in rows
                    if r["program"] == name and r["seed"] == seed and r["method"] == "policy"]
            print(f"{name}, seed {seed}: {math.exp(sum(mine) / len(mine)):.3f} times the cell-steps of the best thresholds",
                  flush=True)
        with open(a.out, "w", newline="") as f:
            w = csv.DictWriter(f, COLUMNS)
            w.writeheader()
            w.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
