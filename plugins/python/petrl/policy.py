"""Policy files written with h5py, as POLICY-FILE.md says; petrl.policy.write() checks what PetRL's reader will check."""
import io
import os
import tempfile

import numpy as np

from .errors import Error, only
from .version import __version__

VERSION = 1
SEAL = 512
KINDS = {"tsadapt": "mlp", "closure": "fcn", "refiner": "gnn"}  # architectures of the kinds
LEVERS = ("step", "accept", "tolerance", "jacobian", "order")
TRANSFORMS = {"tsadapt": ("ratio", "error-ratio", "pi-ratio", "linear", "log", "log-scaled"),
              "closure": ("additive", "additive-rate", "flux"), "refiner": ("gain-loss",)}
OUTPUTS = {"mlp": ("tanh", "hardtanh-tanh", "linear", "hardtanh"), "fcn": ("linear", "tanh")}
ACTIVATIONS = ("relu", "tanh")
LARGEST = 12 << 20  # bytes of a file


def _numbers(values, where, dtype="f8"):
    try:
        array = np.asarray(values, dtype)
    except (TypeError, ValueError):
        raise Error(f"{where}: expected numbers, found {values!r}") from None
    if not np.all(np.isfinite(array)):
        raise Error(f"{where}: expected finite numbers")
    return array


def _layers(layers, rank, shape):
    """(weight, bias) pairs as arrays by name; each layer takes what the one before gives."""
    weights, before = {}, None
    if not layers:
        raise Error("layers: expected at least one")
    for i, pair in enumerate(layers):
        if len(pair) != 2:
            raise Error(f"layer{i}: expected a weight and a bias, found {len(pair)} arrays")
        w, b = _numbers(pair[0], f"layer{i}/weight", "f4"), _numbers(pair[1], f"layer{i}/bias", "f4")
        if w.ndim not in rank or w.size == 0 or w.ndim != np.ndim(layers[0][0]):
            raise Error(f"layer{i}/weight: expected {shape}, found shape {w.shape}")
        if before is not None and w.shape[1] != before:
            raise Error(f"layer{i}/weight: expected {before} inputs (outputs of the layer before), found {w.shape[1]}")
        if b.shape != (w.shape[0],):
            raise Error(f"layer{i}/bias: expected {w.shape[0]} values, found shape {b.shape}")
        before = w.shape[0]
        weights[f"layer{i}/weight"], weights[f"layer{i}/bias"] = w, b
    return weights


def _word(value, words, where):
    if value not in words:
        raise Error(f"{where}: expected {' or '.join(words)}, found '{value}'")
    return value


def mlp(layers, activation, output):
    """A network of dense layers: [(weight (outputs x inputs), bias), ...]. activation: relu | tanh; output: tanh | linear |
    hardtanh (clipped to [-1, 1]) | hardtanh-tanh (tanh of what is clipped to [-2, 2])."""
    return {"architecture": "mlp", "weights": _layers(layers, (2,), "a matrix (outputs x inputs)"),
            "parameters": {"activation": _word(activation, ACTIVATIONS, "activation"),
                           "output": _word(output, OUTPUTS["mlp"], "output")}}


def fcn(layers, activation, output, dilation=None):
    """A fully convolutional network: [(weight (outputs x inputs x k x k, k = 1, 3, 5), bias), ...], as PyTorch's Conv2d
    without padding; x k on lines (Conv1d), x k x k x k in volumes (Conv3d). output: linear | tanh; dilation: one number a
    layer (default 1)."""
    weights = _layers(layers, (3, 4, 5), "outputs x inputs x k x k (x k, x k x k x k)")
    for name, w in weights.items():
        if w.ndim > 2 and (len(set(w.shape[2:])) != 1 or w.shape[2] not in (1, 3, 5)):
            raise Error(f"{name}: expected kernels 1 x 1, 3 x 3 or 5 x 5 (cubes, or 1, 3, 5 on lines), found "
                        + " x ".join(str(k) for k in w.shape[2:]))
    parameters = {"activation": _word(activation, ACTIVATIONS, "activation"),
                  "output": _word(output, OUTPUTS["fcn"], "output")}
    if np.ndim(layers[0][0]) != 4:
        parameters["dimensions"] = str(np.ndim(layers[0][0]) - 2)
    if dilation is not None:
        if len(dilation) != len(layers):
            raise Error(f"dilation: expected {len(layers)} numbers (one a layer), found {len(dilation)}")
        parameters["dilation"] = " ".join(str(int(d)) for d in dilation)
    return {"architecture": "fcn", "parameters": parameters, "weights": weights}


