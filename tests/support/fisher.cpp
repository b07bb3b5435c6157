// Compiled by the device's compiler where PETSc was built for one: it has a kernel of its own.
#include "support/fisher.hpp"

#include <cmath>

#include "base/error.hpp"
#include "device/for_each.hpp"
#include "device/vec_view.hpp"
#include "support/test_device.hpp"

namespace petrl::test {

// At a point.
struct FisherPoint {
  const PetscScalar *ghosted, *rate;  // rate null: the right-hand side
  double diffusion, growth;
  PetscScalar *f;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const PetscScalar u = ghosted[i + 1];
    const PetscScalar g = diffusion * (ghosted[i] - 2. * u + ghosted[i + 2]) + growth * u * (1. - u);
    f[i] = rate ? rate[i] - g : g;
  }
};

static PetscErrorCode FisherEvaluate(TS ts, Vec u, Vec rate, Vec f) {
  DM da;
  Vec local;
  device::Space space;
  device::VecView views[3];
  FisherPoint work{nullptr, nullptr, 40, 8, nullptr};
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(TSGetDM(ts, &da));
  PetscCall(device::VecSpace(u, &space));
  PetscCall(DMGetLocalVector(da, &local));
  PetscCall(DMGlobalToLocal(da, u, INSERT_VALUES, local));
  PetscCall(VecGetLocalSize(f, &n));
  PetscCall(views[0].beginRead(local, space, &work.ghosted));
  if (rate) PetscCall(views[1].beginRead(rate, space, &work.rate));
  PetscCall(views[2].begin(f, space, device::Access::write, &work.f));
  PetscCall(device::forEach(space, n, work));
  PetscCall(views[2].end());
  if (rate) PetscCall(views[1].end());
  PetscCall(views[0].end());
  PetscCall(DMRestoreLocalVector(da, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode FisherRightHandSide(TS ts, PetscReal, Vec u, Vec f, void *) {
  return FisherEvaluate(ts, u, NULL, f);
}

PetscErrorCode FisherImplicit(TS ts, PetscReal, Vec u, Vec rate, Vec f, void *) {
  return FisherEvaluate(ts, u, rate, f);
}

void fisherState(VecType type, DM *da, Vec *u) {
  PetscScalar *x;
  PetscInt n, first;
  PetRLThrow(DMDACreate1d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, 64, 1, 1, nullptr, da));
  PetRLThrow(DMSetVecType(*da, type));
  PetRLThrow(DMSetUp(*da));
  PetRLThrow(DMCreateGlobalVector(*da, u));
  PetRLThrow(VecGetOwnershipRange(*u, &first, nullptr));
  PetRLThrow(VecGetLocalSize(*u, &n));
  const OpenMemory open(*u);
  PetRLThrow(VecGetArrayWrite(*u, &x));
  for (PetscInt i = 0; i < n; ++i) x[i] = std::exp(-0.1 * std::pow(static_cast<double>(first + i) - 20, 2));
  PetRLThrow(VecRestoreArrayWrite(*u, &x));
}

}  // namespace petrl::test
