#!/usr/bin/python3
"""Pictures of a work-precision study: tests/bench/plot.py DIR/runs.csv OUT.png

One panel a problem: cost (right-hand sides + Jacobians + linear iterations) against achieved relative error, geometric
means over instances and methods at each tolerance."""
import csv
import sys
from collections import defaultdict

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

STYLE = {"basic": ("tab:blue", "o"), "dsp-PI42": ("tab:green", "s"), "dsp-H211b": ("tab:olive", "^"), "rl": ("tab:red", "D")}


def main():
    data = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    kinds = {}
    for row in csv.DictReader(open(sys.argv[1])):
        error = float(row["error"])
        if row["finished"] != "1" or not np.isfinite(error):
            continue
        kinds[row["problem"]] = row["kind"]
        data[row["problem"]][row["controller"]][float(row["rtol"])].append((error, float(row["cost"])))
    order = sorted(data, key=lambda p: (["smooth", "nonsmooth", "failing"].index(kinds[p]), p))
    columns = 4 if len(order) > 6 else 3
    lines = -(-len(order) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(3.6 * columns, 3.1 * lines), squeeze=False)
    for axis in axes.flat[len(order):]:
        axis.axis("off")
    for axis, problem in zip(axes.flat, order):
        for i, (controller, by) in enumerate(sorted(data[problem].items())):
            points = np.array([np.exp(np.mean(np.log(np.array(by[r])), axis=0)) for r in sorted(by)])
            color, marker = STYLE.get(controller, (f"C{i + 4}", "v"))
            axis.loglog(points[:, 0], points[:, 1], color=color, marker=marker, ms=4, lw=1.6 if controller == "rl" else 1.1, label=controller)
        axis.set_title(f"{problem} ({kinds[problem]})", fontsize=9)
        axis.grid(alpha=0.3, which="both", lw=0.4)
        axis.tick_params(labelsize=7, which="both")
    for i in range(max(0, len(order) - columns), len(order)):
        axes.flat[i].set_xlabel("relative error at the final time", fontsize=8)
    for axis in axes[:, 0]:
        axis.set_ylabel("RHS + Jacobians + linear its", fontsize=8)
    axes.flat[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(sys.argv[2], dpi=110)


if __name__ == "__main__":
    main()
