"""petrl evaluate of closures on small grids, as a user runs it, and what it says to mistakes."""
import os

import h5py
import numpy as np
import studies
from harness import main, run
from studies import PETRL, rows


def write_closure(path, names=("psi", "u", "v"), transform="additive", bias=(0.0,), bound=0.1, parameters=None,
                  config="test: true\n"):
    """A policy of one layer without weights: always the same action, in units of `bound`."""
    with h5py.File(path, "w") as f:
        f.attrs.update({"format": "petrl-policy", "version": 1, "kind": "closure"})
        o = f.create_group("observation")
        o.attrs["clip"] = 100.0
        o["names"] = np.array(names, dtype=h5py.string_dtype())
        o["offset"] = np.zeros(len(names))
        o["scale"] = np.ones(len(names))
        a = f.create_group("action")
        a.attrs["transform"] = transform
        a.attrs.update(parameters or {})
        a["low"] = [-bound] * len(bias)
        a["high"] = [bound] * len(bias)
        n = f.create_group("network")
        n.attrs.update({"architecture": "fcn", "activation": "relu", "output": "linear", "dilation": "1"})
        n["layer0/weight"] = np.zeros((len(bias), len(names), 3, 3), "f4")
        n["layer0/bias"] = np.array(bias, "f4")
        p = f.create_group("provenance")
        p.attrs.update({"config": config, "seed": 1, "steps": 0, "version": "test", "libraries": "none"})
        p.create_group("evaluation")
    return path


def evaluate(folder, text):
    return studies.evaluate(folder, "study: closure\n" + text)


def tables(where):
    return studies.tables(f"{where}/out")


def part(folder, name):
    return [r for r in rows(f"{folder}/out/runs.csv") if r["part"] == name]


def numbers(table, key, **where):
    return [float(r[key]) for r in table if all(r[k] == str(v) for k, v in where.items())]


ADVECTION = "problem: advection\nsizes: {n: 16, ratio: 4}\ncells: [{images: mnist, velocity: vortex}]\n"
BURGERS = "problem: burgers\nsizes: {n: 10, ratio: 5, substeps: 10}\n"


def no_action_is_the_base_scheme(folder):
    write_closure(f"{folder}/zero.h5")
    write_closure(f"{folder}/uv.h5", ("u", "v"), "additive-rate", (0.0, 0.0), 2)
    for problem, policy in ((ADVECTION, "zero.h5"), (BURGERS, "uv.h5")):
        evaluate(folder, problem + f"""
methods:
  - {{name: base}}
  - {{name: closure, policy: {folder}/{policy}}}
  - {{name: fifth, scheme: upwind5, integrator: rk4, diffusion_order: 4}}
errors: {{runs: 3, steps: [0, 4, 12]}}
evolution: {{runs: 2, steps: 15, every: 5, thresholds: [0.5, 2]}}
""").ok().says("runs.csv", "tutorials/table.py")
        tables(folder).says("median", "base", "closure")
        cases, table = part(folder, "errors"), rows(f"{folder}/out/errors.csv")
        assert len(cases) == 3 * 3 * 3 and len(table) == 3 * 3
        for key in ("error_percent", "mass_percent"):
            assert numbers(cases, key, method="base") == numbers(cases, key, method="closure")
        assert max(numbers(cases, "error_percent", step=0)) == 0
        for step in (4, 12):
            mine = numbers(cases, "error_percent", method="fifth", step=step)
            assert abs(np.mean(mine) - numbers(table, "mean_percent", method="fifth", step=step)[0]) < 1e-4
            if problem is ADVECTION:
                assert mine < numbers(cases, "error_percent", method="base", step=step)
        curve = rows(f"{folder}/out/evolution.csv")
        assert sorted({int(r["step"]) for r in curve}) == [0, 5, 10, 15]
        assert {"mean_percent", "q10_percent", "median_percent", "q90_percent", "failed"} <= set(curve[0])
        for r in curve:
            mine = numbers(part(folder, "evolution"), "error_percent", method=r["method"], step=r["step"])
            assert len(mine) == 2 and abs(np.median(mine) - float(r["median_percent"])) < 1e-4 * max(mine) + 1e-12
        durations = part(folder, "duration")
        assert len(durations) == 3 * 2 * 2
        for r in durations:
            assert (r["reached"] == "1") or float(r["step"]) == 15
        assert len(rows(f"{folder}/out/thresholds.csv")) == 3 * 2


