"""petrl evaluate of mesh refinement on few small cases, as a user runs it, and what it says to mistakes."""
import os

import h5py
import numpy as np
import studies
from harness import main
from studies import rows, tables

NODE = ["change", "tendency", "roughness", "displacement", "boundary"]
EDGE = ["difference", "approach", "excess", "level", "alignment"]


def write_refiner(path, kind="refiner", names=NODE):
    """A network that predicts from a cell's own roughness and change, crudely: gain and loss grow with both."""
    hidden, n = 4, len(names)
    silu_one = 1 / (1 + np.exp(-1))
    w = {"encoder0/weight": np.zeros((n, hidden)), "encoder0/bias": np.ones((1, hidden)),
         "encoder1/weight": np.eye(hidden), "encoder1/bias": np.zeros((1, hidden)),
         "decoder0/weight": np.eye(hidden), "decoder0/bias": np.ones((1, hidden)),
         "decoder1/weight": np.zeros((hidden, 2)), "decoder1/bias": np.zeros((1, 2))}
    w["encoder0/weight"][0, 0] = w["encoder0/weight"][2, 1] = 1
    w["decoder1/weight"][:2] = [[.8, .9], [.8, .9]]
    w["decoder1/bias"][:] = [[-2.2 * silu_one, -2.0 * silu_one]]
    shapes = {"receiver": (hidden, hidden), "sender": (hidden, hidden), "edge": (len(EDGE), hidden),
              "message_bias": (1, hidden), "node": (hidden, hidden), "sum": (hidden, hidden), "node_bias": (1, hidden),
              "update": (hidden, hidden), "update_bias": (1, hidden)}
    w.update({f"layer0/{name}": np.zeros(shape) for name, shape in shapes.items()})
    with h5py.File(path, "w") as f:
        f.attrs.update({"format": "petrl-policy", "version": 1, "kind": kind})
        o = f.create_group("observation")
        o.attrs["clip"] = 10.0
        o["names"] = np.array(names, dtype=h5py.string_dtype())
        o["offset"], o["scale"] = np.zeros(n), np.ones(n)
        a = f.create_group("action")
        a.attrs.update({"transform": "gain-loss", "edges": " ".join(EDGE), "floor": "1e-05", "offset": "-7", "scale": "3"})
        a["low"], a["high"] = [-10.0] * 2, [10.0] * 2
        g = f.create_group("network")
        g.attrs.update({"architecture": "gnn", "node_inputs": str(n), "edge_inputs": str(len(EDGE)),
                        "hidden": str(hidden), "layers": "1", "outputs": "2", "shared": "false"})
        for name, value in w.items():
            g[name] = value.astype("f4")
        p = f.create_group("provenance")
        p.attrs.update({"config": "test: true\n", "seed": 1, "steps": 0, "version": "test", "libraries": "none"})
        p.create_group("evaluation")
    return path


def evaluate(folder, text, out="out"):
    return studies.evaluate(folder, "study: refinement\n" + text, out)


QUICK = """
policy: POLICY
families: [gaussian, mixed]
cases: {train: 2, test: 3, seed: 5}
squares: 6
halvings: 2
points: 96
odds: [0.5, 5, 50]
intervals: [8, 24]
skip: [true, false]
gate: [0, 0.05]
tuning: {samples: 8, intervals: [4, 40], seed: 3, screen: 1, keep: 3}
front: 4
repeats: 2
table: {places: 5}
oracle: {cases: 2, odds: [1, 10], intervals: [16]}
generalisation: {cases: 2, experiments: [duration, finer, settings]}
fields: {family: mixed, case: 1, odds: [1, 10], interval: 12, times: [0, 0.4, 0.8]}
"""


