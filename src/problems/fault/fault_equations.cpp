// The equations of a fault as PETSc calls them.
#include <cmath>

#include "base/error.hpp"
#include "problems/fault/cells.hpp"
#include "problems/fault/fault.hpp"

namespace petrl::fault {

// F = m a - K (v_inf t - u) - H (v_inf - v) - F0
PetscErrorCode Fault::Function(TS, PetscReal t, Vec u, Vec v, Vec a, Vec f, void *ctx) {
  Fault &fault = *static_cast<Fault *>(ctx);
  const double v_inf = fault.scenario_.far_field_velocity;

  PetscFunctionBegin;
  PetRLCallCXX({
    Elasticity &e = *fault.elasticity_;
    PetRLThrow(VecCopy(u, fault.work_));
    if (v_inf != 0) PetRLThrow(VecShift(fault.work_, -v_inf * t));
    e.stiffness(fault.work_, f);
    PetRLThrow(VecCopy(v, fault.work_));
    if (v_inf != 0) PetRLThrow(VecShift(fault.work_, -v_inf));
    e.damping(fault.work_, fault.work2_);
    PetRLThrow(VecAXPBYPCZ(f, 1, e.mass(), 1, fault.work2_, a));
    PetRLThrow(VecAXPY(f, -1, fault.prestress_));
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Fault::Jacobian(TS, PetscReal, Vec, Vec, Vec, PetscReal shift_v, PetscReal shift_a, Mat, Mat,
                               void *ctx) {
  Fault &fault = *static_cast<Fault *>(ctx);
  PetscFunctionBegin;
  fault.shift_v_ = shift_v;
  fault.shift_a_ = shift_a;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Fault::Multiply(Mat J, Vec x, Vec y) {
  Fault *fault;
  PetscFunctionBegin;
  PetscCall(MatShellGetContext(J, &fault));
  PetRLCallCXX(fault->elasticity_->apply(fault->shift_a_, fault->shift_v_, 1, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Not the diagonal but what it is asked for, the size of the operator: the geometric mean of its extreme eigenvalues.
PetscErrorCode Fault::Diagonal(Mat J, Vec diagonal) {
  Fault *fault;
  PetscFunctionBegin;
  PetscCall(MatShellGetContext(J, &fault));
  const double m = fault->elasticity_->mass(), zeta = fault->scenario_.elasticity.damping_ratio;
  const auto eigenvalue = [&](double k) {
    return fault->shift_a_ * m + fault->shift_v_ * 2 * zeta * std::sqrt(m * k) + k;
  };
  PetscCall(
      VecSet(diagonal, std::sqrt(eigenvalue(fault->smallest_stiffness_) * eigenvalue(fault->largest_stiffness_))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The circulant's inverse, restricted to the cells that slide.
PetscErrorCode Fault::Precondition(PC pc, Vec x, Vec y) {
  Fault *fault;
  SNES snes;
  Vec active;

  PetscFunctionBegin;
  PetscCall(PCShellGetContext(pc, &fault));
  PetscCall(TSGetSNES(fault->ts_, &snes));
  PetscCall(SNESPDASGetActive(snes, &active));
  PetscCall(VecPointwiseMult(fault->work_, active, x));
  PetRLCallCXX(fault->elasticity_->precondition(fault->shift_a_, fault->shift_v_, 1, fault->work_, fault->work2_));
  PetscCall(SelectActive(active, fault->work2_, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Fault::Friction(TS, PetscReal, Vec known, PetscReal c, Vec v, Vec strength, Vec slope, Vec history,
                               Vec rate, void *ctx) {
  const Fault &fault = *static_cast<Fault *>(ctx);
  PetscFunctionBegin;
  PetscCall(FrictionOnCells(fault.scenario_.friction->formula(), c,
                            {known, v, fault.normal_force_, strength, slope, history, rate}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::fault
