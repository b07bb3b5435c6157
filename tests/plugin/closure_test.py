"""Programs that know nothing of closures take one from the options, on any number of ranks."""
import os

import h5py
import numpy as np

from harness import BUILD, PLUGIN, main, run, write_policy

ADVECTION = os.path.join(BUILD, "apps", "advection")
GRAYSCOTT = os.path.join(BUILD, "apps", "grayscott")


def write_closure(path, names=("psi",), transform="additive-rate", bound=4.0, weights=None, bias=0.0, kernel=3,
                  dilation=1, components=None):
    """A closure as a user writes it with h5py: one linear layer, its answer in units of `bound`."""
    if weights is None:
        weights = np.zeros((1, len(names), kernel, kernel))
    weights = np.asarray(weights, "f4")
    actions = weights.shape[0]
    with h5py.File(path, "w") as f:
        f.attrs.update({"format": "petrl-policy", "version": 1, "kind": "closure"})
        o = f.create_group("observation")
        o.attrs["clip"] = 100.0
        o["names"] = np.array(names, dtype=h5py.string_dtype())
        o["offset"] = np.zeros(len(names))
        o["scale"] = np.ones(len(names))
        a = f.create_group("action")
        a.attrs["transform"] = transform
        if components:
            a.attrs["components"] = components
        a["low"] = [-bound] * actions
        a["high"] = [bound] * actions
        n = f.create_group("network")
        n.attrs.update({"architecture": "fcn", "activation": "relu", "output": "linear", "dilation": str(dilation)})
        n["layer0/weight"] = weights
        n["layer0/bias"] = np.full(actions, bias / bound, "f4")
        p = f.create_group("provenance")
        p.attrs.update({"config": "test: true\n", "seed": 1, "steps": 0, "version": "test", "libraries": "none"})
        p.create_group("evaluation")
    return path


def flow_closure(path):
    """Observes the velocity too: some smoothing, some drift, an influence of u and v."""
    w = np.zeros((1, 3, 3, 3))
    w[0, 0] = [[0, -1, 0], [-1, 4.5, -1], [0, -1, 0]]
    w[0, 1, 1] = [0.1, 0.2, -0.1]
    w[0, 2, :, 1] = [0.3, 0.1, -0.2]
    return write_closure(path, ("psi", "u", "v"), weights=w / 4)


def advection(*options, **how):
    return run(ADVECTION, *options, **how).ok()


def closure(policy, *options, **how):
    return run(ADVECTION, "-dll_append", PLUGIN, "-ts_type", "closure", "-closure_policy", policy, *options, **how)


def same(a, b, tolerance=1e-12):
    for key in ("time", "steps", "sum", "norm", "max"):
        assert abs(a.number(key) - b.number(key)) <= tolerance * max(1, abs(b.number(key))), f"{key}\n{a}\n{b}"


def constant_goes_down_linearly(folder):
    policy = write_closure(f"{folder}/c.h5", bias=0.5)
    plain = advection()
    for mode in ("before-step", "forcing"):
        r = closure(policy, "-closure_mode", mode).ok()
        assert abs(r.number("sum") - (plain.number("sum") - 32 * 32 * 0.5 * 0.25)) < 1e-9, f"{plain}{r}"
        assert abs(r.number("max") - (plain.number("max") - 0.5 * 0.25)) < 1e-12, f"{plain}{r}"
        assert r.number("steps") == plain.number("steps")


def answers_of_one_rank(folder):
    policy = flow_closure(f"{folder}/c.h5")
    one = closure(policy).ok()
    assert abs(one.number("norm") - advection().number("norm")) > 1e-2
    for ranks in (2, 3, 4):
        same(closure(policy, ranks=ranks).ok(), one)


def a_policy_that_ships(folder):
    """Trained on other pictures and flows: less is smeared here, too, nothing is lost, on any number of ranks."""
    grid = ("-da_grid_x", "64", "-da_grid_y", "64")
    plain, fine = advection(*grid), advection("-da_grid_x", "256", "-da_grid_y", "256")
    # Norms of grid functions, as integrals.
    exact, smeared = fine.number("norm") / 256, plain.number("norm") / 64
    for policy in ("advection-closure-ppo-flux.h5", "advection-closure-upwind1.h5"):
        one = closure(policy, *grid).ok()
        ours = one.number("norm") / 64
        assert abs(ours - exact) < 0.5 * abs(smeared - exact), f"{policy}: {exact} {smeared} {ours}"
        for ranks in (2, 3, 4):
            same(closure(policy, *grid, ranks=ranks).ok(), one)
        # Fluxes need the spacing: it is not guessed.
        for ranks in (1, 2):
            r = closure(policy, "-keep_coordinates", *grid, ranks=ranks)
            r.fails(policy, "flux", "-closure_spacing", "DMDASetUniformCoordinates")
        told = closure(policy, "-keep_coordinates", "-closure_spacing", "0.015625,0.015625", *grid)
        same(told.ok(), one)


def velocity_from_a_file(folder):
    policy = flow_closure(f"{folder}/c.h5")
    one = closure(policy, "-velocity_view", f"binary:{folder}/velocity").ok()
    closure(policy, "-keep_velocity").fails("observes 'u'", "psi", "-closure_auxiliary")
    for ranks in (1, 3):
        same(closure(policy, "-keep_velocity", "-closure_auxiliary", f"{folder}/velocity", ranks=ranks).ok(), one)


