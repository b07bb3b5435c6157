"""petrl run, train and evaluate on a fault, as a user runs them, and what they say to mistakes."""
import os

import h5py
import numpy as np
from harness import main, needs, run, write_policy
from studies import PETRL, rows, tables


def config(folder, text, name="c.yaml"):
    path = f"{folder}/{name}"
    with open(path, "w") as f:
        f.write(text)
    return path


def runs_on_any_number_of_ranks(folder):
    text = "scenario: {cells: [8, 5]}\ncontroller: heuristic\nsnapshots: [8.6, 20]\n"
    slips = []
    for n in (1, 2, 3):
        out = f"{folder}/r{n}"
        run(PETRL, "run", config(folder, text), "-o", out, ranks=n).ok().says("CONVERGED_TIME", "final mean slip")
        last = rows(f"{out}/steps.csv")[-1]
        slips.append(float(last["mean_slip_m"]))
        with h5py.File(f"{out}/fields.h5") as f:
            assert f["step1/velocity"].shape == (5, 8)
            # After the event the fault is at rest: exactly.
            assert np.all(f["step1/velocity"][...] == 0)
            assert abs(f["step1/displacement"][...].mean() - slips[-1]) < 1e-6
        assert os.path.exists(f"{out}/fields.xdmf")
    assert np.ptp(slips) < 1e-9, slips


def petsc_options_have_the_last_word(folder):
    path = config(folder, "scenario: {cells: [3, 3]}\n")
    run(PETRL, "run", path, "-o", f"{folder}/r", "--", "-ts_adapt_type", "dsp", "-ts_bathe_error", "embedded", "-ts_view").ok() \
        .says("dsp", "error estimate embedded", "pdas")


def policies_decide_also_after_failures(folder):
    # Far too long a step, always: each failed attempt is retried with at most 0.9 of it.
    policy = write_policy(f"{folder}/p.h5", "linear", 4.9, 5.0, 0.0)
    path = config(folder, f"scenario: {{cells: [1, 1]}}\ncontroller: 'rl:{policy}'\n")
    run(PETRL, "run", path, "-o", f"{folder}/r").ok()
    attempts = rows(f"{folder}/r/steps.csv")
    assert any(a["failed"] == "1" for a in attempts)
    for before, after in zip(attempts, attempts[1:]):
        if before["failed"] == "1":
            assert float(after["h_s"]) <= 0.9 * float(before["h_s"]) * (1 + 1e-6)


def study_writes_its_tables(folder):
    path = config(folder, """study: fault
sizes: [3000]
cells: [4]
repeats: 2
controllers: {half: "constant:h=0.5", event: event}
""")
    run(PETRL, "evaluate", path, "-o", f"{folder}/s").ok()
    runs = rows(f"{folder}/s/runs.csv")
    assert [(r["controller"], r["repeat"]) for r in runs] == [(c, str(i)) for i in range(2) for c in ("heuristic", "half", "event")]
    assert all(r["finished"] == "1" for r in runs)
    for a, b in zip(runs[:3], runs[3:]):  # the same again, but for the time
        assert {k: v for k, v in a.items() if k not in ("repeat", "wall_s")} == {k: v for k, v in b.items() if k not in ("repeat", "wall_s")}
    tables(f"{folder}/s").says("heuristic", "half", "proficiency", "at equal error")
    cells = rows(f"{folder}/s/cells.csv")
    assert [r["controller"] for r in cells] == ["heuristic", "half", "event"] and float(cells[0]["speed_ratio"]) == 1
    for r in cells:
        wall = [float(q["wall_s"]) for q in runs if q["controller"] == r["controller"]]
        assert abs(float(r["wall_median_s"]) / max(wall) - 1) < 1e-7 and float(r["repeats"]) == 2
        assert abs(float(r["work_ratio"]) / (float(cells[0]["work"]) / float(r["work"])) - 1) < 1e-7
        assert abs(float(r["proficiency"]) / (float(r["speed_ratio"]) * float(r["accuracy_ratio"])) - 1) < 1e-7
    assert len(rows(f"{folder}/s/summary.csv")) == 3
    assert os.path.exists(f"{folder}/s/steps/3km-4_half.csv")


TRAINING = """seed: 3
steps: 300
evaluate_every: 150
checkpoint_every: 100
environment:
  name: fault
  vary: {cells: [1, 2]}
  pool: 3
  validation: 2
  reward: {kind: run}
  error: embedded
  observables: [log_velocity, step_growth, sliding, embedded_error, failures]
  transform: log-scaled
  low: 0.05
  high: 6
learner: {name: tqc, learning_starts: 50, batch_size: 32, actor_layers: [8], critic_layers: [8]}
"""


def trains_and_its_policy_runs(folder):
    needs("libpetrl_torch.so")
    run(PETRL, "train", config(folder, TRAINING), "-o", f"{folder}/t").ok()
    path = config(folder, f"scenario: {{cells: [2, 2]}}\ncontroller: 'rl:{folder}/t/last.h5'\n", "r.yaml")
    run(PETRL, "run", path, "-o", f"{folder}/r").ok().says("CONVERGED_TIME")
    # The same bits again, and again after a stop half-way: see resume_test.py for the latter.
    run(PETRL, "train", config(folder, TRAINING), "-o", f"{folder}/again").ok()
    with open(f"{folder}/t/log.csv") as f, open(f"{folder}/again/log.csv") as g:
        assert f.read() == g.read()


def mistakes(folder):
    def says(text, *words, command="run"):
        run(PETRL, command, config(folder, text), "-o", f"{folder}/m").fails(*words)

    says("scenario: {cells: [2, 2], normal_stress: {average: -1}}\n", "c.yaml", "average", "positive")
    says("scenario: {min_step: 6, max_step: 5}\n", "min_step", "must be below max_step")
    says("scenario: {cell_size: 70}\n", "cell_size", "must divide")
    says("scenario: {friction: {critical_slip: 10}}\n", "stable", "never slips", "critical_slip")
    says("scenario: {kernal: full}\n", "kernal: unknown key", "'kernel'")
    says("controller: heuristics\n", "heuristics", "expected constant, heuristic")
    says("controller: 'event:onst=1'\n", "unknown setting 'onst'")
    says("controller: 'constant:h=small'\n", "expected a number", "'small'")
    says(f"controller: 'rl:{folder}/none.h5'\n", f"{folder}/none.h5")
    says("problem: faults\n", "unknown simulation 'faults' (nearest: fault); known: fault")
    says("study: faults\ncontrollers: {}\n", "c.yaml:1: study", "unknown study 'faults' (nearest: fault); known: bound, closure, fault, lamp, lamp2d, ode, poisson, refinement", command="evaluate")
    says(TRAINING.replace("log_velocity", "log_velocty"), "unknown observable 'log_velocty'", command="train")
    says(TRAINING.replace("error: embedded", "error: none"), "embedded_error needs error: embedded", command="train")
    says(TRAINING.replace("kind: run", "kind: walk"), "expected local or run, found 'walk'", command="train")


main()
