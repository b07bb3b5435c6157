"""Environments step by step, with numpy only; petrl.Environment is the same for Gymnasium."""
import ctypes
import json
import os
import weakref

import numpy as np

from .errors import Error
from .library import library

RUNNING, TRUNCATED, TERMINAL = range(3)  # PetRLOutcome


def _configuration(configuration, plugins):
    """Text, and the name that goes with it in messages."""
    if isinstance(configuration, (str, os.PathLike)):
        name = os.fspath(configuration)
        try:
            with open(name, encoding="utf-8") as f:
                text = f.read()
        except OSError as e:
            raise Error(f"{name}: cannot read this file: {e.strerror}") from None
        if plugins:
            raise Error(f"{name}: name the plugins in the file (key plugins), or give the environment as a dictionary")
        return text, name
    whole = dict(configuration) if "environment" in configuration else {"environment": dict(configuration)}
    listed = list(whole.get("plugins", [])) + list(plugins)
    whole["plugins"] = [os.path.abspath(p) if "/" in p else p for p in map(os.fspath, listed)]
    return json.dumps(whole), "environment"


class Episodes:
    """An environment of `petrl train` in which one decision follows another (ode, fault, those of plugins).

    configuration: a training's YAML file, or a dictionary (its section `environment`, or all of it).
    plugins: libraries that bring environments, beside those that the configuration names.

    Observations are network inputs (already offset, scaled and clipped, as policies see them), actions network outputs in
    [-1, 1]; both arrays of float32."""

    def __init__(self, configuration, plugins=()):
        self._library = library()
        self._handle = self._library.create(*_configuration(configuration, plugins))
        self._close = weakref.finalize(self, self._library.destroy, self._handle)
        self._close.atexit = False  # the library does, before PETSc goes
        text = ctypes.c_char_p()
        self._call("GetSpecification", ctypes.byref(text))
        self.specification = json.loads(text.value)  # kind, observation, action, validity: as in a policy file
        self.observations = (len(self.specification["observation"]["names"]),)
        self.actions = (len(self.specification["action"]["low"]),)

    def _call(self, function, *arguments):
        if not self._close.alive:
            raise Error("this environment was closed")
        self._library.here()
        self._library.check(getattr(self._library.c, "PetRLEpisode" + function)(self._handle, *arguments))

    @staticmethod
    def _array(values, shape, what):
        array = np.ascontiguousarray(values, np.float32)
        if array.shape != shape:
            raise Error(f"expected an {what} of shape {shape}, found {array.shape}")
        return array

    def reset(self, seed):
        """Starts the episode of a seed, which decides all that is random in it: the first observation."""
        observation = np.empty(self.observations, np.float32)
        self._call("Reset", int(seed), observation.ctypes.data)
        return observation

    def step(self, action):
        """(observation, reward, terminated, truncated). Terminated: nothing follows (a solve broke down). Truncated: the
        time is over; what would follow is worth what the observation says."""
        action = self._array(action, self.actions, "action")
        observation = np.empty(self.observations, np.float32)
        reward, outcome = ctypes.c_double(), ctypes.c_int()
        self._call("Step", action.ctypes.data, observation.ctypes.data, ctypes.byref(reward), ctypes.byref(outcome))
        return observation, reward.value, outcome.value == TERMINAL, outcome.value == TRUNCATED

    def decide(self, policy, observation):
        """What a policy file answers to an observation, with PetRL's own inference."""
        observation = self._array(observation, self.observations, "observation")
        action = np.empty(self.actions, np.float32)
        self._call("Decide", os.fspath(policy).encode(), observation.ctypes.data, action.ctypes.data)
        return action

    def evaluate(self, policy):
        """Validation of a policy file on held-out cases, as `petrl train` does it: a dictionary, `score` (lower is better)
        and what it is made of. The episode that is under way is left."""
        score, text = ctypes.c_double(), ctypes.c_char_p()
        self._call("Evaluate", os.fspath(policy).encode(), ctypes.byref(score), ctypes.byref(text))
        return {"score": score.value, **json.loads(text.value)}

    def close(self):
        self._close()
