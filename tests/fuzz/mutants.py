"""Policy files as a stranger might make them: mutants of the shipped ones at the level of HDF5, and of bytes.

    mutants.py PROGRAM FIRST COUNT [MORE]   makes those numbers and gives them to policy_stream, which changes bytes in
                                       each of them MORE times
    mutants.py --write FILE NUMBER     writes one, for a closer look
    mutants.py --seeds FOLDER          writes what they are made of, without seals, and some small files of other forms

Mutant i is always the same: its number is the seed of all that is drawn."""
import glob
import os
import random
import struct
import subprocess
import sys
import warnings

import h5py
import numpy as np

warnings.simplefilter("ignore")  # numbers that do not fit are what is wanted
HERE = os.path.dirname(os.path.abspath(__file__))
POLICIES = os.path.join(HERE, "../../plugins/petrl/policies")
WORDS = ["", " ", "ratio", "error-ratio", "pi-ratio", "linear", "log", "log-scaled", "additive", "additive-rate", "flux",
         "gain-loss", "split-and-coarsen", "tsadapt", "closure", "refiner", "mlp", "fcn", "gnn", "lamp", "torchscript",
         "relu", "tanh", "linear", "hardtanh-tanh", "hardtanh", "true", "false", "0", "-1", "1", "2", "5", "25", "44", "4096", "4097",
         "65536", "2147483648", "99999999999999999999", "1e999", "-1e999", "nan", "inf", "1e-320", "0x10", "1 2 1",
         "64 64 64", "65", "u v", "u u", "psi u", "x" * 300, "x" * 30000, "\x1b[2J", "\u00e9", "a\nb", "petrl-policy",
         "[" * 5000, "environment: {name: &a [*a]}", "difference approach", "argmax", "expectation", "0.5", "1.5",
         "local", "record", "free", "fixed", "step", "velocity", "3"]
NUMBERS = [0, 1, -1, 2, 10, 255, 2**31, -2**31, 2**63 - 1, 1e30, 1e308, 1e-308, -0.0, float("nan"), float("inf")]


def seeds():
    """Bytes of each shipped policy, and of others with keys that those do not have, without their seals."""
    files = sorted(glob.glob(os.path.join(POLICIES, "*.h5"))) + sorted(glob.glob(os.path.join(HERE, "seeds", "*.h5")))
    return [open(f, "rb").read()[512:] for f in files]


def everything(f):
    objects = [f["/"]]
    f.visititems(lambda name, o: objects.append(o))
    return objects


def datasets(f):
    """Those that we can read ourselves: one may be a bomb by now."""
    return [o for o in everything(f) if isinstance(o, h5py.Dataset) and o.size is not None
            and o.size * o.dtype.itemsize < 10**7]


def value(r):
    """Something to put into an attribute."""
    kind = r.randrange(14)
    if kind < 5:
        return r.choice(WORDS)
    if kind < 8:
        return r.choice(NUMBERS)
    n = r.choice([0, 1, 2, 3, 100, 5000])
    return [lambda: np.full(n, r.choice(NUMBERS), r.choice(["f2", "f4", ">f8", "i1", ">u8", "g"])) if n < 3 else np.zeros(n, "f4"),
            lambda: np.bytes_(r.choice(WORDS).encode()),
            lambda: np.array([r.choice(WORDS).encode()] * r.choice([1, 2]), "S"),
            lambda: h5py.Empty("f4"),
            lambda: np.array([(1, 2.0)], "i4,f8"),
            lambda: np.array(True)][kind - 8]()


def attribute(f, r):
    o = r.choice(everything(f))
    names = list(o.attrs)
    name = r.choice(names) if names and r.random() < 0.8 else r.choice(["format", "clip", "floor", "components", "half_width",
                                                                       "velocity", "edges", "layers", "hidden", "dilation", "note"])
    what = r.randrange(4)
    if what == 0 and name in o.attrs:
        del o.attrs[name]
    elif what == 1 and name in o.attrs:
        h5py.h5a.rename(o.id, name.encode(), (name[:-1] + r.choice("xyz")).encode())
    else:
        o.attrs[name] = value(r)


