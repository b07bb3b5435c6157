#!/usr/bin/python3
"""What the rules of the whole solve save, on unmodified implicit programs of tests/apps:

    tests/bench/solves.py BUILD tests/bench/results/solves.csv [--cases ...] [--choices ...] [--repeats 3]
    tests/bench/solves.py --table tests/bench/results/solves.csv

runs each program, integrator and tolerance with `basic` and the program's own solver settings, with `basic` and each
fixed setting of a grid, and with -ts_adapt_rl_policy classical, each lever alone and together. One row a run: error at
the end against a reference run, counts, processor time of the process less that of one that does a single step (the
least of the repeats). Other rows that the file holds already are kept. Prints ratios to `basic`: time and error at the same tolerance; --table
prints those of a file.
"""
import argparse
import csv
import math
import os
import re
import resource
import subprocess
import sys
import tempfile

from apps import error, read_vector

BDF = ["-ts_type", "bdf"]
IMPLICIT = ["-ts_type", "arkimex", "-ts_arkimex_fully_implicit"]
IMEX = ["-ts_type", "arkimex"]
CN = ["-ts_type", "cn", "-ts_theta_adapt"]
GRID = ["-da_grid_x", "33", "-da_grid_y", "33"]

# case: program and its options, integrator, tolerances, integrator and tolerance of the reference
CASES = {
    "ignition bdf": ("ignition", GRID, BDF, [1e-3, 1e-4, 1e-5], ["-ts_type", "rosw"], 1e-7),
    "ignition arkimex": ("ignition", GRID, IMPLICIT, [1e-3, 1e-4, 1e-5], ["-ts_type", "rosw"], 1e-7),
    "grayscott arkimex": ("grayscott", ["-da_grid_x", "48", "-da_grid_y", "48"], IMEX, [1e-3, 1e-4, 1e-5],
                          IMEX + ["-ts_arkimex_type", "4"], 1e-7),
    "nonlinear diffusion bdf": ("nonlinear_diffusion_plex", [], BDF, [1e-3, 1e-4, 1e-5], ["-ts_type", "rosw"], 1e-7),
    "nonlinear diffusion cn": ("nonlinear_diffusion_plex", [], CN, [1e-3, 1e-4], ["-ts_type", "rosw"], 1e-7),
    "circuit bdf": ("circuit", [], BDF, [1e-3, 1e-4, 1e-5, 1e-6], IMPLICIT + ["-ts_arkimex_type", "4"], 1e-8),
    "oregonator bdf": ("oregonator", [], BDF, [1e-4, 1e-5, 1e-6], ["-ts_type", "rosw"], 1e-10),
}
SETTINGS = {"": []}
for s in ("1e-1", "1e-2", "1e-3", "1e-5"):
    SETTINGS[f"snes_rtol {s}"] = ["-snes_rtol", s]
    SETTINGS[f"snes_rtol {s} ksp_rtol 1e-2"] = ["-snes_rtol", s, "-ksp_rtol", "1e-2"]
SETTINGS["Eisenstat-Walker"] = ["-snes_ksp_ew"]
for lag in ("2", "5", "20"):
    SETTINGS[f"lag {lag}"] = ["-snes_lag_jacobian", lag, "-snes_lag_jacobian_persists"]
LEVERS = ["step", "step,accept", "step,tolerance", "step,jacobian", "step,tolerance,jacobian", "step,order",
          "step,accept,tolerance,jacobian,order"]


