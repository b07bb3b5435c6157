"""What the tests of the Python package share: the package of the build tree, a plugin, files as PyTorch writes them."""
import glob
import io
import json
import os
import pickle
import shlex
import subprocess
import sys
import types
import zipfile

import numpy as np

from harness import BUILD, SOURCE, Skip, run

PACKAGE = os.path.join(BUILD, "python")
PETRL = os.path.join(BUILD, "bin", "petrl")
sys.path.insert(0, PACKAGE)

PELLET = """seed: 1
plugins: [./libpetrl_example.so]
environment: {name: pellet, transform: error-ratio, low: 0.3, high: 2, validation: {cases: 2}}
"""


def plugin(folder):
    """plugins/example, compiled into the folder, and a training's YAML beside it: its path."""
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "PETSc"], check=True, stdout=subprocess.PIPE, text=True)
    run(os.environ.get("MPICC", "mpicc"), "-O1", "-shared", "-fPIC", f"{SOURCE}/plugins/example/example.c",
        f"-I{SOURCE}/src/include", f"-L{BUILD}/lib", "-lpetrl_learn", "-lpetrl", f"-Wl,-rpath,{BUILD}/lib",
        *shlex.split(flags.stdout), "-o", f"{folder}/libpetrl_example.so").ok()
    with open(f"{folder}/pellet.yaml", "w") as f:
        f.write(PELLET)
    return f"{folder}/pellet.yaml"


def python(script, *arguments, interpreter=sys.executable, env=None, timeout=120):
    """Runs a script of its own, with the package in its path."""
    return run(interpreter, "-c", script, *arguments, timeout=timeout, env={"PYTHONPATH": PACKAGE, **(env or {})})


def raises(call, *parts):
    """The error that a call raises; it says all of these."""
    import petrl
    try:
        call()
    except petrl.Error as e:
        for part in parts:
            assert part in str(e), f"'{part}' is missing in: {e}"
        return str(e)
    raise AssertionError(f"expected an error that says {parts}")


def layers(sizes, seed=0, scale=1.0):
    r = np.random.default_rng(seed)
    return [(scale * r.normal(size=(o, i)) / np.sqrt(i), 0.3 * r.normal(size=o)) for i, o in zip(sizes, sizes[1:])]


def torch_file(arrays, extra=None):
    """Bytes of a state dictionary as torch.save() writes it; made without torch."""
    storages = []

    class FloatStorage:
        pass

    def _rebuild_tensor_v2():
        pass

    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    FloatStorage.__module__, FloatStorage.__qualname__ = "torch", "FloatStorage"
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    torch.FloatStorage, utils._rebuild_tensor_v2 = FloatStorage, _rebuild_tensor_v2
    saved = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})

    class Stored:
        def __init__(self, key, count):
            self.key, self.count = key, count

    class Tensor:
        def __init__(self, array):
            self.array = np.ascontiguousarray(array, "<f4")

        def __reduce__(self):
            storages.append(self.array)
            strides = tuple(s // 4 for s in self.array.strides)
            return _rebuild_tensor_v2, (Stored(len(storages) - 1, self.array.size), 0, self.array.shape, strides, False, {})

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            return ("storage", FloatStorage, str(thing.key), "cpu", thing.count) if isinstance(thing, Stored) else None

    try:
        text = io.BytesIO()
        Pickler(text, 2).dump({**{name: Tensor(array) for name, array in arrays.items()}, **(extra or {})})
    finally:
        for name, module in saved.items():
            sys.modules.pop(name) if module is None else sys.modules.update({name: module})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("archive/data.pkl", text.getvalue())
        z.writestr("archive/byteorder", "little")
        for i, array in enumerate(storages):
            z.writestr(f"archive/data/{i}", array.tobytes())
    return out.getvalue()


def sb3_file(path, arrays, **settings):
    """A file as stable-baselines3's model.save() writes it."""
    box = {":type:": "<class 'gymnasium.spaces.box.Box'>", ":serialized:": "gAWV", "low": "[-1.]", "high": "[1.]"}
    data = {"policy_kwargs": {}, "use_sde": False, "action_space": box, **settings}
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("data", json.dumps(data))
        z.writestr("policy.pth", torch_file(arrays))
    return path


def interpreter_with(*modules):
    """A Python that has these modules: PETRL_GYMNASIUM_PYTHON, or the one that runs this."""
    found = os.environ.get("PETRL_GYMNASIUM_PYTHON", sys.executable)
    for module in modules:
        if subprocess.run([found, "-c", f"import {module}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            raise Skip(f"{found} has no {module}; PETRL_GYMNASIUM_PYTHON names a Python with gymnasium, stable-baselines3 and "
                       "sb3-contrib")
    return found


def shipped():
    return sorted(glob.glob(f"{BUILD}/share/petrl/policies/*.h5"))
