#!/usr/bin/python3
"""Time of whole runs of implicit programs, everything included, at equal error: a policy that was trained in the program,
tuned thresholds, uniform meshes.

    tests/bench/refiner_time.py BUILD OUT.csv --keep DIR [--program reaction_front] [--test 16] [--jobs 1]

Trains with each seed on training case 1 (refiner_training.py has the options; policies that DIR has are taken), tries
threshold rules (indicator, threshold, share of it for coarsening, buffer, interval) and settings of the policies
(trade-off, interval) on the training cases, and runs those on the fronts of error and processor time there on the
test cases. Test cases choose nothing. Error: mean over ten times of the mean difference to a run on the finest uniform
mesh with the same steps. Methods take turns; of the repeats the least time counts. Processor time is that of the
solve with decisions and re-meshing; on a busy machine seconds by the clock say little. --jobs: cases at once.

OUT.csv has a row for each run, which the same command does not repeat; prints what rivals take over what policies take at equal error
(tutorials/petrl_studies/statistics.py).
"""
import argparse
import collections
import concurrent.futures
import csv
import itertools
import os
import re
import subprocess
import sys
import threading

import numpy as np

import refiner_training

sys.path.insert(0, os.path.join(refiner_training.HERE, "..", "..", "tutorials"))
from petrl_studies.data import Table, show  # noqa: E402
from petrl_studies.statistics import Comparison, Curve, geometric  # noqa: E402

# finest: squares a side of the reference; uniform: of rivals; every: steps between comparisons
PROGRAMS = {
    "reaction_front": {"finest": 192, "uniform": (24, 48, 72, 96, 144), "every": 6,
                       "gradient": (.01, .03, .06, .1, .2, .4), "jump": (.01, .03, .06, .1, .2, .4),
                       "recovery": (.001, .003, .006, .01, .03, .1)},
    "moving_sources": {"finest": 64, "uniform": (8, 16, 24, 32, 48), "every": 10,
                       "gradient": (.01, .03, .06, .1, .2, .4), "jump": (.01, .03, .06, .1, .2, .4),
                       "recovery": (.001, .003, .006, .01, .03, .1)},
}
INTERVALS = (4, 8, 12, 20)
# Times the least odds of the trade-offs that the training judged the policy at, which are the most accurate ones.
ODDS = (.12, .25, .5, 1, 2, 4, 8)
COLUMNS = ["program", "split", "case", "method", "seed", "setting", "repeat", "error", "final_error", "wall_s",
           "processor_s", "deciding_s", "remeshing_s", "unknown_steps"]
RIVALS = {"thresholds": ["gradient", "jump", "recovery"], "gradient": ["gradient"], "jump": ["jump"],
          "recovery": ["recovery"], "uniform": ["uniform"], "all": ["gradient", "jump", "recovery", "uniform"]}


def threshold_rules(p):
    for kind, interval, buffer, share in itertools.product(("gradient", "jump", "recovery"), INTERVALS, (1, 3), (.1, .25)):
        for threshold in p[kind]:
            yield {"method": kind, "seed": "", "setting": f"{threshold} coarsen {share} buffer {buffer} interval {interval}",
                   "options": ["-refiner_indicator", kind, "-refiner_threshold", threshold, "-refiner_threshold_coarsen",
                               share, "-refiner_threshold_buffer", buffer, "-refiner_interval", interval]}


def policy_settings(file, seed):
    """Trade-offs around the most accurate one that its training tried."""
    with open(file + ".csv") as f:
        least = min(float(r["setting"].split()[-1]) for r in csv.DictReader(f) if r["method"] == "policy")
    odds = [s * least / (1 - least) for s in ODDS]
    for interval, o in itertools.product(INTERVALS, odds):
        yield {"method": "policy", "seed": seed, "setting": f"odds {o:.3g} interval {interval}",
               "options": ["-refiner_policy", file, "-refiner_tradeoff", repr(o / (1 + o)), "-refiner_interval", interval]}


def uniform_meshes(p):
    for n in p["uniform"]:
        yield {"method": "uniform", "seed": "", "setting": f"{n} a side", "options": ["-refine", "0", "-n", n]}


def key(row):
    return tuple(str(row[k]) for k in ("split", "case", "method", "seed", "setting", "repeat"))


def read(path):
    if not os.path.exists(path):
        return {}
    with open(path, newline="") as f:
        return {key(r): r for r in csv.DictReader(f)}


