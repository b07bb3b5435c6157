#include "problems/ode/line.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace petrl::ode {

namespace {
constexpr PetscInt maxFields = 4;
}

LineProblem::LineProblem(PetscInt points, std::vector<double> boundary, Initial initial, Point point,
                         PointJacobian jacobian)
    : points_(points),
      fields_(static_cast<PetscInt>(boundary.size())),
      boundary_(std::move(boundary)),
      initial_(std::move(initial)),
      point_(std::move(point)),
      jacobian_(std::move(jacobian)) {
  if (fields_ > maxFields) throw Error("LineProblem: at most 4 fields");
}

PetscErrorCode LineProblem::evaluate(DMDALocalInfo *info, PetscReal, void *u, void *f, void *context) {
  const auto *self = static_cast<LineProblem *>(context);
  const PetscInt d = self->fields_;
  // DMDA arrays are shifted so that the global index addresses them; with several fields the unit is one point.
  const auto *x = static_cast<const double *>(u);
  auto *y = static_cast<double *>(f);

  PetscFunctionBeginUser;
  for (PetscInt i = info->xs; i < info->xs + info->xm; ++i) {
    const double *left = i > 0 ? x + (i - 1) * d : self->boundary_.data();
    const double *right = i < info->mx - 1 ? x + (i + 1) * d : self->boundary_.data();
    self->point_(left, x + i * d, right, y + i * d);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode LineProblem::evaluateImplicit(DMDALocalInfo *info, PetscReal t, void *u, void *udot, void *f,
                                             void *context) {
  const PetscInt d = static_cast<LineProblem *>(context)->fields_;
  const auto *v = static_cast<const double *>(udot);
  auto *y = static_cast<double *>(f);

  PetscFunctionBeginUser;
  PetscCall(evaluate(info, t, u, f, context));
  for (PetscInt i = info->xs * d; i < (info->xs + info->xm) * d; ++i) y[i] = v[i] - y[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode LineProblem::differentiate(DMDALocalInfo *info, PetscReal, void *u, void *, PetscReal shift, Mat, Mat b,
                                          void *context) {
  const auto *self = static_cast<LineProblem *>(context);
  const PetscInt d = self->fields_;
  const auto *x = static_cast<const double *>(u);
  std::array<double, 3 * maxFields * maxFields> blocks;

  PetscFunctionBeginUser;
  for (PetscInt i = info->xs; i < info->xs + info->xm; ++i) {
    const bool first = i == 0, last = i == info->mx - 1;
    const double *left = first ? self->boundary_.data() : x + (i - 1) * d;
    const double *right = last ? self->boundary_.data() : x + (i + 1) * d;
    double *l = blocks.data(), *h = l + d * d, *r = h + d * d;
    std::fill_n(l, 3 * d * d, 0.0);
    self->jacobian_(left, x + i * d, right, l, h, r);
    for (PetscInt k = 0; k < 3 * d * d; ++k) blocks[k] = -blocks[k];
    for (PetscInt k = 0; k < d; ++k) h[k * (d + 1)] += shift;
    MatStencil row{}, column{};
    row.i = i;
    column.i = i - 1;
    if (!first) PetscCall(MatSetValuesBlockedStencil(b, 1, &row, 1, &column, l, INSERT_VALUES));
    column.i = i;
    PetscCall(MatSetValuesBlockedStencil(b, 1, &row, 1, &column, h, INSERT_VALUES));
    column.i = i + 1;
    if (!last) PetscCall(MatSetValuesBlockedStencil(b, 1, &row, 1, &column, r, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(b, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(b, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode LineProblem::setUp(TS ts) {
  const MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(ts));
  PetscMPIInt ranks;
  DM da;
  Vec u;
  DMDALocalInfo info;
  PetscScalar *x;
  bool implicit;

  PetscFunctionBeginUser;
  PetscCall(isImplicit(ts, &implicit));
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCall(DMDACreate1d(comm, DM_BOUNDARY_NONE, points_, fields_, 1, nullptr, &da));
  PetscCall(DMSetMatType(da, MATAIJ));
  PetscCall(DMSetUp(da));
  PetscCall(TSSetDM(ts, da));
  PetscCall(DMCreateGlobalVector(da, &u));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(VecGetArrayWrite(u, &x));
  for (PetscInt i = 0; i < info.xm; ++i) initial_(info.xs + i, x + i * fields_);
  PetscCall(VecRestoreArrayWrite(u, &x));
  PetscCall(TSSetSolution(ts, u));
  PetscCall(VecDestroy(&u));
  if (implicit) {
    PetscCall(
        DMDATSSetIFunctionLocal(da, INSERT_VALUES, reinterpret_cast<DMDATSIFunctionLocal>(evaluateImplicit), this));
    PetscCall(DMDATSSetIJacobianLocal(da, reinterpret_cast<DMDATSIJacobianLocal>(differentiate), this));
  } else {
    PetscCall(DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, reinterpret_cast<DMDATSRHSFunctionLocal>(evaluate), this));
  }
  PetscCall(DMDestroy(&da));
  // Tridiagonal by blocks: a direct solve costs no more than one Krylov iteration.
  if (implicit && ranks == 1) PetscCall(solveDirectly(ts));
  PetscCall(setCommon(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::ode
