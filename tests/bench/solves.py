#!/usr/bin/python3
"""The whole solve on unmodified implicit programs of tests/apps, beside what a user could do instead:

    tests/bench/solves.py BUILD tests/bench/results/solves.csv [--cases ...] [--choices ...] [--repeats 3] [--policy NAME=FILE]
    tests/bench/solves.py --table tests/bench/results/solves.csv [--subject CHOICE] [--markdown]
    tests/bench/plot.py tests/bench/results/solves.csv tests/bench/results/solves.png

runs each program, integrator and tolerance with `basic` and dsp (PI42, H211b) and the program's own solver settings, with
`basic` and each fixed setting of a grid (PI42: with the few that are usually best), with -ts_adapt_rl_policy classical,
each lever alone and together, and with each --policy (FILE may be followed by options, or be empty for the default policy:
--policy "rl=", "mine=a.h5 -ts_adapt_rl_control step"). One row a run: error at the end against a reference run, counts,
processor time of the process less that of one that does a single step (the least of the repeats). Other rows that the
file holds already are kept.

Prints, as --table does of a file, what the subject costs over what the others cost **at equal error**, by the statistic of
all studies (tutorials/petrl_studies/statistics.py): over the best of {basic, PI42, H211b}, and over all fixed settings
taken together (hindsight, at each error anew); then how errors and times of the levers compare at equal tolerance.
"""
import argparse
import csv
import math
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile

import numpy as np
from apps import COUNTERS, error, read_vector

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tutorials"))
from petrl_studies.data import Table, show  # noqa: E402
from petrl_studies.ode import curve, usable  # noqa: E402
from petrl_studies.statistics import Comparison, geometric, geometric_spread  # noqa: E402

BDF = ["-ts_type", "bdf"]
IMPLICIT = ["-ts_type", "arkimex", "-ts_arkimex_fully_implicit"]
IMEX = ["-ts_type", "arkimex"]
CN = ["-ts_type", "cn", "-ts_theta_adapt"]
ROSW = ["-ts_type", "rosw"]
GRID, COARSE = (["-da_grid_x", n, "-da_grid_y", n] for n in ("33", "25"))
SCOTT = ["-da_grid_x", "48", "-da_grid_y", "48"]
JACOBI = ["-pc_type", "jacobi"]
LOOSE, USUAL, TIGHT = [1e-2, 1e-3, 1e-4, 1e-5], [1e-3, 3e-4, 1e-4, 1e-5], [1e-4, 1e-5, 1e-6]

# case: program and its options, integrator, tolerances, integrator and tolerance of the reference
CASES = {
    "ignition bdf": ("ignition", GRID, BDF, USUAL, ROSW, 1e-7),
    "ignition arkimex": ("ignition", COARSE, IMPLICIT, USUAL, ROSW, 1e-7),
    "ignition beuler": ("ignition", COARSE, ["-ts_type", "beuler", "-ts_theta_adapt"], [1e-3, 3e-4, 1e-4, 3e-5], ROSW, 1e-7),
    "grayscott arkimex": ("grayscott", SCOTT, IMEX, USUAL, IMEX + ["-ts_arkimex_type", "4"], 1e-7),
    "grayscott arkimex, jacobi": ("grayscott", SCOTT + JACOBI, IMEX, USUAL, IMEX + ["-ts_arkimex_type", "4"], 1e-7),
    "grayscott rosw": ("grayscott", SCOTT, ROSW, LOOSE, IMEX + ["-ts_arkimex_type", "4"], 1e-7),
    "nonlinear diffusion bdf": ("nonlinear_diffusion_plex", [], BDF, LOOSE, ROSW, 1e-7),
    "nonlinear diffusion bdf, jacobi": ("nonlinear_diffusion_plex", JACOBI, BDF, LOOSE, ROSW, 1e-7),
    "nonlinear diffusion cn": ("nonlinear_diffusion_plex", [], CN, [1e-2, 1e-3, 1e-4], ROSW, 1e-7),
    "nonlinear diffusion alpha": ("nonlinear_diffusion_plex", [], ["-ts_type", "alpha", "-ts_alpha_adapt"],
                                  [1e-2, 1e-3, 1e-4], ROSW, 1e-7),
    "nonlinear diffusion rosw": ("nonlinear_diffusion_plex", [], ROSW, LOOSE, ROSW, 1e-7),
    "circuit bdf": ("circuit", [], BDF, [1e-3, 1e-4, 1e-5, 1e-6], IMPLICIT + ["-ts_arkimex_type", "4"], 1e-8),
    "oregonator bdf": ("oregonator", [], BDF, [1e-3, *TIGHT], ROSW, 1e-10),
    "stickslip bdf": ("stickslip", ["-tf", "4", "-speed", "0.5"], BDF, [1e-5, 1e-6, 1e-7], IMPLICIT + ["-ts_arkimex_type", "4"], 1e-9),
    "chain alpha2": ("chain", [], ["-ts_alpha_adapt"], [1e-3, 1e-4, 1e-5], ["-ts_alpha_adapt"], 1e-9),
}
# A few unknowns: a run is a hundredth of a second, most of it the start of the process. Counts mean something, times do not.
SMALL = ("circuit bdf", "oregonator bdf", "stickslip bdf", "chain alpha2")
SETTINGS = {}
for s in ("1e-1", "1e-2", "1e-3", "1e-5"):
    SETTINGS[f"snes_rtol {s}"] = ["-snes_rtol", s]
    SETTINGS[f"snes_rtol {s} ksp_rtol 1e-2"] = ["-snes_rtol", s, "-ksp_rtol", "1e-2"]
