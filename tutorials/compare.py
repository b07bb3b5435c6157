#!/usr/bin/env python3
"""Runs one PETSc program under several step controllers and compares them: a table and a picture of the steps.

    compare.py --plugin build/release/lib/libpetrl.so --output DIR -- ./program its options

    compare.py ... --setting "-snes_rtol 1e-1" --setting "-snes_rtol 1e-2 -ksp_rtol 1e-2" -- ./program its options

With settings, basic with the best of them, known only afterwards, is one more rival: the quickest whose error is at most
1.2 times that of basic with the program's own.

The program must end where it is told to (-ts_exact_final_time matchstep is set) and is run several times: once with a
tight tolerance for the reference, then with a fixed step, basic, dsp and rl at its own tolerance.
"""
import argparse
import csv
import os
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np

ATTEMPT = re.compile(r"TSAdapt \S+ .*?step +\d+ (accepted|rejected|stage rejected).*?t=(\S+) *\+ *(\S+)")


def execute(command):
    """Runs a command; its output, or the end of all with what it said."""
    r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
    if r.returncode != 0:
        sys.exit(f"compare.py: this command failed with status {r.returncode}:\n  {' '.join(command)}\n{r.stdout[-3000:]}")
    return r.stdout


def work(output):
    """Right-hand sides + Jacobians + linear iterations, as -ts_view counts them for the TS."""
    counts = re.findall(r"^  total number of (?:(?:I|RHS) (?:function|Jacobian) evaluations|linear solver iterations)=(\d+)",
                        output, re.M)
    if not counts:
        sys.exit(f"compare.py: no TS in what -ts_view printed:\n{output[-2000:]}")
    return sum(map(int, counts))


def solution(file):
    """A Vec in PETSc's binary format."""
    return np.fromfile(file, ">f8", offset=8)


class Runner:
    def __init__(self, command, folder, repeats):
        self.command, self.folder, self.repeats = command, folder, repeats

    def run(self, *options, timed=True):
        """One run with its history; more without any output for the time."""
        file = os.path.join(self.folder, "solution.bin")
        command = self.command + ["-ts_exact_final_time", "matchstep", *options]
        out = execute(command + ["-ts_adapt_monitor", "-ts_view", "-ts_view_solution", f"binary:{file}"])
        attempts = [(kind, float(t), float(h)) for kind, t, h in ATTEMPT.findall(out)]
        result = {
            "steps": sum(a[0] == "accepted" for a in attempts),
            "rejected": sum(a[0] == "rejected" for a in attempts),
            "failed": sum(a[0] == "stage rejected" for a in attempts),
            "cost": work(out), "solution": solution(file), "attempts": attempts,
        }
        if timed:
            result["wall"] = statistics.median(self.time(command) for _ in range(self.repeats))
        return result

    def time(self, command):
        """Seconds in TSStep (the start of MPI and the reading of libraries are the same for all)."""
        log = os.path.join(self.folder, "log.csv")
        execute(command + ["-log_view", f":{log}:ascii_csv"])
        with open(log) as f:
            return max(float(row[4]) for row in csv.reader(f) if len(row) > 4 and row[1] == "TSStep")


def fixed_step(runner, basic):
    """A fixed step at the cost of basic: cost is nearly proportional to the number of steps, so a few trials do."""
    end = basic["attempts"][-1][1] + basic["attempts"][-1][2]
    n, best = basic["steps"], None
    for _ in range(5):
        options = ["-ts_adapt_type", "none", "-ts_dt", repr(end / n)]
        trial = runner.run(*options, timed=False)
        if best is None or abs(trial["cost"] - basic["cost"]) < abs(best[1]["cost"] - basic["cost"]):
            best = options, trial
        if abs(trial["cost"] / basic["cost"] - 1) < 0.01:
            break
        n = max(1, round(n * basic["cost"] / trial["cost"]))
    return runner.run(*best[0])


def colours(results):
    known = {"fixed step": "tab:gray", "basic": "tab:blue", "dsp": "tab:green", "rl": "tab:red"}
    return [known.get(name, "tab:purple") for name in results]


def best_setting(runner, settings, basic, error):
    """(settings, run) of basic with the quickest that is accurate enough; None if there is none."""
    runs = [(s, runner.run("-ts_adapt_type", "basic", *s.split())) for s in settings]
    good = [r for r in runs if error(r[1]) <= 1.2 * error(basic)]
    return min(good, key=lambda r: r[1]["wall"]) if good else None