class Runs:
    """Runs of a program and the table of them."""

    def __init__(self, name, program, folder, out):
        self.name, self.program, self.folder, self.p = name, program, folder, PROGRAMS[name]
        self.lock, self.locks = threading.Lock(), collections.defaultdict(threading.Lock)
        self.references, self.rows = {}, []
        self.known = read(out)
        self.file = open(out, "w", newline="")
        self.csv = csv.DictWriter(self.file, COLUMNS, lineterminator="\n")
        self.csv.writeheader()
        self.csv.writerows(self.known.values())
        self.file.flush()
        level = refiner_training.PROGRAMS[name]
        self.common = ["-refiner_remesh_cost", "3", "-refiner_max_level", level[level.index("-refiner_max_level") + 1]]

    def solve(self, case, options, samples=""):
        command = [self.program, "-seed", case, *self.common, *options]
        if samples:
            command += ["-samples", samples, "-samples_side", self.p["finest"], "-samples_every", self.p["every"]]
        own = os.path.join(self.folder, f"tmp-{threading.get_ident()}")  # MPI's files of runs at once
        os.makedirs(own, exist_ok=True)
        r = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           env={**os.environ, "TMPDIR": own})
        if r.returncode:
            raise SystemExit(f"{' '.join(r.args)}\n{r.stdout[-2000:]}{r.stderr[-2000:]}")
        return dict(zip(*[iter(re.search(r"^(seconds .*)", r.stdout, re.M).group(1).split())] * 2))

    def samples(self, path):
        values = np.fromfile(path).reshape(-1, (self.p["finest"] + 1) ** 2)
        os.remove(path)
        return values

    def reference(self, case):
        with self.locks[case]:
            if case in self.references:
                return self.references[case]
            path = os.path.join(self.folder, f"{self.name}-reference-{case}")
            self.solve(case, ["-refine", "0", "-n", self.p["finest"]], path)
            self.references[case] = self.samples(path)
        return self.references[case]

    def run(self, split, case, method, repeat=0, error=None):
        known = self.known.get(key({"split": split, "case": case, "repeat": repeat, **method}))
        if known:
            with self.lock:
                self.rows.append(known)
            return float(known["error"]), float(known["final_error"])
        path = os.path.join(self.folder, f"{self.name}-{case}-{threading.get_ident()}") if error is None else ""
        out = self.solve(case, method["options"], path)
        if error is None:
            difference = np.abs(self.samples(path) - self.reference(case)).mean(axis=1)
            error = difference.mean(), difference[-1]
        row = {"program": self.name, "split": split, "case": case, "repeat": repeat, "error": f"{error[0]:.6g}",
               "final_error": f"{error[1]:.6g}", "wall_s": out["seconds"], "processor_s": out["processor"],
               "deciding_s": out["deciding"], "remeshing_s": out["remeshing"], "unknown_steps": out["unknown_steps"],
               **{k: method[k] for k in ("method", "seed", "setting")}}
        with self.lock:
            self.rows.append(row)
            self.csv.writerow(row)
            self.file.flush()
        return error

    def point(self, method, split):
        same = lambda r: all(str(r[k]) == str(method[k]) for k in ("method", "seed", "setting"))
        rows = [r for r in self.rows if r["split"] == split and same(r)]
        return tuple(float(geometric(np.array([float(r[k]) for r in rows]))) for k in ("error", "processor_s"))


def front(points, slack=1.0):
    """Indices of those that no other one is better than, at an error as small, by more than the slack in cost."""
    return [i for i, (e, c) in enumerate(points)
            if not any(f <= e and slack * d < c or f < e and slack * d <= c for f, d in points)]


def apart(points):
    """Of a front, indices of those whose errors differ by 4 % and more."""
    last, out = 0, []
    for i in sorted(range(len(points)), key=lambda i: points[i]):
        if points[i][0] > 1.04 * last:
            last = points[i][0]
            out.append(i)
    return out


def tune(runs, methods, cases, pool):
    """The front on the training cases; most of the methods are left out after the first one."""
    for k, case in enumerate(cases):
        list(pool.map(lambda m: runs.run("train", case, m), methods))
        points = [runs.point(m, "train") for m in methods]
        methods = [methods[i] for i in front(points, 1 if k == len(cases) - 1 else 1.2)]
    return [methods[i] for i in apart([runs.point(m, "train") for m in methods])]


