#!/usr/bin/python3
"""PETSc's own tutorials of TS under basic and under rl.

    tests/clients/petsc_tutorials.py PETSC_SOURCE BUILD [-o runs.csv] [--only ex8 ...] [--timeout S] [--no-tests]
    tests/clients/petsc_tutorials.py PETSC_SOURCE BUILD --equal-error DIR [--only ex8 ...] [--policy NAME=FILE ...]

Compiles the C programs of PETSC_SOURCE/src/ts/tutorials that need nothing but PETSc (the sources of the version that
pkg-config finds, for example from `pip download --no-binary petsc`), with BUILD/lib/libpetrl.so as the plugin. Each runs
without options on 1 and on 2 ranks, and with the options of each of its own tests. Told are the cases in which basic
finishes and rl does not (ends with an error, hangs, stops before the final time), those in which rl attempts more than 3 times the steps, and the sums. Exit status: 1 where rl
does not finish and basic does.

--equal-error: every program, without options, with every implicit integrator under basic, dsp (PI42, H211b), rl, the rules
(-ts_adapt_rl_policy classical) and further policies, over tolerances; DIR/runs.csv is that of a study (`problem` is a
program with an integrator), errors at the end are against a tight run of the same program; then the table of
tutorials/table.py, whose better rival is the best of the three pair by pair. Left out: pairs in which basic does not reach
the final time at all tolerances, or answers to the tolerance neither with steps nor with errors.
"""
import argparse
import csv
import glob
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench")

sys.path.insert(0, BENCH)
import apps  # noqa: E402

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


def compile_program(file, folder, flags):
    """The executable, or None."""
    program = os.path.join(folder, os.path.basename(file)[:-2])
    built = subprocess.run(["mpicc", "-O1", "-w", file, "-o", program, f"-I{os.path.dirname(file)}", *flags, "-lm"],
                           capture_output=True)
    return None if built.returncode else program


IMPLICIT = {"bdf": [], "arkimex": [], "rosw": [], "alpha": ["-ts_alpha_adapt"], "beuler": ["-ts_theta_adapt"],
            "cn": ["-ts_theta_adapt"]}
TIGHT = {"rosw": [], "arkimex": ["-ts_arkimex_type", "4"], "bdf": ["-ts_bdf_order", "5"]}  # for references, in this order


class Solve:
    """A run to the final time; values None where it does not get there, or is not what was asked for."""

    def __init__(self, program, kind, options, tolerance, folder, seconds, steps=1000000):
        file = os.path.join(folder, "solution.bin")
        if os.path.exists(file):
            os.remove(file)
        command = [program, "-ts_type", kind, *options, "-ts_rtol", str(tolerance), "-ts_atol", str(tolerance), "-ts_max_steps",
                   str(steps), "-ts_exact_final_time", "matchstep", "-ts_max_snes_failures", "-1", "-nox", "-ts_view",
                   "-ts_view_solution", "binary:" + file, "-log_view"]
        with open(os.path.join(folder, "output"), "w+b") as output:  # some say a lot
            done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                  env={**os.environ, **ENVIRONMENT}, timeout=60 * seconds,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)))
            output.seek(0)
            text = output.read().decode(errors="replace")
        self.values = None
        end = re.search(r"^  maximum time=(\S+)", text, re.M)
        self.ends = bool(end) and float(end.group(1)) < 1e10  # others end by a number of steps
        views = re.findall(r"^TS Object:.*\n  type: (\w+)", text, re.M)
        if done.returncode or views != [kind] or not os.path.exists(file):
            return
        number = lambda pattern: int((re.findall(pattern, text, re.M) or [0])[0])  # noqa: E731
        self.steps, self.rejected = number(r"^TSStep +(\d+)"), number("^  total number of rejected steps=(\\d+)")
        self.failed = number("^  total number of nonlinear solve failures=(\\d+)")
        wall = re.search(r"^TSStep +\d+ +[0-9.]+ +([0-9.e+-]+)", text, re.M)
        self.wall = float(wall.group(1)) if wall else float("nan")
        self.cost = sum(number(f"^  total number of {name}=(\\d+)") for name in apps.COUNTERS[:5])
        values = apps.read_vector(file)
        self.values = values if len(values) and apps.np.all(apps.np.isfinite(values)) and self.steps < steps else None