def grids_and_steps(folder):
    # Half and twice as many points, some beside those of the fine grid; longer steps; more of them.
    evaluate(folder, ADVECTION + """
methods:
  - {name: a, scheme: upwind5, integrator: rk4, n: [16, 20, 24, 32, 64]}
  - {name: b, scheme: upwind5, integrator: rk4, n: [20, 32], dt_scales_with_h: true}
  - {name: c, scheme: upwind5, integrator: rk4, dt_multiple: 2}
  - {name: d, scheme: central2, integrator: rk4, n: 64, substeps: 4}
errors: {runs: 4, steps: [8]}
cost: {repeats: 2, runs: 2, step: 8}
""").ok()
    tables(folder).says("FGS/time")
    mean = {r["method"]: float(r["mean_percent"]) for r in rows(f"{folder}/out/errors.csv")}
    assert mean["a-64"] < mean["a-32"] < mean["a-16"]
    assert mean["a-20"] < 1.1 * mean["a-16"] and mean["a-24"] < mean["a-16"]
    assert abs(mean["b-32"] - mean["a-32"]) < 0.1 * mean["a-32"]
    assert abs(mean["c"] - mean["a-16"]) < 0.1 * mean["a-16"]
    assert mean["d"] < 1e-10, "the fine grid's own scheme, step and points"
    cost = {r["method"]: r for r in rows(f"{folder}/out/cost.csv")}
    assert len(cost) == 10 and float(cost["FGS"]["fgs_time_over_time"]) == 1
    assert (cost["b-20"]["dt_multiple"], cost["b-20"]["substeps"]) == ("4", "5")
    assert all(float(r["us_per_step_median"]) >= float(r["us_per_step_min"]) > 0 for r in cost.values())


def averages_compare(folder):
    # On the fine grid's points, with its scheme and step, a method is the fine grid: averaged, its error is nothing.
    evaluate(folder, BURGERS + """
methods: [{name: base}, {name: fine, n: 50, substeps: 10}, {name: half, n: 25, substeps: 10}]
errors: {runs: 3, steps: [1, 10]}
""").ok()
    tables(folder)
    table = rows(f"{folder}/out/errors.csv")
    assert max(numbers(table, "mean_percent", method="fine")) < 1e-8
    assert numbers(table, "mean_percent", method="half", step=10) < numbers(table, "mean_percent", method="base", step=10)


def actions_and_fields(folder):
    # Minus half the difference across a face, times the speed there: all but the time derivative of the truncation
    # error of the first-order scheme.
    write_closure(f"{folder}/anti.h5", transform="flux", bias=(-1.0, 0, 0, -1.0, 0, 0), bound=0.5,
                  parameters={"velocity": "u v", "half_width": "1"})
    write_closure(f"{folder}/wrong.h5", transform="flux", bias=(1.0, 0, 0, 1.0, 0, 0), bound=0.5,
                  parameters={"velocity": "u v", "half_width": "1"})
    evaluate(folder, ADVECTION.replace("n: 16", "n: 64") + f"""
methods:
  - {{name: base}}
  - {{name: anti, policy: {folder}/anti.h5}}
  - {{name: wrong, policy: {folder}/wrong.h5}}
  - {{name: fifth, scheme: upwind5, integrator: rk4, policy: {folder}/anti.h5}}
actions: {{samples: 3, steps: 1}}
cost: {{repeats: 2, runs: 2, step: 10}}
fields: {{steps: [0, 3], methods: [base, anti]}}
""").ok()
    tables(folder).says("correlation")
    found = {r["method"]: r for r in rows(f"{folder}/out/correlations.csv")}
    assert set(found) == {"anti", "wrong", "fifth"}
    assert float(found["anti"]["paper_mean"]) > 0.9
    assert float(found["anti"]["truncation_mean"]) > 0.9
    assert float(found["anti"]["exact_mean"]) > 0.7
    assert abs(float(found["wrong"]["exact_mean"]) + float(found["anti"]["exact_mean"])) < 1e-3
    assert np.isnan(float(found["fifth"]["truncation_mean"])) and np.isfinite(float(found["fifth"]["exact_mean"]))
    assert len(part(folder, "actions")) == 9
    cost = {r["method"]: r for r in rows(f"{folder}/out/cost.csv")}
    assert float(cost["anti"]["error_percent"]) < float(cost["base"]["error_percent"])
    # The base scheme is more accurate than the wrong closure and takes less time; nothing is as accurate as the right one.
    ratio = float(cost["base"]["us_per_step_min"]) / float(cost["wrong"]["us_per_step_min"])
    assert abs(float(cost["wrong"]["front_time_over_time"]) / ratio - 1) < 1e-4 and cost["wrong"]["wins"] == "0"
    assert cost["anti"]["front_time_over_time"] == "nan" and cost["anti"]["wins"] == "0"
    assert cost["base"]["front_time_over_time"] == ""
    with h5py.File(f"{folder}/out/fields.h5") as f:
        start, later = f["step0"], f["step3"]
        assert np.array_equal(start["FGS_psi"][...], start["base_psi"][...])
        assert later["fine_psi"].shape == (256, 256)
        assert np.array_equal(later["fine_psi"][::4, ::4], later["FGS_psi"][...])
        assert np.abs(later["action-anti_psi"][...]).max() > 0 and "action-base_psi" not in later
        assert np.corrcoef(later["action-anti_psi"][...].ravel(), later["exact-anti_psi"][...].ravel())[0, 1] > 0.5
    assert os.path.exists(f"{folder}/out/fields.xdmf")


