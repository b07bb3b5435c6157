"""Whole solves through the plugin: right answers on any number of ranks, and what the user gets to see."""
import re

from app import plain, rl
from harness import main, write_policy


def solution(result):
    """The vector that the program prints: lines that are a number and nothing else."""
    return [float(x) for x in result.output.splitlines() if re.fullmatch(r"[-+0-9.e]+", x)]


def answers_do_not_depend_on_ranks(folder):
    policy = write_policy(f"{folder}/p.h5", "error-ratio", 0.5, 1.0, 0.8)
    for method in (["-ts_type", "rk"], ["-ts_type", "rosw", "-pc_type", "pbjacobi"],
                   ["-ts_type", "bdf", "-ts_bdf_order", "2", "-pc_type", "pbjacobi"]):
        exact = solution(plain(*method, "-ts_rtol", "1e-9", "-ts_atol", "1e-9", "-tf", 2).ok())
        assert len(exact) == 8
        steps = set()
        for ranks in (1, 2, 4):
            r = rl(policy, *method, "-ts_rtol", "1e-5", "-ts_atol", "1e-5", "-tf", 2, ranks=ranks).ok()
            assert r.number("time") == 2.0, r
            steps.add(r.number("steps"))
            for a, b in zip(solution(r), exact):
                assert abs(a - b) < 1e-2, (method, ranks, a, b)
        assert len(steps) == 1, (method, steps)


def view_and_monitor(folder):
    policy = write_policy(f"{folder}/p.h5", "error-ratio", 0.5, 1.0, 0.8)
    for ranks in (1, 2):
        r = rl(policy, "-ts_view", "-ts_adapt_rl_monitor", "-tf", 1, ranks=ranks).ok()
        r.says("type: rl", f"RL: policy {policy}, backend native", "decisions", "rejected steps", "failed solves",
               "fallbacks to basic")
        # Each line once, whatever the number of ranks; each decision has one.
        lines = [x for x in r.output.splitlines() if x.startswith("    TSAdapt rl step")]
        assert len(lines) == r.number("steps") + r.number("rejected"), r
        assert "error=" in lines[0] and "step_ratio=" in lines[0] and "next h=" in lines[0], lines[0]
    assert "backend not loaded yet" not in r.output
    # Where it is printed; and the words that the option took before it said where.
    with_file = rl(policy, "-ts_adapt_rl_monitor", f"ascii:{folder}/monitor.txt", "-tf", 1).ok()
    assert "TSAdapt rl step" not in with_file.output
    with open(f"{folder}/monitor.txt") as f:
        assert f.read().splitlines() == lines
    assert rl(policy, "-ts_adapt_rl_monitor", "true", "-tf", 1).ok().output.count("TSAdapt rl step") == len(lines)
    assert "TSAdapt rl step" not in rl(policy, "-ts_adapt_rl_monitor", 0, "-tf", 1).ok().output


def shipped_policy_by_name(folder):
    for ranks in (1, 2):
        rl("default.h5", "-ts_view", "-tf", 1, ranks=ranks).ok().says("RL: policy default.h5, backend native")
    rl("refiner.h5", "-tf", 1).fails("policies/refiner.h5", "expected a tsadapt policy, found a refiner policy")


def help_lists_the_options(folder):
    r = rl(write_policy(f"{folder}/p.h5"), "-help", "-tf", 0.01)
    r.ok().says("-ts_adapt_rl_policy", "-ts_adapt_rl_monitor", "-ts_adapt_rl_error_if_nan", "-ts_adapt_rl_train", "-ts_adapt_rl_save",
                "-ts_adapt_rl_seed", "-ts_adapt_rl_train_config")


def log_view_shows_the_time(folder):
    rl(write_policy(f"{folder}/p.h5"), "-log_view", "-tf", 1).ok().says("PetRLObserve", "PetRLInfer")


def default_policy_comes_from_the_folder(folder):
    import os
    from app import APP
    from harness import PLUGIN, run
    os.mkdir(f"{folder}/policies")
    write_policy(f"{folder}/policies/default.h5", "error-ratio", 0.5, 1.0, 0.8)
    command = [APP, "-dll_append", PLUGIN, "-ts_adapt_type", "rl", "-ts_view", "-tf", 1]
    run(*command, env={"PETRL_POLICIES": f"{folder}/policies"}).ok().says("RL: policy default, backend native")
    run(*command, env={"PETRL_POLICIES": f"{folder}/empty"}).fails(f"{folder}/empty/default.h5")
    # Without an error estimate the default keeps the step, as basic does.
    env = {"PETRL_POLICIES": f"{folder}/policies"}
    r = run(*command, "-ts_type", "euler", "-ts_dt", 0.01, env=env).ok()
    assert abs(r.number("steps") - 100) <= 1, r


main()
