#!/usr/bin/python3
"""PETSc's own tutorials of TS under basic and under rl.

    tests/clients/petsc_tutorials.py PETSC_SOURCE BUILD [-o runs.csv] [--only ex8 ...] [--timeout S] [--no-tests]

Compiles the C programs of PETSC_SOURCE/src/ts/tutorials that need nothing but PETSc (the sources of the version that
pkg-config finds, for example from `pip download --no-binary petsc`), with BUILD/lib/libpetrl.so as the plugin. Each runs
without options on 1 and on 2 ranks, and with the options of each of its own tests. Told are the cases in which basic
finishes and rl does not (ends with an error, hangs, stops before the final time), those in which rl attempts more than 3 times the steps, and the sums. Exit status: 1 where rl
does not finish and basic does.
"""
import argparse
import csv
import glob
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

# What tests may require and still need nothing but PETSc.
HARMLESS = {"!single", "!complex", "double", "!__float128", "!define(PETSC_USE_64BIT_INDICES)", "c99", "!defined(PETSC_USE_CUDA)"}
ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMP_NUM_THREADS": "1"}


def own_tests(text, source):
    """(ranks, options) of the tests in a program's TEST comment; of lists of values the first one."""
    block = re.search(r"/\*TEST(.*?)TEST\*/", text, re.S)
    found, outer, current = [], {}, None
    for line in (block[1].splitlines() if block else []):
        entry = re.match(r"( *)(\w+): *(.*)", line)
        if not entry or line.strip().startswith("#"):
            continue
        indent, key, value = len(entry[1]), entry[2], entry[3]
        if key in ("test", "testset", "build"):
            if key == "testset" or (outer and indent <= outer["indent"]):
                outer = {"indent": indent, "set": key == "testset"} if key == "testset" else {}
            current = outer if key == "testset" else {"outer": dict(outer), "skip": key == "build"}
            if key == "test":
                found.append(current)
        elif current is not None:
            current[key] = (current[key] + " " + value) if key == "args" and "args" in current else value
    cases = []
    for test in found:
        both = {**test["outer"], **{k: v for k, v in test.items() if k != "outer"}}
        both["args"] = test["outer"].get("args", "") + " " + test.get("args", "")
        options = re.sub(r"\{\{\s*([^ }]*)[^}]*\}[^}]*\}", r"\1", both["args"])
        options = options.replace("${wPETSC_DIR}", source)
        if not set(both.get("requires", "").split()) <= HARMLESS or "$" in options or "localrunfiles" in both:
            continue
        try:
            case = (int(both.get("nsize", 1)), shlex.split(options))
        except ValueError:
            continue
        if case not in cases:
            cases.append(case)
    return cases


