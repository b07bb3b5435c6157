"""Nonlinear diffusion in FEniCSx (dolfinx), stepped by a TS of petsc4py: a mass matrix, an F and a Jacobian assembled by
finite elements. Nothing of PetRL is in here; what is in options decides.

The solution a(t) (1 + x + 2 y), where a jumps smoothly at t = 0.5, lies in the space of linear elements: all of the
error, which is printed, is the integrator's."""
import sys

import petsc4py

petsc4py.init(sys.argv)

import dolfinx
import numpy as np
import ufl
from dolfinx.fem.petsc import assemble_matrix, assemble_vector, create_matrix
from mpi4py import MPI
from petsc4py import PETSc

comm = MPI.COMM_WORLD
mesh = dolfinx.mesh.create_unit_square(comm, 8, 8)
try:
    V = dolfinx.fem.functionspace(mesh, ("Lagrange", 1))
except AttributeError:  # up to 0.6
    V = dolfinx.fem.FunctionSpace(mesh, ("Lagrange", 1))
u, rate, v = dolfinx.fem.Function(V), dolfinx.fem.Function(V), ufl.TestFunction(V)
a, da, shift = (dolfinx.fem.Constant(mesh, PETSc.ScalarType(0)) for _ in range(3))
x = ufl.SpatialCoordinate(mesh)
profile = 1 + x[0] + 2 * x[1]
exact = a * profile


def diffusivity(w):
    return 1 + 0.1 * w**2


source = da * profile - ufl.div(diffusivity(exact) * ufl.grad(exact))
outflow = diffusivity(exact) * ufl.dot(ufl.grad(exact), ufl.FacetNormal(mesh))
balance = (rate * v + ufl.inner(diffusivity(u) * ufl.grad(u), ufl.grad(v)) - source * v) * ufl.dx - outflow * v * ufl.ds
jacobian = shift * ufl.derivative(balance, rate) + ufl.derivative(balance, u)
balance, jacobian = dolfinx.fem.form(balance), dolfinx.fem.form(jacobian)


def amplitude(t):
    return 1 + 0.5 * np.tanh(20 * (t - 0.5)), 10 / np.cosh(20 * (t - 0.5)) ** 2


def take(t, state, velocity):
    a.value, da.value = amplitude(t)
    for vec, function in ((state, u), (velocity, rate)):
        vec.copy(function.vector)
        function.vector.ghostUpdate(addv=PETSc.InsertMode.INSERT, mode=PETSc.ScatterMode.FORWARD)


def residual(ts, t, state, velocity, f):
    take(t, state, velocity)
    with f.localForm() as local:
        local.set(0)
    assemble_vector(f, balance)
    f.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)


def derivative(ts, t, state, velocity, s, J, P):
    take(t, state, velocity)
    shift.value = s
    P.zeroEntries()
    assemble_matrix(P, jacobian)
    P.assemble()
    return True


def set_exact(vec, t):
    u.interpolate(lambda p: amplitude(t)[0] * (1 + p[0] + 2 * p[1]))
    u.vector.copy(vec)


solution, difference = u.vector.duplicate(), u.vector.duplicate()
set_exact(solution, 0)
ts = PETSc.TS().create(comm)
ts.setType("bdf")
ts.setIFunction(residual, solution.duplicate())
ts.setIJacobian(derivative, create_matrix(jacobian))
ts.setTimeStep(1e-3)
ts.setMaxTime(1)
ts.setMaxSteps(5000)
ts.setExactFinalTime(PETSc.TS.ExactFinalTime.MATCHSTEP)
ts.getSNES().getKSP().setTolerances(rtol=1e-8)
ts.setFromOptions()
ts.solve(solution)
set_exact(difference, ts.getTime())
difference.axpy(-1, solution)
PETSc.Sys.Print("error", difference.norm(PETSc.NormType.NORM_INFINITY))
