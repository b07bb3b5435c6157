#!/usr/bin/env python3
"""Meshes and error against cells of `petrl evaluate poisson-study.yaml`: plot_poisson.py DIR [PICTURE]."""
import csv
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection

COLOURS = {"uniform": "0.45", "residual": "tab:orange", "zz": "tab:green", "error": "tab:purple", "paired": "tab:cyan",
           "policy": "tab:red"}
LABELS = {"uniform": "everywhere", "residual": "residual estimator, tuned", "zz": "Zienkiewicz-Zhu, tuned",
          "error": "true error, tuned (oracle)", "paired": "paired solves (oracle)", "policy": "policy"}


def rows(path):
    with open(path) as f:
        return list(csv.DictReader(f))


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


def mesh_panel(ax, meshes, family, target):
    """The mesh of this family whose number of cells is nearest."""
    mine = [r for r in meshes if r["family"] == family]
    keys = sorted({r["key"] for r in mine}, key=float)
    count = {k: sum(r["key"] == k for r in mine) for k in keys}
    key = min(keys, key=lambda k: abs(np.log(count[k] / target)))
    chosen = [r for r in mine if r["key"] == key]
    corners = np.array([[[float(r[f"x{i}"]), float(r[f"y{i}"])] for i in range(3)] for r in chosen])
    u = np.array([np.mean([float(r[f"u{i}"]) for i in range(3)]) for r in chosen])
    ax.add_collection(PolyCollection(corners, array=u, cmap="viridis", edgecolors="k", linewidths=.25))
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[], yticks=[])
    ax.set_title(f"{LABELS.get(family.split()[0])}\n{len(chosen)} cells", fontsize=9)


def main():
    folder = sys.argv[1]
    picture = sys.argv[2] if len(sys.argv) > 2 else os.path.join(folder, "poisson.png")
    front, meshes = rows(f"{folder}/front.csv"), rows(f"{folder}/meshes.csv")
    figure, axes = plt.subplots(2, 3, figsize=(13, 8.2))
    for ax, family, target in zip(axes[0], ("policy", "policy", "zz doerfler"), (300, 1300, 1300)):
        mesh_panel(ax, meshes, family, target)
    front_panels(axes[1], front)
    ratios = [r for r in rows(f"{folder}/ratios.csv") if r["family"] != "paired"]
    families = list(dict.fromkeys(r["family"] for r in ratios))
    errors = sorted({float(r["error"]) for r in ratios}, reverse=True)
    ax = axes[1][2]
    for k, e in enumerate(errors):
        for i, family in enumerate(families):
            for r in ratios:
                if r["family"] == family and float(r["error"]) == e:
                    middle, low, high = (float(r[f"ratio_{q}"]) for q in ("median", "q10", "q90"))
                    y = i + .18 * (k - (len(errors) - 1) / 2)
                    ax.errorbar(middle, y, xerr=[[middle - low], [high - middle]], fmt="o", ms=3, lw=1,
                                color=plt.cm.plasma(k / len(errors)), label=f"error {e:g}" if i == 0 else None)
    ax.axvline(1, color="k", lw=.8)
    ax.set_yticks(range(len(families)), families, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("cells over the policy's, at equal error")
    ax.legend(fontsize=7, loc="lower right")
    ax.grid(alpha=.3)
    figure.tight_layout()
    figure.savefig(picture, dpi=130)
    print(picture)


if __name__ == "__main__":
    main()
