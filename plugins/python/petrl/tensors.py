"""Arrays by name out of .npz, PyTorch's .pt/.pth (state dictionaries) and stable-baselines3's .zip, without torch.

PyTorch's files are pickles, which may hold programs: only what a state dictionary needs is allowed here, all else is an
error. So files of strangers may be read."""
import collections
import io
import json
import os
import pickle
import zipfile

import numpy as np

from .errors import Error

TYPES = {"FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "LongStorage": "i8", "IntStorage": "i4",
         "BoolStorage": "?"}
MOST = 1 << 30  # bytes of an entry


class _Storage:
    """What stands for torch.FloatStorage and its kin in a pickle."""

    def __init__(self, name):
        self.name = name


def _tensor(storage, offset, shape, stride, *_):
    size = storage.itemsize
    if offset < 0 or any(n < 0 for n in shape) or any(s < 0 for s in stride) or len(shape) != len(stride):
        raise Error("a tensor's shape is damaged")
    last = offset + sum((n - 1) * s for n, s in zip(shape, stride)) if all(shape) else -1
    if last >= len(storage):
        raise Error("a tensor has more values than the file")
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, [s * size for s in stride]).copy()


class _Unpickler(pickle.Unpickler):
    def __init__(self, data, archive, prefix):
        super().__init__(io.BytesIO(data))
        self.archive, self.prefix = archive, prefix

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in TYPES:
            return _Storage(name)
        raise Error(f"holds more than arrays ({module}.{name}), which is not run here; save module.state_dict()")

    def persistent_load(self, pid):
        kind, storage, key, _, count = pid
        if kind != "storage" or not isinstance(storage, _Storage):
            raise Error(f"expected a storage of numbers, found {kind}")
        data = np.frombuffer(_entry(self.archive, f"{self.prefix}data/{key}"), TYPES[storage.name])
        if len(data) < count:
            raise Error(f"data/{key}: expected {count} values, found {len(data)}")
        return data


def _entry(archive, name):
    try:
        if archive.getinfo(name).file_size > MOST:
            raise Error(f"{name}: is larger than {MOST} bytes")
        return archive.read(name)
    except KeyError:
        raise Error(f"{name}: missing") from None
    except zipfile.BadZipFile as e:
        raise Error(f"is damaged: {e}") from None


def _torch(file):
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise Error("is no file of torch.save() (of PyTorch 1.6 or later)") from None
    found = [n for n in archive.namelist() if n.endswith("data.pkl")]
    if len(found) != 1:
        raise Error("is no file of torch.save(): expected one data.pkl")
    prefix = found[0][:-len("data.pkl")]
    if any(n.startswith(prefix + "code/") for n in archive.namelist()):
        raise Error("is a TorchScript module, a program: PetRL runs it as it is, with a YAML sidecar (backend torch)")
    try:
        order = archive.read(prefix + "byteorder") if prefix + "byteorder" in archive.namelist() else b"little"
        if order != b"little":
            raise Error(f"byte order: expected little, found {order.decode()}")
        loaded = _Unpickler(_entry(archive, found[0]), archive, prefix).load()
    except Error:
        raise
    except Exception as e:  # a damaged pickle may raise anything
        raise Error(f"is damaged: {type(e).__name__}: {e}") from None
    for key in ("state_dict", "model_state_dict"):  # checkpoints of trainings
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict):
        raise Error(f"expected a state dictionary, found {type(loaded).__name__}")
    return {str(k): v for k, v in loaded.items() if isinstance(v, np.ndarray)}


def _numpy(path):
    try:
        with np.load(path, allow_pickle=False) as f:
            return {k: f[k] for k in f.files}
    except (ValueError, zipfile.BadZipFile, EOFError, AttributeError, TypeError) as e:
        raise Error(f"is no file of numpy.savez(): {e}") from None


def read(path):
    """(arrays by name, stable-baselines3's settings or None)."""
    try:
        ending = os.path.splitext(path)[1]
        if ending == ".npz":
            return _numpy(path), None
        if ending in (".pt", ".pth"):
            return _torch(path), None
        if ending != ".zip":
            raise Error("expected a file .npz, .pt, .pth (state dictionary) or .zip (stable-baselines3)")
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as e:
            raise Error(f"is damaged: {e}") from None
        arrays = _torch(io.BytesIO(_entry(archive, "policy.pth")))
        try:
            return arrays, json.loads(_entry(archive, "data"))
        except ValueError as e:
            raise Error(f"data: is no JSON: {e}") from None
    except Error as e:
        raise Error(f"{path}: {e}") from None
    except OSError as e:
        raise Error(f"{path}: cannot read this file: {e.strerror}") from None
