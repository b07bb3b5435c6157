#!/usr/bin/env python3
"""Tables of what `petrl evaluate` ran: table.py DIR [DIR ...] [-o OUT] [--study NAME] [--markdown]

Reads DIR/runs.csv (several of the same study are taken together), prints the tables of the study that DIR/config.yaml
names, and writes them to OUT (DIR by default) as CSV. What is computed: petrl_studies/statistics.py."""
import argparse
import importlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from petrl_studies.data import Table  # noqa: E402

STUDIES = ("bound", "closure", "fault", "lamp", "lamp2d", "ode", "poisson", "refinement")


def configuration(folder):
    path = os.path.join(folder, "config.yaml")
    if not os.path.exists(path):
        return {}
    import yaml
    with open(path) as f:
        return yaml.safe_load(f)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folders", nargs="+", metavar="DIR", help="folder with runs.csv")
    p.add_argument("-o", "--output", help="folder for the tables (default: the first DIR)")
    p.add_argument("--study", choices=STUDIES, help="where there is no config.yaml")
    p.add_argument("--markdown", action="store_true")
    a = p.parse_args()
    config = configuration(a.folders[0])
    study = a.study or config.get("study", "ode" if config else None)
    if study not in STUDIES:
        sys.exit(f"table.py: {a.folders[0]}/config.yaml: study: expected one of {', '.join(STUDIES)}, found {study}")
    files = [os.path.join(folder, "runs.csv") for folder in a.folders]
    for file in files:
        if not os.path.exists(file):
            sys.exit(f"table.py: {file}: cannot read this file")
    out = a.output or a.folders[0]
    os.makedirs(out, exist_ok=True)
    module = importlib.import_module(f"petrl_studies.{study}")
    module.tables(Table.read(*files), out, config.get("table") or {}, markdown=a.markdown)


if __name__ == "__main__":
    main()
