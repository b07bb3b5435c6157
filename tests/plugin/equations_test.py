"""Small equations with known answers under many methods: rl finishes what basic finishes, and its memory belongs to the TS
that it serves."""
import os
import re
import shutil
import sys

from harness import BUILD, PLUGIN, SOURCE, Skip, main, run

sys.path.insert(0, os.path.join(SOURCE, "tests", "bench"))
import equations  # noqa: E402

PROGRAM = os.path.join(BUILD, "apps", "equations")


def solve(folder, method, *options, adaptors="basic,rl", ranks=1, before=(), **how):
    """Rows of one method 'form|options', and what was printed besides."""
    with open(f"{folder}/methods", "w") as f:
        f.write("|x|".join(method.split("|")) + "\n")
    r = run(*before, PROGRAM, "-methods", f"{folder}/methods", "-adaptors", adaptors, "-dll_append", PLUGIN, *options,
            ranks=ranks, **how).ok()
    return [dict(zip(equations.LINE.split(), x.split(","))) for x in r.output.splitlines() if x.count(",") == 13], r


def what_basic_finishes(folder):
    # The ones that failed once, and one of each kind; the whole is tests/bench/equations.py.
    few = ("rk-3bs", "glee-RK32G1", "theta-1", "bdf-2", "rosw-ra34pw2", "arkimex-3", "arkimex-fully-2e", "alpha2-1",
           "bathe-embedded")
    short = ["-equations", "smooth,constraint", "-first_steps", "1e-2"]
    for ranks, methods, options, least in ((1, few, [], 80), (3, ["bdf-2"], short, 2)):
        found, ended = equations.study(PROGRAM, PLUGIN, [ranks], ["-tolerances", "1e-4"] + options, methods, 200)
        assert not ended, ended
        adapted = [k for k, (basic, _) in found.items() if basic["varied"] == "1"]
        assert len(adapted) >= least, len(adapted)
        worse = [(k, v) for k, v in found.items() if equations.judge(*v) == "worse"]
        assert not worse, worse


def constraints_under_crank_nicolson(folder):
    # Steps fell to 1e-17, or ten rejections in a row ended the run.
    for first in (1e-2, 1e-3, 1e-4):
        (basic, rl), _ = solve(folder, "implicit|-ts_type cn -ts_theta_adapt", "-equations", "constraint", "-tolerances",
                               "1e-6", "-first_steps", first)
        assert basic["reason"] == rl["reason"] == "CONVERGED_TIME", (basic, rl)
        assert basic["steps"] == rl["steps"] and float(rl["error"]) < 1e-6, (basic, rl)


def counters(result):
    """decisions, rejected steps, failed solves, fallbacks of each view."""
    return [[int(x) for x in re.findall(r"(\d+) ", line)] for line in result.output.splitlines()
            if re.search("RL: .* decisions, ", line)]


def clones_of_the_ts(folder):
    # TSARKIMEX starts implicit equations with a clone that shares the adaptor: its counters are its own. (The Jacobian
    # of PETSc's clone is dense.)
    method = "implicit|-ts_type arkimex -ts_arkimex_fully_implicit -pc_type lu -ts_view"
    for equation in ("constraint", "stiff"):
        (row,), r = solve(folder, method, "-equations", equation, "-declare", "-tolerances", "1e-6", "-first_steps",
                          "1e-3", adaptors="rl")
        # (None in newer PETScs.)
        of_clone, of_ts = ([[0, 0]] + counters(r))[-2:]
        assert row["reason"] == "CONVERGED_TIME" and int(row["failed"]) == 0, row
        assert of_ts[2] == of_ts[3] == 0, counters(r)
        # PETSc counts the clone's step as the other's; its rejections not.
        assert of_ts[0] == int(row["steps"]) + int(row["rejected"]) + of_clone[1], (row, counters(r))


def no_read_of_freed_memory(folder):
    if not shutil.which("valgrind"):
        raise Skip("no valgrind")
    # The loader compares paths eight bytes at a time.
    suppressions = os.path.join(folder, "loader.supp")
    with open(suppressions, "w") as f:
        f.write("{\n  loader\n  Memcheck:Addr8\n  obj:*/ld-linux-*.so*\n}\n")
    _, r = solve(folder, "implicit|-ts_type arkimex -ts_arkimex_fully_implicit -pc_type lu -ts_max_steps 3", "-equations", "stiff",
                 "-declare", "-tolerances", "1e-6", "-first_steps", "1e-3", adaptors="rl", before=["valgrind", "--error-limit=no", f"--suppressions={suppressions}"],
                 timeout=200)
    assert "Invalid" not in r.output, r


def functions_after_steps(folder):
    # PETSc then says steprestart at every step: no reason to forget the history.
    for method in ("explicit|-ts_type rk", "explicit|-ts_type rk -ts_rk_type 5dp"):
        left = solve(folder, method, "-equations", "smooth,kinks", adaptors="rl")[0]
        touched = solve(folder, method, "-equations", "smooth,kinks", "-touch", adaptors="rl")[0]
        assert [x["steps"] for x in left] == [x["steps"] for x in touched], (left, touched)


def second_solve(folder):
    for method, equation in (("explicit|-ts_type rk", "kinks"), ("implicit|-ts_type arkimex", "newton"),
                             ("implicit|-ts_type rosw", "stiff"), ("second|-ts_type bathe -ts_bathe_error embedded",
                                                                   "oscillator")):
        if "bathe" in method and os.environ["PETSC_REAL_DOUBLE"] != "TRUE":
            continue
        options = ["-equations", equation, "-tolerances", "1e-4", "-first_steps", "1e-3"]
        same = ("steps", "rejected", "failed", "error")
        # Some methods of newer PETScs keep something of the first solve themselves.
        basic = [solve(folder, method, *options, *twice, adaptors="basic")[0][0] for twice in ([], ["-twice"])]
        if [basic[0][k] for k in same] != [basic[1][k] for k in same]:
            continue
        once, first = solve(folder, method + " -ts_view", *options, adaptors="rl")
        again, both = solve(folder, method + " -ts_view", *options, "-twice", adaptors="rl")
        assert [once[0][k] for k in same] == [again[0][k] for k in same], (once, again)
        assert counters(both)[-1] == [2 * x for x in counters(first)[-1]], (first, both)


main()