SETTINGS["Eisenstat-Walker"] = ["-snes_ksp_ew"]
for lag in ("2", "5", "20"):
    SETTINGS[f"lag {lag}"] = ["-snes_lag_jacobian", lag, "-snes_lag_jacobian_persists"]
RIVALS = ("basic", "dsp-PI42", "dsp-H211b")
USUALLY_BEST = ("snes_rtol 1e-1 ksp_rtol 1e-2", "snes_rtol 1e-2 ksp_rtol 1e-2", "snes_rtol 1e-2")  # with PI42, too
LEVERS = ["step", "step,accept", "step,tolerance", "step,jacobian", "step,tolerance,jacobian", "step,order",
          "step,accept,tolerance,jacobian,order"]
SUBJECT = "classical " + LEVERS[-1]


def choices(build, policies):
    """Options by name: rivals, fixed settings, rules, policies."""
    plugin = ["-dll_append", os.path.join(build, "lib", "libpetrl.so")]  # for all: its start is paid by all
    dsp = {name: plugin + ["-ts_adapt_type", "dsp", "-ts_adapt_dsp_filter", name[4:]] for name in RIVALS[1:]}
    given = {"basic": plugin + ["-ts_adapt_type", "basic"], **dsp}
    given |= {f"basic, {name}": given["basic"] + setting for name, setting in SETTINGS.items()}
    given |= {f"dsp-PI42, {name}": given["dsp-PI42"] + SETTINGS[name] for name in USUALLY_BEST}
    rl = plugin + ["-ts_adapt_type", "rl", "-ts_adapt_rl_policy"]
    given |= {"classical " + levers: rl + ["classical", "-ts_adapt_rl_control", levers] for levers in LEVERS}
    for policy in policies:
        name, _, file = policy.partition("=")
        words = shlex.split(file)
        own = [os.path.abspath(w) if i == 0 and os.path.exists(w) else w for i, w in enumerate(words)]
        given[name] = rl + own if words and not words[0].startswith("-") else rl[:-1] + own
    return given


def run(build, program, options, repeats, folder, seconds=600):
    """Values at the end, counts and processor time; None where it does not get there within so many seconds of that."""
    solution = os.path.join(folder, "solution.bin")
    least = math.inf
    command = [os.path.join(build, "apps", program), "-ts_max_steps", "10000000", *options, "-ts_view", "-ts_view_solution",
               "binary:" + solution, "-log_view"]
    for _ in range(repeats):
        if os.path.exists(solution):
            os.remove(solution)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds),) * 2))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0 or not os.path.exists(solution):
            return None
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def event(name):
        found = re.search(rf"^{name} +([0-9]+)", done.stdout, re.MULTILINE)
        return int(found.group(1)) if found else 0

    def count(name):
        found = re.search(f"total number of {name}=([0-9]+)", done.stdout)
        return int(found.group(1)) if found else 0

    values = read_vector(solution)
    time = re.search(r"^time ([0-9.e+-]+), [0-9]+ steps", done.stdout, re.MULTILINE)
    return {"values": values, "seconds": least, "steps": event("TSStep"), "rejected": count("rejected steps"),
            "failed": count("nonlinear solve failures"), "functions": count(COUNTERS[0]) + count(COUNTERS[2]) or event("TSFunctionEval"),
            "newton": count("nonlinear solver iterations"), "jacobians": event("SNESJacobianEval"),
            "linear": count("linear solver iterations"), "matmults": event("MatMult"),
            "time": float(time.group(1)) if time else None} if np.all(np.isfinite(values)) else None


