"""petrl import: networks from elsewhere become policies that answer as they did; what cannot is named."""
import io
import json
import os
import zipfile

import numpy as np

from harness import BUILD, main, run
from support import PETRL, layers, plugin, raises, sb3_file, torch_file

import petrl

SIDECAR = """kind: tsadapt
observation: {names: [error, step_ratio], offset: [0, 0.1], scale: [0.5, 1.0], clip: 5}
action: {transform: error-ratio, low: [0.5], high: [1.5]}
network: {activation: tanh, output: tanh}
validity: {ranges: {rtol: [1.0e-6, 1.0e-2]}, words: {ts_type: [rk]}}
provenance: {config: "by hand", seed: 3, steps: 100, evaluation: {score: -0.1}}
"""


def text(path, content):
    with open(path, "w" if isinstance(content, str) else "wb") as f:
        f.write(content)
    return path


def bring(folder, network, sidecar=SIDECAR, output="p.h5"):
    """petrl import, as it is typed."""
    return run(PETRL, "import", network, text(f"{folder}/sidecar.yaml", sidecar), "-o", f"{folder}/{output}")


def answers_as(folder, network, expected, sidecar=SIDECAR):
    """The imported network is the one expected, and a program follows it."""
    bring(folder, network, sidecar).ok()
    run(PETRL, "info", f"{folder}/p.h5").ok().says("tsadapt", "error-ratio", "step_ratio")
    told = petrl.policy.read(f"{folder}/p.h5")
    x = np.random.default_rng(5).normal(size=(50, 2))
    difference = np.abs(petrl.policy.forward(told["network"], x) - expected(x)).max()
    assert difference < 1e-6, (network, difference)
    run(os.path.join(BUILD, "bin", "plain_app"), "-dll_append", f"{BUILD}/lib/libpetrl.so", "-ts_type", "rk", "-ts_adapt_type",
        "rl", "-ts_adapt_rl_policy", f"{folder}/p.h5", "-ts_view").ok().says(f"{folder}/p.h5", "backend native")


def dense(pairs, hidden, last):
    def forward(x):
        for w, b in pairs[:-1]:
            x = hidden(x @ np.asarray(w, "f4").astype("f8").T + np.asarray(b, "f4"))
        return last(x @ np.asarray(pairs[-1][0], "f4").astype("f8").T + np.asarray(pairs[-1][1], "f4"))
    return forward


def relu(x):
    return np.maximum(x, 0)


def arrays_of_numpy(folder):
    pairs = layers([2, 8, 4, 1], 1)
    np.savez(f"{folder}/turns.npz", *[a for pair in pairs for a in pair])
    answers_as(folder, f"{folder}/turns.npz", dense(pairs, np.tanh, np.tanh))
    np.savez_compressed(f"{folder}/named.npz", **{f"layer{i}/{k}": a for i, pair in enumerate(pairs)
                                                  for k, a in zip(("weight", "bias"), pair)})
    answers_as(folder, f"{folder}/named.npz", dense(pairs, relu, lambda y: np.clip(y, -1, 1)),
               SIDECAR.replace("tanh, output: tanh", "relu, output: hardtanh"))
    # JSON is a sidecar, too.
    import yaml
    answers_as(folder, f"{folder}/turns.npz", dense(pairs, np.tanh, np.tanh), json.dumps(yaml.safe_load(SIDECAR)))


def state_dictionaries(folder):
    """More than ten layers, in the order of their numbers; a checkpoint that holds one among other things."""
    pairs = layers([2] + [3] * 11 + [1], 2)
    arrays = {f"net.{2 * i}.{k}": a for i, pair in enumerate(pairs) for k, a in zip(("weight", "bias"), pair)}
    path = text(f"{folder}/net.pt", torch_file(arrays))
    answers_as(folder, path, dense(pairs, np.tanh, np.tanh))
    path = text(f"{folder}/net.pth", torch_file(dict(reversed(arrays.items())), {"epoch": 3}))
    answers_as(folder, path, dense(pairs, np.tanh, np.tanh))


