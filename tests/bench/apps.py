#!/usr/bin/python3
"""Work-precision study on the unmodified PETSc programs of tests/apps.

    tests/bench/apps.py BUILD DIR [--quick]

Runs every program of BUILD/apps under each controller, over time integrators, parameters, tolerances and ranks, measures
the error at the final time against a reference run of the same program, writes DIR/runs.csv and prints and writes the
table (tutorials/table.py). The programs get PetRL from the command line alone: -dll_append libpetrl.so.
"""
import argparse
import csv
import os
import re
import subprocess
import sys

import numpy as np

ROSW = ["-ts_type", "rosw", "-ts_rosw_type", "ra34pw2"]
BDF = ["-ts_type", "bdf", "-ts_bdf_order", "2"]
BDF3 = ["-ts_type", "bdf", "-ts_bdf_order", "3"]
ARK3 = ["-ts_type", "arkimex", "-ts_arkimex_type", "3", "-ts_arkimex_fully_implicit"]
ARK4 = ["-ts_type", "arkimex", "-ts_arkimex_type", "4", "-ts_arkimex_fully_implicit"]
IMEX3 = ["-ts_type", "arkimex", "-ts_arkimex_type", "3"]
IMEX4 = ["-ts_type", "arkimex", "-ts_arkimex_type", "4"]
RK3 = ["-ts_type", "rk", "-ts_rk_type", "3bs"]
RK5 = ["-ts_type", "rk", "-ts_rk_type", "5dp"]

# program: kind, integrators, parameter sets, loosest and tightest tolerance, integrator of the reference, ranks
STUDY = {
    "oregonator": ("smooth", {"rosw": ROSW, "bdf3": BDF3, "arkimex3": ARK3}, [[], ["-w", "0.2"], ["-s", "60"]], (1e-4, 1e-7), ROSW, [1]),
    "pleiades": ("smooth", {"rk3bs": RK3, "rk5dp": RK5}, [[], ["-tf", "2"], ["-tf", "2.5"]], (1e-4, 1e-7), RK5, [1]),
    "grayscott": ("smooth", {"imex3": IMEX3, "imex4": IMEX4}, [[], ["-feed", "0.03"]], (1e-3, 1e-5), IMEX4, [1, 2]),
    "nonlinear_diffusion_plex": ("smooth", {"bdf2": BDF, "rosw": ROSW}, [[], ["-power", "3"]], (1e-2, 1e-4), ROSW, [1, 2]),
    # Final times at which solutions still converge with the tolerance: later ones of these two are chaotic.
    "bouncing": ("nonsmooth", {"rk3bs": RK3, "rk5dp": RK5}, [["-tf", "3"], ["-tf", "3", "-balls", "3"], ["-tf", "3", "-shake", "0.8"]], (1e-4, 1e-7), RK5, [1]),
    "stickslip": ("nonsmooth", {"arkimex3": ARK3, "bdf2": BDF}, [["-tf", "8"], ["-tf", "4", "-speed", "0.5"]], (1e-4, 1e-6), ARK4, [1]),
    "circuit": ("failing", {"bdf2": BDF, "arkimex3": ARK3}, [[], ["-amplitude", "3"], ["-sections", "6"]], (1e-3, 1e-5), ARK4, [1]),
    "ignition": ("failing", {"bdf2": BDF, "arkimex3": ARK3}, [[], ["-zeldovich", "12"]], (1e-2, 1e-4), ARK4, [1]),
}


def controllers(build, tuned):
    rl = ["-dll_append", os.path.join(build, "lib", "libpetrl.so"), "-ts_adapt_type", "rl"]
    dsp = ["-ts_adapt_type", "dsp"]
    return {
        "basic": ["-ts_adapt_type", "basic"],
        "dsp-PI42": dsp + ["-ts_adapt_dsp_filter", "PI42"],
        "dsp-H211b": dsp + ["-ts_adapt_dsp_filter", "H211b"],
        "dsp-tuned": dsp + tuned.split(),
        "rl": rl,
    }


def read_vector(path):
    """A PETSc binary vector: big-endian class id, length, doubles."""
    with open(path, "rb") as f:
        head = np.frombuffer(f.read(8), ">i4")
        return np.frombuffer(f.read(8 * int(head[1])), ">f8").astype(float)


COUNTERS = ["I function evaluations", "I Jacobian evaluations", "RHS function evaluations", "RHS Jacobian evaluations", "linear solver iterations", "rejected steps", "nonlinear solve failures"]


