"""petsc4py gets the plugin the same way: -dll_append, and the type by its name."""
import importlib.util
import glob
import os
import re
import subprocess
import sys

from harness import PLUGIN, Skip, main, run, write_policy

SCRIPT = """
import sys
import petsc4py
petsc4py.init(sys.argv)
from petsc4py import PETSc

def rhs(ts, t, u, f):
    x = u.getArray(readonly=True)
    f.setArray([x[1], 5 * (1 - x[0] ** 2) * x[1] - x[0]])

ts = PETSc.TS().create(PETSc.COMM_SELF)
u = PETSc.Vec().createSeq(2)
u.setArray([2.0, 0.0])
ts.setType("rk")
ts.setRHSFunction(rhs)
ts.setTimeStep(1e-3)
ts.setMaxTime(1.0)
ts.setExactFinalTime(PETSc.TS.ExactFinalTime.MATCHSTEP)
ts.setFromOptions()
ts.solve(u)
print("time", ts.getSolveTime(), "steps", ts.getStepNumber(), "x", u.getArray()[0])
ts.view()
"""


def petsc_of(library):
    told = subprocess.run(["readelf", "-d", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"NEEDED.*\[(libpetsc\S+)\]", told)[1]


def petsc4py(folder):
    found = importlib.util.find_spec("petsc4py")
    if found is None:
        raise Skip("no petsc4py")
    module = glob.glob(os.path.dirname(found.origin) + "/lib/**/PETSc*.so", recursive=True)[0]
    if petsc_of(module) != petsc_of(PLUGIN):
        # What a user sees who mixes them.
        with open(f"{folder}/script.py", "w") as f:
            f.write(SCRIPT)
        run(sys.executable, f"{folder}/script.py", "-dll_append", PLUGIN).fails("libpetrl was built for")
        raise Skip(f"petsc4py has {petsc_of(module)}, libpetrl {petsc_of(PLUGIN)}")
    script = f"{folder}/script.py"
    with open(script, "w") as f:
        f.write(SCRIPT)
    policy = write_policy(f"{folder}/p.h5", "error-ratio", 0.5, 1.0, 0.8)
    basic = run(sys.executable, script, "-ts_rtol", "1e-7").ok()
    r = run(sys.executable, script, "-dll_append", PLUGIN, "-ts_adapt_type", "rl", "-ts_adapt_rl_policy", policy,
            "-ts_rtol", "1e-7").ok().says("type: rl", policy, "backend native")
    assert r.number("time") == 1.0, r
    assert abs(r.number("x") - basic.number("x")) < 1e-4, (r, basic)
    run(sys.executable, script, "-dll_append", PLUGIN, "-ts_adapt_type", "rl", "-ts_adapt_rl_policy",
        f"{folder}/none.h5").fails(f"{folder}/none.h5")


main()
