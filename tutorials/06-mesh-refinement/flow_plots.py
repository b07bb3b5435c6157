"""Pictures of the two-dimensional part. Usage: flow_plots.py RESULTS PICTURES [FIELDS.h5]

RESULTS holds the tables flows/front.csv and flows/ratio.csv, FIELDS.h5 is what `petrl evaluate flows.yaml` wrote."""
import os
import sys

import matplotlib

matplotlib.use("Agg")
import h5py  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.collections import PolyCollection  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from petrl_studies.data import rows  # noqa: E402

STYLE = {"uniform": ("0.5", "s"), "gradient": ("tab:orange", "^"), "jump": ("tab:green", "v"),
         "recovery": ("tab:purple", "D"), "policy": ("tab:red", "o"), "oracle": ("k", "*")}
NAMES = {"gradient": "gradient threshold", "jump": "jump threshold", "recovery": "Zienkiewicz-Zhu threshold",
         "uniform": "uniform meshes", "oracle": "hindsight (fewer cases)"}


def pareto(x, y):
    """Points that no other is better than in both."""
    out = []
    for p in sorted(zip(x, y)):
        if not out or p[1] < out[-1][1]:
            out.append(p)
    return np.array(out).T


def fronts(data, path):
    """Error against cost and against time, a column for each family."""
    data = [r for r in data if r["experiment"] == "test"]
    families = list(dict.fromkeys(r["family"] for r in data))
    fig, axes = plt.subplots(2, len(families), figsize=(4.1 * len(families), 7.2), squeeze=False, layout="constrained")
    for row, (key, label, flag) in enumerate([("cost_cell_steps", "cost: cell-steps + 25 for each cell built anew", "chosen_by_cost"),
                                              ("wall_s", "seconds, decisions and re-meshing included", "chosen_by_wall")]):
        for ax, family in zip(axes[row], families):
            for method, (colour, marker) in STYLE.items():
                mine = [r for r in data if r["family"] == family and r["method"] == method and r[flag] == "1"]
                if not mine or (method == "oracle" and row == 1):
                    continue
                x, y = (np.array([float(r[k]) for r in mine]) for k in ("l1", key))
                ax.scatter(x, y, s=16, color=colour, marker=marker, alpha=.6, lw=0)
                ax.plot(*pareto(x, y), color=colour, lw=2.2 if method == "policy" else 1.2, ls=":" if method == "oracle" else "-",
                        label=NAMES.get(method, method))
            ax.set(xscale="log", yscale="log", xlabel="L1 error at the end (geometric mean)", ylabel=label)
            ax.set_title(family)
            ax.grid(alpha=.3)
    axes[0][0].legend(fontsize=8)
    fig.savefig(path, dpi=100)
    plt.close(fig)


def ratios(data, path):
    """What others cost at equal errors, over the policy."""
    data = [r for r in data if r["experiment"] == "test" and r["error"] == "l1" and r["rival"] != "oracle"]
    families = list(dict.fromkeys(r["family"] for r in data))
    fig, axes = plt.subplots(2, len(families), figsize=(4.1 * len(families), 6), squeeze=False, layout="constrained")
    for row, measure in enumerate(("cost", "wall")):
        for ax, family in zip(axes[row], families):
            for rival in ("uniform", "gradient", "jump", "recovery", "best threshold"):
                mine = [r for r in data if (r["family"], r["measure"], r["rival"]) == (family, measure, rival)]
                if not mine:
                    continue
                ax.plot([float(r["at_error"]) for r in mine], [float(r["ratio"]) for r in mine],
                        color=STYLE.get(rival, ("tab:blue", ""))[0], lw=2.2 if rival == "best threshold" else 1.2, label=rival)
            ax.axhline(1, color="k", lw=.8)
            ax.set(xscale="log", yscale="log", xlabel="L1 error", ylabel=f"{measure} over the policy's")
            ax.set_title(family)
            ax.grid(alpha=.3, which="both")
    axes[0][0].legend(fontsize=8)
    fig.savefig(path, dpi=100)
    plt.close(fig)


def meshes(file, path):
    """A row for each method, a column for each time: the mesh just after a decision. Where the feature is now, and (as a
    line) where it will be at the next decision."""
    with h5py.File(file) as f:
        methods = [m for m in ("policy0", "policy1", "policy2", "threshold") if m in f]
        count = len([k for k in f[methods[0]] if k.startswith("time")])
        span = [np.inf, -np.inf]
        for m in methods:
            u = f[f"{m}/time0/u"][...]
            span = [min(span[0], u.min()), max(span[1], u.max())]
        fig, axes = plt.subplots(len(methods), count, figsize=(3 * count, 3.15 * len(methods)), squeeze=False,
                                 layout="constrained")
        for line, m in zip(axes, methods):
            group = f[m]
            name = "threshold" if m == "threshold" else f"policy, odds {group.attrs['odds']:g}"
            for k, ax in enumerate(line):
                g = group[f"time{k}"]
                ax.add_collection(PolyCollection(g["corner"][...], array=g["u"][...], cmap="YlGnBu", edgecolors="0.25",
                                                 linewidths=.3, clim=span))
                ax.set(xlim=(0, 2), ylim=(0, 2), aspect="equal", xticks=[], yticks=[])
                ax.set_title(f"t = {g.attrs['time']:.2f}, {len(g['u'])} cells", fontsize=9)
                if "ahead" in g:
                    u = g["ahead"][...]
                    x = (np.arange(len(u)) + .5) * 2 / len(u)
                    levels = [v for v in (-.25, .25) if u.min() < v < u.max()]
                    if levels:
                        ax.contour(x, x, u, levels=levels, colors="tab:red", linewidths=1)
            line[0].set_ylabel(f"{name}\nL1 {group.attrs['l1']:.1e}, {group.attrs['cell_steps'] / 1e6:.2f} M cell-steps",
                               fontsize=9)
        fig.savefig(path, dpi=80)
        plt.close(fig)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    results, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    fronts(rows(f"{results}/flows/front.csv"), f"{out}/flows-fronts.png")
    ratios(rows(f"{results}/flows/ratio.csv"), f"{out}/flows-ratios.png")
    if len(sys.argv) == 4:
        meshes(sys.argv[3], f"{out}/flows-meshes.png")
