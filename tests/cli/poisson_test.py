"""petrl evaluate of adaptive finite elements on a few coarse meshes, as a user runs it, and what it says to mistakes."""
import h5py
import numpy as np
import studies
from harness import main
from studies import rows, tables

POLICY = "policy: refiner-poisson.h5\n"


def evaluate(folder, text):
    return studies.evaluate(folder, "study: poisson\n" + text)


def fewer_cells_than_everywhere(folder):
    evaluate(folder, POLICY + """
rounds: 4
reference: 5
cases: 3
tuning: 2
levels: [100, 200, 400]
odds: [5, 50, 500]
table: {errors: [0.15, 0.1]}
""").ok()
    tables(f"{folder}/out").says("at equal mean error", "at 0.15", "uniform", "residual doerfler", "zz maximum", "error threshold")
    tried = rows(f"{folder}/out/runs.csv")
    runs = [r for r in tried if r["split"] == "test"]
    assert {r["family"] for r in tried if r["split"] == "train"} == {r["family"] for r in runs} - {"uniform", "policy", "paired"}
    uniform = [r for r in runs if r["family"] == "uniform" and r["case"] == "0"]
    assert [int(r["cells"]) for r in uniform] == [24 * 4**k for k in range(5)]
    assert float(uniform[0]["error"]) == 1 and float(uniform[0]["energy_error"]) == 1
    assert all(float(r["error"]) < 1 and int(r["vertices"]) < int(r["cells"]) for r in runs if r["round"] != "0")
    policy = [r for r in runs if r["family"] == "policy"]
    assert len(policy) == 9
    front = {(r["family"], r["key"]): r for r in rows(f"{folder}/out/front.csv")}
    cells = [float(front["policy", odds]["cells"]) for odds in ("5", "50", "500")]
    assert cells[0] > cells[1] > cells[2]
    assert float(front["policy", "5"]["error"]) < float(front["policy", "500"]["error"])
    for r in rows(f"{folder}/out/ratios.csv"):
        least, low, middle, high, most = (float(r[k]) for k in ("ratio_min", "median_low", "ratio_median", "median_high", "ratio_max"))
        assert least <= middle <= most and low <= high
        if r["family"] == "uniform":
            assert least > 1 and float(r["error_to"]) > float(r["error_from"])
            if r["measure"] == "mean error":
                assert .95 * least <= float(r["ratio_at_0.15"]) <= 1.05 * most  # between the places that these are taken at
    for r in rows(f"{folder}/out/settings.csv"):
        assert float(r["tuning_cells"]) <= float(r["level"]) and 1 <= int(r["round"]) <= 4
    with h5py.File(f"{folder}/out/fields.h5") as f:
        assert {g.attrs["family"] for g in f.values()} >= {"policy", "paired", "zz doerfler"}
        for g in f.values():
            corner = g["corner"][...]
            area = .5 * np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
            assert abs(area.sum() - .75) < 1e-5 and len(g["level"]) == len(corner)
            assert np.allclose(g["u"][...], g["u_corner"][...].mean(axis=1), atol=1e-7)


def mistakes(folder):
    evaluate(folder, "policy: nowhere.h5\n").fails("policy", "nowhere.h5")
    evaluate(folder, "policy: default.h5\n").fails("default.h5", "refiner")
    evaluate(folder, POLICY + "squares: 3\n").fails("squares", "even number", "3")
    evaluate(folder, POLICY + "rounds: 4\nreference: 3\n").fails("reference", "3")
    evaluate(folder, POLICY + "level: [100]\n").fails("level: unknown key", "'levels'")


main()