def test(runs, methods, case, repeats):
    errors = [None] * len(methods)
    for repeat in range(repeats):
        for k, method in enumerate(methods):
            errors[k] = runs.run("test", case, method, repeat, errors[k])
    runs.references.pop(case, None)


def compare(rows):
    """What rivals take over what a policy takes at equal error, on the test cases."""
    table = Table({c: np.array([str(r[c]) for r in rows], dtype=object) for c in COLUMNS}).where(split="test")
    curve = lambda t, cost: Curve.of(t, "error", cost)
    lines = []
    for seed in sorted(s for s in table.unique("seed") if s):
        policy = table.where(method="policy", seed=seed)
        for cost in ("processor_s", "wall_s", "unknown_steps"):
            for name, rivals in RIVALS.items():
                c = Comparison([(curve(policy, cost), [curve(table.where(method=r), cost) for r in rivals])])
                if len(c.error):
                    lines.append({"seed": seed, "rival": name, "cost": cost, "from": c.error[0], "to": c.error[-1],
                                  "least": c.least, "median": c.median, "most": c.most, "low": c.low, "high": c.high,
                                  "losses": c.losses, "places": len(c.error)})
    show(lines, {"seed": ("seed", ""), "rival": ("rival", ""), "cost": ("cost", ""), "from": ("errors from", ".2e"),
                 "to": ("to", ".2e"), "least": ("least", ".2f"), "median": ("median", ".2f"), "most": ("most", ".2f"),
                 "low": ("5 %", ".2f"), "high": ("95 %", ".2f"), "losses": ("loses at", ""), "places": ("of", "")},
         f"{len(table.unique('case'))} test cases: cost of rivals over the policy's at equal error", markdown=True)
    lines = []
    for (method, seed, setting), g in table.groups("method", "seed", "setting"):
        first = g.where(repeat=0)
        line = {"method": method, "seed": seed, "setting": setting, "error": float(geometric(first.numbers("error")))}
        line["ms"] = 1e3 * float(geometric(np.nanmin(g.matrix("processor_s", "case", ("repeat",))[1], axis=0)))
        line["unknowns"] = float(geometric(first.numbers("unknown_steps")))
        for key in ("deciding", "remeshing"):
            line[key] = 100 * g.numbers(f"{key}_s").sum() / g.numbers("wall_s").sum()
        lines.append(line)
    lines.sort(key=lambda r: (r["method"], r["seed"], -r["error"]))
    show(lines, {"method": ("method", ""), "seed": ("seed", ""), "setting": ("setting", ""), "error": ("error", ".2e"),
                 "ms": ("processor ms", ".0f"), "unknowns": ("unknowns x steps", ".3e"), "deciding": ("deciding %", ".0f"),
                 "remeshing": ("re-meshing %", ".0f")}, "Chosen on training cases, on test cases", markdown=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("out")
    parser.add_argument("--keep", required=True, help="folder for policies and logs; the same command goes on from it")
    parser.add_argument("--program", choices=PROGRAMS, default="reaction_front")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train", type=int, default=2, help="training cases")
    parser.add_argument("--test", type=int, default=16, help="test cases")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="only show what OUT.csv has")
    a = parser.parse_args()
    if a.table:
        return compare(list(read(a.out).values()))
    os.makedirs(a.keep, exist_ok=True)
    folder = os.path.abspath(a.keep)
    program = os.path.join(os.path.abspath(a.build), "bin", a.program)
    seeds = range(1, a.seeds + 1)
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        # Nothing learned leaves no file: then there is nothing to time.
        list(pool.map(lambda s: list(refiner_training.train(a.program, [program, "-seed", "1"], s, folder)), seeds))
        files = {s: os.path.join(folder, f"{a.program}-{s}.h5") for s in seeds}
        runs = Runs(a.program, program, folder, a.out)
        cases = range(1, a.train + 1)
        rules = list(threshold_rules(runs.p))
        methods = tune(runs, rules, cases, pool)
        print(f"{len(rules)} threshold rules, {len(methods)} on the front of {a.train} training cases", flush=True)
        for s in seeds:
            if os.path.exists(files[s]):
                methods += tune(runs, list(policy_settings(files[s], s)), cases, pool)
        methods += uniform_meshes(runs.p)
        print(f"{len(methods)} methods are tested", flush=True)
        list(pool.map(lambda case: test(runs, methods, case, a.repeats), range(101, 101 + a.test)))
    compare(runs.rows)


if __name__ == "__main__":
    sys.exit(main())