def run(build, program, options, repeats, folder, timeout=600):
    """Values at the end, counts and seconds; None where it does not get there."""
    solution = os.path.join(folder, "solution.bin")
    least = math.inf
    for _ in range(repeats):
        if os.path.exists(solution):
            os.remove(solution)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [os.path.join(build, "apps", program), *options, "-ts_view", "-ts_view_solution", "binary:" + solution,
                   "-log_view"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            return None
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

    steps = re.search(r"time ([0-9.e+-]+), ([0-9]+) steps", done.stdout)
    return {"values": read_vector(solution), "seconds": least, "steps": int(steps.group(2)),
            "rejected": count("rejected steps"), "failed": count("nonlinear solve failures"),
            "newton": count("nonlinear solver iterations"), "jacobians": event("SNESJacobianEval"),
            "linear": count("linear solver iterations"), "matmults": event("MatMult"), "time": float(steps.group(1))}


COUNTS = ["seconds", "steps", "rejected", "failed", "newton", "jacobians", "linear", "matmults"]


def main():
    if sys.argv[1:2] == ["--table"]:
        return table(read(sys.argv[2]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("out")
    parser.add_argument("--cases", nargs="*", default=list(CASES), metavar="CASE")
    parser.add_argument("--choices", nargs="*", help="some of the settings and levers only, as the file names them")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    os.environ.update(OMP_NUM_THREADS="1")
    plugin = ["-dll_append", os.path.join(build, "lib", "libpetrl.so")]
    ours = plugin + ["-ts_adapt_type", "rl", "-ts_adapt_rl_policy", "classical", "-ts_adapt_rl_control"]
    basic = plugin + ["-ts_adapt_type", "basic"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case in args.cases:
            program, options, method, tolerances, best, tight = CASES[case]
            at = lambda tol: ["-ts_rtol", str(tol), "-ts_atol", str(tol)]  # noqa: E731
            exact = run(build, program, options + best + at(tight) + ["-snes_rtol", "1e-10", "-snes_max_it", "50",
                                                                      "-ksp_rtol", "1e-8"], 1, folder, 3600)
            if exact is None:
                sys.exit(f"{case}: the reference does not reach its end")
            idle = run(build, program, options + method + basic + ["-ts_max_steps", "1"], 3, folder)["seconds"]
            choices = {"basic" + (", " + name if name else ""): basic + given for name, given in SETTINGS.items()}
            choices.update({"classical " + levers: ours + [levers] for levers in LEVERS})
            if args.choices:
                choices = {name: choices[name] for name in args.choices}
            for tol in tolerances:
                limit = 600  # then a few times what basic takes: where steps collapse they do so for hours
                for name, given in choices.items():
                    r = run(build, program, options + method + at(tol) + given, args.repeats, folder, limit)
                    if r and abs(r["time"] - exact["time"]) > 1e-9 * exact["time"]:
                        r = None
                    if r:
                        r["seconds"] = max(r["seconds"] - idle, 1e-3)
                    if r and name == "basic":
                        limit = 10 + 8 * r["seconds"]
                    e = error(r["values"], exact["values"]) if r else math.nan
                    rows.append([case, f"{tol:g}", name, f"{e:.4g}"] +
                                ([f"{r['seconds']:.4f}"] + [r[c] for c in COUNTS[1:]] if r else [""] * len(COUNTS)))
                    print(*rows[-1], sep="  ", flush=True)
    if os.path.exists(args.out):
        fresh = {tuple(r[:3]) for r in rows}
        rows += [r for r in read(args.out) if tuple(r[:3]) not in fresh]
    order = {"": 0, "basic": 1, **{name: i for i, name in enumerate(choices, 2)}}
    rows.sort(key=lambda r: (list(CASES).index(r[0]), -float(r[1]), order.get(r[2], len(order))))
    with open(args.out, "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(["case", "tolerance", "choice", "error", *COUNTS])
        writer.writerows(rows)
    table(rows)


def read(path):
    with open(path, newline="") as f:
        return list(csv.reader(f))[1:]


def mean(values):
    """The geometric one of those that there are, and how many."""
    logs = [math.log(v) for v in values if v > 0]
    return f"{math.exp(sum(logs) / len(logs)):.2f} ({len(logs)})" if logs else "-"


def table(rows):
    """Over basic: per case the best fixed setting that loses no accuracy, and the rules; then the levers."""
    runs = {}
    for case, tol, name, e, seconds, *counts in rows:
        runs.setdefault((case, tol), {})[name] = (float(e), float(seconds or "nan"), counts)
    pde = {}  # time over basic's by choice: those of the other cases are hundredths of a second
    errors = {}
    print("\n| case | tolerance | basic: error, Jacobians, products | best fixed setting: time, error | tolerance, jacobian: "
          "time, error | all levers: time, error, Jacobians, products |\n|---|---|---|---|---|---|")
    every, some = ("classical " + LEVERS[i] for i in (-1, 4))
    for (case, tol), found in runs.items():
        if "basic" not in found:
            continue
        e0, t0, n0 = found["basic"]
        ratios = {name: (t / t0, e / e0) for name, (e, t, _) in found.items() if t > 0 and e > 0}
        best = min([(r, n) for n, r in ratios.items() if n.startswith("basic") and r[1] <= 1.2])
        ratios["best fixed setting"] = best[0]
        for name, (t, e) in ratios.items():
            if case not in ("circuit bdf", "oregonator bdf"):
                pde.setdefault(name, []).append(t)
            errors.setdefault(name, []).append(e)
        cell = lambda name: "{:.2f}, {:.2f}".format(*ratios[name]) if name in ratios else "-"  # noqa: E731
        n = found[every][2] if every in found else ["-"] * len(COUNTS)
        print(f"| {case} | {tol} | {e0:.2g}, {n0[4]}, {n0[6]} | {best[1][7:] or 'its own'}: {cell('best fixed setting')} | "
              f"{cell(some)} | {cell(every)}, {n[4]}, {n[6]} |")
    print("\n| levers | time, PDEs: geometric mean (cases) | error, mean | error, worst | errors above 1.2 |\n|---|---|---|---|---|")
    for name in ["best fixed setting"] + ["classical " + levers for levers in LEVERS]:
        if name in errors:
            e = errors[name]
            print(f"| {name.replace('classical ', '')} | {mean(pde.get(name, []))} | {mean(e).split()[0]} | {max(e):.2f} | "
                  f"{sum(x > 1.2 for x in e)} of {len(e)} |")


if __name__ == "__main__":
    main()