def other_methods_and_final_times(folder):
    policy = flow_closure(f"{folder}/c.h5")
    r = closure(policy, "-closure_ts_type", "rk", "-closure_ts_rk_type", "4", "-closure_mode", "forcing").ok()
    assert r.number("steps") == 32
    r = closure(policy, "-tf", "0.2").ok()
    assert r.number("time") == 0.2 and r.number("steps") == 26
    r = closure(policy, "-ts_dt", "0.01", "-ts_max_time", "0.1", "-ts_max_steps", "7").ok()
    assert r.number("steps") == 7
    closure(policy, "-closure_ts_type", "rk", "-closure_ts_adapt_type", "basic").fails("-closure_ts_adapt_type", "none")


def what_one_sees(folder):
    policy = flow_closure(f"{folder}/c.h5")
    r = closure(policy, "-ts_view", "-ts_monitor", "-log_view", "-closure_view", ranks=2).ok()
    r.says("type: closure", "before-step", policy, "observes psi: component 0 of the state",
           "observes v: component 1 of the DM's auxiliary Vec", "evaluated by: native", "inner TS", "type: euler",
           "32 TS dt", "corrections: 32, left out: 0", "PetRLObserve", "PetRLInfer", "PetRLAct")
    closure(policy, "-help").ok().says("-closure_policy", "-closure_mode", "-closure_fields", "-closure_ts_type",
                                       "-closure_monitor", "-closure_error_if_nan")
    assert closure(policy, "-closure_monitor", ranks=2).ok().output.count("largest change") == 32


def implicit_and_several_components(folder):
    """A program with two components, explicit and implicit parts, and its own Jacobian."""
    w = np.zeros((2, 2, 3, 3))
    w[0, 0] = w[1, 1] = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]) * 1e-3 / 4
    policy = write_closure(f"{folder}/c.h5", ("a", "b"), weights=w)
    options = ("-da_grid_x", "24", "-da_grid_y", "24", "-tf", "20", "-ts_dt", "1", "-ts_adapt_type", "none")
    run(GRAYSCOTT, *options).ok()
    ours = ("-dll_append", PLUGIN, "-ts_type", "closure", "-closure_policy", policy, "-closure_fields", "a,b")
    for kind in ("arkimex", "beuler"):
        for ranks in (1, 3):
            r = run(GRAYSCOTT, *options, *ours, "-closure_ts_type", kind, "-ts_view", ranks=ranks)
            r.ok().says("20 steps", "corrections: 20, left out: 0", f"type: {kind}")
    run(GRAYSCOTT, *options, *ours[:-2]).fails("observes 'a'", "u, v")


def not_finite_is_left_out_and_reported_once(folder):
    policy = write_closure(f"{folder}/c.h5", bias=0.5)
    for ranks in (1, 2):
        r = closure(policy, "-nonsense", "-ts_view", ranks=ranks).ok().says("corrections: 32, left out: 32")
        assert r.output.count("not finite") == 1, str(r)
        closure(policy, "-nonsense", "-closure_error_if_nan", ranks=ranks).fails(policy, "not finite")


def outside_of_the_training(folder):
    """Said once, with the numbers; an error if one wants."""
    flux, additive = "advection-closure-ppo-flux.h5", "advection-closure-ppo-additive.h5"
    grid = ("-da_grid_x", "64", "-da_grid_y", "64")
    for policy in (flux, additive):
        assert "warning" not in closure(policy, *grid).ok().output
        assert "warning" not in closure(policy, *grid, "-tf", "0.2501").ok().output  # a last step that is cut
    for ranks in (1, 3):
        wrong = ("-closure_spacing", "0.0015,0.0015", "-closure_ts_type", "rk")
        r = closure(flux, *grid, *wrong, ranks=ranks).ok()
        r.says(flux, "courant 2.6", "trained on 0.14", "; ts_type 'rk', trained on euler")
        assert r.output.count("courant") == 1, str(r)
        closure(flux, *grid, *wrong, "-closure_error_if_outside", ranks=ranks).fails(flux, "courant 2.6")
    # A fifth of the trained step five times: the same correction in all.
    long, short = closure(additive, *grid).ok(), closure(additive, *grid, "-courant", "0.05").ok()
    assert abs(long.number("sum") - short.number("sum")) < 0.5, f"{long}{short}"


def mistakes(folder):
    wide = write_closure(f"{folder}/wide.h5", dilation=9)
    wrong = write_closure(f"{folder}/wrong.h5", names=("temperature",))
    other = write_policy(f"{folder}/other.h5")
    for ranks in (1, 2):
        run(ADVECTION, "-dll_append", PLUGIN, "-ts_type", "closure", ranks=ranks).fails("-closure_policy")
        closure(f"{folder}/none.h5", ranks=ranks).fails(f"{folder}/none.h5", "cannot be opened")
        closure(other, ranks=ranks).fails(other, "expected a closure policy, found a tsadapt policy")
        closure(wrong, ranks=ranks).fails(wrong, "'temperature'", "psi", "u, v")
    closure(wide).ok()
    closure(wide, "-da_grid_x", "16", ranks=4).fails(wide, "19 x 19", "16 x 32", "16 x 8 points", "at most 3 ranks, 1 x 3")
    run(os.path.join(BUILD, "bin", "plain_app"), "-dll_append", PLUGIN, "-ts_type", "closure", "-closure_policy",
        wide).fails("need a DMDA")


main()