def tables_are_consistent(folder):
    write_refiner(f"{folder}/p.h5")
    out = f"{folder}/out"
    evaluate(folder, QUICK.replace("POLICY", f"{folder}/p.h5")).ok()
    tables(out).says("24 threshold rules and 24 settings", "gaussian, test (3 cases", "mixed, finer", "best threshold", "oracle")
    tried = rows(f"{out}/configurations.csv")
    assert len(tried) == 2 * (3 + 24 + 24)
    for family in ("gaussian", "mixed"):
        # Chosen settings are those of the front: nothing tried is better in both.
        for method in ("gradient", "jump", "recovery", "policy", "gated"):
            mine = [r for r in tried if (r["family"], r["method"], r["cases"]) == (family, method, "2")]
            chosen = [r for r in mine if r["chosen_by_cost"] == "1"]
            assert 1 <= len(chosen) <= 4
            for c in chosen:
                assert not any(float(r["l1"]) < float(c["l1"]) and float(r["cost_cell_steps"]) < float(c["cost_cell_steps"])
                               for r in mine), c
    front, runs = rows(f"{out}/front.csv"), [r for r in rows(f"{out}/runs.csv") if r["split"] == "test"]
    assert {r["experiment"] for r in front} == {"test", "duration", "finer", "settings of gaussian", "settings of mixed"}
    for r in front:
        # What is tried is chosen on the training cases; a table's row is the mean of its runs.
        experiment = "oracle" if r["method"] == "oracle" else r["experiment"]
        mine = [float(q["l1"]) for q in runs if q["setting"] == r["setting"] and q["family"] == r["family"]
                and q["experiment"] == experiment]
        assert len(mine) == int(r["cases"]) * (2 if experiment == "test" else 1)
        assert abs(np.exp(np.mean(np.log(mine))) / float(r["l1"]) - 1) < 1e-4
        assert abs(sum(float(r[k]) for k in ("stepping_share", "deciding_share", "remeshing_share")) - 1) < 1e-3
        assert (r["seen"] != "") == (r["method"] in ("policy", "gated")) and (r["method"] != "policy" or r["seen"] == "1"), r
        assert r["method"] != "gated" or (r["gate"] == "0.05" and 0 < float(r["seen"]) <= 1), r
    levels = {"test": [0, 1, 2], "duration": [0, 1], "finer": [1, 2]}  # the finest is left out where it takes long
    for family in ("gaussian", "mixed"):
        for experiment in levels:
            uniform = [r for r in front if (r["family"], r["experiment"], r["method"]) == (family, experiment, "uniform")]
            uniform.sort(key=lambda r: int(r["halvings"]))
            assert [int(r["halvings"]) for r in uniform] == levels[experiment]
            for coarse, fine in zip(uniform, uniform[1:]):
                assert float(fine["l1"]) < float(coarse["l1"])
                # Four times the cells, twice the steps; steps are whole and end at the sample times.
                assert 4 <= float(fine["cost_cell_steps"]) / float(coarse["cost_cell_steps"]) < 9
                assert float(fine["mean_cells"]) == 4 * float(coarse["mean_cells"])
            assert all(float(r["remeshes"]) == 0 for r in uniform)
    ratios, summary = rows(f"{out}/ratio.csv"), rows(f"{out}/summary.csv")
    assert {r["rival"] for r in summary} >= {"uniform", "gradient", "jump", "recovery", "best threshold", "gated"}
    key = ("experiment", "family", "rival", "error", "measure")
    for s in summary:
        mine = [float(r["ratio"]) for r in ratios if all(r[k] == s[k] for k in key)]
        assert len(mine) == int(s["places"]) == 5
        assert abs(min(mine) / float(s["ratio_min"]) - 1) < 1e-3 and abs(np.median(mine) / float(s["ratio_median"]) - 1) < 1e-3
        assert sum(r < 1 for r in mine) == int(s["losses"])
    # The best of three is no dearer than each of them where both are.
    at = {(r["experiment"], r["family"], r["rival"], r["error"], r["measure"], r["at_error"]): float(r["ratio"]) for r in ratios}
    for k, value in at.items():
        best = at.get(k[:2] + ("best threshold",) + k[3:])
        if k[2] in ("gradient", "jump", "recovery") and best is not None:
            assert best <= value * (1 + 1e-4)
    # The same numbers again, but for times.
    evaluate(folder, QUICK.replace("POLICY", f"{folder}/p.h5").split("oracle")[0], "again").ok()
    tables(f"{folder}/again")
    again = rows(f"{folder}/again/configurations.csv")
    # How far a setting came in the tuning depends on times too.
    both = [(a, b) for a, b in zip(again, tried) if a["cases"] == b["cases"]]
    assert len(both) > len(tried) / 2
    assert all((a["setting"], a["l1"], a["cost_cell_steps"]) == (b["setting"], b["l1"], b["cost_cell_steps"]) for a, b in both)
    with h5py.File(f"{out}/fields.h5") as f:
        assert {"threshold", "policy0", "policy1"} >= set(f) >= {"policy0", "policy1"}
        for name in ("policy0", "policy1"):
            for k in range(3):
                g = f[f"{name}/time{k}"]
                corner = g["corner"][...]
                area = .5 * np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
                assert abs(area.sum() - 4) < 1e-4 and len(g["u"]) == len(corner) == len(g["level"])
                assert g["level"][...].max() <= 4 and g["ahead"].shape == (160, 160)
            assert f[f"{name}/time0"].attrs["time"] == 0 < f[f"{name}/time1"].attrs["time"]
    assert os.path.exists(f"{out}/fields.xdmf")


def mistakes(folder):
    policy = write_refiner(f"{folder}/p.h5")
    good = QUICK.replace("POLICY", policy)

    def says(text, *words):
        evaluate(folder, text).fails(*words)

    says(good.replace("squares", "sqares"), "sqares: unknown key", "'squares'", "out.yaml:6")
    says(good.replace("samples", "sampels"), "tuning.sampels: unknown key", "'samples'")
    says(good.replace("odds: [0.5, 5, 50]", "odds: [0, 5]"), "odds", "above 0")
    says(good.replace("gate: [0, 0.05]", "gate: [-1]"), "gate", "from 0 on")
    says(good.replace("[gaussian, mixed]", "[gausian]"), "families", "'gausian'")
    says(good.replace("tuning: {samples: 8, intervals: [4, 40]", "tuning: {samples: 8, intervals: [40, 4]"), "[least, most]")
    says(good.replace("duration, finer", "longer"), "experiments", "scale, duration, finer, settings", "'longer'")
    says(good.replace("halvings: 2", "halvings: 2\nlevels: [3]"), "levels", "1 to halvings")
    says(good.replace("cases: 2, odds", "cases: 9, odds"), "oracle.cases", "9")
    says(good.replace("family: mixed", "family: burgers"), "fields.family", "'burgers'")
    says(good.replace(policy, "nowhere.h5"), "policy", "nowhere.h5")
    says(good.replace(policy, write_refiner(f"{folder}/c.h5", kind="closure")), "c.h5", "refiner", "closure")
    says(good.replace(policy, write_refiner(f"{folder}/n.h5", names=NODE[:4] + ["bondary"])), "n.h5", "/observation/names", "bondary")
    says(good.replace(policy, "default.h5"), "default.h5", "refiner", "tsadapt")


main()