def base_schemes_that_a_policy_does_not_know(folder):
    write_closure(f"{folder}/zero.h5", config="environment: {name: advection, scheme: upwind5, dt_factor: 1.0}\n")
    text = ADVECTION + f"""
methods:
  - {{name: same, scheme: upwind5, dt_multiple: 4, policy: {folder}/zero.h5}}
  - {{name: other, integrator: rk4, policy: {folder}/zero.h5}}
errors: {{runs: 1, steps: [4]}}
"""
    result = evaluate(folder, text).ok()
    result.says("method other", "trained with scheme: upwind5, here it is upwind1", "integrator: euler, here it is rk4",
                "dt_factor: 1.000000, here it is 0.250000")
    assert "method same" not in result.output


def mistakes(folder):
    write_closure(f"{folder}/uv.h5", ("u", "v"), "additive-rate", (0.0, 0.0), 2)
    write_closure(f"{folder}/psi.h5")
    write_closure(f"{folder}/u.h5", ("u", "psi", "v"))
    base = ADVECTION + "methods: [{name: a}]\n"
    closure = ADVECTION + "methods: [{name: a, policy: POLICY}]\nerrors: {}\n"

    def says(text, *words):
        evaluate(folder, text).fails(*words)

    says(base, "expected at least one of the sections errors, evolution")
    says(base + "errors: {rums: 3}\n", "errors.rums: unknown key", "'runs'")
    says(base + "erors: {}\n", "erors: unknown key", "'errors'")
    says(base + "errors: {steps: [5, 5]}\n", "increasing")
    says(base + "errors: {methods: [b]}\n", "'b' is not among the methods")
    says(base + "actions: {}\n", "no method with a policy")
    says(base + "fields: {cell: nowhere}\n", "mnist-vortex", "'nowhere'")
    says(ADVECTION + "errors: {}\n", "methods", "missing")
    says(ADVECTION + "methods: [{name: a}, {name: a}]\nerrors: {}\n", "methods[1]", "'a' stands twice")
    says(ADVECTION + "methods: [{name: a, scheme: upwnd}]\nerrors: {}\n", "upwind1", "'upwnd'")
    says(ADVECTION + "methods: [{name: a, stride: 2}]\nerrors: {}\n", "stride: unknown key")
    says(ADVECTION + "methods: [{name: a, n: 1000}]\nerrors: {}\n", "methods[0].n", "1000")
    says(ADVECTION + "methods: [{name: a, dt_scales_with_h: true, substeps: 2}]\nerrors: {}\n", "leave one out")
    says(BURGERS + "methods: [{name: a, n: 12}]\nerrors: {}\n", "methods[0].n", "12", "does not divide")
    says(BURGERS + "cells: []\nmethods: [{name: a}]\nerrors: {}\n", "cells: unknown key")
    says(ADVECTION.replace("vortex", "vertex") + "methods: [{name: a}]\nerrors: {}\n", "cells[0].velocity", "vertex")
    says(base.replace("advection", "advektion") + "errors: {}\n", "expected advection or burgers", "'advektion'")
    says(closure.replace("POLICY", "nowhere.h5"), "policy", "nowhere.h5", "policies/nowhere.h5")
    says(closure.replace("POLICY", "default.h5"), "default.h5", "closure")
    says(closure.replace("POLICY", f"{folder}/u.h5"), "corrects 'u'", "no component of the state")
    says(BURGERS + f"methods: [{{name: a, policy: {folder}/psi.h5}}]\nerrors: {{}}\n", "observes 'psi'", "has u, v")
    run(PETRL, "evaluate", f"{folder}/none.yaml", "-o", folder).fails("none.yaml")


main()