def run(build, out, program, options, ranks, timeout=300):
    """One run; None when it did not reach its end."""
    solution = os.path.join(out, "solution.bin")
    if os.path.exists(solution):
        os.remove(solution)
    command = [os.path.join(build, "apps", program)] + options + ["-ts_view", "-ts_view_solution", "binary:" + solution, "-ts_max_snes_failures", "-1"]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks)] + command
    # Time in TSStep alone: starting PETSc takes as long as some of these solves. Decisions are inside.
    command += ["-log_view"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0 or not os.path.exists(solution):
        return None
    # The first match belongs to the TS; SNES prints counters of the same name further down.
    found = {name: re.search("total number of " + name + "=([0-9]+)", done.stdout) for name in COUNTERS}
    count = {name: int(m.group(1)) if m else 0 for name, m in found.items()}
    steps = re.search(r"([0-9]+) steps", done.stdout)
    wall = re.search(r"^TSStep +[0-9]+ +[0-9.]+ +([0-9.e+-]+)", done.stdout, re.MULTILINE)
    values = read_vector(solution)
    if not np.all(np.isfinite(values)):
        return None
    return {
        "solution": values,
        "cost": sum(count[name] for name in COUNTERS[:5]),
        "steps": int(steps.group(1)) if steps else 0,
        "rejected": count["rejected steps"],
        "failed": count["nonlinear solve failures"],
        "wall": float(wall.group(1)) if wall else float("nan"),
    }


def error(solution, reference):
    # Each value against its own size, with the size of the whole solution as floor.
    scale = np.abs(reference) + 1e-3 * np.max(np.abs(reference))
    return float(np.sqrt(np.mean(((solution - reference) / scale) ** 2)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("out")
    parser.add_argument("--quick", action="store_true", help="one parameter set, three tolerances, one rank")
    parser.add_argument("--programs", nargs="*", default=list(STUDY))
    parser.add_argument("--tolerances", type=int, default=5)
    parser.add_argument("--tuned", default="-ts_adapt_dsp_pid 0.9,0.1,0", help="options of the dsp tuned on the training problems (dsp_tuning.yaml)")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    os.makedirs(args.out, exist_ok=True)
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1", OMP_NUM_THREADS="1")
    rows = []
    for program in args.programs:
        kind, methods, parameters, (loose, tight), best, ranks = STUDY[program]
        if args.quick:
            parameters, ranks = parameters[:1], [1]
        count = 3 if args.quick else args.tolerances
        for i, parameter in enumerate(parameters):
            # Two references at tolerances a factor of ten apart tell how far to trust the better one.
            two = [run(args.build, args.out, program, parameter + best + ["-ts_rtol", str(r), "-ts_atol", str(r), "-snes_rtol", "1e-10", "-snes_max_it", "50", "-ksp_rtol", "1e-10"], 1, 1800) for r in (tight * 1e-1, tight * 1e-2)]
            if None in two:
                print(f"{program} {parameter}: no reference, left out", file=sys.stderr)
                continue
            accuracy = error(two[0]["solution"], two[1]["solution"])
            reference = two[1]["solution"]
            print(f"{program} {' '.join(parameter)}: reference accurate to {accuracy:.1e}", file=sys.stderr, flush=True)
            for n in ranks:
                for method, options in methods.items():
                    for rtol in np.geomspace(loose, tight, count):
                        for name, choice in controllers(args.build, args.tuned).items():
                            r = run(args.build, args.out, program, parameter + options + ["-ts_rtol", str(rtol), "-ts_atol", str(rtol)] + choice, n)
                            e = error(r["solution"], reference) if r else float("nan")
                            if e < 3 * accuracy:
                                e = float("nan")
                            rows.append([kind, program, f"{i}-np{n}", method, name, f"{rtol:.6g}", f"{e:.6g}"] + ([r["cost"], f"{r['wall']:.4f}", r["steps"], r["rejected"], r["failed"], 1] if r else [0, 0, 0, 0, 0, 0]))
    with open(os.path.join(args.out, "runs.csv"), "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow("kind,problem,instance,method,controller,rtol,error,cost,wall_s,steps,rejected,failed,finished".split(","))
        writer.writerows(rows)
    solution = os.path.join(args.out, "solution.bin")
    for path in (solution, solution + ".info"):
        if os.path.exists(path):
            os.remove(path)
    table = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tutorials", "table.py")
    sys.exit(subprocess.run([sys.executable, table, args.out, "--study", "ode"]).returncode)


if __name__ == "__main__":
    main()
