"""What the plugin costs and leaves behind: no libtorch in the process, no memory that nobody frees."""
import re
import subprocess

from app import plain, rl
from harness import PLUGIN, main, write_policy


def no_libtorch(folder):
    rl(write_policy(f"{folder}/p.h5"), "-resources", "-tf", 0.1).ok().says("libtorch mapped no")
    needed = subprocess.run(["ldd", PLUGIN], stdout=subprocess.PIPE, check=True).stdout.decode()
    assert "libtorch" not in needed and "libpetsc" in needed, needed


def memory(folder):
    without = plain("-resources", "-tf", 0.1).ok().number("VmRSS:")
    with_rl = rl(write_policy(f"{folder}/p.h5"), "-resources", "-tf", 0.1).ok().number("VmRSS:")
    assert with_rl - without < 15 * 1024, f"{with_rl - without} kB more with the plugin"


def leaks(result):
    # -malloc_dump: "[ 0] 24 bytes VecCreate() line 30 in ..."
    return [x for x in result.ok().output.splitlines() if re.match(r"\[ *\d+\] *\d+ bytes \w+\(\)", x)]


def no_leak(folder):
    policy = write_policy(f"{folder}/p.h5")
    debug = ["-malloc_debug", "-malloc_dump", "-tf", 0.05]
    assert len(leaks(plain(*debug, "-leak"))) == 1, "this PETSc does not notice leaks"
    for ranks in (1, 2):
        for method in ("rk", "rosw", "bdf"):
            found = leaks(rl(policy, *debug, "-ts_type", method, ranks=ranks))
            assert not found, found


main()
