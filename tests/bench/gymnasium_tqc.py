#!/usr/bin/env python3
"""Our TQC beside sb3-contrib's: the same environment, networks, budget and validation, one thread each.

    gymnasium_tqc.py BUILD OUT [--config gymnasium_tqc.yaml] [--seeds 5] [--side petrl sb3]

runs one training after another, those that OUT does not have yet, and writes OUT/curves.csv (one row a validation),
OUT/rates.csv (updates per second of processor time, validation left out) and OUT/summary.csv. The side sb3 needs
gymnasium, stable-baselines3 and sb3-contrib (CPU) in this interpreter; the package petrl comes from BUILD/python."""
import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
HERE = os.path.dirname(os.path.abspath(__file__))
CURVES = ("side", "seed", "steps [decisions]", "updates", "score")
RATES = ("side", "seed", "updates", "time [s]", "rate [updates/s]")


def append(path, header, rows):
    new = not os.path.exists(path)
    with open(path, "a", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        if new:
            w.writerow(header)
        w.writerows(rows)


def rows(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def processor_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def train(build, config, folder):
    """petrl train: seconds of processor time, rows of its log."""
    import yaml
    path = os.path.join(folder, "config.yaml")
    with open(path, "w") as f:
        yaml.safe_dump(config, f, sort_keys=False)
    begin = processor_time()
    subprocess.run([os.path.join(build, "bin", "petrl"), "train", path, "-o", os.path.join(folder, "run")], check=True,
                   stdout=subprocess.DEVNULL)
    return processor_time() - begin, rows(os.path.join(folder, "run", "log.csv"))


def with_petrl(build, config, seed):
    config = {**config, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        log = train(build, config, folder)[1]
    curves = [("petrl", seed, int(float(r["steps"])), int(float(r["updates"])), r["score"]) for r in log]
    # Two trainings with next to no validation: what one has more than the other is learning.
    last = config["environment"]["problems"][-1:]
    small = {**config["environment"], "validation": {"problems": last, "instances": 1, "tolerances": 2}}
    count, seconds = [], []
    for steps in (config["learner"]["learning_starts"], config["steps"]):
        with tempfile.TemporaryDirectory() as folder:
            used, log = train(build, {**config, "steps": steps, "evaluate_every": 10 ** 9, "environment": small}, folder)
        count.append(int(float(log[-1]["updates"])))
        seconds.append(used)
    return curves, ("petrl", seed, count[1] - count[0], seconds[1] - seconds[0])


def with_sb3(build, config, seed):
    import petrl
    import torch
    from sb3_contrib import TQC
    from stable_baselines3.common.callbacks import BaseCallback
    torch.set_num_threads(1)
    k = dict(config["learner"])
    assert k.pop("name") == "tqc"
    every = round(1 / k.pop("updates_per_step"))
    env, judge = petrl.Environment(config), petrl.Environment(config)
    model = TQC(
        "MlpPolicy", env, seed=seed, device="cpu", use_sde=True, sde_sample_freq=1, gradient_steps=1, train_freq=every,
        learning_rate=k.pop("learning_rate"), buffer_size=k.pop("buffer_size"), batch_size=k.pop("batch_size"),
        learning_starts=k.pop("learning_starts"), tau=k.pop("tau"), gamma=k.pop("gamma"),
        target_entropy=k.pop("target_entropy"), ent_coef=f"auto_{k.pop('initial_temperature')}",
        top_quantiles_to_drop_per_net=k.pop("dropped_quantiles_per_net"),
        policy_kwargs={"net_arch": {"pi": k.pop("actor_layers"), "qf": k.pop("critic_layers")},
                       "n_critics": k.pop("critics"), "n_quantiles": k.pop("quantiles"),
                       "log_std_init": k.pop("log_std_init"), "use_sde": True})
    assert not k, f"keys that are not translated: {k}"
    curves, spent, folder = [], [0.], tempfile.mkdtemp()

    class Validation(BaseCallback):
        def _on_step(self):
            if self.num_timesteps % config["evaluate_every"] == 0:
                begin = time.process_time()
                path = petrl.policy.write(os.path.join(folder, "p.h5"), network=petrl.actors.from_sb3(model),
                                          **judge.specification)
                curves.append(("sb3", seed, self.num_timesteps, model._n_updates, judge.evaluate(path)["score"]))
                spent[0] += time.process_time() - begin
            if self.num_timesteps == model.learning_starts:  # what came before is no learning
                self.first = (model._n_updates, time.process_time() - spent[0])
            return True

    validation = Validation()
    model.learn(config["steps"], callback=validation)
    updates, at = validation.first
    return curves, ("sb3", seed, model._n_updates - updates, time.process_time() - spent[0] - at)


def summary(out):
    """Means over seeds: of each validation's score, and of the rates."""
    import numpy as np
    curves, rates = rows(os.path.join(out, "curves.csv")), rows(os.path.join(out, "rates.csv"))
    table = []
    for side in sorted({r["side"] for r in curves}):
        seeds = sorted({r["seed"] for r in curves if r["side"] == side})
        scores = [[float(r["score"]) for r in curves if (r["side"], r["seed"]) == (side, s)] for s in seeds]
        steps = [[float(r["steps [decisions]"]) for r in curves if (r["side"], r["seed"]) == (side, s)] for s in seeds]
        for k in range(min(map(len, scores))):
            column = [v[k] for v in scores]
            table.append((side, len(seeds), f"{np.mean([v[k] for v in steps]):.0f}", f"{np.mean(column):.3f}",
                          f"{np.std(column, ddof=1):.3f}" if len(column) > 1 else ""))
        found = [float(r["rate [updates/s]"]) for r in rates if r["side"] == side]
        print(f"{side}: {np.mean(found):.0f} updates/s (from {min(found):.0f} to {max(found):.0f})")
    with open(os.path.join(out, "summary.csv"), "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("side", "seeds", "steps [decisions]", "mean score", "deviation"))
        w.writerows(table)
    for row in table:
        print(*row)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build")
    p.add_argument("out")
    p.add_argument("--config", default=os.path.join(HERE, "gymnasium_tqc.yaml"))
    p.add_argument("--seeds", type=int, default=5)
    p.add_argument("--side", nargs="+", choices=("petrl", "sb3"), default=["petrl", "sb3"])
    a = p.parse_args()
    sys.path.insert(0, os.path.join(a.build, "python"))
    try:
        import yaml
        if "sb3" in a.side:
            import gymnasium  # noqa: F401
            import sb3_contrib  # noqa: F401
    except ModuleNotFoundError as e:
        sys.exit(f"gymnasium_tqc.py: this Python ({sys.executable}) has no {e.name}; pip install gymnasium stable-baselines3 "
                 "sb3-contrib pyyaml h5py, or --side petrl")
    with open(a.config) as f:
        config = yaml.safe_load(f)
    os.makedirs(a.out, exist_ok=True)
    files = [os.path.join(a.out, name) for name in ("curves.csv", "rates.csv")]
    done = {(r["side"], r["seed"]) for r in rows(files[1])}
    for seed in range(1, a.seeds + 1):
        for side in a.side:
            if (side, str(seed)) in done:
                continue
            curves, (_, _, updates, seconds) = {"petrl": with_petrl, "sb3": with_sb3}[side](a.build, config, seed)
            append(files[0], CURVES, curves)
            append(files[1], RATES, [(side, seed, updates, f"{seconds:.3f}", f"{updates / seconds:.1f}")])
            print(side, seed, "score", curves[-1][4], "rate", f"{updates / seconds:.1f}", flush=True)
    summary(a.out)


if __name__ == "__main__":
    main()
