"""petrl train and evaluate of LAMP on a tiny data set: killed and resumed, ranks, evaluation, mistakes."""
import os
import time

import h5py
from harness import main, run
from studies import PETRL, rows, tables
from training import kill_after, same

CONFIG = """seed: 3
steps: 300
evaluate_every: 60
checkpoint_every: 20
environment: {name: nonlinear1d, file: FOLDER/data.h5, trajectories: [8, 3, 4]}
learner:
  name: lamp
  evolution: {updates: 100, hidden: 6, layers: 2, batch: 3, bundles: 2}
  policy: {hidden: 5, layers: 1, batch: 2, samples_per_start: 3}
  refining: {updates: 200, policy: 7, evolution: 5}
  validation: 2
"""

STUDY = """study: lamp
data: {file: FOLDER/data.h5, trajectories: [8, 3, 4]}
starts: [25, 50]
repeats: 1
models:
  - {name: ours, policy: lamp-1d-small.h5, trade_offs: [0, 0.5], hindsight: [{start: 25, vertices: 38}]}
  - {name: drawn, policy: lamp-1d-small.h5, trade_offs: [0.2], random: true, never: false}
rivals:
  - {name: WENO5, method: weno, n: 50}
  - {name: volumes, method: volumes, base: 25, max_level: 2, indicator: curvature, threshold: 0.3}
fields: {trajectory: 1, start: 25, trade_offs: [0.1]}
"""


PLANE = """seed: 3
steps: 40
evaluate_every: 20
checkpoint_every: 10
environment: {name: flows2d, trajectories: [4, 2, 2], squares: 4, halvings: 2, steps: 6, reference: 32, solver: {threshold: 0.1}}
learner:
  name: lamp
  evolution: {updates: 20, hidden: 6, layers: 2, batch: 2, bundles: 2}
  policy: {hidden: 5, layers: 1, batch: 2, samples_per_start: 2, horizon: 2}
  refining: {updates: 20, policy: 3, evolution: 2}
  validation: 1
"""

PLANE_STUDY = """study: lamp2d
data: {trajectories: [4, 2, 2], squares: 4, halvings: 2, steps: 6, reference: 32}
repeats: 1
models:
  - name: ours
    policy: FOLDER/plane/last.h5
    trade_offs: [0, 0.5]
    never: [0, 1]
    adapted: [0.05]
    indicator: [{threshold: 0.1}]
    solver: [{threshold: 0.1}]
solvers:
  - {name: uniform, indicator: none, start: 2}
  - {name: gradient, threshold: 0.1}
fields: {trajectory: 1, trade_offs: [0.1]}
"""


def config(folder, text, name="c.yaml"):
    path = f"{folder}/{name}"
    with open(path, "w") as f:
        f.write(text.replace("FOLDER", folder))
    return path


def killed_and_resumed(folder):
    path = config(folder, CONFIG)
    whole, cut = f"{folder}/whole", f"{folder}/cut"
    begin = time.time()
    run(PETRL, "train", path, "-o", whole, timeout=120).ok().says("validation score", "mean return")
    took = time.time() - begin
    command = [PETRL, "train", path, "-o", cut]
    kill_after(command, cut, 1, 0)  # in phase 1
    kill_after(command, cut, 8, took / 60)  # in phase 2
    run(*command, timeout=120).ok().says("resumed at step")
    same(whole, cut)
    run(PETRL, "info", f"{whole}/last.h5").ok().says("refiner", "lamp", "evolution.hidden = 6", "policy.hidden = 5")


def evaluated(folder):
    out = f"{folder}/study"
    run(PETRL, "evaluate", config(folder, STUDY, "s.yaml"), "-o", out, timeout=120).ok()
    tables(out).says("volumes", "hindsight", "at equal error")
    table = rows(f"{out}/table.csv")
    assert len(table) == 2 * 3 + 1 + 2 + 2, len(table)
    for row in table:
        assert float(row["error mean"]) > 0 and float(row["time [us per bundle]"]) > 0, row
        vertices = float(row["vertices mean"])
        assert 4 <= vertices <= 100 and (row["remeshing"] != "never" or vertices == float(row["start [vertices]"])), row
        assert row["remeshing"] != "hindsight" or vertices == 38, row
        assert (row["consistent error mean"] != "") == (row["model"] in ("WENO5", "volumes")), row
    runs = rows(f"{out}/runs.csv")
    assert len(runs) == 4 * len(table)
    for i, row in enumerate(table):
        mine = [float(r["error"]) for r in runs if r["row"] == str(i)]
        assert len(mine) == 4 and abs(sum(mine) / 4 / float(row["error mean"]) - 1) < 1e-5, row
    with h5py.File(f"{out}/fields.h5") as f:
        assert f["truth"].shape == f["prediction0"].shape == (200, 100)
        assert f["mesh0"].shape == (8, 100) and 4 <= f["mesh0"][0].sum() <= 100