def plot(results, file, unit):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(results), 1, sharex=True, sharey=True, figsize=(8, 1.2 + 1.7 * len(results)),
                                constrained_layout=True)
    for axis, (name, r), colour in zip(axes, results.items(), colours(results)):
        good = [(t, h) for kind, t, h in r["attempts"] if kind == "accepted"]
        axis.step(*zip(*good), where="post", color=colour, lw=0.9, label="accepted step")
        for kind, marker, label in (("rejected", "x", "rejected: error too large"),
                                    ("stage rejected", "v", "failed solve")):
            bad = [(t, h) for k, t, h in r["attempts"] if k == kind]
            if bad:
                axis.plot(*zip(*bad), marker, color="black", ms=3, mew=0.6, lw=0, label=label)
        axis.set_yscale("log")
        axis.set_ylabel("step" + (f" [{unit}]" if unit else ""))
        axis.grid(alpha=0.3)
        axis.set_title(f"{name}: {r['steps']} steps, {r['rejected']} rejected, {r['failed']} failed solves, "
                       f"cost {r['cost']}, {r['wall']:.2g} s, error {r['error']:.1e}", fontsize=9, loc="left")
    handles = {}
    for axis in axes:
        handles.update(dict(zip(*reversed(axis.get_legend_handles_labels()))))
    handles["accepted step"] = plt.Line2D([], [], color="black", lw=0.9)
    figure.suptitle(" ", fontsize=7)  # room for the legend
    figure.legend(handles.values(), handles.keys(), loc="upper center", ncol=3, fontsize=8, frameon=False)
    axes[-1].set_xlabel("time" + (f" [{unit}]" if unit else ""))
    figure.savefig(file, dpi=130)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--plugin", required=True, help="libpetrl.so")
    p.add_argument("--policy", help="policy file of rl (default: the shipped one)")
    p.add_argument("--output", required=True, help="folder for steps.png and table.csv")
    p.add_argument("--tolerance", default="1e-9", help="rtol and atol of the reference run (default 1e-9)")
    p.add_argument("--repeats", type=int, default=3, help="timed runs of each; their median counts (default 3)")
    p.add_argument("--setting", action="append", default=[], metavar="OPTIONS",
                   help="options of the solvers that basic is to be tried with as well; may be given several times")
    p.add_argument("--unit", default="", help="unit of time, for the picture")
    p.add_argument("command", nargs="+", help="-- the program and its options")
    a = p.parse_args()
    os.makedirs(a.output, exist_ok=True)
    rl = ["-dll_append", os.path.abspath(a.plugin), "-ts_adapt_type", "rl"]
    if a.policy:
        rl += ["-ts_adapt_rl_policy", a.policy]

    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(a.command, folder, a.repeats)
        print(f"reference run (tolerance {a.tolerance}) ...", flush=True)
        tight = ["-ts_adapt_type", "basic", "-ts_max_steps", "100000000", "-ts_rtol", a.tolerance, "-ts_atol", a.tolerance]
        reference = runner.run(*tight, timed=False)["solution"]
        results = {"fixed step": None}
        for name, options in (("basic", ["-ts_adapt_type", "basic"]), ("dsp", ["-ts_adapt_type", "dsp"]), ("rl", rl)):
            print(f"{name} ...", flush=True)
            results[name] = runner.run(*options)
        print("fixed step ...", flush=True)
        results["fixed step"] = fixed_step(runner, results["basic"])
        found = None
        if a.setting:
            print(f"basic with {len(a.setting)} settings of its solvers ...", flush=True)
            found = best_setting(runner, a.setting, results["basic"], lambda r: np.linalg.norm(r["solution"] - reference))

    if found:
        results["basic, tuned"] = found[1]
        results["rl"] = results.pop("rl")  # last
    for r in results.values():
        r["error"] = np.linalg.norm(r["solution"] - reference) / np.linalg.norm(reference)
    columns = ["steps", "rejected", "failed", "cost", "wall", "error"]
    print(f"\n{'':12}{'steps':>8}{'rejected':>10}{'failed':>8}{'cost':>10}{'wall [s]':>10}{'error':>11}")
    for name, r in results.items():
        print(f"{name:12}{r['steps']:8}{r['rejected']:10}{r['failed']:8}{r['cost']:10}{r['wall']:10.3f}{r['error']:11.2e}")
    print("failed: solves that did not converge;  cost: right-hand sides + Jacobians + linear iterations;\n"
          f"wall: time in TSStep, median of {a.repeats};  error: relative, at the end, against the reference run.\n"
          "The fixed step is chosen so that it costs what basic costs. dsp accepts steps by its own, laxer rule.")
    if found:
        print(f"basic, tuned: with {found[0]}, the best of {len(a.setting)} settings, known only now")
    with open(os.path.join(a.output, "table.csv"), "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["controller", *columns[:4], "wall_s", "relative_error"])
        writer.writerows([name, *(r[c] for c in columns)] for name, r in results.items())
    plot(results, os.path.join(a.output, "steps.png"), a.unit)
    print(f"picture: {os.path.join(a.output, 'steps.png')}")


if __name__ == "__main__":
    main()
