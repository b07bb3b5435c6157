"""Runs whole programs for tests: policy files written with h5py, commands with a time limit, clear failures."""
import inspect
import os
import re
import subprocess
import sys
import tempfile
import traceback

import h5py
import numpy as np

BUILD = os.environ["PETRL_BUILD"]
SOURCE = os.environ["PETRL_SOURCE"]
PLUGIN = os.path.join(BUILD, "lib", "libpetrl.so")


def write_policy(path, transform="ratio", low=0.5, high=2.0, bias=0.0, names=("error", "step_ratio"), kind="tsadapt",
                 weights=None, output="tanh"):
    """A policy file as a user writes it with h5py: the answer is output(weights . observation + bias)."""
    n = len(names)
    with h5py.File(path, "w") as f:
        f.attrs.update({"format": "petrl-policy", "version": 1, "kind": kind})
        o = f.create_group("observation")
        o.attrs["clip"] = 5.0
        o["names"] = np.array(names, dtype=h5py.string_dtype())
        o["offset"] = np.zeros(n)
        o["scale"] = np.ones(n)
        a = f.create_group("action")
        a.attrs["transform"] = transform
        a["low"] = [float(low)]
        a["high"] = [float(high)]
        w = f.create_group("network")
        w.attrs.update({"architecture": "mlp", "activation": "relu", "output": output})
        w["layer0/weight"] = np.zeros((1, n), "f4") if weights is None else np.array([weights], "f4")
        w["layer0/bias"] = np.array([bias], "f4")
        p = f.create_group("provenance")
        p.attrs.update({"config": "test: true\n", "seed": 1, "steps": 0, "version": "test", "libraries": "none"})
        p.create_group("evaluation")
    return path


def action_for(value, low, high):
    """The bias with which tanh(bias) means `value` on the logarithmic scale from low to high."""
    x = (np.log(value) - np.log(low)) / (np.log(high) - np.log(low))
    return float(np.arctanh(2 * x - 1))


class Result:
    def __init__(self, command, status, output):
        self.command, self.status, self.output = command, status, output

    def __str__(self):
        return f"$ {' '.join(self.command)}\nexit status {self.status}\n{self.output[-6000:]}"

    def ok(self):
        assert self.status == 0, str(self)
        return self

    def says(self, *parts):
        for part in parts:
            assert part in self.output, f"'{part}' is missing in\n{self}"
        return self

    def fails(self, *parts):
        assert self.status not in (0, None), f"expected a failure\n{self}"
        return self.says(*parts)

    def number(self, key):
        """The number after a word of the output."""
        for line in self.output.splitlines():
            words = line.split()
            for word, value in zip(words, words[1:]):
                if word == key and re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", value):
                    return float(value)
        raise AssertionError(f"no '{key}' in\n{self}")


def run(*command, ranks=1, timeout=60, env=None):
    """Runs a command, on several ranks if asked to; a time-out is a failure of the test."""
    command = [str(c) for c in command]
    if ranks > 1:
        command = [os.environ.get("MPIEXEC", "mpiexec"), "-n", str(ranks)] + command
    try:
        r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=timeout, env={**os.environ, **(env or {})})
    except subprocess.TimeoutExpired as e:
        printed = (e.output or b"")[-3000:].decode(errors="replace")
        raise AssertionError(f"$ {' '.join(command)}\nstill runs after {timeout} s\n{printed}") from e
    return Result(command, r.returncode, r.stdout.decode(errors="replace"))


class Skip(Exception):
    """What a scenario raises where it cannot run: the reason."""


SKIPPED = 77  # as ctest is told


def needs(library):
    """Skips a scenario where a library was not built."""
    if not os.path.exists(os.path.join(BUILD, "lib", library)):
        raise Skip(f"{library} was not built")


def scenarios():
    """The functions of a test file whose one argument is a folder, in the file's order."""
    return {name: f for name, f in vars(sys.modules["__main__"]).items() if inspect.isfunction(f)
            and f.__module__ == "__main__" and list(inspect.signature(f).parameters) == ["folder"]}


def main():
    """Runs the scenarios that the program's arguments name, all without arguments, each with a temporary folder."""
    found = scenarios()
    chosen = sys.argv[1:] or list(found)
    unknown = [name for name in chosen if name not in found]
    if unknown or not chosen:
        sys.exit(f"{sys.argv[0]}: no scenario {', '.join(unknown)}; there are: {', '.join(found)}")
    failed = skipped = 0
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="petrl-") as folder:
            try:
                found[name](folder)
                print(f"ok      {name}", flush=True)
            except Skip as reason:
                skipped += 1
                print(f"skipped {name}: {reason}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {name}", flush=True)
                traceback.print_exc(file=sys.stdout)
    sys.exit(1 if failed else SKIPPED if skipped == len(chosen) else 0)
