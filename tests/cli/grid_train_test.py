"""petrl train with a grid learner: killed and resumed it ends where an uninterrupted one ends; several ranks; mistakes."""
import csv
import os
import time

from harness import BUILD, main, run
from training import kill_after, same

PETRL = os.path.join(BUILD, "bin", "petrl")

CONFIG = """seed: 3
steps: 4000
evaluate_every: 120
checkpoint_every: 60
environment:
  name: burgers
  n: 10
  ratio: 3
  episode: {min_steps: 3, max_steps: 12}
  validation: {cases: 2, steps: 10}
learner:
  name: ppo
  network: {channels: [6], dilations: [1, 2], initial_std: 0.1}
  slots: 3
  horizon: 20
  batch_size: 8
  epochs: 2
"""


def config(folder, text, name="c.yaml"):
    path = f"{folder}/{name}"
    with open(path, "w") as f:
        f.write(text)
    return path


def killed_and_resumed(folder):
    path = config(folder, CONFIG)
    whole, cut = f"{folder}/whole", f"{folder}/cut"
    begin = time.time()
    run(PETRL, "train", path, "-o", whole, timeout=120).ok().says("validation score", "mean return")
    took = time.time() - begin
    command = [PETRL, "train", path, "-o", cut]
    kill_after(command, cut, 1, 0)
    kill_after(command, cut, 3, took / 40)
    run(*command, timeout=120).ok().says("resumed at step")
    same(whole, cut)
    with open(f"{whole}/log.csv") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) >= 6
    for row in rows:
        assert int(row["steps"]) % 21 == 0 and float(row["episode_length"]) <= 12, row
    # What it was trained on is in its file.
    run(PETRL, "info", f"{whole}/best.h5").ok().says("closure", "fcn", "boundary  periodic", "courant  ", "u  -",
                                                     "scheme  upwind1", "spacing  0.1", "step  0.09")


def starts_from_another_policy(folder):
    """A network of another shape cannot."""
    short = CONFIG.replace("steps: 4000", "steps: 40")
    run(PETRL, "train", config(folder, short), "-o", f"{folder}/first").ok()
    more = short + f"initial_policy: {folder}/first/best.h5\n"
    run(PETRL, "train", config(folder, more), "-o", f"{folder}/more").ok()
    other = more.replace("channels: [6]", "channels: [7]")
    run(PETRL, "train", config(folder, other), "-o", f"{folder}/other").fails("layer0/weight", "7")


def on_two_ranks(folder):
    path = config(folder, CONFIG.replace("steps: 4000", "steps: 300"))
    one, two = f"{folder}/one", f"{folder}/two"
    run(PETRL, "train", path, "-o", one, ranks=2, timeout=120).ok().says("step 336 / 300")
    assert len([x for x in os.listdir(one) if x.endswith(".h5")]) == 2
    kill_after([os.environ.get("MPIEXEC", "mpiexec"), "-n", "2", PETRL, "train", path, "-o", two], two, 1, 0)
    run(PETRL, "train", path, "-o", two, ranks=2, timeout=120).ok().says("resumed at step")
    same(one, two)
    run(PETRL, "train", path, "-o", two).fails("'ranks': found 2, expected 1")


def mistakes(folder):
    def train(text, ranks=1):
        return run(PETRL, "train", config(folder, text), "-o", f"{folder}/run", ranks=ranks)

    train(CONFIG.replace("  slots", "  solts")).fails("solts: unknown key", "'slots'")
    train(CONFIG.replace("  slots", "  solts"), ranks=2).fails("solts: unknown key")
    train(CONFIG.replace("{channels", "{kernal: 3, channels")).fails("kernal: unknown key", "'kernel'")
    train(CONFIG.replace("name: burgers", "name: ode")).fails("'ode'", "burgers")
    train(CONFIG.replace("name: ppo", "name: tqc")).fails("c.yaml:6", "environment.name", "tqc", "'burgers'", "grid")
    train("""steps: 10
environment: {name: ode, problems: [vanderpol]}
learner: {name: tqc}
""", ranks=2).fails("tqc", "one process")
    train(CONFIG.replace("dilations: [1, 2]", "dilations: [1, 11]")).fails("reaches 11 points", "10 x 10")


main()