def gnn(weights, node_inputs, edge_inputs, hidden, layers, outputs, shared=False):
    """A message-passing network on a graph: arrays by the names and of the shapes that POLICY-FILE.md lists."""
    h = hidden
    expected = {"encoder0/weight": (node_inputs, h), "encoder0/bias": (1, h), "encoder1/weight": (h, h),
                "encoder1/bias": (1, h), "decoder0/weight": (h, h), "decoder0/bias": (1, h),
                "decoder1/weight": (h, outputs), "decoder1/bias": (1, outputs)}
    for i in range(1 if shared else layers):
        expected.update({f"layer{i}/{name}": (h, h) for name in ("receiver", "sender", "node", "sum", "update")})
        expected.update({f"layer{i}/{name}": (1, h) for name in ("message_bias", "node_bias", "update_bias")})
        expected[f"layer{i}/edge"] = (edge_inputs, h)
    only(weights, expected, "weights")
    arrays = {}
    for name, shape in expected.items():
        if name not in weights:
            raise Error(f"{name}: missing")
        arrays[name] = _numbers(weights[name], name, "f4")
        if arrays[name].shape != shape:
            raise Error(f"{name}: expected shape {shape}, found {arrays[name].shape}")
    parameters = {"node_inputs": node_inputs, "edge_inputs": edge_inputs, "hidden": hidden, "layers": layers,
                  "outputs": outputs, "shared": "true" if shared else "false"}
    return {"architecture": "gnn", "parameters": {k: str(v) for k, v in parameters.items()}, "weights": arrays}


def _sizes(network):
    """Observations and actions that a network has."""
    if network["architecture"] == "gnn":
        return int(network["parameters"]["node_inputs"]), int(network["parameters"]["outputs"])
    count = len(network["weights"]) // 2
    return network["weights"]["layer0/weight"].shape[1], network["weights"][f"layer{count - 1}/weight"].shape[0]


