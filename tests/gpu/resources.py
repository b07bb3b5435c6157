#!/usr/bin/env python3
"""What the compiler gives each kernel of PetRL: registers, spills, shared memory, and how many warps fit.

    python3 tests/gpu/resources.py build/gpu

The folder is one in which PetRL was configured against a PETSc with CUDA (tests/gpu/make.sh leaves build/gpu). The files
with kernels are compiled once more, for compute capability 9.0. Shared memory that is asked for at a launch is not in the
compiler's report: a tile's is what `closure_step -count` prints.
"""
import json
import re
import shlex
import subprocess
import sys

THREADS = 256  # of a block: device/for_each.hpp
REGISTERS, WARPS, SHARED = 65536, 64, 227 * 1024  # of a multiprocessor of compute capability 9.0


def occupancy(registers, shared=0):
    """Share of the warps that a multiprocessor can hold."""
    warp = -(-registers * 32 // 256) * 256
    blocks = min(WARPS * 32 // THREADS, REGISTERS // (warp * THREADS // 32))
    if shared:
        blocks = min(blocks, SHARED // (shared + 1024))
    return blocks * THREADS / 32 / WARPS


def report(command, folder):
    words, keep, skip = shlex.split(command), [], False
    for word in words:  # neither its architectures nor where it writes
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MT"):
            skip = True
        elif not word.startswith(("--generate-code", "-gencode", "-MD")) and word != "ccache":
            keep.append(word)
    keep += ["-gencode", "arch=compute_90,code=sm_90", "-Xptxas", "-v", "-o", "/dev/null"]
    done = subprocess.run(keep, cwd=folder, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stdout)
    return subprocess.run(["c++filt"], input=done.stdout, stdout=subprocess.PIPE, text=True, check=True).stdout


def name_of(mangled):
    return re.sub(r"petrl::(\(anonymous namespace\)::|(device::)?kernels::)?", "", re.search(r"<(.*)>", mangled).group(1))


def main():
    entries = json.load(open(sys.argv[1] + "/compile_commands.json"))
    print(f"{'kernel':34}{'registers':>10}{'spilled bytes':>15}{'shared':>8}{'warps that fit':>16}")
    for entry in entries:
        if "nvcc" not in entry["command"] or "/src/" not in entry["file"] or not re.search("petrl(_problems)?_objects", entry["command"]):
            continue
        kernel, spills = None, 0
        for line in report(entry["command"], entry["directory"]).splitlines():
            if found := re.search(r"Compiling entry function '(.*)' for", line):
                kernel = name_of(found.group(1)) if "<" in found.group(1) else found.group(1)
            elif found := re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line):
                spills = int(found.group(1)) + int(found.group(2))
            elif found := re.search(r"Used (\d+) registers", line):
                registers = int(found.group(1))
                shared = int(m.group(1)) if (m := re.search(r"(\d+) bytes smem", line)) else 0
                print(f"{kernel:34}{registers:>10}{spills:>15}{shared:>8}{occupancy(registers, shared):>15.0%}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    main()
