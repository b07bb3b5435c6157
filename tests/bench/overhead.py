#!/usr/bin/python3
"""What TSAdapt rl costs beside basic, and what the plugin costs at start.

    tests/bench/overhead.py BUILD [FILE.csv]

A program with two unknowns takes the same fixed steps (dt_min = dt_max, every step accepted) with basic and with rl
(all 18 scale-free observables, a network 18-64-64-1); the difference of the times of a step is the controller's
(CPU time: other programs on the machine do not matter then). All
pairs are run alternately, medians are reported. Needs BUILD/bin/plain_app and, for the networks alone, BUILD/bin/
bench_inference (cmake --build BUILD --target bench_inference).
"""
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

NAMES = ["error", "error_previous", "error_previous_2", "step_ratio", "step_ratio_previous", "rejections", "failures",
         "rejection_rate", "failure_rate", "error_slope", "barrier", "barrier_distance", "failure_memory",
         "failure_distance", "nonlinear_iterations", "nonlinear_ratio", "linear_iterations", "order"]
REPEATS, STARTS, STEPS = 7, 20, 100000


def write_policy(path):
    rng = np.random.default_rng(1)
    widths = [len(NAMES), 64, 64, 1]
    with h5py.File(path, "w") as f:
        f.attrs.update({"format": "petrl-policy", "version": 1, "kind": "tsadapt"})
        o = f.create_group("observation")
        o.attrs["clip"] = 5.0
        o["names"], o["offset"], o["scale"] = np.array(NAMES, h5py.string_dtype()), np.zeros(18), np.ones(18)
        a = f.create_group("action")
        a.attrs["transform"] = "ratio"
        a["low"], a["high"] = [0.5], [2.0]
        n = f.create_group("network")
        n.attrs.update({"architecture": "mlp", "activation": "relu", "output": "tanh"})
        for i in range(3):
            n[f"layer{i}/weight"] = 0.1 * rng.standard_normal((widths[i + 1], widths[i])).astype("f4")
            n[f"layer{i}/bias"] = np.zeros(widths[i + 1], "f4")
        p = f.create_group("provenance")
        p.attrs.update({"config": "", "seed": 0, "steps": 0, "version": "bench", "libraries": ""})


def run(*command):
    """Wall seconds, CPU seconds, output."""
    begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    r = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return time.perf_counter() - begin, cpu, r.stdout.decode()


def event(output, name):
    for line in output.splitlines():
        words = line.split()
        if words and words[0] == name:
            return float(words[3]) / float(words[1])
    raise SystemExit(f"-log_view shows no {name}")


def main():
    build = sys.argv[1]
    app, plugin = f"{build}/bin/plain_app", f"{build}/lib/libpetrl.so"
    rows = []

    def report(what, value, unit, goal=""):
        rows.append([what, f"{value:.4g}", unit, goal])
        print(f"{what:58s} {value:10.4g} {unit:6s} {goal}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        policy = f"{folder}/p.h5"
        write_policy(policy)
        h = 1e-4
        fixed = [app, "-oscillators", 1, "-tf", h * STEPS, "-ts_dt", h, "-ts_adapt_dt_max", h, "-ts_adapt_dt_min", h * (1 - 1e-6),
                 "-ts_adapt_always_accept", "-ts_max_steps", STEPS]
        rl = ["-dll_append", plugin, "-ts_adapt_type", "rl", "-ts_adapt_rl_policy", policy]
        for method, more in (("rk", []), ("rosw", ["-ts_type", "rosw", "-pc_type", "lu"])):
            times = {"basic": [], "rl": []}
            for _ in range(REPEATS):
                times["basic"].append(run(*fixed, *more)[1])
                times["rl"].append(run(*fixed, *more, *rl)[1])
            per_step = {k: 1e6 * statistics.median(v) / STEPS for k, v in times.items()}
            report(f"{method}: a step with basic (2 unknowns)", per_step["basic"], "us")
            report(f"{method}: a step with rl", per_step["rl"], "us")
            report(f"{method}: rl beyond basic", per_step["rl"] - per_step["basic"], "us", "goal <= 5")
        logged = run(*fixed, *rl, "-log_view")[2]
        report("rk: event PetRLObserve (the error estimate, as in basic)", 1e6 * event(logged, "PetRLObserve"), "us")
        report("rk: event PetRLInfer (decision)", 1e6 * event(logged, "PetRLInfer"), "us")

        short = [app, "-oscillators", 1, "-tf", 1e-3]
        starts = {"without": [], "with": []}
        for _ in range(STARTS):
            starts["without"].append(run(*short)[:2])
            starts["with"].append(run(*short, "-dll_append", plugin)[:2])
        for i, clock in enumerate(("wall", "CPU")):
            without, with_plugin = (statistics.median(x[i] for x in starts[k]) for k in ("without", "with"))
            report(f"start of a program, {clock} time", 1e3 * without, "ms")
            report(f"start, plugin loaded: more {clock} time", 1e3 * (with_plugin - without), "ms", "goal < 50")

        def rss(*options):
            output = run(*short, "-resources", *options)[2]
            return float(output.split("VmRSS:")[1].split()[0]) / 1024

        memory = [statistics.median(rss(*o) for _ in range(5)) for o in ([], ["-dll_append", plugin], rl)]
        report("resident memory of a program", memory[0], "MB")
        report("resident memory, plugin loaded: more", memory[1] - memory[0], "MB", "goal < 15")
        report("resident memory, rl in use: more", memory[2] - memory[0], "MB", "goal < 15")

    bench = f"{build}/bin/bench_inference"
    if os.path.exists(bench):
        found = json.loads(run(bench, "--benchmark_format=json", "--benchmark_repetitions=5",
                               "--benchmark_report_aggregates_only=true")[2])["benchmarks"]
        medians = {b["run_name"]: b["cpu_time"] / 1e3 for b in found if b["aggregate_name"] == "median"}
        report("native evaluation of 18-64-64-1", medians["native"], "us", "goal about 1")
        if "libtorch" in medians:
            report("libtorch evaluation of 18-64-64-1", medians["libtorch"], "us")
            report("libtorch over native", medians["libtorch"] / medians["native"], "x", "goal >= 10")

    if len(sys.argv) > 2:
        with open(sys.argv[2], "w", newline="") as f:
            f.write("# reproduce: cmake --build BUILD --target bench_inference plain_app petrl && "
                    "tests/bench/overhead.py BUILD FILE.csv (medians; steps in CPU time)\n")
            csv.writer(f, lineterminator="\n").writerows([["quantity", "value", "unit", "goal"]] + rows)


main()
