"""Networks of others as networks of policy files: actors of stable-baselines3 and sb3-contrib, lists of matrices."""
import re

import numpy as np

from . import tensors
from .errors import Error
from .policy import mlp

# How names of weights begin in what stable-baselines3 saves: hidden layers, then the last one.
SAC = ("actor.latent_pi.", "actor.mu.")  # and TQC
PPO = ("mlp_extractor.policy_net.", "action_net.")  # and A2C


def from_layers(layers, activation="tanh", output="tanh"):
    """A plain list: [W0, b0, W1, b1, ...] or [(W0, b0), ...], each W outputs x inputs."""
    layers = list(layers)
    if layers and not isinstance(layers[0], (tuple, list)):
        if len(layers) % 2:
            raise Error(f"expected weights and biases in turn, found {len(layers)} arrays")
        layers = list(zip(layers[::2], layers[1::2]))
    return mlp(layers, activation, output)


def _stack(state, prefixes):
    """Layers by the numbers in their names: <prefix><number>.weight, or <prefix>weight."""
    layers = []
    for prefix in prefixes:
        pattern = re.compile(re.escape(prefix) + r"(?:(\d+)\.)?weight$")
        found = sorted((int(m[1] or 0), m[0]) for m in map(pattern.match, state) if m)
        for _, name in found:
            bias = name[:-len("weight")] + "bias"
            if bias not in state:
                raise Error(f"{bias}: missing")
            layers.append((state[name], state[bias]))
    return layers


def _scaled(layers, low, high):
    """Actions clipped to [low, high] become ones clipped to [-1, 1]."""
    middle, half = (high + low) / 2, (high - low) / 2
    if np.all(middle == 0) and np.all(half == 1):
        return layers
    w, b = layers[-1]
    return layers[:-1] + [(w / half[:, None], (b - middle) / half)]


def _sb3(state, activation, sde, squash, low, high, clip_mean):
    """What predict(deterministic=True) computes, as a network whose outputs lie in [-1, 1]."""
    if any(name.startswith(("features_extractor.", "pi_features_extractor.", "actor.features_extractor."))
           for name in state):
        raise Error("its actor has a features extractor with weights; only MlpPolicy on a vector is supported")
    if any(name.startswith(SAC[0]) or name.startswith(SAC[1]) for name in state):
        layers = _stack(state, SAC)
        bounded = "actor.mu.0.weight" in state  # Sequential(Linear, Hardtanh): gSDE
        if bounded and clip_mean != 2:
            raise Error(f"clip_mean: expected 2, found {clip_mean}")
        return mlp(layers, activation, "hardtanh-tanh" if bounded else "tanh")
    if any(name.startswith(PPO[1]) for name in state):
        layers = _stack(state, PPO)
        if squash and sde:
            return mlp(layers, activation, "tanh")
        return mlp(_scaled(layers, low, high), activation, "hardtanh")
    raise Error(f"found no actor of SAC, TQC, PPO or A2C (MlpPolicy) among {', '.join(list(state)[:6]) or 'nothing'}")


def _activation(text, default):
    for word in ("relu", "tanh"):
        if str(text).lower().find(f".{word}'") >= 0:
            return word
    if text is None:
        return default
    raise Error(f"activation_fn: expected ReLU or Tanh, found {text}")


def from_sb3(model):
    """The deterministic actor of a model (PPO, A2C, SAC, TQC with MlpPolicy) or of its policy. Bounds of the environment's
    actions become -1 and 1: what they mean is the policy file's action (low, high)."""
    policy = getattr(model, "policy", model)
    state = {k: v.detach().cpu().numpy() for k, v in policy.state_dict().items()}
    space = policy.action_space
    if not hasattr(space, "low"):
        raise Error(f"action_space: expected a Box, found {space}")
    return _sb3(state, _activation(repr(policy.activation_fn), "tanh"), getattr(policy, "use_sde", False),
                policy.squash_output, space.low.astype("f8"), space.high.astype("f8"),
                getattr(getattr(policy, "actor", None), "clip_mean", 2))


def _bounds(space):
    """Of a Box, as it is written into stable-baselines3's files (text beside what only a pickle says)."""
    try:
        return [np.array(space[key].strip("[] \n").split(), "f8") for key in ("low", "high")]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Error("action_space: expected a Box that says its bounds; use petrl.actors.from_sb3(model)") from None


def from_file(path, activation=None, output=None):
    """The network of a .npz, .pt, .pth or .zip (see tensors). activation and output say what such a file does not: needed
    for the first three, known for stable-baselines3's."""
    state, settings = tensors.read(path)
    try:
        if settings is None:
            if activation is None or output is None:
                raise Error("network: activation and output: missing; the file does not say them")
            return mlp(_plain(state), activation, output)
        kwargs = settings.get("policy_kwargs") or {}
        on_policy = any(name.startswith(PPO[1]) for name in state)
        known = _activation(kwargs.get("activation_fn"), "tanh" if on_policy else "relu")
        for said, true, key in ((activation, known, "activation"), (output, None, "output")):
            if said is not None and said != true:
                raise Error(f"network: {key}: '{said}' is not what the file says ({true or 'leave it out'})")
        return _sb3(state, known, bool(settings.get("use_sde")), str(kwargs.get("squash_output")) == "True",
                    *_bounds(settings.get("action_space")), float(kwargs.get("clip_mean", 2)))
    except Error as e:
        raise Error(f"{path}: {e}") from None


def _plain(state):
    """Layers of arrays whose names tell no more than their order: arr_0, arr_1, ...; layer0/weight, ...; 0.weight, ..."""
    numbered = re.compile(r"arr_(\d+)$")
    if state and all(numbered.match(name) for name in state):
        arrays = [state[name] for name in sorted(state, key=lambda n: int(numbered.match(n)[1]))]
        return list(zip(arrays[::2], arrays[1::2])) if len(arrays) % 2 == 0 else [arrays]
    pattern = re.compile(r"(.*?)(\d*)([./]?)(weight|bias)$")
    layers, order = {}, []
    for name, array in state.items():
        m = pattern.match(name)
        if not m:
            raise Error(f"{name}: expected names <layer><number>.weight and .bias, or arr_0, arr_1, ...")
        key = (m[1], int(m[2] or 0))
        if key not in layers:
            layers[key] = {}
            order.append(key)
        layers[key][m[4]] = array
    if len({prefix for prefix, _ in order}) == 1:
        order.sort()
    for prefix, number in order:
        for part in ("weight", "bias"):
            if part not in layers[prefix, number]:
                raise Error(f"{prefix}{number}: {part}: missing")
    return [(layers[key]["weight"], layers[key]["bias"]) for key in order]