COLUMNS = ["case", "tolerance", "choice", "error"]
COUNTS = ["seconds", "steps", "rejected", "failed", "functions", "newton", "jacobians", "linear", "matmults"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--table", metavar="FILE", help="only print the tables of a file")
    parser.add_argument("--subject", default=SUBJECT, help="the choice that the table is about")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES), metavar="CASE")
    parser.add_argument("--choices", nargs="*", help="some of the settings and levers only, as the file names them")
    parser.add_argument("--policy", action="append", default=[], metavar="NAME=FILE", help="a further choice")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    if args.table:
        return table(Table.read(args.table), args.subject, args.markdown)
    if not args.out:
        parser.error("BUILD and OUT, or --table FILE")
    build = os.path.abspath(args.build)
    os.environ.update(OMP_NUM_THREADS="1")
    given = choices(build, args.policy)
    order = {name: i for i, name in enumerate(given)}
    if args.choices is not None:
        given = {name: given[name] for name in [*args.choices, *(p.partition("=")[0] for p in args.policy)]}
    with tempfile.TemporaryDirectory() as folder:
        for case in args.cases:
            save(args.out, measure(case, build, given, args.repeats, folder), order)
    table(Table.read(args.out), args.subject, args.markdown)


def measure(case, build, given, repeats, folder):
    """The rows of a case."""
    program, options, method, tolerances, best, tight = CASES[case]
    at = lambda tol: ["-ts_rtol", str(tol), "-ts_atol", str(tol)]  # noqa: E731
    exact = run(build, program, options + best + at(tight) + ["-ts_adapt_type", "basic", "-snes_rtol", "1e-10", "-snes_max_it",
                                                              "50", "-ksp_rtol", "1e-8"], 1, folder, 3600)
    if exact is None:
        sys.exit(f"{case}: the reference does not reach its end")
    plugin = ["-dll_append", os.path.join(build, "lib", "libpetrl.so"), "-ts_adapt_type", "basic"]
    idle = run(build, program, options + method + plugin + ["-ts_max_steps", "1"], 3, folder)["seconds"]
    rows = []
    for tol in tolerances:
        limit = 600  # then a few times what basic takes: where steps collapse they do so for hours
        for name, setting in given.items():
            r = run(build, program, options + method + at(tol) + setting, repeats, folder, limit)
            if r and r["time"] is not None and abs(r["time"] - exact["time"]) > 1e-9 * exact["time"]:
                r = None
            if r:
                r["seconds"] = max(r["seconds"] - idle, 1e-3)
            if r and name == "basic":
                limit = 10 + 6 * r["seconds"]
            e = error(r["values"], exact["values"]) if r else math.nan
            rows.append([case, f"{tol:g}", name, f"{e:.4g}"] +
                        ([f"{r['seconds']:.4f}"] + [r[c] for c in COUNTS[1:]] if r else [""] * len(COUNTS)))
            print(*rows[-1], sep="  ", flush=True)
    return rows


