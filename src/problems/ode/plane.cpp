#include "problems/ode/plane.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace petrl::ode {

namespace {
constexpr PetscInt maxFields = 3;
}

PlaneProblem::PlaneProblem(PetscInt points, std::vector<double> diffusion, Initial initial, Reaction reaction,
                           std::string preconditioner)
    : points_(points),
      fields_(static_cast<PetscInt>(diffusion.size())),
      diffusion_(std::move(diffusion)),
      initial_(std::move(initial)),
      reaction_(std::move(reaction)),
      preconditioner_(std::move(preconditioner)) {
  if (fields_ > maxFields) throw Error("PlaneProblem: at most 3 fields");
}

PetscErrorCode PlaneProblem::evaluate(DMDALocalInfo *info, PetscReal, void *u, void *f, void *context) {
  const auto *self = static_cast<PlaneProblem *>(context);
  const PetscInt d = self->fields_, n = self->points_;
  // DMDA arrays are shifted so that global indices address them; with several fields the unit is one point.
  const auto *const *x = static_cast<const double *const *>(u);
  auto *const *y = static_cast<double *const *>(f);
  const double inverse = static_cast<double>(n) * static_cast<double>(n);

  PetscFunctionBeginUser;
  for (PetscInt j = info->ys; j < info->ys + info->ym; ++j) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; ++i) {
      const double *here = x[j] + i * d;
      const double *around[] = {i > 0 ? here - d : here, i < n - 1 ? here + d : here, j > 0 ? x[j - 1] + i * d : here,
                                j < n - 1 ? x[j + 1] + i * d : here};
      double *out = y[j] + i * d;
      self->reaction_(here, out, nullptr);
      for (PetscInt k = 0; k < d; ++k) {
        double sum = -4 * here[k];
        for (const double *a : around) sum += a[k];
        out[k] += self->diffusion_[static_cast<std::size_t>(k)] * inverse * sum;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PlaneProblem::evaluateImplicit(DMDALocalInfo *info, PetscReal t, void *u, void *udot, void *f,
                                              void *context) {
  const PetscInt d = static_cast<PlaneProblem *>(context)->fields_;
  const auto *const *v = static_cast<const double *const *>(udot);
  auto *const *y = static_cast<double *const *>(f);

  PetscFunctionBeginUser;
  PetscCall(evaluate(info, t, u, f, context));
  for (PetscInt j = info->ys; j < info->ys + info->ym; ++j)
    for (PetscInt i = info->xs * d; i < (info->xs + info->xm) * d; ++i) y[j][i] = v[j][i] - y[j][i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PlaneProblem::differentiate(DMDALocalInfo *info, PetscReal, void *u, void *, PetscReal shift, Mat, Mat b,
                                           void *context) {
  const auto *self = static_cast<PlaneProblem *>(context);
  const PetscInt d = self->fields_, n = self->points_;
  const auto *const *x = static_cast<const double *const *>(u);
  const double inverse = static_cast<double>(n) * static_cast<double>(n);
  std::array<double, maxFields> reaction;
  std::array<double, maxFields * maxFields> here, beside;

  PetscFunctionBeginUser;
  for (PetscInt j = info->ys; j < info->ys + info->ym; ++j) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; ++i) {
      MatStencil row{}, column{};
      row.i = i;
      row.j = j;
      const PetscInt around[4][2] = {{i - 1, j}, {i + 1, j}, {i, j - 1}, {i, j + 1}};
      here.fill(0);
      self->reaction_(x[j] + i * d, reaction.data(), here.data());
      for (PetscInt k = 0; k < d * d; ++k) here[static_cast<std::size_t>(k)] *= -1;
      for (PetscInt k = 0; k < d; ++k) here[static_cast<std::size_t>(k * (d + 1))] += shift;
      for (const auto &[ni, nj] : around) {
        if (ni < 0 || nj < 0 || ni >= n || nj >= n) continue;
        beside.fill(0);
        for (PetscInt k = 0; k < d; ++k) {
          const double c = self->diffusion_[static_cast<std::size_t>(k)] * inverse;
          beside[static_cast<std::size_t>(k * (d + 1))] = -c;
          here[static_cast<std::size_t>(k * (d + 1))] += c;
        }
        column.i = ni;
        column.j = nj;
        PetscCall(MatSetValuesBlockedStencil(b, 1, &row, 1, &column, beside.data(), INSERT_VALUES));
      }
      PetscCall(MatSetValuesBlockedStencil(b, 1, &row, 1, &row, here.data(), INSERT_VALUES));
    }
  }
  PetscCall(MatAssemblyBegin(b, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(b, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PlaneProblem::setUp(TS ts) {
  const MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(ts));
  DM da;
  Vec u;
  DMDALocalInfo info;
  void *array;
  SNES snes;
  KSP ksp;
  PC pc;
  bool implicit;

  PetscFunctionBeginUser;
  PetscCall(isImplicit(ts, &implicit));
  PetscCall(DMDACreate2d(comm, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, points_, points_, PETSC_DECIDE,
                         PETSC_DECIDE, fields_, 1, nullptr, nullptr, &da));
  PetscCall(DMSetMatType(da, MATAIJ));
  PetscCall(DMSetUp(da));
  PetscCall(TSSetDM(ts, da));
  PetscCall(DMCreateGlobalVector(da, &u));
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArrayWrite(da, u, &array));
  for (PetscInt j = info.ys; j < info.ys + info.ym; ++j) {
    for (PetscInt i = info.xs; i < info.xs + info.xm; ++i) {
      const auto n = static_cast<double>(points_);
      initial_((static_cast<double>(i) + 0.5) / n, (static_cast<double>(j) + 0.5) / n,
               static_cast<double **>(array)[j] + i * fields_);
    }
  }
  PetscCall(DMDAVecRestoreArrayWrite(da, u, &array));
  PetscCall(TSSetSolution(ts, u));
  PetscCall(VecDestroy(&u));
  if (implicit) {
    PetscCall(
        DMDATSSetIFunctionLocal(da, INSERT_VALUES, reinterpret_cast<DMDATSIFunctionLocal>(evaluateImplicit), this));
    PetscCall(DMDATSSetIJacobianLocal(da, reinterpret_cast<DMDATSIJacobianLocal>(differentiate), this));
    PetscCall(TSGetSNES(ts, &snes));
    PetscCall(SNESGetKSP(snes, &ksp));
    PetscCall(KSPSetType(ksp, KSPGMRES));
    PetscCall(KSPGetPC(ksp, &pc));
    PetscCall(PCSetType(pc, preconditioner_.c_str()));
  } else {
    PetscCall(DMDATSSetRHSFunctionLocal(da, INSERT_VALUES, reinterpret_cast<DMDATSRHSFunctionLocal>(evaluate), this));
  }
  PetscCall(DMDestroy(&da));
  PetscCall(setCommon(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::ode