def words(f, r):
    """Words where words are expected: kinds, transforms, parameters."""
    o = f[r.choice(["/", "action", "action", "network", "network"])]
    names = list(o.attrs)
    if names:
        o.attrs[r.choice(names)] = r.choice(WORDS)


def missing(f, r):
    o = r.choice(everything(f)[1:])
    del f[o.name]


def numbers(f, r):
    d = r.choice(datasets(f))
    if d.dtype.kind in "fi" and d.size:
        flat = d[()].reshape(-1)
        flat[r.randrange(flat.size)] = r.choice(NUMBERS if d.dtype.kind == "f" else [0, 1, -1])
        d[...] = flat.reshape(d.shape)


def shape(f, r):
    d = r.choice(datasets(f))
    name, old = d.name, d[()]
    del f[name]
    what = r.randrange(5)
    if what == 0:
        new = np.transpose(old)
    elif what == 1:
        new = np.resize(old, [max(1, n + r.choice([-1, 1, 0])) for n in old.shape])
    elif what == 2:
        new = np.reshape(old, (1,) * r.randrange(4) + old.shape)
    elif what == 3:
        new = old.reshape(-1)[:r.choice([0, 1])]
    else:
        new = old.reshape(-1)
    f.create_dataset(name, data=new)


def types(f, r):
    d = r.choice(datasets(f))
    name, old = d.name, d[()]
    if old.dtype.kind not in "fi":
        return
    del f[name]
    with np.errstate(all="ignore"):
        new = old.astype(r.choice(["f2", ">f4", "f8", ">f8", "g", "i1", "i8", ">u2", "c8", "S3"]))
    f.create_dataset(name, data=new)


def bomb(f, r):
    """Little on the disk that asks for much memory or time."""
    what = r.randrange(8)
    if what == 0:  # large and never written
        n = r.choice([2**16, 2**26, 2**31, 2**40, 2**62])
        d = r.choice(datasets(f))
        name = d.name
        del f[name]
        f.create_dataset(name, (n,), r.choice(["f4", "f8", "i1"]), chunks=(1024,) if r.random() < 0.5 else None)
    elif what == 1:  # names as wide as can be
        del f["observation/names"]
        f.create_dataset("observation/names", (18,), f"S{r.choice([2**10, 2**20, 2**28, 2**31 - 1])}", chunks=(1,))
    elif what == 2:  # many arrays
        for i in range(r.choice([10, 300, 3000])):
            f["network"].create_dataset(f"e{i}", (r.choice([1, 2**26]),), "f4", chunks=(1024,) if r.random() < 0.5 else None)
    elif what == 3:  # many attributes
        for i in range(r.choice([10, 300])):
            f[r.choice(["/", "network", "action", "provenance/evaluation"])].attrs[f"a{i}"] = value(r)
    elif what == 4:  # parameters that ask for large networks
        o = f["network"].attrs
        for name in list(o):
            if name.split(".")[-1] in ("hidden", "layers", "outputs", "edge_inputs", "node_inputs"):
                o[name] = r.choice(["4096", "2048", "1", "100"])
    elif what == 5:  # compressed nothing
        d = r.choice(datasets(f))
        name = d.name
        del f[name]
        f.create_dataset(name, data=np.zeros(r.choice([100, 10**5, 3 * 10**6]), "f4"), compression="gzip", chunks=True)
    elif what == 6:  # a layer that is wide in one direction
        for name in list(f["network"]):
            del f["network"][name]
        n = r.choice([1, 1000, 200000])
        f["network/layer0/weight"], f["network/layer0/bias"] = np.zeros((n, 1), "f4"), np.zeros(n, "f4")
        f["network/layer1/weight"], f["network/layer1/bias"] = np.zeros((1, n), "f4"), np.zeros(1, "f4")
    else:
        n = r.choice([100, 5000, 20000])
        for name, data in (("names", np.array([f"n{i}" for i in range(n)], "S")), ("offset", np.zeros(n)), ("scale", np.ones(n))):
            del f["observation/" + name]
            f["observation/" + name] = data