class Run:
    def __init__(self, program, ranks, options, folder, limit):
        command = (["mpiexec", "-n", str(ranks)] if ranks > 1 else []) + [program, *options, "-ts_monitor", "-ts_view"]
        began = time.time()
        try:
            done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=limit,
                                  stderr=subprocess.STDOUT, env={**os.environ, **ENVIRONMENT})
            self.status, output = done.returncode, done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as e:
            self.status, output = "time-out", (e.stdout or b"").decode(errors="replace")
        self.seconds = time.time() - began
        # A step number that is not larger than the one before: another TSSolve.
        steps = [(int(n), t) for n, t in re.findall(r"^\s*(\d+) TS dt \S+ time (\S+)", output, re.M)]
        self.steps = sum(n for (n, _), (after, _) in zip(steps, steps[1:] + [(-1, "")]) if after <= n)
        self.rejected = sum(int(n) for n in re.findall(r"^  total number of rejected steps=(\d+)", output, re.M))
        self.time = float(steps[-1][1]) if steps else None
        limit = re.findall(r"^  maximum time=(\S+)", output, re.M)
        self.reached = bool(steps) and bool(limit) and self.time >= float(limit[-1]) * (1 - 1e-5)
        self.decisions = sum(int(n) for n in re.findall(r"RL: (\d+) decisions", output))
        self.error = next((line for line in output.splitlines() if "PETSC ERROR" in line and "---" not in line), "")
        self.output = output

    @property
    def attempts(self):
        return self.steps + self.rejected

    def finished(self):
        return self.status == 0 and self.time is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("build")
    parser.add_argument("-o", "--output", help="one row per case")
    parser.add_argument("--only", nargs="*", help="programs, without .c")
    parser.add_argument("--timeout", type=float, default=60, help="seconds that a run under basic may take")
    parser.add_argument("--no-tests", action="store_true", help="without the options of the programs' own tests")
    args = parser.parse_args()
    source = os.path.abspath(args.source)
    plugin = os.path.join(os.path.abspath(args.build), "lib", "libpetrl.so")
    if not os.path.exists(plugin):
        sys.exit(f"petsc_tutorials.py: no {plugin}")
    files = sorted(glob.glob(f"{source}/src/ts/tutorials/ex*.c"), key=lambda f: (len(os.path.basename(f)), f))
    if not files:
        sys.exit(f"petsc_tutorials.py: no {source}/src/ts/tutorials/ex*.c")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    rows, unbuilt, no_basic = [], [], []
    for file in files:
        name = os.path.basename(file)[:-2]
        if args.only and name not in args.only:
            continue
        with tempfile.TemporaryDirectory(prefix="petrl-tutorial-") as folder:
            program = f"{folder}/{name}"
            built = subprocess.run(["mpicc", "-O1", "-w", file, "-o", program, f"-I{os.path.dirname(file)}", *flags, "-lm"],
                                   capture_output=True)
            if built.returncode:
                unbuilt.append(name)
                continue
            with open(file, errors="replace") as f:
                tests = [] if args.no_tests else own_tests(f.read(), source)
            cases = [(1, []), (2, [])] + [case for case in tests if case[1] or case[0] > 2]
            for ranks, options in cases:
                basic = Run(program, ranks, [*options, "-ts_adapt_type", "basic"], folder, args.timeout)
                what = f"{name} on {ranks}: {shlex.join(options)}"
                if not basic.finished():
                    no_basic.append(f"{what}  [{basic.status}] {basic.error}")
                    continue
                rl = Run(program, ranks, [*options, "-dll_append", plugin, "-ts_adapt_type", "rl"], folder,
                         max(args.timeout, 10 * basic.seconds))
                verdict = ("fails" if not rl.finished() or (basic.reached and not rl.reached) else
                           "dear" if rl.attempts > 3 * basic.attempts else "ok")
                rows.append({"program": name, "ranks": ranks, "options": shlex.join(options), "verdict": verdict,
                             "basic_attempts": basic.attempts, "rl_attempts": rl.attempts, "decisions": rl.decisions,
                             "basic_reached": basic.reached, "basic_end": basic.time, "rl_end": rl.time, "status": rl.status, "message": rl.error})
                if verdict != "ok":
                    print(f"{verdict}: {what}\n  basic {basic.attempts} attempted steps to {basic.time}, "
                          f"rl {rl.attempts} to {rl.time}, status {rl.status} {rl.error}", flush=True)
    decided = [r for r in rows if r["decisions"]]
    count = {v: sum(r["verdict"] == v for r in rows) for v in ("ok", "dear", "fails")}
    print(f"{len(files) - len(unbuilt)} programs, {len(rows)} cases that basic finishes, in {len(decided)} rl decided: {count}")
    same = [r for r in decided if r["verdict"] != "fails" and r["basic_reached"]]
    print(f"attempted steps where rl decided and both reach the final time: basic {sum(r['basic_attempts'] for r in same)}, "
          f"rl {sum(r['rl_attempts'] for r in same)}")
    print("not built:", ", ".join(unbuilt) or "none")
    print(f"{len(no_basic)} cases that basic does not finish:", *no_basic, sep="\n  ")
    if args.output:
        with open(args.output, "w", newline="") as f:
            writer = csv.DictWriter(f, fieldnames=list(rows[0]) if rows else ["program"])
            writer.writeheader()
            writer.writerows(rows)
    sys.exit(1 if count["fails"] else 0)


main()
