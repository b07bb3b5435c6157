"""Pictures of the one-dimensional part. Usage: lamp_plots.py RESULTS PICTURES [FIELDS.h5]

RESULTS holds the table lamp/table.csv (and further folders lamp-*/table.csv with more models), FIELDS.h5 is what
`petrl evaluate` wrote."""
import glob
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from petrl_studies.data import rows  # noqa: E402

# Published numbers: vertices, error (Learning controllable adaptive simulation, ICLR 2023).
PUBLISHED = {
    "LAMP, published": [(37.6, 1.05), (53.2, .75)],
    "LAMP without re-meshing, published": [(25, 6.39), (50, 2.15), (100, .75)],
    "MP-PDE, published": [(25, 3.69), (50, .98), (100, .90)],
    "FNO, published": [(25, 4.85), (50, 1.79), (100, 1.38)],
    "CNN, published": [(25, 4.75), (50, 1.10), (100, .81)],
}


def tables(results):
    return [r for path in [f"{results}/lamp/table.csv", *sorted(glob.glob(f"{results}/lamp-*/table.csv"))] for r in rows(path)]


def front(table, path):
    figure, axis = plt.subplots(figsize=(9, 5))
    for (name, points), marker in zip(PUBLISHED.items(), "sovd^"):
        axis.plot(*zip(*points), marker, ms=5, mfc="none", color="0.45", label=name)
    lines = {}
    for r in table:
        kind, start = r["remeshing"], r["start [vertices]"]
        if kind.startswith("policy"):
            key = f"{r['model']}, from {start}"
        elif kind == "never" and "WENO" not in r["model"]:
            key = f"{r['model']}, no re-meshing"
        elif kind == "hindsight":
            key = f"{r['model']}, meshes adapted with hindsight"
        else:
            key = r["model"]
        lines.setdefault(key, []).append((float(r["vertices mean"]), float(r["error mean"])))
    for key, points in lines.items():
        style = "o-" if "from" in key else "x--" if "no re" in key else "*" if "hindsight" in key else "+:"
        axis.plot(*zip(*sorted(points)), style, ms=5, lw=1, label=key)
    axis.set(xscale="log", yscale="log", xlabel="mean number of vertices (cells)", ylabel="error")
    axis.set_xticks([25, 35, 50, 70, 100], ["25", "35", "50", "70", "100"])
    axis.minorticks_off()
    axis.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1))
    axis.grid(alpha=.3)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def meshes(fields, path):
    import h5py
    with h5py.File(fields) as f:
        betas, truth = f["trade_offs"][:], f["truth"][:]
        predictions = [f[f"prediction{i}"][:] for i in range(len(betas))]
        masks = [f[f"mesh{i}"][:] for i in range(len(betas))]
    figure, axes = plt.subplots(1, 1 + len(betas), figsize=(3.2 * (1 + len(betas)), 4), sharey=True)
    limit = abs(truth).max()
    extent = [0, 16, 50, 250]
    axes[0].imshow(truth, aspect="auto", origin="lower", extent=extent, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes[0].set(title="truth", xlabel="x", ylabel="time level")
    for axis, beta, u, mask in zip(axes[1:], betas, predictions, masks):
        axis.imshow(u, aspect="auto", origin="lower", extent=extent, cmap="RdBu_r", vmin=-limit, vmax=limit)
        for b, row in enumerate(mask):
            x = [.16 * j for j in range(100) if row[j]]
            axis.plot(x, [50 + 25 * b + 12.5] * len(x), "k|", ms=13, mew=.7)
        axis.set(title=f"trade-off {beta:g}: {mask.sum() / 8:.1f} vertices", xlabel="x")
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    results, pictures = sys.argv[1:3]
    front(tables(results), f"{pictures}/lamp-front.png")
    if len(sys.argv) > 3:
        meshes(sys.argv[3], f"{pictures}/lamp-meshes.png")


main()
