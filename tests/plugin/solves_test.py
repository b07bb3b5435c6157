"""Whole solves through the plugin: right answers on any number of ranks, and what the user gets to see."""
import array
import os
import re

from app import plain, rl
from harness import BUILD, PLUGIN, main, run, write_policy


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
    from app import APP
    os.mkdir(f"{folder}/policies")
    write_policy(f"{folder}/policies/default.h5", "error-ratio", 0.5, 1.0, 0.8)
    command = [APP, "-dll_append", PLUGIN, "-ts_adapt_type", "rl", "-ts_view", "-tf", 1]
    run(*command, env={"PETRL_POLICIES": f"{folder}/policies"}).ok().says("RL: policy default, backend native")
    run(*command, env={"PETRL_POLICIES": f"{folder}/empty"}).fails(f"{folder}/empty/default.h5")
    # Without an error estimate the default keeps the step, as basic does.
    env = {"PETRL_POLICIES": f"{folder}/policies"}
    r = run(*command, "-ts_type", "euler", "-ts_dt", 0.01, env=env).ok()
    assert abs(r.number("steps") - 100) <= 1, r


def classical(*options, **how):
    return rl("classical", *options, **how)


BDF = ["-ts_type", "bdf", "-pc_type", "pbjacobi", "-ts_rtol", "1e-5", "-ts_atol", "1e-5", "-tf", 2]


def whole_solve_on_any_number_of_ranks(folder):
    for method in (BDF, ["-ts_type", "arkimex", "-ts_arkimex_fully_implicit"] + BDF[2:]):
        exact = solution(plain("-ts_rtol", "1e-9", "-ts_atol", "1e-9", "-tf", 2).ok())
        found = set()
        for ranks in (1, 2, 3, 4):
            r = classical(*method, "-ts_view", ranks=ranks).ok()
            r.says("RL: policy classical, backend rules", "RL: decides on step,accept,tolerance,jacobian,order")
            found.add((r.number("steps"), re.search(r"[0-9]+ nonlinear solves.*", r.output).group()))
            for a, b in zip(solution(r), exact):
                assert abs(a - b) < 1e-2, (method, ranks, a, b)
        assert len(found) == 1, (method, found)


def jacobians(r):
    return int(re.search(r"([0-9]+) Jacobians built", r.output).group(1))


def whole_solve_saves(folder):
    r = classical(*BDF, "-tf", 4, "-ts_view", "-ts_adapt_rl_monitor", "-snes_lag_jacobian", 1).ok()
    everything = classical(*BDF, "-tf", 4, "-ts_view", "-ts_adapt_rl_monitor").ok()
    r.says("Jacobian left as it is, because -snes_lag_jacobian is given")
    assert 3 * jacobians(everything) < jacobians(r), (r, everything)
    everything.says("nonlinear solves:", "changes of order")
    assert "left as it is" not in everything.output


def linear_solves_of_rosenbrock_methods_and_without_a_matrix(folder):
    program = [os.path.join(BUILD, "apps", "ignition"), "-da_grid_x", 13, "-da_grid_y", 13, "-tf", .2, "-ts_view"]

    def end(name, *options):
        r = run(*program, *options, "-ts_view_solution", f"binary:{folder}/{name}").ok()
        with open(f"{folder}/{name}", "rb") as f:
            values = array.array("d", f.read()[8:])
        values.byteswap()
        return r, values

    exact = end("exact", "-ts_type", "rosw", "-ts_rtol", "1e-8", "-ts_atol", "1e-8")[1]
    for method in (["-ts_type", "rosw", "-pc_type", "jacobi"], ["-ts_type", "bdf", "-snes_mf", "-pc_type", "none"]):
        def ours(*options):
            r, values = end("ours", *method, "-ts_rtol", "1e-4", "-ts_atol", "1e-4", "-dll_append", PLUGIN, "-ts_adapt_type", "rl",
                            "-ts_adapt_rl_policy", "classical", "-ts_adapt_rl_control", "tolerance", *options)
            return r, int(re.search(r"total number of linear solver iterations=([0-9]+)", r.output).group(1)), \
                max(abs(x - y) for x, y in zip(values, exact))
        r, fewer, error = ours()
        left, more, accurate = ours("-ksp_rtol", "1e-5")
        left.says("RL: linear tolerance left as it is, because -ksp_rtol is given")
        assert "linear tolerance left" not in r.output, r
        assert fewer < .8 * more and error < 1.2 * accurate, (method, fewer, more, error, accurate)


def what_the_user_sets_is_left_alone(folder):
    for option, lever in ((["-snes_rtol", "1e-6"], "RL: tolerance"), (["-ksp_rtol", "1e-6"], "RL: linear tolerance"),
                          (["-ts_bdf_order", "2"], "RL: order"), (["-snes_convergence_test", "skip"], "RL: Jacobian"),
                          (["-snes_mf", "-pc_type", "none"], "RL: Jacobian"), (["-snes_type", "ksponly"], "RL: tolerance"),
                          (["-snes_type", "newtontr"], "RL: Jacobian"), (["-ts_save_trajectory"], "RL: tolerance")):
        r = classical(*BDF, "-ts_view", *option).ok()
        r.says(f"{lever} left as it is, because ")
        assert "order" not in lever or "changes of order" not in r.output, r
    # Nothing differs from basic where basic's steps are taken and nothing else is left to decide.
    for option in (["-snes_type", "ksponly"], ["-ts_type", "rosw", "-ksp_rtol", "1e-5"]):
        ours = classical(*BDF, *option, "-ts_adapt_rl_control", "tolerance,jacobian").ok()
        theirs = plain(*BDF, *option, "-ts_adapt_type", "basic").ok()
        assert solution(ours) == solution(theirs) and ours.number("steps") == theirs.number("steps"), (option, ours, theirs)
    classical("-ts_adapt_rl_control", "step,kappa").fails("-ts_adapt_rl_control: found 'kappa', expected some of")
    classical("-ts_adapt_rl_train", "-ts_adapt_rl_save", f"{folder}/p.h5").fails("policy 'classical' is a rule")
    # A network's policy leaves the solves alone unless it is told.
    policy = write_policy(f"{folder}/p.h5", "error-ratio", 0.5, 1.0, 0.8)
    rl(policy, *BDF, "-ts_view").ok().says("RL: decides on step\n")
    rl(policy, *BDF, "-ts_view", "-ts_adapt_rl_control", "step,jacobian").ok().says("RL: decides on step,jacobian", "Jacobians built")


def whole_solve_is_as_accurate(folder):
    LOOSE = [x.replace("1e-5", "1e-4") if isinstance(x, str) else x for x in BDF]
    for method in (LOOSE, ["-ts_type", "arkimex", "-ts_arkimex_fully_implicit"] + LOOSE[2:], ["-ts_type", "cn", "-ts_theta_adapt"] + LOOSE[2:]):
        exact = solution(plain("-ts_rtol", "1e-10", "-ts_atol", "1e-10", "-tf", 2).ok())
        def error(r):
            return max(abs(a - b) for a, b in zip(solution(r.ok()), exact))
        basic = error(plain(*method, "-ts_adapt_type", "basic"))
        for levers in ("step,tolerance,jacobian", "step,accept,tolerance,jacobian,order"):
            ours = error(classical(*method, "-ts_adapt_rl_control", levers))
            assert ours < 1.2 * basic, (method, levers, ours, basic)


main()