def evolution_model_serves_another_policy(folder):
    """Of another size."""
    short = CONFIG.replace("steps: 300", "steps: 30")
    run(PETRL, "train", config(folder, short), "-o", f"{folder}/first").ok()
    more = short.replace("updates: 100", "updates: 0").replace("hidden: 5", "hidden: 9")
    initial = f"initial_policy: {folder}/first/last.h5\n"
    run(PETRL, "train", config(folder, more + initial), "-o", f"{folder}/more").ok()
    other = more.replace("hidden: 6", "hidden: 7") + initial
    run(PETRL, "train", config(folder, other), "-o", f"{folder}/other").fails("hidden 6", "expected hidden 7")


def mistakes_in_a_study(folder):
    out = f"{folder}/study"
    bad = STUDY.replace("lamp-1d-small.h5", "nothing.h5")
    run(PETRL, "evaluate", config(folder, bad), "-o", out).fails("nothing.h5")
    for wrong, words in (("repeats: 1", "repaets: 1"), ("trade_offs: [0, 0.5]", "tradeoffs: [0]"),
                         ("method: weno", "method: wino"), ("starts: [25, 50]", "starts: [30]")):
        text = STUDY.replace(wrong, words)
        key = words.split(":")[0]
        run(PETRL, "evaluate", config(folder, text), "-o", out).fails(key)


def in_the_plane(folder):
    run(PETRL, "train", config(folder, PLANE), "-o", f"{folder}/plane", timeout=120).ok().says("validation score", "step 40 / 40")
    run(PETRL, "info", f"{folder}/plane/last.h5").ok().says("refiner", "lamp2d", "estimated_change", "flows on triangulations")
    out = f"{folder}/plane-study"
    run(PETRL, "evaluate", config(folder, PLANE_STUDY, "p.yaml"), "-o", out, timeout=120).ok()
    tables(out).says("solver's", "hindsight", "at equal error", "at fewer cells")
    table = rows(f"{out}/table.csv")
    assert len(table) == 2 + 2 + 3 + 2, len(table)
    for row in table:
        assert float(row["error mean"]) > 0 and row["blown up"] == "0", row
        given = row["remeshing"] in ("solver's", "hindsight")  # meshes that were not paid for
        assert row["time [ms]"] == "" if given else float(row["time [ms]"]) > 0, row
        assert abs(float(row["cells mean"]) - 2 * float(row["vertices mean"])) < 1e-2, row  # a torus
    fine = next(r for r in table if r["name"] == "uniform")
    assert float(fine["cells mean"]) == 512, fine
    assert float(fine["error mean"]) < 1e-3, fine  # the solver on the labels' own grid
    with h5py.File(f"{out}/fields.h5") as f:
        assert f["truth_0/u"].shape == (16, 16) and f["policy0_6/corner"].shape[1:] == (3, 2)
    bad = PLANE_STUDY.replace("indicator: none", "indicator: nothing")
    run(PETRL, "evaluate", config(folder, bad), "-o", f"{folder}/bad").fails("indicator", "gradient")
    bad = PLANE.replace("bundles: 2", "bundles: 7")
    run(PETRL, "train", config(folder, bad), "-o", f"{folder}/bad").fails("steps", "bundles, 7")


def on_two_ranks(folder):
    path = config(folder, CONFIG.replace("steps: 300", "steps: 130"))
    one, two = f"{folder}/one", f"{folder}/two"
    run(PETRL, "train", path, "-o", one, ranks=2, timeout=120).ok().says("step 130 / 130")
    kill_after([os.environ.get("MPIEXEC", "mpiexec"), "-n", "2", PETRL, "train", path, "-o", two], two, 2, 0)
    run(PETRL, "train", path, "-o", two, ranks=2, timeout=120).ok().says("resumed at step")
    same(one, two)
    run(PETRL, "train", path, "-o", two).fails("'ranks': found 2, expected 1")


def mistakes(folder):
    def train(text):
        return run(PETRL, "train", config(folder, text), "-o", f"{folder}/run")

    train(CONFIG.replace("bundles: 2", "bundels: 2")).fails("bundels: unknown key", "'bundles'")
    train(CONFIG.replace("name: nonlinear1d", "name: burgers")).fails("burgers", "nonlinear1d")
    train(CONFIG.replace("trajectories: [8, 3, 4]", "trajectories: [8, 3]")).fails("trajectories", "three")
    train(CONFIG.replace("samples_per_start: 3", "samples_per_start: 3, credit: near")).fails("credit", "local or global")
    train(CONFIG + "initial_policy: none.h5\n").fails("none.h5")


main()