def actors_of_sb3(folder):
    plain = SIDECAR.replace("network: {activation: tanh, output: tanh}\n", "")
    pairs = layers([2, 8, 4, 1], 3)
    sac = {f"actor.latent_pi.{2 * i}.{k}": a for i in (0, 1) for k, a in zip(("weight", "bias"), pairs[i])}
    mu = dict(zip(("weight", "bias"), pairs[2]))
    rest = {"critic.qf0.0.weight": np.ones((4, 3)), "critic.qf0.0.bias": np.ones(4), "actor.log_std.weight": np.ones((1, 4)),
            "actor.log_std.bias": np.ones(1)}
    path = sb3_file(f"{folder}/sac.zip", {**sac, **{f"actor.mu.{k}": a for k, a in mu.items()}, **rest})
    answers_as(folder, path, dense(pairs, relu, np.tanh), plain)
    sde = {**sac, **{f"actor.mu.0.{k}": 3 * a for k, a in mu.items()}, "actor.log_std": np.ones((4, 1))}
    last = pairs[:2] + [tuple(3 * a for a in pairs[2])]
    path = sb3_file(f"{folder}/tqc.zip", sde, use_sde=True, policy_kwargs={
        "activation_fn": "<class 'torch.nn.modules.activation.Tanh'>"})
    answers_as(folder, path, dense(last, np.tanh, lambda y: np.tanh(np.clip(y, -2, 2))), plain)
    ppo = {f"mlp_extractor.policy_net.{2 * i}.{k}": a for i in (0, 1) for k, a in zip(("weight", "bias"), pairs[i])}
    ppo.update({f"mlp_extractor.value_net.{k}": a for k, a in mu.items()})
    ppo.update({f"action_net.{k}": a for k, a in mu.items()})
    path = sb3_file(f"{folder}/ppo.zip", {**ppo, "log_std": np.zeros(1)}, action_space={"low": "[0.]", "high": "[0.5]"})
    answers_as(folder, path, dense(pairs, np.tanh, lambda y: np.clip((y - 0.25) / 0.25, -1, 1)), plain)

    bring(folder, path, SIDECAR.replace("activation: tanh", "activation: relu")).fails("ppo.zip", "activation", "relu", "tanh")
    for name, arrays, settings, parts in (
            ("clip.zip", sde, {"use_sde": True, "policy_kwargs": {"clip_mean": 3.0}}, ("clip_mean", "expected 2", "3")),
            ("cnn.zip", {**ppo, "features_extractor.cnn.0.weight": np.ones((1, 1))}, {}, ("features extractor", "MlpPolicy")),
            ("dqn.zip", {"q_net.q_net.0.weight": np.ones((1, 2))}, {}, ("SAC, TQC, PPO or A2C", "q_net")),
            ("discrete.zip", ppo, {"action_space": {"n": "3"}}, ("action_space", "Box")),
            ("elu.zip", ppo, {"policy_kwargs": {"activation_fn": "<class 'torch.nn.modules.activation.ELU'>"}},
             ("activation_fn", "ELU"))):
        bring(folder, sb3_file(f"{folder}/{name}", arrays, **settings), plain).fails(name, *parts)


def by_an_environment(folder):
    """What an environment says is a sidecar; what it judges is what was imported."""
    config = plugin(folder)
    r = run(os.environ["PETRL_PYTHON"], "-m", "petrl", "specification", config, env={"PYTHONPATH": f"{BUILD}/python"}).ok()
    told = {**json.loads(r.output), "network": {"activation": "tanh", "output": "tanh"}}
    n = len(told["observation"]["names"])
    pairs = layers([n, 16, 1], 4)
    np.savez(f"{folder}/n.npz", *[a for pair in pairs for a in pair])
    bring(folder, f"{folder}/n.npz", json.dumps(told)).ok()
    env = petrl.Episodes(config)
    x = env.reset(1)
    assert np.abs(env.decide(f"{folder}/p.h5", x) - dense(pairs, np.tanh, np.tanh)(x.astype("f8"))).max() < 1e-6


