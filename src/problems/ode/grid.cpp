#include "problems/ode/grid.hpp"

#include "base/error.hpp"

namespace petrl::ode {

namespace {

// Work at each of this rank's points.
template <typename Work>
PetscErrorCode forPoints(const DMDALocalInfo &info, const Work &work) {
  PetscFunctionBeginUser;
  for (PetscInt j = info.ys; j < info.ys + info.ym; ++j)
    for (PetscInt i = info.xs; i < info.xs + info.xm; ++i) PetscCall(work(i, j));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

GridProblem::GridProblem(PetscInt points, std::size_t fields)
    : points_(points), fields_(static_cast<PetscInt>(fields)) {
  if (fields_ > kMostFields) throw Error("GridProblem: at most 4 fields");
}

PetscErrorCode GridProblem::rightHandSide(DMDALocalInfo *info, PetscReal, void *u, void *f, void *context) {
  const auto *self = static_cast<GridProblem *>(context);
  const PointValues x(*info, u), y(*info, f);

  PetscFunctionBeginUser;
  PetscCall(forPoints(*info, [&](PetscInt i, PetscInt j) {
    self->evaluate(x, i, j, y.at(i, j));
    return PETSC_SUCCESS;
  }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GridProblem::implicit(DMDALocalInfo *info, PetscReal, void *u, void *udot, void *f, void *context) {
  const auto *self = static_cast<GridProblem *>(context);
  const PointValues x(*info, u), v(*info, udot), y(*info, f);

  PetscFunctionBeginUser;
  PetscCall(forPoints(*info, [&](PetscInt i, PetscInt j) {
    const double *rate = v.at(i, j);
    double *out = y.at(i, j);
    self->evaluate(x, i, j, out);
    for (PetscInt k = 0; k < self->fields_; ++k) out[k] = rate[k] - out[k];
    return PETSC_SUCCESS;
  }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GridProblem::jacobian(DMDALocalInfo *info, PetscReal, void *u, void *, PetscReal shift, Mat, Mat b,
                                     void *context) {
  const auto *self = static_cast<GridProblem *>(context);
  const PointValues x(*info, u);
  Blocks blocks;

  PetscFunctionBeginUser;
  PetscCall(forPoints(*info, [&](PetscInt i, PetscInt j) -> PetscErrorCode {
    const PetscInt at[5][2] = {{i, j}, {i - 1, j}, {i + 1, j}, {i, j - 1}, {i, j + 1}};
    MatStencil row{}, column{};

    PetscFunctionBeginUser;
    blocks = {};
    self->differentiate(x, i, j, shift, blocks);
    row.i = i;
    row.j = j;
    for (std::size_t n = 0; n < blocks.size(); ++n) {
      column.i = at[n][0];
      column.j = at[n][1];
      if (column.i < 0 || column.j < 0 || column.i >= info->mx || column.j >= info->my) continue;
      PetscCall(MatSetValuesBlockedStencil(b, 1, &row, 1, &column, blocks[n].data(), INSERT_VALUES));
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }));
  PetscCall(MatAssemblyBegin(b, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(b, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GridProblem::setUp(TS ts) {
  DM da;
  Vec u;
  DMDALocalInfo info;
  void *array;
  bool is_implicit;

  PetscFunctionBeginUser;
  PetscCall(isImplicit(ts, &is_implicit));
  PetscCall(create(PetscObjectComm(reinterpret_cast<PetscObject>(ts)), &da));
  PetscCall(DMSetMatType(da, MATAIJ));
  PetscCall(DMSetUp(da));
  PetscCall(TSSetDM(ts, da));
  PetscCall(DMCreateGlobalVector(da, &u));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArrayWrite(da, u, &array));
  const PointValues x(info, array);
  PetscCall(forPoints(info, [&](PetscInt i, PetscInt j) {
    begin(i, j, x.at(i, j));
    return PETSC_SUCCESS;
  }));
  PetscCall(DMDAVecRestoreArrayWrite(da, u, &array));
  PetscCall(TSSetSolution(ts, u));
  PetscCall(VecDestroy(&u));
  if (is_implicit) {
    PetscCall(DMDATSSetIFunctionLocal(da, INSERT_VALUES, reinterpret_cast<DMDATSIFunctionLocal>(implicit), this));
    PetscCall(DMDATSSetIJacobianLocal(da, reinterpret_cast<DMDATSIJacobianLocal>(jacobian), this));
    PetscCall(setSolver(ts));
  } else {
    PetscCall(
        DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, reinterpret_cast<DMDATSRHSFunctionLocal>(rightHandSide), this));
  }
  PetscCall(DMDestroy(&da));
  PetscCall(setCommon(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::ode
