"""PETSc's own options for adaptors hold whatever a policy wants."""
import os

from app import APP, rl
from harness import PLUGIN, Skip, action_for, main, run, write_policy

NO_FINAL = ["-ts_exact_final_time", "stepover"]


def exact_final_time(folder):
    for transform, bias in (("ratio", 0.0), ("error-ratio", -0.5), ("error-ratio", 0.0)):
        policy = write_policy(f"{folder}/p.h5", transform, 0.5, 2, bias)
        for tf in (1, 0.37):
            r = rl(policy, "-tf", tf).ok()
            assert r.number("time") == tf, r


def always_accept(folder):
    # Grows until a step is rejected, then gives way.
    eager = write_policy(f"{folder}/eager.h5", "ratio", 0.5, 2, action_for(1.5, 0.5, 2), ("rejections",), weights=[-3])
    assert rl(eager).ok().number("rejected") > 0
    r = rl(eager, "-ts_rtol", "1e-9", "-ts_adapt_dt_max", 0.02, "-ts_adapt_always_accept").ok()
    assert r.number("rejected") == 0, r


def dt_max(folder):
    eager = write_policy(f"{folder}/p.h5", "ratio", 0.5, 2, 3)
    for ranks in (1, 2):
        r = rl(eager, "-ts_adapt_dt_max", 0.013, *NO_FINAL, ranks=ranks).ok()
        assert r.number("h_max") <= 0.013 * (1 + 1e-9), r
        assert r.number("h_max") > 0.0129, r


def dt_min(folder):
    timid = write_policy(f"{folder}/p.h5", "ratio", 0.1, 2, -3)
    r = rl(timid, "-ts_adapt_dt_min", 5e-4, "-tf", 0.2, *NO_FINAL).ok()
    assert r.number("h_min") >= 5e-4 * (1 - 1e-9), r
    assert r.number("h_min") < 5.1e-4, r


def clip(folder):
    options = ["-ts_adapt_clip", "0.8,1.25", "-ts_adapt_always_accept", "-ts_adapt_dt_max", 0.05, "-ts_adapt_dt_min",
               1e-4, "-tf", 0.5] + NO_FINAL
    eager = rl(write_policy(f"{folder}/e.h5", "ratio", 0.1, 10, 3), *options).ok()
    assert 1.24 < eager.number("ratio_max") <= 1.25 * (1 + 1e-7), eager
    timid = rl(write_policy(f"{folder}/t.h5", "ratio", 0.1, 10, -3), *options).ok()
    assert 0.8 * (1 - 1e-7) <= timid.number("ratio_min") < 0.81, timid


def absolute_steps(folder):
    policy = write_policy(f"{folder}/p.h5", "log", 1e-3, 1e-1, 0, names=("step_ratio",))
    r = rl(policy, "-ts_dt", 0.01, *NO_FINAL, "-tf", 0.5, "-ts_adapt_always_accept").ok()
    assert abs(r.number("h_max") - 0.01) < 1e-8 and abs(r.number("h_min") - 0.01) < 1e-8, r


def a_policy_that_never_gives_way(folder):
    # It asks for a longer step after each rejection too: PETSc would give up at the tenth.
    stubborn = write_policy(f"{folder}/p.h5", "ratio", 0.5, 2, action_for(1.5, 0.5, 2))
    r = rl(stubborn, "-tf", 2).ok()
    assert r.number("time") == 2.0 and r.number("rejected") > 0, r


def steps_always_move_the_clock(folder):
    # A step below the rounding of the time would make the error estimate of the theta method divide by zero.
    timid = write_policy(f"{folder}/p.h5", "ratio", 0.01, 2, -4)
    for method in (["-ts_type", "rk"], ["-ts_type", "cn", "-ts_theta_adapt"], ["-ts_type", "bdf"]):
        r = rl(timid, *method, "-ts_max_steps", 200, "-pc_type", "pbjacobi").ok()
        assert r.number("h_min") > 1e-18 and r.number("steps") == 200, r


def real_scalars(folder):
    """With complex scalars the step controller works; what computes with real numbers says so when it is created."""
    if os.environ["PETSC_REAL_DOUBLE"] == "TRUE":
        raise Skip("this PETSc's scalars are real")
    rl("default").ok()
    for options in (["-ts_type", "bathe"], ["-ts_type", "closure"], ["-snes_type", "pdas", "-ts_type", "beuler"]):
        run(APP, "-dll_append", PLUGIN, *options).fails(options[1], "real scalars of double precision")


main()
