"""A program whose mesh follows its solution, on any number of ranks, with explicit and implicit methods."""
import os

import h5py
import numpy as np

from harness import BUILD, main, run, write_policy

APP = os.path.join(BUILD, "bin", "refine_app")
NODE = ("change", "tendency", "roughness", "displacement", "boundary")
EDGE = "difference approach excess level alignment"


def write_refiner(path, gain=0.3, loss=0.6, architecture="gnn", names=NODE, nan=False, around=0.02, **more):
    """A refiner as a user writes it with h5py. Predicted errors grow with the change in a cell, and a little with what
    is around it: `gain` and `loss` times h |gradient| over the range."""
    hidden, rng = 8, np.random.default_rng(3)
    shift = 10.0  # silu(x + 10) is about x + 10
    w = {"encoder0/weight": rng.normal(size=(len(names), hidden)) * 0.2, "encoder0/bias": np.zeros((1, hidden)),
         "encoder1/weight": rng.normal(size=(hidden, hidden)) * 0.2, "encoder1/bias": np.zeros((1, hidden))}
    for layer in range(2):
        for name, rows in (("receiver", hidden), ("sender", hidden), ("edge", 5), ("node", hidden), ("sum", hidden),
                           ("update", hidden)):
            w[f"layer{layer}/{name}"] = rng.normal(size=(rows, hidden)) * (around if name == "update" else 0.3)
        for name in ("message_bias", "node_bias", "update_bias"):
            w[f"layer{layer}/{name}"] = np.zeros((1, hidden))
    w["decoder0/weight"], w["decoder0/bias"] = np.zeros((hidden, hidden)), np.zeros((1, hidden))
    w["decoder1/weight"], w["decoder1/bias"] = np.zeros((hidden, 2)), np.zeros((1, 2))
    # The first hidden value is the change, all the way.
    for name, first in (("encoder0", 1), ("encoder1", 1), ("decoder0", 1)):
        w[name + "/weight"][:, 0] = 0
        w[name + "/weight"][0, 0] = first
        w[name + "/bias"][0, 0] = shift if name == "encoder0" else 0
    w["encoder1/bias"][0, 0] = -shift
    w["decoder0/bias"][0, 0] = shift
    # change = .26 (log q + 5.76); an output is (log(predicted) + 7) / 3.
    for k, factor in enumerate((gain, loss)):
        w["decoder1/weight"][0, k] = 1 / (0.26 * 3)
        w["decoder1/bias"][0, k] = (np.log(factor) - 5.76 + 7) / 3 - shift / (0.26 * 3)
    with h5py.File(path, "w") as f:
        f.attrs.update({"format": "petrl-policy", "version": 1, "kind": "refiner"})
        o = f.create_group("observation")
        o.attrs["clip"] = 10.0
        o["names"] = np.array(names, dtype=h5py.string_dtype())
        o["offset"], o["scale"] = np.zeros(len(names)), np.ones(len(names))
        a = f.create_group("action")
        a.attrs.update({"transform": "gain-loss", "edges": EDGE, "floor": "1e-05", "offset": "-7", "scale": "3", **more})
        a["low"], a["high"] = [-10.0] * 2, [10.0] * 2
        n = f.create_group("network")
        n.attrs.update({"architecture": architecture, "node_inputs": str(len(names)), "edge_inputs": "5",
                        "hidden": str(hidden), "layers": "2", "outputs": "2", "shared": "false"})
        for name, value in w.items():
            n[name] = value.astype("f4")
        p = f.create_group("provenance")
        p.attrs.update({"config": "test: true\n", "seed": 1, "steps": 0, "version": "test", "libraries": "none"})
        p.create_group("evaluation")
    return path


def refine(policy, *options, **how):
    return run(APP, "-refiner_policy", policy, "-refiner_tradeoff", "0.3", *options, **how)


def same(a, b, tolerance=1e-10):
    for key in ("time", "steps", "unknowns", "decisions", "remeshes"):
        assert a.number(key) == b.number(key), f"{key}\n{a}\n{b}"
    for key in ("places", "mass", "moment"):
        assert abs(a.number(key) - b.number(key)) <= tolerance * max(1, abs(b.number(key))), f"{key}\n{a}\n{b}"


CASES = {"square": (), "interval": ("-dim", 1, "-n", 20, "-refiner_unit", 1e-6),
         "circle": ("-dim", 1, "-n", 20, "-periodic", "-refiner_unit", 1e-6),
         "vertices": ("-vertices",)}


def conserved(result):
    if "-vertices" in result.command:
        return  # it decays
    assert abs(result.number("mass") - result.number("before")) < 1e-13, str(result)


def follows_on_any_number_of_ranks(folder):
    policy = write_refiner(f"{folder}/p.h5")
    for name, options in CASES.items():
        one = refine(policy, *options, "-no_initial").ok()
        conserved(one)
        assert one.number("remeshes") > 3 and one.number("steps") == 100 and one.number("time") == 0.2, str(one)
        for ranks in (2, 3, 4):
            same(refine(policy, *options, "-no_initial", ranks=ranks).ok(), one)
            print(name, ranks, one.number("unknowns"), flush=True)


main([follows_on_any_number_of_ranks])
