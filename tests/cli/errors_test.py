"""petrl's own messages: each mistake ends with a non-zero status, naming file, line and key."""
import os

from harness import BUILD, main, needs, run, write_policy

PETRL = os.path.join(BUILD, "bin", "petrl")

CONFIG = """seed: 1
steps: 100
environment:
  name: ode
  problems: [lotkavolterra]
learner:
  name: tqc
"""


def config(folder, text):
    path = f"{folder}/c.yaml"
    with open(path, "w") as f:
        f.write(text)
    return path


def info_prints(folder):
    policy = write_policy(f"{folder}/p.h5")
    run(PETRL, "info", policy).ok().says(policy, "tsadapt", "error", "step_ratio", "ratio", "[0.5, 2]")


def info_of_bad_files(folder):
    run(PETRL, "info", f"{folder}/none.h5").fails(f"{folder}/none.h5", "cannot be opened")
    with open(f"{folder}/text.h5", "w") as f:
        f.write("this is a text that is no policy\n")
    run(PETRL, "info", f"{folder}/text.h5").fails(f"{folder}/text.h5", "no HDF5 file")
    open(f"{folder}/empty.h5", "w").close()
    run(PETRL, "info", f"{folder}/empty.h5").fails(f"{folder}/empty.h5")
    run(PETRL, "info", folder).fails(folder)
    whole = write_policy(f"{folder}/whole.h5")
    with open(whole, "rb") as f, open(f"{folder}/part.h5", "wb") as g:
        g.write(f.read()[:1500])
    run(PETRL, "info", f"{folder}/part.h5").fails(f"{folder}/part.h5")
    bad = write_policy(f"{folder}/kind.h5", kind="tsadopt")
    run(PETRL, "info", bad).fails(bad, "kind: expected tsadapt, closure or refiner, found 'tsadopt'")
    bad = write_policy(f"{folder}/nan.h5", bias=float("nan"))
    run(PETRL, "info", bad).fails(bad, "/network/layer0/bias")


def commands(folder):
    run(PETRL).fails("subcommand")
    run(PETRL, "trian").fails("subcommand", "--help")
    run(PETRL, "train").fails("config")
    run(PETRL, "--help").ok().says("train", "evaluate", "info")


def training_configuration(folder):
    def train(text):
        return run(PETRL, "train", config(folder, text), "-o", f"{folder}/run")

    run(PETRL, "train", f"{folder}/none.yaml", "-o", f"{folder}/run").fails(f"{folder}/none.yaml", "cannot read")
    train(CONFIG.replace("steps:", "stesp:")).fails("c.yaml:2", "stesp: unknown key", "'steps'")
    train(CONFIG.replace("  problems", "  problem")).fails("c.yaml:5", "environment.problem: unknown key", "'problems'")
    train(CONFIG.replace("lotkavolterra", "lotka")).fails("c.yaml:5", "environment.problems", "'lotka'")
    train(CONFIG.replace("name: ode", "name: oed")).fails("oed")
    train(CONFIG.replace("steps: 100", "steps: many")).fails("c.yaml:2", "steps", "'many'")
    train(CONFIG.replace("seed: 1", "seed: [1")).fails("c.yaml:", "not valid YAML")
    train(CONFIG + "seed: 2\n").fails("c.yaml:8", "seed", "twice")
    train(CONFIG + "initial_policy: /none.h5\n").fails("/none.h5")


def learner_configuration(folder):
    needs("libpetrl_torch.so")
    train = lambda text: run(PETRL, "train", config(folder, text), "-o", f"{folder}/run")
    train(CONFIG.replace("name: tqc", "name: tcq")).fails("'tcq'", "tqc")
    train(CONFIG + "  bacth_size: 32\n").fails("bacth_size: unknown key", "'batch_size'")
    train(CONFIG + "  gamma: 2\n").fails("gamma", "2")


main()
