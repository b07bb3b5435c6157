"""Pictures of LAMP on triangulations. Usage: lamp2d_plots.py RESULTS PICTURES [FIELDS.h5]

RESULTS holds lamp2d/table.csv, FIELDS.h5 is what `petrl evaluate` wrote."""
import os
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.collections import PolyCollection  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from petrl_studies.data import rows  # noqa: E402


def front(table, path):
    lines = {}
    for r in table:
        key = r["name"] if r["remeshing"] == "threshold" else f"{r['name']}, {r['remeshing']}"
        lines.setdefault((key, r["remeshing"]), []).append((float(r["cells mean"]), float(r["error mean"])))
    figure, axis = plt.subplots(figsize=(9, 5))
    for (key, kind), points in lines.items():
        style = {"policy": "o-", "never": "x--", "hindsight": "*:", "solver's": "s-", "indicator": "v-"}.get(kind, "+:")
        axis.plot(*zip(*sorted(points)), style, ms=5, lw=1.8 if kind == "policy" else 1, label=key)
    axis.set(xscale="log", yscale="log", xlabel="mean number of cells", ylabel="mean squared error")
    axis.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1))
    axis.grid(alpha=.3, which="both")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def meshes(file, path, count=4):
    """A row for each trade-off, a column for each time: what is predicted, on its mesh; the last row is the truth."""
    with h5py.File(file) as f:
        betas = f["trade_offs"][...]
        steps = len([k for k in f if k.startswith("truth_")]) - 1
        times = [round(k * steps / count) for k in range(1, count + 1)]
        truth = [f[f"truth_{k}/u"][...] for k in times]
        span = min(u.min() for u in truth), max(u.max() for u in truth)
        fig, axes = plt.subplots(len(betas) + 1, count, figsize=(2.6 * count, 2.75 * (len(betas) + 1)), layout="constrained")
        for i, (line, beta) in enumerate(zip(axes, betas)):
            for ax, k in zip(line, times):
                g = f[f"policy{i}_{k}"]
                corner = g["corner"][...]
                ax.add_collection(PolyCollection(corner, array=g["u"][...], cmap="YlGnBu", edgecolors="0.25", linewidths=.3, clim=span))
                ax.set_title(f"step {k}, {len(corner)} cells", fontsize=9)
            line[0].set_ylabel(f"trade-off {beta:g}")
        for ax, u, k in zip(axes[-1], truth, times):
            ax.imshow(np.asarray(u), origin="lower", extent=(0, 2, 0, 2), cmap="YlGnBu", vmin=span[0], vmax=span[1])
            ax.set_title(f"truth, step {k}", fontsize=9)
        for ax in axes.flat:
            ax.set(xlim=(0, 2), ylim=(0, 2), aspect="equal", xticks=[], yticks=[])
        fig.savefig(path, dpi=80)
        plt.close(fig)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    results, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    front(rows(f"{results}/lamp2d/table.csv"), f"{out}/lamp2d-front.png")
    if len(sys.argv) == 4:
        meshes(sys.argv[3], f"{out}/lamp2d-meshes.png")
