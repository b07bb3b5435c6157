"""petsc4py gets the plugin the same way: -dll_append, and the type by its name."""
import sys

from harness import PLUGIN, main, run, write_policy

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


def petsc4py(folder):
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
