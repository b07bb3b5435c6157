#include "adapt/constraints.hpp"

#include <petsc/private/tsimpl.h>

#include <cmath>

#include "device/vec_view.hpp"

namespace petrl {

namespace {

using In = const PetscScalar *const *;
using Out = PetscScalar *const *;

// No two rates alike, or rows of a mass matrix might cancel.
struct UnequalRates {
  PetscInt first;
  PetscScalar *rate;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    rate[i] = 1 + sin(static_cast<double>(first + static_cast<PetscInt>(i))) / 2;
  }
};

struct MoveWhatHasRates {
  const PetscScalar *still, *moving;
  PetscScalar *u;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    if (still[i] != moving[i]) u[i] += PETSC_SQRT_MACHINE_EPSILON * (1 + PetscAbsScalar(u[i]));
  }
};

struct IsConstraint {
  const PetscScalar *still, *moving, *elsewhere;
  PetscScalar *is;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    is[i] = still[i] == moving[i] && still[i] != elsewhere[i] ? 1 : 0;
  }
};

}  // namespace

PetscErrorCode HasConstraints(TS ts, PetscBool *has) {
  DM dm;
  TSIFunction function = NULL;
  TSEquationType type;
  Vec u, rate[2], f[3];
  device::Space space;
  void *ctx;
  PetscInt first, end;
  PetscReal most;

  PetscFunctionBegin;
  PetscCall(TSGetEquationType(ts, &type));
  const bool open = type == TS_EQ_UNSPECIFIED || type == TS_EQ_IMPLICIT; /* the program does not say */
  *has = !open && type >= TS_EQ_DAE_SEMI_EXPLICIT_INDEX1 && type != TS_EQ_ODE_IMPLICIT ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetIFunction(dm, &function, &ctx));
  if (!open || !function) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(device::VecSpace(ts->vec_sol, &space));
  for (Vec *v : {&u, &rate[0], &rate[1], &f[0], &f[1], &f[2]}) PetscCall(VecDuplicate(ts->vec_sol, v));
  PetscCall(VecCopy(ts->vec_sol, u));
  PetscCall(VecSet(rate[0], 0));
  PetscCall(VecGetOwnershipRange(u, &first, &end));
  PetscCall(device::forVecs(space, {}, {rate[1]}, [first](In, Out w) { return UnequalRates{first, w[0]}; }));
  PetscCall((*function)(ts, ts->ptime, u, rate[0], f[0], ctx));
  PetscCall((*function)(ts, ts->ptime, u, rate[1], f[1], ctx));
  PetscCall(device::forVecs(space, {f[0], f[1]}, {u}, [](In r, Out w) { return MoveWhatHasRates{r[0], r[1], w[0]}; }));
  PetscCall((*function)(ts, ts->ptime, u, rate[0], f[2], ctx));
  PetscCall(device::forVecs(space, {f[0], f[1], f[2]}, {rate[1]}, [](In r, Out w) {
    return IsConstraint{r[0], r[1], r[2], w[0]};
  }));
  PetscCall(VecNorm(rate[1], NORM_INFINITY, &most));
  for (Vec *v : {&u, &rate[0], &rate[1], &f[0], &f[1], &f[2]}) PetscCall(VecDestroy(v));
  *has = most > 0 ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
