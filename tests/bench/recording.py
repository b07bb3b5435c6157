#!/usr/bin/python3
"""What recording costs a fine run (-closure_record): processor time with and without, in pairs.

    tests/bench/recording.py BUILD [FILE.csv] [--pairs 5]

The programs of tutorials/07-your-own-equation on their fine grids, as its README records them, and the same runs without
the plugin, alternately, with the same (fixed) steps. Prints the median of the pairs' ratios and their range; the disk is the temporary folder's.
"""
import argparse
import csv
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile

TUTORIAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tutorials", "07-your-own-equation")
# program: options, method, how its fine run is restricted
RUNS = {
    "shallow_water": ("-nx 128 -order 2 -seed 1", "ssp", "average"),
    "kuramoto_sivashinsky": ("-nx 256 -order 4 -seed 1 -ts_adapt_type none", "arkimex", "inject"),
    "transport3d": ("-nx 64 -order 2 -seed 1 -flow 1", "ssp", "average"),
}


def processor_seconds(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--pairs", type=int, default=5)
    a = parser.parse_args()
    library = os.path.join(os.path.abspath(a.build), "lib", "libpetrl.so")
    flags = shlex.split(subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], check=True, text=True,
                                       stdout=subprocess.PIPE).stdout)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (options, method, restrict) in RUNS.items():
            program = os.path.join(folder, name)
            subprocess.run(["mpicc", "-O2", os.path.join(TUTORIAL, name + ".c"), "-o", program, *flags, "-lm"], check=True)
            plain = [program, *options.split(), "-ts_type", method]
            ratios, seconds = [], []
            for _ in range(a.pairs):
                truth = os.path.join(folder, "truth.h5")
                if os.path.exists(truth):
                    os.remove(truth)
                without = processor_seconds(plain, folder)
                recorded = processor_seconds(
                    [program, *options.split(), "-dll_append", library, "-ts_type", "closure", "-closure_ts_type", method,
                     "-closure_record", truth, "-closure_record_coarsen", "4", "-closure_record_restrict", restrict],
                    folder)
                ratios.append(recorded / without)
                seconds.append(without)
            rows.append([name, a.pairs, f"{statistics.median(seconds):.3g}", f"{statistics.median(ratios):.4f}",
                         f"{min(ratios):.4f}", f"{max(ratios):.4f}", os.path.getsize(truth)])
            print(f"{name:22s} {rows[-1][2]:>6s} s; recording: {rows[-1][3]} times ({rows[-1][4]} to {rows[-1][5]})", flush=True)
    if a.out:
        with open(a.out, "w", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(["program", "pairs", "fine run, processor time [s]", "recorded / not, median", "least", "largest",
                        "file [bytes]"])
            w.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
