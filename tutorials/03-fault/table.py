#!/usr/bin/env python3
"""The tables of the fault study as Markdown: table.py RESULTS"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from petrl_studies import fault  # noqa: E402
from petrl_studies.data import Table, rows  # noqa: E402


def cells(folder):
    return fault.cells(Table.read(f"{folder}/runs.csv"))


def numbers(runs, controller, key, scenario=""):
    return np.array([r[key] for r in runs
                     if r["controller"] == controller and r["scenario"].startswith(scenario) and r["finished"] == "1"])


def geometric(x):
    return float(np.exp(np.log(np.maximum(x, 1e-12)).mean())) if len(x) else float("nan")


def spread(x):
    """Standard error of the mean logarithm, as a factor's share."""
    return float(np.log(np.maximum(x, 1e-12)).std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else float("nan")


def reproduction(grid):
    paper = ["alpha2", "alpha4", "alpha8", "alpha16"]
    print("| | 3 km, paper | 3 km, here | 5 km, paper | 5 km, here |\n|---|---|---|---|---|")
    quoted = {"speed_ratio": ("1.3", "2.26"), "slip_error_percent": ("3.26 % (worst 10.1 %)", "3.15 %"),
              "accuracy_ratio": ("1.31", "1.11"), "proficiency": ("2.12 (both)", "2.12 (both)")}
    names = {"speed_ratio": "mean speed-up", "slip_error_percent": "mean slip error", "accuracy_ratio": "mean accuracy ratio",
             "proficiency": "mean proficiency"}
    for key, (three, five) in quoted.items():
        cells = []
        for size in ("3km", "5km"):
            x = np.concatenate([numbers(grid, a, key, size) for a in paper])
            text = f"{x.mean():.2f}" + (" %" if key.endswith("percent") else "")
            if key.endswith("percent"):
                text += f" (worst {x.max():.1f} %)"
            cells.append(text)
        print(f"| {names[key]} | {three} | {cells[0]} | {five} | {cells[1]} |")
    missing = [sum(1 for r in grid if r["controller"] in paper and r["scenario"].startswith(s) and r["finished"] == "0")
               for s in ("3km", "5km")]
    print(f"| not converged | 7 of 32 | {missing[0]} of 16 | | {missing[1]} of 16 |")


def comparison(runs, baseline="heuristic"):
    print("| controller | finished | run time: heuristic's over its | work ratio | slip error mean (worst) | accuracy ratio | "
          "proficiency | history error | peak error | others' time at equal error |\n|---|---|---|---|---|---|---|---|---|---|")
    for c in dict.fromkeys(r["controller"] for r in runs):
        all_ = [r for r in runs if r["controller"] == c]
        done = sum(r["finished"] == "1" for r in all_)
        speed, others = numbers(runs, c, "speed_ratio"), fault.at_equal_error(runs, c, "wall_median_s")
        slip = numbers(runs, c, "slip_error_percent")
        print(f"| {c} | {done} of {len(all_)} | {geometric(speed):.2f} +- {geometric(speed) * spread(speed):.2f} "
              f"(least {speed.min():.2f}) | {geometric(numbers(runs, c, 'work_ratio')):.2f} | {slip.mean():.3f} % ({slip.max():.3f} %) | "
              f"{geometric(numbers(runs, c, 'accuracy_ratio')):.2f} | {geometric(numbers(runs, c, 'proficiency')):.2f} | "
              f"{numbers(runs, c, 'history_error').mean():.2f} | {numbers(runs, c, 'peak_velocity_error_percent').mean():.1f} % | "
              + (f"{others.median:.2f} ({others.low:.2f} - {others.high:.2f})" if len(others.ratio) else "-") + " |")


def main(results):
    grid = cells(f"{results}/grid")
    print("### The paper's grid: its learned controllers\n")
    reproduction(grid)
    print("\n### The paper's grid: everything\n")
    comparison(grid)
    print("\n### The paper's grid with exact damping\n")
    comparison(cells(f"{results}/grid_exact"))
    print("\n### Held out\n")
    comparison(cells(f"{results}/heldout"))
    print("\n### Random faults\n")
    comparison(cells(f"{results}/random"))
    try:
        print("\n### Time per step\n")
        print("| cells | ranks | damping | s per step | ns per step, cell and linear iteration |\n|---|---|---|---|---|")
        for r in rows(f"{results}/scale.csv"):
            n = int(r["cells_per_side"])
            per = 1e9 * float(r["seconds_per_step"]) * int(r["steps"]) / n**2 / int(r["linear"])
            print(f"| {n} x {n} | {r['ranks']} | {r['damping']} | {float(r['seconds_per_step']):.3g} | {per:.0f} |")
    except FileNotFoundError:
        pass


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
