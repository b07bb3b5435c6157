#include "problems/ode/small.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace petrl::ode {

#if defined(PETSC_USE_COMPLEX) || !defined(PETSC_USE_REAL_DOUBLE)
#error "The ODE problems are written for real double precision"
#endif

SmallProblem::SmallProblem(std::vector<double> initial, Rhs rhs, Jacobian jacobian)
    : initial_(std::move(initial)), rhs_(std::move(rhs)), jacobian_(std::move(jacobian)) {}

PetscErrorCode SmallProblem::evaluate(TS, PetscReal t, Vec u, Vec f, void *context) {
  const PetscScalar *x;
  PetscScalar *y;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(u, &x));
  PetscCall(VecGetArrayWrite(f, &y));
  static_cast<SmallProblem *>(context)->rhs_(t, x, y);
  PetscCall(VecRestoreArrayWrite(f, &y));
  PetscCall(VecRestoreArrayRead(u, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SmallProblem::evaluateImplicit(TS ts, PetscReal t, Vec u, Vec udot, Vec f, void *context) {
  PetscFunctionBeginUser;
  PetscCall(evaluate(ts, t, u, f, context));
  PetscCall(VecAYPX(f, -1.0, udot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SmallProblem::differentiate(TS, PetscReal t, Vec u, Vec, PetscReal shift, Mat, Mat b, void *context) {
  const auto *self = static_cast<SmallProblem *>(context);
  const PetscInt n = self->size();
  const PetscScalar *x;
  PetscScalar *values;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(u, &x));
  PetscCall(MatDenseGetArrayWrite(b, &values));
  std::fill_n(values, n * n, 0.0);
  self->jacobian_(t, x, DenseJacobian(values, n));
  for (PetscInt i = 0; i < n * n; ++i) values[i] = -values[i];
  for (PetscInt i = 0; i < n; ++i) values[i * (n + 1)] += shift;
  PetscCall(MatDenseRestoreArrayWrite(b, &values));
  PetscCall(VecRestoreArrayRead(u, &x));
  PetscCall(MatAssemblyBegin(b, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(b, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SmallProblem::setUp(TS ts) {
  const MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(ts));
  PetscMPIInt ranks;
  Vec u;
  PetscScalar *x;
  bool implicit;

  PetscFunctionBeginUser;
  PetscCall(isImplicit(ts, &implicit));
  PetscCheck(!implicit || jacobian_, comm, PETSC_ERR_SUP, "Problem \"%s\" is for explicit methods only", name.c_str());
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCheck(ranks == 1, comm, PETSC_ERR_SUP, "Problem \"%s\" is serial, but its TS has %d ranks", name.c_str(), ranks);
  PetscCall(VecCreateSeq(comm, size(), &u));
  PetscCall(VecGetArrayWrite(u, &x));
  std::copy(initial_.begin(), initial_.end(), x);
  PetscCall(VecRestoreArrayWrite(u, &x));
  PetscCall(TSSetSolution(ts, u));
  PetscCall(VecDestroy(&u));
  if (!implicit) {
    PetscCall(TSSetRHSFunction(ts, nullptr, evaluate, this));
  } else {
    Mat j;
    PetscCall(MatCreateSeqDense(comm, size(), size(), nullptr, &j));
    PetscCall(TSSetIFunction(ts, nullptr, evaluateImplicit, this));
    PetscCall(TSSetIJacobian(ts, j, j, differentiate, this));
    PetscCall(MatDestroy(&j));
    PetscCall(solveDirectly(ts));
  }
  PetscCall(setCommon(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::ode
