"""petrl evaluate of adaptive finite elements on a few coarse meshes, as a user runs it, and what it says to mistakes."""
import csv
import os

from harness import BUILD, main, run

PETRL = os.path.join(BUILD, "bin", "petrl")
POLICY = "policy: refiner-poisson.h5\n"


def evaluate(folder, text):
    path = f"{folder}/study.yaml"
    with open(path, "w") as f:
        f.write("study: poisson\n" + text)
    return run(PETRL, "evaluate", path, "-o", f"{folder}/out", timeout=200)


def rows(path):
    with open(path) as f:
        return list(csv.DictReader(f))


def fewer_cells_than_everywhere(folder):
    evaluate(folder, POLICY + """
rounds: 4
reference: 5
cases: 3
tuning: 2
levels: [100, 200, 400]
odds: [5, 50, 500]
errors: [0.2, 0.1]
""").ok().says("Cells at equal error", "uniform", "residual doerfler", "zz maximum", "error threshold")
    runs = rows(f"{folder}/out/runs.csv")
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
        assert float(r["ratio_q10"]) <= float(r["ratio_median"]) <= float(r["ratio_q90"])
        if r["family"] == "uniform":
            assert float(r["ratio_median"]) > 1
    for r in rows(f"{folder}/out/settings.csv"):
        assert float(r["tuning_cells"]) <= float(r["level"]) and 1 <= int(r["round"]) <= 4
    shown = rows(f"{folder}/out/meshes.csv")
    assert {r["family"] for r in shown} >= {"policy", "paired", "zz doerfler"}


def mistakes(folder):
    evaluate(folder, "policy: nowhere.h5\n").fails("policy", "nowhere.h5")
    evaluate(folder, "policy: default.h5\n").fails("default.h5", "refiner")
    evaluate(folder, POLICY + "squares: 3\n").fails("squares", "even number", "3")
    evaluate(folder, POLICY + "rounds: 4\nreference: 3\n").fails("reference", "3")
    evaluate(folder, POLICY + "level: [100]\n").fails("level: unknown key", "'levels'")


main()
