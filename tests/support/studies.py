"""Runs studies as a user does, and makes their tables."""
import csv
import os
import sys

from harness import BUILD, SOURCE, run

PETRL = os.path.join(BUILD, "bin", "petrl")
TABLE = os.path.join(SOURCE, "tutorials", "table.py")


def rows(path):
    with open(path) as f:
        return list(csv.DictReader(f))


def evaluate(folder, text, out="out", timeout=200):
    """A configuration, run into folder/out."""
    path = f"{folder}/{out}.yaml"
    with open(path, "w") as f:
        f.write(text)
    return run(PETRL, "evaluate", path, "-o", f"{folder}/{out}", timeout=timeout)


def tables(out, *arguments):
    return run(sys.executable, TABLE, out, *arguments).ok()
