#!/usr/bin/env python3
"""plot.py FOLDER: learning.png from FOLDER/train/log.csv, work_precision.png from FOLDER/evaluation/runs.csv."""
import math
import os
import sys
from collections import defaultdict

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from petrl_studies.data import rows  # noqa: E402

COLOURS = {"basic": "tab:blue", "dsp-PI42": "tab:green", "dsp-H211b": "tab:olive", "rl": "tab:red"}


def learning(log, file):
    steps = [int(r["steps"]) / 1000 for r in log]
    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 5.5), constrained_layout=True)
    above.plot(steps, [float(r["mean_return"]) for r in log], "o-", color="tab:gray", ms=3)
    above.axhline(0, color="tab:blue", lw=0.8, ls="--", label="basic")
    above.set_ylabel("training return\n(mean of 100 episodes)")
    below.plot(steps, [float(r["score"]) for r in log], "o-", color="tab:red", ms=3, label="this policy")
    below.plot(steps, [float(r["best"]) for r in log], drawstyle="steps-post", color="black", lw=0.8,
               label="best so far (kept)")
    below.axhline(0, color="tab:blue", lw=0.8, ls="--", label="basic")
    below.set_ylabel("validation score")
    below.set_xlabel("time steps trained [thousands]")
    for axis in (above, below):
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    above.set_title("saving in cost and error over basic, with exploration (up is better)", fontsize=9, loc="left")
    below.set_title("log(cost / basic) + log(error / basic) / k on problems not trained on (down is better)", fontsize=9, loc="left")
    figure.savefig(file, dpi=130)


def work_precision(points, file):
    """A panel a problem and method; the classical problem, all controllers over the tolerances."""
    panels = defaultdict(lambda: defaultdict(list))
    for p in points:
        error = float(p["error"])
        if p["instance"] == "0" and p["finished"] == "1" and math.isfinite(error):
            panels[p["problem"], p["method"]][p["controller"]].append((error, float(p["cost"])))
    columns = 3
    lines = -(-len(panels) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(3.4 * columns, 0.7 + 2.6 * lines), squeeze=False,
                                constrained_layout=True)
    handles = {}
    for axis, ((problem, method), curves) in zip(axes.flat, sorted(panels.items())):
        for name, curve in sorted(curves.items()):
            handles[name] = axis.loglog(*zip(*curve), "o-", color=COLOURS.get(name), ms=3, lw=1)[0]
        axis.set_title(f"{problem}, {method}", fontsize=9)
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(panels):]:
        axis.axis("off")
    figure.supxlabel("relative error at the end (left is better)", fontsize=9)
    figure.supylabel("cost: right-hand sides + Jacobians\n+ linear iterations (down is better)", fontsize=9)
    figure.suptitle(" ")  # room for the legend
    figure.legend(handles.values(), handles.keys(), loc="upper center", ncol=len(handles), fontsize=8, frameon=False)
    figure.savefig(file, dpi=130)


def main():
    folder = sys.argv[1]
    learning(rows(os.path.join(folder, "train", "log.csv")), os.path.join(folder, "learning.png"))
    work_precision(rows(os.path.join(folder, "evaluation", "runs.csv")), os.path.join(folder, "work_precision.png"))
    print(f"pictures: {folder}/learning.png, {folder}/work_precision.png")


main()
