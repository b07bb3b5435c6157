#!/usr/bin/env python3
"""Errors of the 1D evolution models of evolution.sh on validation trajectories, at the end of each training.

  evolution_table.py RUNS CSV    RUNS: folder with one folder CONFIGURATION-SEED for each training
"""
import csv
import statistics
import sys
from pathlib import Path

NAMES = {"converged": "published inputs and training, 400 000 updates",
         "published": "published inputs and training (64 wide, 3 shared layers)",
         "plain": "published inputs, our training (32 wide, 4 layers)",
         "parameters": "+ viscosity and forcing",
         "ring": "+ periodic mesh",
         "residual": "+ predicts changes"}
COLUMNS = {"error_25": "25", "error_50": "50", "error_100": "100 vertices", "hindsight_38": "hindsight 38", "hindsight_53": "hindsight 53"}


def last(path):
    with open(path) as file:
        return list(csv.DictReader(file))[-1]


def main(runs, out):
    rows = []
    for log in sorted(Path(runs).glob("*/log.csv")):
        name, seed = log.parent.name.rsplit("-", 1)
        end = last(log)
        rows.append({"configuration": name, "seed": seed, "updates": end["steps"], **{c: end[c] for c in COLUMNS}})
    with open(out, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    print("| evolution model | seeds | " + " | ".join(COLUMNS.values()) + " |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for name, text in NAMES.items():
        mine = [r for r in rows if r["configuration"] == name]
        if not mine:
            continue
        cells = []
        for column in COLUMNS:
            values = [float(r[column]) for r in mine]
            spread = f" ({min(values):.2g} - {max(values):.2g})" if len(values) > 1 else ""
            cells.append(f"{statistics.median(values):.3g}{spread}")
        print(f"| {text} | {len(mine)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
