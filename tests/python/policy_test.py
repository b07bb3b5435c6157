"""Policy files that Python writes: read by PetRL, the same as those that it writes itself, whole or refused."""
import glob
import os

import h5py
import numpy as np

from harness import BUILD, SOURCE, main, run, write_policy
from support import PETRL, layers, raises, shipped

import petrl
from petrl import policy

STEPS = {"kind": "tsadapt", "observation": {"names": ["error", "step_ratio"], "scale": [0.5, 1], "clip": 5},
         "action": {"transform": "error-ratio", "low": [0.5], "high": [1.5]}}


def described(path):
    """What petrl info says of a file, but for its name."""
    return run(PETRL, "info", path).ok().output.split("\n", 1)[1]


def written_again(folder):
    """All that ship, of all kinds and architectures, on lines and in volumes, normalised locally: what is read and written again says the same, number by number."""
    kinds = set()
    for path in [*shipped(), *glob.glob(f"{SOURCE}/tests/fuzz/seeds/*.h5")]:
        told = policy.read(path)
        kinds.add((told["kind"], told["network"]["architecture"]))
        if told["network"]["architecture"] in ("lamp", "lamp2d"):
            raises(lambda: policy.write(f"{folder}/lamp.h5", **told), "expected gain-loss", "split-and-coarsen")
            continue
        again = policy.write(f"{folder}/{os.path.basename(path)}", **told)
        assert described(again) == described(path), path
        with h5py.File(path) as a, h5py.File(again) as b:
            def compare(name, item):
                assert name in b and dict(item.attrs).keys() == dict(b[name].attrs).keys(), (path, name)
                for key, value in item.attrs.items():
                    assert b[name].attrs[key] == value, (path, name, key)
                if isinstance(item, h5py.Dataset):
                    assert np.array_equal(item[()], b[name][()]), (path, name)
            a.visititems(compare)
    assert kinds >= {("tsadapt", "mlp"), ("closure", "fcn"), ("refiner", "gnn")}, kinds


def sealed(folder):
    """As PetRL seals: a byte that changes is noticed, and the seal of a file of PetRL's own is the one computed here."""
    network = policy.mlp(layers([2, 5, 1]), "tanh", "tanh")
    path = policy.write(f"{folder}/p.h5", network=network, validity={"ranges": {"rtol": [1e-6, 1e-2]}, "words": {
        "ts_type": ["rk", "bdf"]}}, provenance={"config": "a: b\n", "steps": 5, "evaluation": {"score": -0.5}}, **STEPS)
    run(PETRL, "info", path).ok().says("mlp", "2-5-1", "error-ratio", "rtol", "rk", "score")
    data = bytearray(open(path, "rb").read())
    assert data[:13] == b"petrl-sealed "
    data[-7] ^= 1
    with open(f"{folder}/damaged.h5", "wb") as f:
        f.write(data)
    run(PETRL, "info", f"{folder}/damaged.h5").fails("damaged.h5", "is damaged", "checksum")
    with open(shipped()[0], "rb") as f:
        own = f.read()
    assert policy.seal(own[512:]) == own[:512]


def in_a_program(folder):
    """A solve under it is that under the same file as h5py writes it in our other tests."""
    weights, app = [0.7, -0.3], os.path.join(BUILD, "bin", "plain_app")
    told = {**STEPS, "observation": {"names": ["error", "step_ratio"], "clip": 5}}
    ours = policy.write(f"{folder}/ours.h5", network=policy.mlp([([weights], [0.2])], "relu", "tanh"), **told)
    theirs = write_policy(f"{folder}/theirs.h5", "error-ratio", 0.5, 1.5, 0.2, weights=weights)
    options = ("-ts_type", "rk", "-ts_monitor", "-dll_append", f"{BUILD}/lib/libpetrl.so", "-ts_adapt_type", "rl",
               "-ts_adapt_rl_policy")
    a, b = (run(app, *options, path).ok().output for path in (ours, theirs))
    assert a == b and a.count("TS dt") > 10, (a, b)