class Dangerous:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def mistakes_are_named(folder):
    """In the network and in the sidecar; no program of a stranger's is run, no file is left."""
    pairs = layers([2, 8, 1], 1)
    good = f"{folder}/n.npz"
    np.savez(good, *[a for pair in pairs for a in pair])
    for change, parts in (
            (("observation:", "observatoin:"), ("sidecar.yaml", "observatoin", "nearest: observation")),
            (("kind: tsadapt", "kind: step"), ("sidecar.yaml", "kind", "step")),
            (("clip: 5", "clip: -5"), ("sidecar.yaml", "positive", "clip")),
            (("names: [error, step_ratio]", "names: [error]"), ("sidecar.yaml", "offset", "1 values")),
            (("network: {activation: tanh, output: tanh}\n", ""), ("n.npz", "activation and output", "missing")),
            (("output: tanh", "output: sigmoid"), ("n.npz", "output", "sigmoid")),
            (("activation: tanh", "activaton: tanh"), ("sidecar.yaml", "activaton", "nearest: activation")),
            (("kind:", "- kind:"), ("sidecar.yaml",))):
        bring(folder, good, SIDECAR.replace(*change)).fails("petrl: ", *parts)

    def fails(name, arrays, *parts):
        np.savez(f"{folder}/{name}.npz", *arrays)
        bring(folder, f"{folder}/{name}.npz").fails("petrl: ", f"{name}.npz", *parts)

    (w0, b0), (w1, b1) = pairs
    fails("transposed", (w0.T, b0, w1.T, b1), "layer0/bias", "2 values", "(8,)")
    fails("wide", layers([3, 1])[0], "3 inputs", "expected 2")
    fails("two", layers([2, 2])[0], "2 outputs", "expected 1")
    fails("odd", (w0, b0, w1), "layer0", "found 3 arrays")
    fails("inner", (w0, b0, np.ones((1, 7)), b1), "layer1/weight", "8 inputs", "found 7")
    fails("nan", (w0 * np.nan, b0, w1, b1), "layer0/weight", "finite")
    fails("empty", (), "at least one")
    fails("objects", (np.array([{}]),), "numpy.savez()")

    whole = open(good, "rb").read()
    bring(folder, text(f"{folder}/cut.npz", whole[:len(whole) // 2])).fails("cut.npz", "numpy.savez()")
    bring(folder, text(f"{folder}/none.onnx", "x")).fails("none.onnx", ".npz, .pt, .pth")
    bring(folder, f"{folder}/nowhere.npz").fails("nowhere.npz", "cannot read")
    whole = torch_file({"0.weight": w0, "0.bias": b0, "2.weight": w1, "2.bias": b1})
    bring(folder, text(f"{folder}/cut.pt", whole[:-30])).fails("cut.pt", "torch.save()")
    for at in range(60, len(whole) - 200, 97):  # whatever it is that was damaged: an error, or numbers
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        text(f"{folder}/d.pt", bytes(damaged))
        try:
            petrl.actors.from_file(f"{folder}/d.pt", "tanh", "tanh")
        except petrl.Error as e:
            assert "d.pt" in str(e), e
    raises(lambda: petrl.actors.from_file(text(f"{folder}/b.pt", torch_file({"0.weight": w0})), "tanh", "tanh"), "b.pt", "bias",
           "missing")
    bring(folder, text(f"{folder}/program.pt", torch_file({"0.weight": w0}, {"x": Dangerous(f"{folder}/made")}))).fails(
        "program.pt", "posix.mkdir", "not run here")
    assert not os.path.exists(f"{folder}/made")
    script = io.BytesIO(torch_file({"0.weight": w0}))
    with zipfile.ZipFile(script, "a") as z:
        z.writestr("archive/code/__torch__.py", "")
    bring(folder, text(f"{folder}/script.pt", script.getvalue())).fails("script.pt", "TorchScript", "backend torch")
    bring(folder, text(f"{folder}/bad.zip", "x")).fails("bad.zip", "damaged")
    assert not os.path.exists(f"{folder}/p.h5")


def without_python(folder):
    np.savez(f"{folder}/n.npz", np.ones((1, 2)), np.ones(1))
    env = {"PETRL_PYTHON": f"{folder}/python3"}
    run(PETRL, "import", f"{folder}/n.npz", f"{folder}/s.yaml", "-o", f"{folder}/p.h5", env=env).fails(
        "petrl: import", f"{folder}/python3", "POLICY-FILE.md")
    # An interpreter without h5py says so.
    text(f"{folder}/sitecustomize.py", "import sys\nsys.modules['h5py'] = None\n")
    text(f"{folder}/s.yaml", SIDECAR)
    run(PETRL, "import", f"{folder}/n.npz", f"{folder}/s.yaml", "-o", f"{folder}/p.h5", env={"PYTHONPATH": folder}).fails(
        "petrl import: needs the Python package h5py")
    run(PETRL, "--help").ok().says("import")


main()