def checked(kind, observation, action, network=None, validity=None):
    """What a policy says beside its network, complete and in the types of the file; Error names the key."""
    _word(kind, tuple(KINDS), "kind")
    only(observation, ("names", "offset", "scale", "clip", "normalise", "radius"), "observation")
    names = [str(n) for n in observation.get("names", ())]
    if not names or len(set(names)) != len(names) or any(not n or len(n) > 256 for n in names):
        raise Error(f"observation: names: expected different ones, found {names}")
    o = {"names": names, "clip": float(_numbers(observation.get("clip", 10), "observation: clip"))}
    for key, default in (("offset", 0.), ("scale", 1.)):
        o[key] = _numbers(observation.get(key, [default] * len(names)), f"observation: {key}", "f4").astype("f8")
        if o[key].shape != (len(names),):
            raise Error(f"observation: {key}: expected {len(names)} values (one a name), found shape {o[key].shape}")
    if np.any(o["scale"] <= 0) or o["clip"] <= 0:
        raise Error("observation: expected positive numbers: scale, clip")
    normalise = [_word(str(n), ("record", "local", "unseen", "courant"), "observation: normalise") for n in observation.get("normalise") or ()]
    if {"local", "unseen", "courant"} & set(normalise):
        local = np.array([n == "local" for n in normalise])
        if kind != "closure" or len(normalise) != len(names):
            raise Error(f"observation: normalise: expected {len(names)} words (one a name) of a closure, found {normalise}")
        if np.any(o["offset"][local] != 0) or np.any(o["scale"][local] != 1):
            raise Error("observation: normalise: expected offset 0 and scale 1 where it is local")
        if np.any(o["offset"][np.array([n == "courant" for n in normalise])] != 0):
            raise Error("observation: normalise: expected offset 0 where it is a Courant number")
        o["normalise"], o["radius"] = normalise, int(observation.get("radius", 2))
        if not 1 <= o["radius"] <= 8:
            raise Error(f"observation: radius: expected 1 to 8, found {o['radius']}")
    only(action, ("transform", "low", "high", "parameters"), "action")
    for key in ("transform", "low", "high"):
        if key not in action:
            raise Error(f"action: {key}: missing")
    a = {"transform": _word(action["transform"], TRANSFORMS[kind], "action: transform"),
         "low": _numbers(action["low"], "action: low"), "high": _numbers(action["high"], "action: high"),
         "parameters": {str(k): str(v) for k, v in (action.get("parameters") or {}).items()}}
    if a["low"].ndim != 1 or a["low"].shape != a["high"].shape or not a["low"].size or np.any(a["low"] >= a["high"]):
        raise Error(f"action: expected lists low < high, one number an action, found {action['low']} and {action['high']}")
    if kind == "tsadapt":
        levers = a["parameters"].get("levers", "step").split()
        for lever in levers:
            _word(lever, LEVERS, "action: levers")
        by_rule = a["parameters"].get("by_rule", "").split()
        if not set(by_rule) <= {"tolerance", "jacobian"} & set(levers):
            raise Error(f"action: by_rule: expected tolerance or jacobian out of the levers, found '{' '.join(by_rule)}'")
        decided = [lever for lever in ("step", "tolerance", "jacobian") if lever in levers and lever not in by_rule]
        if a["low"].size != len(decided) or np.any(a["low"] <= 0):
            raise Error(f"action: expected {len(decided)} actions ({', '.join(decided)}), 0 < low < high, found low {action['low']}")
    validity = validity or {}
    only(validity, ("ranges", "words"), "validity")
    v = {"ranges": {}, "words": {str(k): [str(w) for w in words] for k, words in (validity.get("words") or {}).items()}}
    for name, pair in (validity.get("ranges") or {}).items():
        v["ranges"][str(name)] = _numbers(pair, f"validity: {name}")
        if v["ranges"][str(name)].shape != (2,) or pair[0] > pair[1]:
            raise Error(f"validity: {name}: expected [low, high], found {pair}")
    if network is not None:
        if network["architecture"] != KINDS[kind]:
            raise Error(f"network: architecture: expected {KINDS[kind]} (for kind {kind}), found {network['architecture']}")
        inputs, outputs = _sizes(network)
        if inputs != len(names):
            raise Error(f"network: it has {inputs} inputs, expected {len(names)} (one an observation)")
        if outputs != a["low"].size:
            raise Error(f"network: it has {outputs} outputs, expected {a['low'].size} (one an action)")
    return o, a, v


def seal(data):
    """The first 512 bytes of a sealed file: a line of text with a checksum (FNV-1a, 64 bits) of all that follows."""
    value = 14695981039346656037
    for byte in data:
        value = (value ^ byte) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    return f"petrl-sealed {value:016x}\n".encode().ljust(SEAL, b"\n")


