#!/usr/bin/python3
"""Pictures of a work-precision study:

    tests/bench/plot.py DIR/runs.csv OUT.png [--cost wall_s] [--subject rl]
    tests/bench/plot.py solves.csv OUT.png [--subject CHOICE]

One panel a problem: cost (right-hand sides + Jacobians + linear iterations; of solves.py's file: processor time) against
achieved relative error, geometric means over instances and methods at each tolerance. The subject is bold. Of solves.py's file:
fixed solver settings are grey, levers one by one are left out, programs of a few unknowns are shown by counts."""
import argparse
from collections import defaultdict

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import solves
from petrl_studies.data import Table

STYLE = {"basic": ("tab:blue", "o"), "dsp-PI42": ("tab:green", "s"), "dsp-H211b": ("tab:olive", "^"), "rl": ("tab:red", "D"),
         "cvode": ("black", "x"), "arkode": ("tab:gray", "+")}
COSTS = {"cost": "RHS + Jacobians + linear its", "wall_s": "time [s]"}
KINDS = ("", "smooth", "nonsmooth", "failing")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs")
    parser.add_argument("out")
    parser.add_argument("--cost", choices=list(COSTS))
    parser.add_argument("--subject")
    args = parser.parse_args()
    runs = Table.read(args.runs)
    whole = "choice" in runs  # solves.py's
    subject = args.subject or (solves.SUBJECT if whole else "rl")
    cost = args.cost or ("wall_s" if whole else "cost")
    if whole:
        runs = solves.study(runs)
        runs = runs.rows(np.array([c == subject or not c.startswith("classical ") for c in runs["controller"]], bool))
    error = runs.numbers("error")
    runs = runs.rows((runs["finished"] == "1") & np.isfinite(error) & (error > 0))
    kinds = dict(zip(runs["problem"], runs["kind"])) if "kind" in runs else {}
    order = sorted(runs.unique("problem"), key=lambda p: (KINDS.index(kinds.get(p, "")), p if kinds else 0))
    columns = 4 if len(order) > 6 else 3
    lines = -(-len(order) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(3.6 * columns, 3.1 * lines), squeeze=False)
    for axis in axes.flat[len(order):]:
        axis.axis("off")
    shown = {}  # the first panel may lack some
    for axis, problem in zip(axes.flat, order):
        mine = runs.where(problem=problem)
        measure = "cost" if whole and problem in solves.SMALL else cost
        for i, controller in enumerate(sorted(mine.unique("controller"), key=lambda c: (c == subject, c))):
            by = defaultdict(list)
            of = mine.where(controller=controller)
            for r, e, c in zip(of.numbers("rtol"), of.numbers("error"), of.numbers(measure)):
                by[r].append((e, c))
            points = np.array([np.exp(np.mean(np.log(np.array(by[r])), axis=0)) for r in sorted(by)])
            color, marker = STYLE.get(controller, (f"C{(i + 4) % 10}", "v"))
            label, width, size = controller, 1.1, 4
            if controller == subject:
                color, marker, width = *STYLE["rl"], 2.6
            elif controller == "rl":
                color = "tab:orange"
            elif ", " in controller and whole:
                color, marker, label, width, size = "0.75", ".", "fixed settings", .7, 3
            shown[label], = axis.loglog(points[:, 0], points[:, 1], color=color, marker=marker, ms=size, lw=width,
                                        zorder=1 if label == "fixed settings" else 3)
        axis.set_title(f"{problem} ({kinds[problem]})" if kinds else problem + (": counts" if measure != cost else ""), fontsize=9)
        if axis in axes[:, 0]:
            axis.set_ylabel("processor time [s]" if whole and measure == "wall_s" else COSTS[measure], fontsize=8)
        axis.grid(alpha=0.3, which="both", lw=0.4)
        axis.tick_params(labelsize=7, which="both")
    for i in range(max(0, len(order) - columns), len(order)):
        axes.flat[i].set_xlabel("relative error at the final time", fontsize=8)
    figure.tight_layout(rect=(0, .04, 1, 1))
    figure.legend(shown.values(), shown.keys(), fontsize=8, loc="lower center", ncol=len(shown), frameon=False)
    figure.savefig(args.out, dpi=110)


if __name__ == "__main__":
    main()