def links(f, r):
    o = r.choice(everything(f)[1:])
    name = o.name
    what = r.randrange(7)
    if what == 0:
        del f[name]
        f[name] = h5py.SoftLink(r.choice(["/network", name, "/nowhere", "/"]))
    elif what == 1:
        del f[name]
        f[name] = h5py.ExternalLink(r.choice(["/dev/zero", "/etc/passwd", "other.h5"]), "/w")
    elif what == 2:
        f[r.choice(["network", "observation"])]["again"] = f[r.choice(["/", "network", "observation"])]
    elif what == 3:
        other = r.choice(everything(f)[1:]).name
        if not name.startswith(other) and not other.startswith(name):
            del f[name]
            f[name] = f[other]
    elif what == 4:
        del f[name]
        f.create_dataset(name, (4,), "f4", external=[(r.choice(["/dev/zero", "/dev/stdin", "raw"]), 0, 16)])
    elif what == 5:
        del f[name]
        f.create_group(name)
    else:
        layout = h5py.VirtualLayout((2,), "f4")
        layout[0] = h5py.VirtualSource("other.h5", "w", (1,))
        del f[name]
        f.create_virtual_dataset(name, layout)


def filters(f, r):
    how = r.choice([{"compression": "gzip"}, {"compression": "lzf"}, {"shuffle": True}, {"fletcher32": True},
                    {"chunks": True}, {"scaleoffset": 2}])
    d = r.choice([d for d in datasets(f) if d.size and d.dtype.kind == "f"])
    name, old = d.name, d[()]
    del f[name]
    f.create_dataset(name, data=old, **how)


def validity(f, r):
    g = f.require_group("validity")
    n = r.choice([0, 1, 3])
    g["names"] = np.array([r.choice(WORDS).encode()[:300] for _ in range(n)], "S300")
    g["low"] = [r.choice(NUMBERS) for _ in range(n)]
    g["high"] = [float(r.choice(NUMBERS)) for _ in range(n + r.choice([0, 0, 1]))]
    g.attrs[r.choice(["ts_type", "problem"])] = value(r)


def bytes_of(data, r):
    """Damage: flipped bits, noise, zeros, pieces of elsewhere, ends cut off; often where metadata are."""
    b = bytearray(data)
    for _ in range(r.choice([1, 1, 2, 8])):
        at, n = r.randrange(len(b)), r.choice([1, 2, 4, 8, 64, 512])
        if r.random() < 0.7:  # near a name of a structure
            found = b.find(r.choice([b"TREE", b"SNOD", b"HEAP", b"GCOL", b"\x89HDF", b"OHDR", b"layer0", b"names"]), at)
            at = max(0, found) + r.randrange(64) if found >= 0 else at
        what = r.randrange(6)
        if what == 0 and at < len(b):
            b[at] ^= 1 << r.randrange(8)
        elif what == 1:
            b[at:at + n] = bytes(r.getrandbits(8) for _ in b[at:at + n])
        elif what == 2:
            b[at:at + n] = bytes(len(b[at:at + n]))
        elif what == 3:
            b[at:at + n] = b"\xff" * len(b[at:at + n])
        elif what == 4:
            other = r.randrange(len(b))
            b[at:at + n] = b[other:other + len(b[at:at + n])]
        elif r.random() < 0.3:
            del b[at:]
        if not b:
            break
    return bytes(b)


HDF5 = [attribute, attribute, words, words, missing, numbers, shape, types, bomb, links, filters, validity]