def write(path, *, kind, observation, action, network, provenance=None, validity=None):
    """Writes a policy file: whole or not at all, sealed.

    observation {names, offset, scale, clip, normalise, radius}, action {transform, low, high, parameters}, validity {ranges, words}: as
    Environment.specification has them. network: of mlp(), fcn(), gnn() or petrl.actors. provenance {config, seed, steps,
    version, libraries, evaluation {name: number}}: what you know of it; all may be missing."""
    import h5py
    o, a, v = checked(kind, observation, action, network, validity)
    p = dict(provenance or {})
    only(p, ("config", "seed", "steps", "version", "libraries", "evaluation"), "provenance")
    text = h5py.string_dtype()
    image = io.BytesIO()
    with h5py.File(image, "w") as f:
        f.attrs.update({"format": "petrl-policy", "version": VERSION, "kind": kind})
        g = f.create_group("observation")
        g.attrs["clip"] = o["clip"]
        g["names"] = np.array(o["names"], dtype=text)
        g["offset"], g["scale"] = o["offset"], o["scale"]
        if "normalise" in o:
            g["normalise"], g.attrs["radius"] = np.array(o["normalise"], dtype=text), o["radius"]
        g = f.create_group("action")
        g.attrs.update({"transform": a["transform"], **a["parameters"]})
        g["low"], g["high"] = a["low"], a["high"]
        g = f.create_group("network")
        g.attrs.update({"architecture": network["architecture"], **network["parameters"]})
        for name, array in network["weights"].items():
            g[name] = array
        g = f.create_group("provenance")
        g.attrs.update({"config": str(p.get("config", "")), "seed": int(p.get("seed", 0)), "steps": int(p.get("steps", 0)),
                        "version": str(p.get("version", f"written by petrl {__version__} (Python)")),
                        "libraries": str(p.get("libraries", f"h5py {h5py.__version__}"))})
        g = g.create_group("evaluation")
        for name, value in (p.get("evaluation") or {}).items():
            g.attrs[name] = float(_numbers(value, f"provenance: evaluation: {name}"))
        if v["ranges"] or v["words"]:
            g = f.create_group("validity")
            for name, words in v["words"].items():
                g.attrs[name] = " ".join(words)
            if v["ranges"]:
                g["names"] = np.array(list(v["ranges"]), dtype=text)
                g["low"], g["high"] = np.array(list(v["ranges"].values())).T
    data = image.getvalue()
    if len(data) > LARGEST:
        raise Error(f"{path}: {len(data)} bytes are more than the {LARGEST} that a policy file may have")
    folder = os.path.dirname(os.path.abspath(path))
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=os.path.basename(path) + ".partial", delete=False) as f:
            f.write(seal(data) + data)
        os.chmod(f.name, 0o666 & ~_umask())
        os.replace(f.name, path)
    except OSError as e:
        raise Error(f"{path}: cannot write this file: {e.strerror}") from None
    return path


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read(path):
    """What write() was given: a dictionary of its arguments. For files that you trust; PetRL's own reader checks more."""
    import h5py
    try:
        with h5py.File(path, "r") as f:
            if f.attrs.get("format") != "petrl-policy" or f.attrs.get("version") != VERSION:
                raise Error(f"{path}: expected a petrl-policy of version {VERSION}")
            o, a, n, p = (f[name] for name in ("observation", "action", "network", "provenance"))
            weights = {}
            n.visititems(lambda name, item: weights.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
            v = f.get("validity", {})
            names = [] if "names" not in v else [str(x) for x in v["names"].asstr()]
            local = {"normalise": [str(x) for x in o["normalise"].asstr()],
                     "radius": int(o.attrs["radius"])} if "normalise" in o else {}
            return {"kind": f.attrs["kind"],
                    "observation": {"names": [str(x) for x in o["names"].asstr()], "offset": o["offset"][()],
                                    "scale": o["scale"][()], "clip": float(o.attrs["clip"]), **local},
                    "action": {"transform": a.attrs["transform"], "low": a["low"][()], "high": a["high"][()],
                               "parameters": {k: x for k, x in a.attrs.items() if k != "transform"}},
                    "network": {"architecture": n.attrs["architecture"], "weights": weights,
                                "parameters": {k: x for k, x in n.attrs.items() if k != "architecture"}},
                    "provenance": {**p.attrs, "evaluation": dict(p["evaluation"].attrs) if "evaluation" in p else {}},
                    "validity": {"ranges": {k: [v["low"][i], v["high"][i]] for i, k in enumerate(names)},
                                 "words": {k: x.split() for k, x in v.attrs.items()} if v else {}}}
    except (OSError, KeyError) as e:
        raise Error(f"{path}: is no policy file: {e}") from None


def forward(network, x):
    """The network's answer to inputs (rows) by numpy, in double precision: what PetRL computes. Dense networks only."""
    if network["architecture"] != "mlp":
        raise Error(f"forward: expected architecture mlp, found {network['architecture']}")
    x, weights = np.asarray(x, "f8"), network["weights"]
    count = len(weights) // 2
    for i in range(count):
        x = x @ np.asarray(weights[f"layer{i}/weight"], "f8").T + weights[f"layer{i}/bias"]
        if i + 1 < count:
            x = np.maximum(x, 0) if network["parameters"]["activation"] == "relu" else np.tanh(x)
    return {"tanh": np.tanh, "linear": lambda y: y, "hardtanh": lambda y: np.clip(y, -1, 1),
            "hardtanh-tanh": lambda y: np.tanh(np.clip(y, -2, 2))}[network["parameters"]["output"]](x)
