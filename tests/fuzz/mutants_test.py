"""What strangers send: some hundred mutants, and what once crashed or asked for too much."""
import glob
import os
import struct
import subprocess

import h5py
import numpy as np
from harness import BUILD, SOURCE, main
from mutants import run, seeds, writable

PROGRAM = os.path.join(BUILD, "bin", "policy_stream")


def some_mutants(folder):
    status, output = run(PROGRAM, 0, 600, 4)
    print(output, end="")
    assert status == 0 and "3000 files" in output and " 0 wrong" in output, output


def refused(files):
    """All of them, at once and with little memory."""
    stream = b"".join(struct.pack("<I", len(data)) + data for data in files)
    r = subprocess.run([PROGRAM], input=stream, stdout=subprocess.PIPE, timeout=60)
    output = r.stdout.decode()
    assert r.returncode == 0 and f"{len(files)} files, 0 accepted, 0 wrong" in output, output
    assert float(output.split("slowest ")[1].split()[0]) < 0.5, output


def what_was_found(folder):
    files = glob.glob(os.path.join(SOURCE, "tests/fuzz/corpus/*"))
    assert files
    refused([open(name, "rb").read() for name in files])


def bombs(folder):
    """A few kilobytes that ask for gigabytes."""
    policies = dict(zip(sorted(os.path.basename(f) for f in glob.glob(os.path.join(SOURCE, "plugins/petrl/policies/*.h5"))),
                        seeds()))

    def changed(policy, change):
        with h5py.File(writable(policies[policy]), "r+") as f:
            change(f)
            f.flush()
            return f.id.get_file_image()

    def wide_layers(f):
        for name in list(f["network"]):
            del f["network"][name]
        widths = [18, 8192, 8192, 8192, 8192, 1]
        for i in range(5):
            f.create_dataset(f"network/layer{i}/weight", (widths[i + 1], widths[i]), "f4", chunks=(1, 1))
            f.create_dataset(f"network/layer{i}/bias", (widths[i + 1],), "f4")

    def wide_names(f):
        del f["observation/names"]
        f.create_dataset("observation/names", (18,), f"S{2**28}", chunks=(1,))

    def deep_graph(f):
        f["network"].attrs["evolution.hidden"], f["network"].attrs["evolution.layers"] = "2048", "4096"

    def many_arrays(f):
        for i in range(30):
            f["network"].create_dataset(f"e{i}", (2**26,), "f4", chunks=(1024,))

    def compressed_zeros(f):
        del f["network/layer0/weight"]
        f.create_dataset("network/layer0/weight", data=np.zeros((64, 10**5), "f4"), compression="gzip")

    def same_bytes_again_and_again(f):
        for i in range(2000):
            f["network"][f"e{i}"] = f["network/layer1/weight"]

    default = [wide_layers, wide_names, many_arrays, compressed_zeros, same_bytes_again_and_again]
    refused([changed("default.h5", change) for change in default] + [changed("lamp-1d-small.h5", deep_graph)])


main()
