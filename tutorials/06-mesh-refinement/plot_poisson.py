#!/usr/bin/env python3
"""Meshes and error against cells of the Poisson study: plot_poisson.py DIR [PICTURE]

DIR holds fields.h5 of `petrl evaluate poisson-study.yaml` and the tables front.csv and ratios.csv of its runs."""
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

COLOURS = {"uniform": "0.45", "residual": "tab:orange", "zz": "tab:green", "error": "tab:purple", "paired": "tab:cyan",
           "policy": "tab:red"}
LABELS = {"uniform": "everywhere", "residual": "residual estimator, tuned", "zz": "Zienkiewicz-Zhu, tuned",
          "error": "true error, tuned (oracle)", "paired": "paired solves (oracle)", "policy": "policy"}


def curve(front, family):
    """Points by cells. Of each estimator the best of its tuned strategies at each level: three chances for a rival."""
    points = {}
    for r in front:
        if r["family"].split()[0] != family:
            continue
        point = tuple(float(r[k]) for k in ("cells", "error", "error_q10", "error_q90", "energy_error"))
        key = r["key"]
        # Elliptic: error times cells is about constant.
        if key not in points or point[0] * point[1] < points[key][0] * points[key][1]:
            points[key] = point
    return np.array(sorted(points.values()))


def front_panels(axes, front):
    for family, colour in COLOURS.items():
        points = curve(front, family)
        style = {"color": colour, "label": LABELS[family], "lw": 2.5 if family == "policy" else 1.3,
                 "ls": "--" if family in ("paired", "error") else "-", "zorder": 5 if family == "policy" else 3}
        points = points[points[:, 0] < 3e4]
        axes[0].loglog(points[:, 0], points[:, 0] * points[:, 1], marker="o", ms=3, **style)
        axes[1].loglog(points[:, 0], points[:, 4], marker="o", ms=3, **style)
    axes[0].set_ylabel("relative mean error $\\times$ cells")
    axes[1].set_ylabel("relative energy error")
    for ax in axes:
        ax.set_xlabel("cells")
        ax.grid(alpha=.3, which="both")
    axes[0].legend(fontsize=7)


def mesh_panel(ax, fields, family, target):
    """The mesh of this family whose number of cells is nearest."""
    mine = [g for g in fields.values() if isinstance(g, h5py.Group) and g.attrs["family"] == family]
    chosen = min(mine, key=lambda g: abs(np.log(len(g["u"]) / target)))
    ax.add_collection(PolyCollection(chosen["corner"][...], array=chosen["u"][...], cmap="viridis", edgecolors="k", linewidths=.25))
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[], yticks=[])
    ax.set_title(f"{LABELS.get(family.split()[0])}\n{len(chosen['u'])} cells", fontsize=9)


def main():
    folder = sys.argv[1]
    picture = sys.argv[2] if len(sys.argv) > 2 else os.path.join(folder, "poisson.png")
    front = rows(f"{folder}/front.csv")
    figure, axes = plt.subplots(2, 3, figsize=(13, 8.2))
    with h5py.File(f"{folder}/fields.h5") as fields:
        for ax, family, target in zip(axes[0], ("policy", "policy", "zz doerfler"), (300, 1300, 1300)):
            mesh_panel(ax, fields, family, target)
    front_panels(axes[1], front)
    ratios = [r for r in rows(f"{folder}/ratios.csv") if r["family"] != "paired" and r["measure"] == "mean error"]
    errors = sorted((k[len("ratio_at_"):] for k in ratios[0] if k.startswith("ratio_at_")), key=float, reverse=True)
    ax = axes[1][2]
    for k, e in enumerate(errors):
        for i, r in enumerate(ratios):
            middle, low, high = (float(r[f"{q}_at_{e}"]) for q in ("ratio", "low", "high"))
            y = i + .18 * (k - (len(errors) - 1) / 2)
            ax.errorbar(middle, y, xerr=[[middle - low], [high - middle]], fmt="o", ms=3, lw=1,
                        color=plt.cm.plasma(k / len(errors)), label=f"error {e}" if i == 0 else None)
    ax.axvline(1, color="k", lw=.8)
    ax.set_yticks(range(len(ratios)), [r["family"] for r in ratios], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("cells over the policy's, at equal error")
    ax.legend(fontsize=7, loc="lower right")
    ax.grid(alpha=.3)
    figure.tight_layout()
    figure.savefig(picture, dpi=130)
    print(picture)


if __name__ == "__main__":
    main()