def save(path, rows, order):
    """Into the file, in the place of the same runs; what else it holds stays."""
    if os.path.exists(path):
        fresh = {tuple(r[:3]) for r in rows}
        with open(path, newline="") as f:
            rows = rows + [r for r in list(csv.reader(f))[1:] if tuple(r[:3]) not in fresh]
    rows.sort(key=lambda r: (list(CASES).index(r[0]), -float(r[1]), order.get(r[2], len(order))))
    with open(path, "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(COLUMNS + COUNTS)
        writer.writerows(rows)


def study(runs):
    """The file as a study of step controllers has it."""
    columns = dict(runs.columns)
    for ours, theirs in (("case", "problem"), ("choice", "controller"), ("tolerance", "rtol"), ("seconds", "wall_s")):
        columns[theirs] = columns.pop(ours)
    columns["method"] = columns["instance"] = np.full(len(runs), "0", object)
    columns["finished"] = np.where(columns["wall_s"] == "", "0", "1")
    work = sum(runs.numbers(c) for c in ("functions", "jacobians", "linear"))
    columns["cost"] = np.array([str(w) for w in work], object)
    return Table(columns)


def table(runs, subject, markdown):
    runs = study(runs)
    equal_error(runs, subject, markdown)
    equal_tolerance(runs, markdown)


def equal_error(runs, subject, markdown):
    """The subject over its rivals at equal error: a row a case, then the means."""
    good = usable(runs)
    names = good.unique("controller")
    fixed = [n for n in names if n.partition(",")[0] in RIVALS]
    rows = []
    for (case,), mine in good.groups("problem"):
        ratio = lambda rivals, what: Comparison([(curve(mine, subject, what), [curve(mine, r, what) for r in rivals])])  # noqa: E731
        row = {"problem": case}
        for what in ("wall_s", "cost"):
            for key, rivals in (*((r, [r]) for r in RIVALS), ("three", RIVALS), ("fixed", fixed)):
                c = ratio(rivals, what)
                row[f"{what} {key}"] = 1 / c.median
                row[f"{what} {key} range"] = f"{1 / c.most:.2f} - {1 / c.least:.2f}" if len(c.ratio) else ""
        single = {r: 1 / ratio([r], "wall_s" if case not in SMALL else "cost").median for r in fixed}
        single = {r: v for r, v in single.items() if math.isfinite(v)}
        row["single"] = max(single, key=single.get) if single else ""
        rows.append(row)
    means = []
    for title, cases in (("PDEs", [r for r in rows if r["problem"] not in SMALL]), ("all", rows)):
        if not cases:
            continue
        mean = {"problem": f"geometric mean, {title}"}
        for key in (k for k in rows[0] if k.split(" ")[0] in ("wall_s", "cost") and not k.endswith("range")):
            if title == "all" and key.startswith("wall_s"):
                continue
            mean[key], low, high = geometric_spread([r[key] for r in cases])
            mean[key + " range"] = f"{low:.2f} - {high:.2f}"
        means.append(mean)
    for what, words in (("wall_s", "processor time"), ("cost", "right-hand sides + Jacobians + linear iterations")):
        shown = [r for r in rows if what == "cost" or r["problem"] not in SMALL]
        columns = {"problem": ("case", "")} | {f"{what} {r}": (r, ".2f") for r in RIVALS}
        columns |= {f"{what} three": ("best of the three", ".2f"), f"{what} three range": ("least - most", "")}
        columns |= {f"{what} fixed": ("best fixed settings", ".2f"), f"{what} fixed range": ("least - most", "")}
        columns |= {"single": ("the cheapest of them alone", "")}
        show(shown + [m for m in means if f"{what} three" in m], columns,
             f"{subject}: {words} over that of ... at equal error (means: 5 % - 95 %)", markdown,
             bold=lambda row: row["problem"].startswith("geometric"))


def equal_tolerance(runs, markdown):
    """Over basic at the same tolerance: does a choice keep the accuracy?"""
    values = {}
    for (case, tol), found in usable(runs).groups("problem", "rtol"):
        basic = found.where(controller="basic")
        if len(basic):
            for name, e, t in zip(found["controller"], found.numbers("error"), found.numbers("wall_s")):
                values.setdefault(name, []).append((e / basic.numbers("error")[0], math.nan if case in SMALL
                                                    else t / basic.numbers("wall_s")[0]))
    rows = []
    for name, pairs in values.items():
        e, t = np.array(pairs).T
        t = t[np.isfinite(t)]
        rows.append({"choice": name, "time": float(geometric(t)) if len(t) else math.nan, "mean": float(geometric(e)),
                     "worst": e.max(), "bad": f"{(e > 1.2).sum()} of {len(e)}"})
    show(rows, {"choice": ("choice", ""), "time": ("time, PDEs", ".2f"), "mean": ("error, mean", ".2f"),
                "worst": ("error, worst", ".1f"), "bad": ("errors above 1.2", "")},
         "over basic at equal tolerance", markdown)


if __name__ == "__main__":
    main()
