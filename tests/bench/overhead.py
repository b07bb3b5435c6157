#!/usr/bin/python3
"""What TSAdapt rl costs beside basic, and what the plugin costs at start.

    tests/bench/overhead.py BUILD [FILE.csv]

Steps: bench_step, the same fixed steps of a TS with two unknowns with basic and with rl (the usual observables, two
hidden layers of 64; with rosw it is evaluated twice, for the next step and for the case that its solve fails). Start and memory:
plain_app with and without the plugin, alternately, medians. Steps and networks: least CPU time of many repetitions.
"""
import csv
import json
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
STARTS = 20


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


def benchmarks(program, *options):
    """Least CPU time, in microseconds, of each benchmark of a Google Benchmark program: what others on the machine
    take away only ever adds."""
    found = json.loads(run(program, "--benchmark_format=json", "--benchmark_enable_random_interleaving=true",
                           *options)[2])["benchmarks"]
    best = {}
    for b in found:
        if b["run_type"] == "iteration":
            best[b["run_name"]] = min(best.get(b["run_name"], 1e99), b["cpu_time"] / 1e3)
    return best


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
        rl = ["-dll_append", plugin, "-ts_adapt_type", "rl", "-ts_adapt_rl_policy", policy]
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

    steps = benchmarks(f"{build}/bin/bench_step", "--benchmark_repetitions=25", "--benchmark_min_time=0.05")
    for method in ("rk", "rosw"):
        basic, with_rl = (steps[f"step/{method}_{x}"] for x in ("basic", "rl"))
        report(f"{method}: a step with basic (2 unknowns)", basic, "us")
        report(f"{method}: a step with rl", with_rl, "us")
        report(f"{method}: rl beyond basic", with_rl - basic, "us", "goal <= 5")
    times = benchmarks(f"{build}/bin/bench_inference", "--benchmark_repetitions=9")
    report("native evaluation of 18-64-64-1", times["native"], "us", "goal about 1")
    if "libtorch" in times:
        report("libtorch evaluation of 18-64-64-1", times["libtorch"], "us")
        report("libtorch over native", times["libtorch"] / times["native"], "x", "goal >= 10")

    if len(sys.argv) > 2:
        with open(sys.argv[2], "w", newline="") as f:
            f.write("# reproduce: cmake --build BUILD --target bench_inference bench_step plain_app && "
                    "tests/bench/overhead.py BUILD FILE.csv\n")
            csv.writer(f, lineterminator="\n").writerows([["quantity", "value", "unit", "goal"]] + rows)


main()
