#!/usr/bin/python3
"""A summary.csv of `petrl compare` as a Markdown table: tests/bench/table.py DIR [means]"""
import csv
import os
import sys


def main():
    rows = list(csv.DictReader(open(os.path.join(sys.argv[1], "summary.csv"))))
    rivals = [c for c in rows[0] if c.startswith("cost_over_") and c != "cost_over_better"]
    names = {"cost_over_dsp-pid:0.9/0.1/0": "tuned dsp", "cost_over_dsp-tuned": "tuned dsp"}
    print("| kind | problem | " + " | ".join(names.get(c, c[len("cost_over_"):]) for c in rivals) + " | better rival | standard error | wall time over it |")
    print("|---|---|" + "---|" * (len(rivals) + 3))
    for row in rows:
        mean = row["problem"] == "geometric mean"
        if len(sys.argv) > 2 and not mean:
            continue
        cells = [row["kind"], row["problem"]] + [f"{float(row[c]):.2f}" for c in rivals]
        cells += [f"{float(row['cost_over_better']):.2f}", f"{float(row['standard_error_log']):.2f}", f"{float(row['wall_over_better']):.2f}"]
        print("| " + " | ".join(f"**{c}**" if mean else c for c in cells) + " |")


if __name__ == "__main__":
    main()
