#include "integrate/friction_points.hpp"

#include <petsc/private/vecimpl.h>

#include <cmath>

#include "device/vec_view.hpp"

namespace petrl {

namespace {

using device::forVecs;
using device::Space;
using In = const PetscScalar *const *;
using Out = PetscScalar *const *;

PETRL_BOTH PetscReal within(PetscReal x, PetscReal bound) {
  return x < -bound ? -bound : x > bound ? bound : x;
}

// Comparisons with NaN are false.
PETRL_BOTH bool finite(PetscReal x) {
  return x - x == 0;
}

PETRL_BOTH PetscReal real(PetscScalar x) {
  return PetscRealPart(x);
}

struct Inclusion {
  const PetscScalar *v, *f, *q;
  PetscScalar *lambda, *active, *sign, *violation;
  PetscReal r;
  bool first;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const PetscReal vi = real(v[i]), fi = real(f[i]), qi = real(q[i]);
    if (!first) lambda[i] = real(active[i]) > 0.5 ? real(sign[i]) * qi : -fi;
    const PetscReal li = real(lambda[i]), trial = li + r * vi, balance = fabs(fi + li),
                    strength = fabs(li - within(trial, qi > 0 ? qi : 0));
    const PetscReal most = balance > strength ? balance : strength;
    violation[i] = finite(vi) && finite(fi) && finite(qi) && finite(li) && finite(most) ? most : PETSC_MAX_REAL;
    active[i] = fabs(trial) > qi ? 1 : 0;
    sign[i] = trial > 0 ? 1 : -1;
  }
};

// A cell that now slides the other way starts from |v| = 0 on that branch.
struct SlidingForce {
  const PetscScalar *v, *f, *q, *slope;
  const PetscScalar *active, *sign;
  PetscScalar *b, *w;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const PetscReal vi = real(v[i]), s = real(sign[i]), k = real(slope[i]);
    const bool slides = real(active[i]) > 0.5;
    b[i] = slides ? -(real(f[i]) + s * (real(q[i]) - k * fabs(vi)) + k * vi) : 0;
    w[i] = slides ? 0 : vi;
  }
};

struct Mask {
  const PetscScalar *x, *active, *slope, *w;
  PetscScalar *y;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { y[i] = real(active[i]) > 0.5 ? y[i] + slope[i] * w[i] : x[i]; }
};

struct Start {
  const PetscScalar *v, *f, *q;
  PetscScalar *lambda;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const PetscReal vi = real(v[i]), qi = real(q[i]);
    lambda[i] = vi > 0 ? qi : vi < 0 ? -qi : within(real(f[i]), qi);
  }
};

}  // namespace

PetscErrorCode PDASPoints(SNES snes, bool first, PetscReal *violation) {
  PDAS &p = pdas(snes);
  Space space;

  PetscFunctionBegin;
  PetscCall(device::VecSpace(snes->vec_sol, &space));
  PetscCall(forVecs(space, {snes->vec_sol, snes->vec_func, p.strength}, {p.reaction, p.active, p.sign, p.work},
                    [&](In r, Out w) { return Inclusion{r[0], r[1], r[2], w[0], w[1], w[2], w[3], p.r, first}; }));
  PetscUseTypeMethod(p.work, norm_local, NORM_INFINITY, violation);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PDASRightHandSide(SNES snes) {
  PDAS &p = pdas(snes);
  Space space;

  PetscFunctionBegin;
  PetscCall(device::VecSpace(snes->vec_sol, &space));
  PetscCall(forVecs(space, {snes->vec_sol, snes->vec_func, p.strength, p.slope}, {p.active, p.sign, p.rhs, p.work},
                    [](In r, Out w) { return SlidingForce{r[0], r[1], r[2], r[3], w[0], w[1], w[2], w[3]}; }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PDASMask(const PDAS &p, Vec x, Vec y) {
  Space space;
  PetscFunctionBegin;
  PetscCall(device::VecSpace(x, &space));
  PetscCall(forVecs(space, {x, p.active, p.slope, p.work}, {y}, [](In r, Out w) {
    return Mask{r[0], r[1], r[2], r[3], w[0]};
  }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode FrictionAtStart(Vec v, Vec force, Vec strength, Vec lambda) {
  Space space;
  PetscFunctionBegin;
  PetscCall(device::VecSpace(v, &space));
  PetscCall(forVecs(space, {v, force, strength}, {lambda}, [](In r, Out w) { return Start{r[0], r[1], r[2], w[0]}; }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
