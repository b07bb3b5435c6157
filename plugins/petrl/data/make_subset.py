#!/usr/bin/env python3
"""Makes the small image sets that ship from the full ones.

    make_subset.py MNIST_FOLDER FASHION_MNIST_FOLDER [OUTPUT_FOLDER]

The folders hold the files as their authors publish them (train-images-idx3-ubyte.gz, t10k-images-idx3-ubyte.gz).
The first images of each file are taken, in their order: 2500 MNIST training, 300 MNIST test, 300 Fashion-MNIST test
images. The output is the same whenever and wherever it is made (no time stamp, no file name).
"""
import gzip
import os
import struct
import sys


def subset(source, target, count):
    with gzip.open(source, "rb") as f:
        magic, total, rows, columns = struct.unpack(">IIII", f.read(16))
        if magic != 0x803 or total < count:
            sys.exit(f"{source}: magic {magic:#x}, {total} images; expected 0x803 and at least {count}")
        pixels = f.read(count * rows * columns)
    with open(target, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(struct.pack(">IIII", magic, count, rows, columns) + pixels)
    print(f"{target}: {count} images, {os.path.getsize(target)} bytes")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    mnist, fashion = sys.argv[1:3]
    out = sys.argv[3] if len(sys.argv) == 4 else os.path.dirname(os.path.abspath(__file__))
    subset(f"{mnist}/train-images-idx3-ubyte.gz", f"{out}/mnist-train.idx.gz", 2500)
    subset(f"{mnist}/t10k-images-idx3-ubyte.gz", f"{out}/mnist-test.idx.gz", 300)
    subset(f"{fashion}/t10k-images-idx3-ubyte.gz", f"{out}/fashion-test.idx.gz", 300)


main()
