"""Programs of other people's kinds with the plugin: finite elements in FEniCSx, SLEPc in the same process, Fortran.

Each runs under basic and under rl, on 1 to 3 ranks: rl finishes where basic does, its error at the same tolerance is at
most 3 times that of basic (the acceptance rule is the same, the steps are others), and it takes at most 1.3 times as
many attempted steps; what they took is printed."""
import os
import re
import shutil
import subprocess
import sys

import numpy as np

from harness import PLUGIN, Skip, main, run

HERE = os.path.dirname(os.path.abspath(__file__))
RL = ("-dll_append", PLUGIN, "-ts_adapt_type", "rl")


class Solve:
    """What a run printed with -ts_monitor and -ts_view."""

    def __init__(self, result):
        self.result = result.ok()
        lines = re.findall(r"^ *(\d+) TS dt \S+ time (\S+)", result.output, re.M)
        self.steps, self.time = int(lines[-1][0]), float(lines[-1][1])
        self.attempts = self.steps + int(re.search(r"total number of rejected steps=(\d+)", result.output)[1])


def compare(command, error, end, options=(), env=None, ranks=(1, 2, 3), timeout=120):
    """Runs the program under both controllers; error(solve) measures a run. The last run under rl."""
    for n in ranks:
        def solve(*controller):
            done = Solve(run(*command, "-ts_monitor", "-ts_view", *options, *controller, ranks=n, env=env,
                             timeout=timeout))
            done.error = error(done)
            return done

        basic, rl = solve("-ts_adapt_type", "basic"), solve(*RL)
        rl.result.says("type: rl", "RL: policy default, backend native", "0 fallbacks to basic")
        print(f"  ranks {n}: attempted steps, error: basic {basic.attempts}, {basic.error:.2e}; "
              f"rl {rl.attempts}, {rl.error:.2e}")
        assert basic.time == rl.time == end, (basic.result, rl.result)
        assert rl.error <= 3 * basic.error, rl.result
        assert rl.attempts <= 1.3 * basic.attempts, rl.result
    return rl


def same_petsc(package, version):
    """Skips where a package was built for a PETSc of another version than ours."""
    if os.environ["PETSC_DIR"]:
        raise Skip(f"{package} is for the system's PETSc, PetRL for {os.environ['PETSC_DIR']}")
    ours = os.environ.get("PETSC_VERSION", version)
    if ours.split(".")[:2] != version.split(".")[:2]:
        raise Skip(f"{package} is of PETSc {version.strip()}, PetRL of {ours}")


def built(folder, compiler, source, *packages):
    """The program, by a compiler wrapper of MPI and pkg-config; skips where one of these is missing."""
    if shutil.which(compiler) is None or subprocess.run([compiler, "--version"], capture_output=True).returncode:
        raise Skip(f"no {compiler}")
    found = subprocess.run(["pkg-config", "--cflags", "--libs", *packages], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
    if found.returncode:
        raise Skip(found.stdout.strip().splitlines()[-1])
    flags = found.stdout.split()
    flags += [f"-Wl,-rpath,{flag[2:]}" for flag in flags if flag.startswith("-L")]
    for package in packages:
        same_petsc(package, subprocess.check_output(["pkg-config", "--modversion", package], text=True))
    fortran = source.endswith("F90")
    if fortran and not any(os.path.exists(f"{f[2:]}/petscts.mod") for f in flags if f.startswith("-I")):
        raise Skip("this PETSc has no Fortran modules")
    program = f"{folder}/program"
    wide = ["-ffree-line-length-none", f"-J{folder}"] if fortran else []  # PETSc's macros become long lines
    run(compiler, "-O1", *wide, f"{HERE}/{source}", "-o", program, *flags, "-lm", timeout=120).ok()
    return program


def fenicsx(folder):
    """A mass matrix, F and its Jacobian by finite elements in Python."""
    env = {"XDG_CACHE_HOME": folder}  # what it compiles
    have = run(sys.executable, "-c", "import dolfinx.fem.petsc, petsc4py; petsc4py.init(); from petsc4py import PETSc\n"
               "print('scalars', PETSc.ScalarType().dtype, 'version', *PETSc.Sys.getVersion())", env=env)
    if have.status != 0:
        raise Skip("no dolfinx with petsc4py")
    same_petsc("dolfinx", ".".join(have.says("scalars float64").output.split("version ")[1].split()))
    for ts, tolerance, ranks in (("bdf", "1e-3", (1, 2, 3)), ("rosw", "1e-4", (1,))):
        compare([sys.executable, f"{HERE}/nonlinear_diffusion.py"], lambda s: s.result.number("error"), 1.0,
                ["-ts_type", ts, "-ts_rtol", tolerance, "-ts_atol", tolerance], env, ranks)


def slepc(folder):
    """Eigenvalues before a TS with rl, and again after it: the same; both libraries take their leave in peace."""
    program = built(folder, "mpicc", "eigenmodes.c", "SLEPc", "PETSc")
    rl = compare([program], lambda s: s.result.number("error"), 0.3, ["-ts_rtol", "1e-5", "-ts_atol", "1e-5"])
    before, after = re.search(r"rate (.*) again (.*)", rl.result.output).groups()
    assert before == after and before.startswith("-9.86"), rl.result


def fortran(folder):
    """Call-backs in Fortran; the reference is the same program at a tight tolerance."""
    program = built(folder, "mpif90", "allen_cahn.F90", "PETSc")
    where = f"{folder}/solution"
    save = ["-ts_view_solution", f"binary:{where}"]

    def solution():
        return np.fromfile(where, ">f8", offset=8)

    run(program, *save, "-ts_type", "arkimex", "-ts_arkimex_type", "4", "-ts_rtol", "1e-10", "-ts_atol", "1e-10").ok()
    exact = solution()
    assert exact.size == 64 and 0.5 < np.abs(exact).max() < 1, exact
    compare([program], lambda _: np.abs(solution() - exact).max(), 8.0,
            [*save, "-ts_rtol", "1e-5", "-ts_atol", "1e-5"])


main()
