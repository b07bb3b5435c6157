"""petrl's own messages: each mistake ends with a non-zero status, naming file, line and key."""
import os

import h5py
import numpy as np
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
    run(PETRL, "info", f"{folder}/none.h5").fails(f"{folder}/none.h5", "cannot be opened", "No such file")
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


def info_of_shipped_policies(folder):
    for name in ("default", "default.h5"):
        run(PETRL, "info", name).ok().says("/policies/default.h5", "tsadapt", "runs with     any TS that estimates", "problem  vanderpol, ", "ts_type  arkimex, rosw, bdf, cn, rk")
    run(PETRL, "info", "burgers-closure").ok().says("two-dimensional DMDA, with the fields u, v; changes u, v", "scheme  upwind5", "courant  4.48738e-07 to 1.22282")
    run(PETRL, "info", "defualt").fails("defualt", "No such file")
    run(PETRL, "info", "").fails("policy", "expected the name")
    os.symlink(os.path.join(BUILD, "share/petrl/policies/fault.h5"), f"{folder}/link.h5")
    run(PETRL, "info", f"{folder}/link.h5").ok().says("units of the application's time scale")


def info_of_a_module(folder):
    with open(f"{folder}/m.pt", "w") as f:
        f.write("anything: PyTorch reads it, when it is used")
    with open(f"{folder}/m.yaml", "w") as f:
        f.write("kind: tsadapt\nobservation: {names: [error], offset: [0], scale: [1]}\n"
                "action: {transform: ratio, low: [0.5], high: [2]}\nvalidity: {ranges: {order: [2, 5]}, words: {ts_type: [rk]}}\n")
    run(PETRL, "info", f"{folder}/m.pt").ok().says("torchscript", "order  2 to 5", "ts_type  rk")
    os.remove(f"{folder}/m.pt")
    os.mkfifo(f"{folder}/m.pt")
    run(PETRL, "info", f"{folder}/m.pt", timeout=20).fails(f"{folder}/m.pt", "regular file")


def rewritten(folder, name, change=None, **how):
    """The policy of write_policy as another program writes it."""
    path = write_policy(f"{folder}/{name}.h5")
    with h5py.File(path, "r") as old, h5py.File(f"{folder}/new.h5", "w", **how) as new:
        for item in old:
            old.copy(item, new)
        new.attrs.update(old.attrs)
        if change:
            change(new)
    os.rename(f"{folder}/new.h5", path)
    return path


def array(f, data=None, **how):
    old = f["network/layer0/weight"][()] if data is None else data
    del f["network/layer0/weight"]
    f.create_dataset("network/layer0/weight", data=old, **how)


def info_of_what_other_programs_write(folder):
    def blanks(f):
        for group, name in (("/", "format"), ("/", "kind"), ("action", "transform"), ("network", "output")):
            text = f[group].attrs[name]
            kind = h5py.h5t.C_S1.copy()
            kind.set_size(len(text) + 8)
            kind.set_strpad(h5py.h5t.STR_SPACEPAD)
            del f[group].attrs[name]
            a = h5py.h5a.create(f[group].id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
            a.write(np.array(text.ljust(len(text) + 8).encode()), mtype=kind)

    right = {"userblock": ({"userblock_size": 1024}, None), "latest": ({"libver": "latest"}, None), "blanks": ({}, blanks),
             "half": ({}, lambda f: array(f, np.zeros((1, 2), "f2"))), "big": ({}, lambda f: array(f, np.zeros((1, 2), ">f8"))),
             "long": ({}, lambda f: array(f, np.zeros((1, 2), "g"))), "whole": ({}, lambda f: array(f, np.zeros((1, 2), "i2")))}
    for name, (how, change) in right.items():
        run(PETRL, "info", rewritten(folder, name, change, **how)).ok().says("tsadapt", "2-1, 3 weights")
    refused = {"lzf": lambda f: array(f, compression="lzf"), "gzip": lambda f: array(f, compression="gzip"),
               "chunks": lambda f: array(f, chunks=True)}
    for name, change in refused.items():
        run(PETRL, "info", rewritten(folder, name, change)).fails("/network/layer0/weight", name, "h5repack")


def info_of_a_file_that_is_being_written(folder):
    policy = write_policy(f"{folder}/p.h5")
    with h5py.File(policy, "r+"):
        run(PETRL, "info", policy).fails(policy, "another program has it open for writing")
        run(PETRL, "info", policy, env={"HDF5_USE_FILE_LOCKING": "FALSE"}).ok()
    run(PETRL, "info", policy).ok()


def nothing_but_the_file_is_read(folder):
    os.mkfifo(f"{folder}/pipe")
    run(PETRL, "info", f"{folder}/pipe", timeout=20).fails(f"{folder}/pipe", "regular file")

    def replace(what):
        def change(f):
            del f["network/layer0/weight"]
            what(f)
        return change

    ways = {"other file": replace(lambda f: f.__setitem__("network/layer0/weight", h5py.ExternalLink("w.h5", "/w"))),
            "soft link": replace(lambda f: f.__setitem__("network/layer0/weight", h5py.SoftLink("/network/layer0/bias"))),
            "another file": replace(lambda f: f.create_dataset("network/layer0/weight", (1, 2), "f4",
                                                               external=[(f"{folder}/pipe", 0, 8)]))}
    for i, (words, change) in enumerate(ways.items()):
        path = rewritten(folder, f"way{i}", change)
        run(PETRL, "info", path, timeout=20).fails("/network/layer0/weight", words.split()[-1])


def commands(folder):
    run(PETRL).fails("subcommand")
    run(PETRL, "trian").fails("subcommand", "--help")
    run(PETRL, "train").fails("config")
    run(PETRL, "--help").ok().says("train", "evaluate", "info")
    path = config(folder, CONFIG)
    for command in ("train", "evaluate", "run"):
        run(PETRL, command, path, "-o", "").fails("--output", "expected the name")
        run(PETRL, command, "", "-o", f"{folder}/out").fails("config", "expected the name")
    assert not os.path.exists(f"{folder}/out")


def training_configuration(folder):
    def train(text):
        return run(PETRL, "train", config(folder, text), "-o", f"{folder}/run")

    run(PETRL, "train", f"{folder}/none.yaml", "-o", f"{folder}/run").fails(f"{folder}/none.yaml", "cannot read")
    train(CONFIG.replace("steps:", "stesp:")).fails("c.yaml:2", "stesp: unknown key", "'steps'")
    train(CONFIG.replace("  problems", "  problem")).fails("c.yaml:5", "environment.problem: unknown key", "'problems'")
    train(CONFIG.replace("lotkavolterra", "lotka")).fails("c.yaml:5", "environment.problems", "'lotka'")
    train(CONFIG.replace("name: ode", "name: oed")).fails("oed")
    for keys, words in (("levers: step speed", ("environment.levers", "found 'speed'")),
                        ("levers: step tolerance\n  by_rule: speed", ("environment.by_rule", "expected tolerance or jacobian", "'speed'")),
                        ("levers: step tolerance\n  by_rule: step", ("environment.by_rule", "found 'step'")),
                        ("levers: step tolerance\n  by_rule: jacobian", ("environment.by_rule", "out of the levers, found 'jacobian'")),
                        ("restarts: 2", ("environment.restarts", "2")),
                        ("baseline: dsp", ("environment.baseline", "expected basic or classical, found 'dsp'")),
                        ("levers: step tolerance\n  tolerance: [2, 1]", ("environment.tolerance", "0 < low < high"))):
        train(CONFIG.replace("name: ode", "name: ode\n  " + keys)).fails(*words)
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