def fnv(data):
    h = 14695981039346656037
    for b in data:
        h = ((h ^ b) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return h


def rewritten(data, r):
    """The same content as another program writes it."""
    how = r.choice([{"libver": "latest"}, {"userblock_size": 1024}, {"track_order": True}, {"libver": ("earliest", "v108")}])
    with h5py.File(f"{r.random()}", "w", driver="core", backing_store=False, **how) as new:
        with h5py.File(h5py.h5f.open_file_image(data), "r") as old:
            for name in old:
                old.copy(name, new)
            for name in old.attrs:
                new.attrs[name] = old.attrs[name]
        new.flush()
        return new.id.get_file_image()


def writable(data):
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(1 << 16, False)
    access.set_file_image(data)
    return h5py.h5f.open(b"mutant", h5py.h5f.ACC_RDWR, access)


def mutant(i, originals=seeds()):
    r = random.Random(i)
    data = r.choice(originals)
    way = r.random()
    if way < 0.75:
        with h5py.File(writable(data), "r+") as f:
            for _ in range(r.choice([1, 1, 1, 2, 3])):
                try:
                    r.choice(HDF5)(f, r)
                except Exception:
                    pass  # two mutations that do not go together, or more than HDF5 allows
            f.flush()
            data = f.id.get_file_image()
    elif way < 0.8:
        data = rewritten(data, r)
    if way >= 0.6:
        data = bytes_of(data, r)
    if r.random() < 0.02:  # with a seal: it is no signature
        data = f"petrl-sealed {fnv(data):016x}\n".encode().ljust(512, b"\n") + data
    return data


def run(program, first, count, more=0):
    """Gives mutants to the program, which tries each with `more` changes of bytes; its exit status, and what it prints."""
    process = subprocess.Popen([program, str(more)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False)
    i = first
    try:
        for i in range(first, first + count):
            data = mutant(i)
            process.stdin.write(struct.pack("<I", len(data)) + data)
        process.stdin.close()
    except BrokenPipeError:
        print(f"the program ended at or before mutant {i}")
    return process.wait(), process.stdout.read().decode()


def write_seeds(folder):
    """For libFuzzer: the smaller, the better."""
    files = sorted(seeds(), key=len)[:4]
    for way in ({}, {"libver": "latest"}, {"libver": ("earliest", "v108")}, {"track_order": True}):
        for fixed in (False, True):
            with h5py.File("seed", "w", driver="core", backing_store=False, **way) as f:
                text = (lambda s: np.bytes_(s)) if fixed else (lambda s: s)
                f.attrs.update({"format": text("petrl-policy"), "version": 1, "kind": text("tsadapt")})
                f["observation/names"] = np.array(["error"], "S" if fixed else h5py.string_dtype())
                f["observation/offset"], f["observation/scale"] = [0.0], [1.0]
                f["observation"].attrs["clip"] = 5.0
                f["action/low"], f["action/high"] = [0.5], [2.0]
                f["action"].attrs["transform"] = text("ratio")
                f["network/layer0/weight"], f["network/layer0/bias"] = np.zeros((1, 1), "f4"), np.zeros(1, "f2")
                f["network"].attrs.update({"architecture": text("mlp"), "activation": text("relu"), "output": text("tanh")})
                p = f.create_group("provenance")
                p.attrs.update({"config": text("a: 1"), "seed": 1, "steps": 0, "version": text("1"), "libraries": text("x")})
                f["validity/names"], f["validity/low"], f["validity/high"] = np.array([b"step"]), [0.0], [1.0]
                f.flush()
                files.append(f.id.get_file_image())
    for i, data in enumerate(files):
        with open(os.path.join(folder, f"seed{i}.h5"), "wb") as out:
            out.write(data)


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        with open(sys.argv[2], "wb") as out:
            out.write(mutant(int(sys.argv[3])))
    elif sys.argv[1] == "--seeds":
        write_seeds(sys.argv[2])
    else:
        status, output = run(sys.argv[1], *map(int, sys.argv[2:]))
        print(output, end="")
        sys.exit(status)