def mistakes_are_named(folder):
    """Before anything is written."""
    network = policy.mlp(layers([2, 5, 1]), "tanh", "tanh")

    def write(**changed):
        return lambda: policy.write(f"{folder}/p.h5", **{**STEPS, "network": network, **changed})

    observation, action = STEPS["observation"], STEPS["action"]
    raises(write(kind="tsadpt"), "kind", "tsadapt", "tsadpt")
    raises(write(kind="closure"), "transform", "flux", "error-ratio")
    raises(write(observation={**observation, "names": ["error"]}), "scale", "1 values", "(2,)")
    raises(write(observation={"names": ["error", "error"]}), "names", "different")
    raises(write(observation={"names": ["a", "b"], "ofset": [1, 1]}), "ofset", "nearest: offset")
    raises(write(observation={**observation, "scale": [1, 0]}), "positive", "scale")
    raises(write(observation={"names": ["a", "b", "c"]}), "2 inputs", "expected 3")
    raises(write(action={**action, "low": [2]}), "low < high")
    raises(write(action={**action, "low": [0]}), "0 < low")
    raises(write(action={**action, "low": [float("nan")]}), "action: low", "finite")
    raises(write(action={"low": [1], "high": [2]}), "transform", "missing")
    raises(write(validity={"ranges": {"rtol": [2, 1]}}), "rtol", "[low, high]")
    raises(write(provenance={"sed": 1}), "provenance", "sed", "nearest: seed")
    for wrong, parts in ((lambda: policy.mlp(layers([2, 1]), "rleu", "tanh"), ("activation", "relu", "rleu")),
                         (lambda: policy.mlp(layers([2, 1]), "relu", "softmax"), ("output", "softmax")),
                         (lambda: policy.mlp([], "relu", "tanh"), ("at least one",)),
                         (lambda: policy.mlp([(np.ones((3, 2)), np.ones(3)), (np.ones((1, 4)), np.ones(1))], "relu",
                                             "tanh"), ("layer1/weight", "3 inputs", "found 4")),
                         (lambda: policy.mlp([(np.ones((3, 2)), np.ones(2))], "relu", "tanh"), ("layer0/bias", "3 values")),
                         (lambda: policy.mlp([(np.ones(2), np.ones(2))], "relu", "tanh"), ("layer0/weight", "matrix")),
                         (lambda: policy.mlp([([[np.inf]], [0])], "relu", "tanh"), ("layer0/weight", "finite")),
                         (lambda: policy.mlp([([["a"]], [0])], "relu", "tanh"), ("layer0/weight", "numbers")),
                         (lambda: policy.fcn([(np.ones((1, 2, 2, 2)), np.ones(1))], "relu", "tanh"), ("2 x 2",)),
                         (lambda: policy.fcn([(np.ones((1, 2, 3, 3)), np.ones(1))], "relu", "tanh", [1, 2]), ("dilation",)),
                         (lambda: policy.gnn({}, 5, 5, 8, 1, 2), ("encoder0/weight", "missing")),
                         (lambda: policy.gnn({"encodr0/weight": 1}, 5, 5, 8, 1, 2), ("encodr0", "nearest: encoder0"))):
        raises(wrong, *parts)
    assert not os.path.exists(f"{folder}/p.h5") and not os.listdir(folder)
    raises(lambda: policy.write(f"{folder}/none/p.h5", network=network, **STEPS), "none/p.h5", "cannot write")
    raises(lambda: policy.read(__file__), "policy_test.py", "no policy file")
    assert petrl.policy.VERSION == 1


def networks_of_all_kinds(folder):
    """By hand: a closure with a dilation, a refiner."""
    r = np.random.default_rng(3)
    fcn = policy.fcn([(r.normal(size=(4, 2, 3, 3)), r.normal(size=4)), (r.normal(size=(1, 4, 1, 1)), [0.1])], "relu", "linear",
                     [2, 1])
    policy.write(f"{folder}/closure.h5", kind="closure", network=fcn, observation={"names": ["u", "v"]},
                 action={"transform": "additive-rate", "low": [-1], "high": [1], "parameters": {"components": "v"}})
    run(PETRL, "info", f"{folder}/closure.h5").ok().says("closure", "2-4-1", "receptive field 5 x 5")
    for rank in (1, 3):
        network = policy.fcn([(r.normal(size=(3, 1) + (3,) * rank), r.normal(size=3)),
                              (r.normal(size=(1, 3) + (1,) * rank), [0.1])], "tanh", "linear")
        policy.write(f"{folder}/closure.h5", kind="closure", network=network,
                     observation={"names": ["u"], "normalise": ["local"], "radius": 3},
                     action={"transform": "additive", "low": [-1], "high": [1], "parameters": {"boundary": "free"}})
        run(PETRL, "info", f"{folder}/closure.h5").ok().says("1-3-1", " x ".join(["3"] * rank), "over 7 points a side")
    told = policy.read(next(p for p in shipped() if p.endswith("/refiner.h5")))
    n, e = len(told["observation"]["names"]), len(told["action"]["parameters"]["edges"].split())
    for shared in (True, False):
        h, weights = 6, {}
        for name, shape in {"encoder0": (n, h), "encoder1": (h, h), "decoder0": (h, h), "decoder1": (h, 2)}.items():
            weights[f"{name}/weight"], weights[f"{name}/bias"] = r.normal(size=shape), r.normal(size=(1, shape[1]))
        for i in range(1 if shared else 3):
            weights.update({f"layer{i}/{k}": r.normal(size=(h, h)) for k in ("receiver", "sender", "node", "sum", "update")})
            weights.update({f"layer{i}/{k}": r.normal(size=(1, h)) for k in ("message_bias", "node_bias", "update_bias")})
            weights[f"layer{i}/edge"] = r.normal(size=(e, h))
        path = policy.write(f"{folder}/refiner.h5", **{**told, "network": policy.gnn(weights, n, e, h, 3, 2, shared)})
        run(PETRL, "info", path).ok().says("refiner", "gnn")


main()
