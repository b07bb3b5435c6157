"""A training killed at any moment and started again ends where an uninterrupted one ends, to the last byte."""
import os
import sys
import time

from harness import BUILD, main, run
from training import content, kill_after, same

PETRL = os.path.join(BUILD, "bin", "petrl")

CONFIG = """seed: 3
steps: 3000
evaluate_every: 500
checkpoint_every: 300
environment:
  name: ode
  problems: [lotkavolterra]
  max_steps: 40
  validation: {problems: [lotkavolterra], instances: 1, tolerances: 1}
learner:
  name: tqc
  batch_size: 32
  learning_starts: 200
  actor_layers: [16, 16]
  critic_layers: [24, 24]
  critics: 2
  quantiles: 8
  updates_per_step: 0.5
"""


def killed_and_resumed(folder):
    config = f"{folder}/c.yaml"
    with open(config, "w") as f:
        f.write(CONFIG)
    begin = time.time()
    whole, cut = f"{folder}/whole", f"{folder}/cut"
    run(PETRL, "train", config, "-o", whole, timeout=120).ok()
    took = time.time() - begin
    command = [PETRL, "train", config, "-o", cut]
    # At once after a checkpoint, and on the way to the next one, when a validation may have been logged since.
    kill_after(command, cut, 1, 0)
    kill_after(command, cut, 3, took / 20)
    kill_after(command, cut, 5, took / 40)
    run(*command, timeout=120).ok().says("resumed at step")
    same(whole, cut)
    assert len(content(f"{whole}/log.csv").splitlines()) >= 6
    # A finished training started again does nothing; another configuration in the same folder is refused.
    before = content(f"{cut}/log.csv")
    run(*command).ok()
    assert content(f"{cut}/log.csv") == before
    with open(config, "w") as f:
        f.write(CONFIG.replace("seed: 3", "seed: 4"))
    run(*command).fails("another configuration", "-o")
    print(f"        uninterrupted: {took:.1f} s, all: {time.time() - begin:.1f} s", file=sys.stdout)


main()
