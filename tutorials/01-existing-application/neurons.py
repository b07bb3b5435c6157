#!/usr/bin/python3
"""A nerve fibre (FitzHugh and Nagumo's equations on a line): ordinary petsc4py, it knows nothing of PetRL.

    v_t = v_xx + v - v^3/3 - w + I(t),  w_t = (v + 0.7 - 0.8 w) / 12.5,

with a current I that is switched on for a while at one end, again and again. All quantities are dimensionless.
"""
import sys

import petsc4py

petsc4py.init(sys.argv)  # the options of the command line, also -dll_append
from petsc4py import PETSc  # noqa: E402 (after init)


class Fibre:
    def __init__(self, da, dx):
        self.da, self.dx, self.local = da, dx, da.createLocalVec()

    def rhs(self, ts, t, u, f):
        self.da.globalToLocal(u, self.local)
        (x0, x1), n = self.da.getRanges()[0], self.da.getSizes()[0]
        g0 = self.da.getGhostRanges()[0][0]
        a = self.local.getArray(readonly=True).reshape(-1, 2)  # with the neighbours' cells
        v, w = a[x0 - g0:x1 - g0, 0], a[x0 - g0:x1 - g0, 1]
        left = a[x0 - g0 - 1:x1 - g0 - 1, 0] if x0 > 0 else [v[0], *v[:-1]]
        right = a[x0 - g0 + 1:x1 - g0 + 1, 0] if x1 < n else [*v[1:], v[-1]]
        out = f.getArray().reshape(-1, 2)
        out[:, 0] = (left - 2 * v + right) / self.dx ** 2 + v - v ** 3 / 3 - w
        out[:, 1] = (v + 0.7 - 0.8 * w) / 12.5
        if x0 == 0 and t % 60 < 5:
            out[:4, 0] += 1.5


def main():
    options = PETSc.Options()
    n, length = options.getInt("cells", 60), 60.0
    da = PETSc.DMDA().create([n], dof=2, stencil_width=1)
    fibre = Fibre(da, length / n)
    u = da.createGlobalVec()
    u.getArray().reshape(-1, 2)[:] = [-1.1994, -0.6243]  # rest

    ts = PETSc.TS().create()
    ts.setDM(da)
    ts.setRHSFunction(fibre.rhs)
    ts.setType(PETSc.TS.Type.RK)
    ts.setTimeStep(1e-2)
    ts.setMaxTime(options.getReal("end", 200))
    ts.setMaxSteps(1000000)
    ts.setExactFinalTime(PETSc.TS.ExactFinalTime.MATCHSTEP)
    ts.setTolerances(rtol=1e-5, atol=1e-5)
    ts.setFromOptions()
    ts.solve(u)
    PETSc.Sys.Print(f"{ts.getStepNumber()} steps, norm of the solution {u.norm():.6f}")


main()