def equal_error(files, flags, args, plugin):
    rl = ["-dll_append", plugin, "-ts_adapt_type", "rl"]
    dsp = ["-ts_adapt_type", "dsp", "-ts_adapt_dsp_filter"]
    controllers = {"basic": ["-ts_adapt_type", "basic"], "dsp-PI42": [*dsp, "PI42"], "dsp-H211b": [*dsp, "H211b"], "rl": rl,
                   "rl:classical": [*rl, "-ts_adapt_rl_policy", "classical"]}
    for policy in args.policy:
        name, _, file = policy.partition("=")
        controllers[name] = [*rl, "-ts_adapt_rl_policy", os.path.abspath(file)]
    os.makedirs(args.equal_error, exist_ok=True)
    with open(os.path.join(args.equal_error, "config.yaml"), "w") as f:
        f.write(f"study: ode\ntable: {{subject: \"{args.subject}\", rivals: [basic, dsp-PI42, dsp-H211b]}}\n")
    path, pairs, left, began = os.path.join(args.equal_error, "runs.csv"), 0, [], time.time()
    with open(path, "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow("kind,problem,instance,method,controller,rtol,error,cost,wall_s,steps,rejected,failed,finished".split(","))
        for file in files:
            with tempfile.TemporaryDirectory(prefix="petrl-tutorial-") as folder:
                program = compile_program(file, folder, flags)
                reference = reference_of(program, folder, args.seconds) if program else None
                if not reference:
                    left.append(os.path.basename(file)[:-2] + ("" if program else " (not built)"))
                    continue
                for kind, options in IMPLICIT.items():
                    rows = pair(program, kind, options, controllers, reference, folder, args)
                    pairs += bool(rows)
                    writer.writerows(rows)
                    f.flush()
    print(f"{pairs} pairs of program and integrator, {time.time() - began:.0f} s; no final time or no reference: {', '.join(left)}")
    table = os.path.join(BENCH, "..", "..", "tutorials", "table.py")
    return subprocess.run([sys.executable, table, args.equal_error]).returncode


def reference_of(program, folder, seconds):
    """(values, accuracy): two tight runs that agree; none where the program does not run with an implicit integrator."""
    if not Solve(program, "rosw", [], 1e-3, folder, seconds, steps=1).ends:
        return None
    for kind, options in TIGHT.items():
        tight = [*options, "-ts_adapt_type", "basic", "-snes_rtol", "1e-10", "-snes_stol", "1e-12", "-ksp_rtol", "1e-10"]
        two = []
        for tolerance in (1e-7, 1e-8):
            two.append(attempt(program, kind, tight, tolerance, folder, 3 * seconds))
            if two[-1] is None:
                break
        if two[-1]:
            accuracy = apps.error(two[0].values, two[1].values)
            if 0 < accuracy < 1e-2:  # ex17 decays below its absolute tolerance
                return two[1].values, accuracy
    return None


def attempt(program, kind, options, tolerance, folder, seconds):
    try:
        run = Solve(program, kind, options, tolerance, folder, seconds)
    except subprocess.TimeoutExpired:
        return None
    return run if run.values is not None else None


def pair(program, kind, options, controllers, reference, folder, args):
    """The rows of a program with an integrator."""
    name, rows, basics = f"{os.path.basename(program)} {kind}", [], []
    for tolerance in args.tolerances:
        for controller, own in controllers.items():
            run = attempt(program, kind, [*options, *own], tolerance, folder, args.seconds)
            if controller == "basic":
                if run is None or len(run.values) != len(reference[0]):
                    return []
                basics.append((run.steps, apps.error(run.values, reference[0])))
            error = apps.error(run.values, reference[0]) if run else float("nan")
            numbers = [run.cost, f"{run.wall:.4f}", run.steps, run.rejected, run.failed, 1] if run else [0] * 6
            rows.append(["smooth", name, 0, kind, controller, tolerance, f"{error if error > 3 * reference[1] else float('nan'):.6g}",
                         *numbers])
        if len(basics) == 2 and basics[0][0] == basics[1][0]:  # does not answer to the tolerance
            return []
    print(f"{name}: steps {basics[0][0]} to {basics[-1][0]}, errors {basics[0][1]:.2g} to {basics[-1][1]:.2g}", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("build")
    parser.add_argument("-o", "--output", help="one row per case")
    parser.add_argument("--only", nargs="*", help="programs, without .c")
    parser.add_argument("--timeout", type=float, default=60, help="seconds that a run under basic may take")
    parser.add_argument("--no-tests", action="store_true", help="without the options of the programs' own tests")
    parser.add_argument("--equal-error", metavar="DIR", help="costs at equal error instead")
    parser.add_argument("--policy", action="append", default=[], metavar="NAME=FILE", help="a further controller, with that")
    parser.add_argument("--subject", default="rl:classical", help="what its table is about")
    parser.add_argument("--tolerances", nargs="*", default=["1e-3", "1e-4", "1e-5"], help="of that")
    parser.add_argument("--seconds", type=int, default=20, help="of a processor that a run of that may take")
    args = parser.parse_args()
    source = os.path.abspath(args.source)
    plugin = os.path.join(os.path.abspath(args.build), "lib", "libpetrl.so")
    if not os.path.exists(plugin):
        sys.exit(f"petsc_tutorials.py: no {plugin}")
    files = sorted(glob.glob(f"{source}/src/ts/tutorials/ex*.c"), key=lambda f: (len(os.path.basename(f)), f))
    if not files:
        sys.exit(f"petsc_tutorials.py: no {source}/src/ts/tutorials/ex*.c")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    files = [file for file in files if not args.only or os.path.basename(file)[:-2] in args.only]
    if args.equal_error:
        sys.exit(equal_error(files, flags, args, plugin))
    rows, unbuilt, no_basic = [], [], []
    for file in files:
        name = os.path.basename(file)[:-2]
        with tempfile.TemporaryDirectory(prefix="petrl-tutorial-") as folder:
            program = compile_program(file, folder, flags)
            if not program:
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


if __name__ == "__main__":
    main()
