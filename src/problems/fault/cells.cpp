#include "problems/fault/cells.hpp"

#include "device/vec_view.hpp"

namespace petrl::fault {

namespace {

using device::Access;
using device::forVecs;
using device::Space;
using In = const PetscScalar *const *;
using Out = PetscScalar *const *;

template <class Law>
struct Friction {
  Law law;
  double c;
  const PetscScalar *known, *v, *force;
  PetscScalar *strength, *slope, *history, *rate;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const FrictionPoint p = law(PetscRealPart(known[i]), c, fabs(PetscRealPart(v[i])));
    if (strength) strength[i] = PetscRealPart(force[i]) * p.mu;
    if (slope) slope[i] = PetscRealPart(force[i]) * p.slope;
    if (history) history[i] = p.history;
    if (rate) rate[i] = p.rate;
  }
};

template <class Law>
struct Weakening {
  Law law;
  const PetscScalar *history, *force;
  PetscScalar *out;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    constexpr double c = 1e-6;  // derivative by slip: slope over c
    out[i] = -(PetscRealPart(force[i]) * law(PetscRealPart(history[i]), c, 0).slope / c);
  }
};

struct Select {
  const PetscScalar *active, *z, *x;
  PetscScalar *y;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { y[i] = PetscRealPart(active[i]) > 0.5 ? z[i] : x[i]; }
};

struct Mark {
  const PetscScalar *v;
  PetscScalar *mark;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const { mark[i] = PetscRealPart(v[i]) != 0 ? 1 : 0; }
};

}  // namespace

PetscErrorCode FrictionOnCells(const FrictionFormula &law, PetscReal c, const FrictionVectors &f) {
  device::VecView in[3], out[4];
  const PetscScalar *r[3];
  PetscScalar *w[4] = {nullptr, nullptr, nullptr, nullptr};
  const Vec read[3] = {f.known, f.v, f.normal_force}, written[4] = {f.strength, f.slope, f.history, f.rate};
  Space space;
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(device::VecSpace(f.v, &space));
  PetscCall(VecGetLocalSize(f.v, &n));
  for (int k = 0; k < 3; ++k) PetscCall(in[k].beginRead(read[k], space, &r[k]));
  for (int k = 0; k < 4; ++k) {
    if (written[k]) PetscCall(out[k].begin(written[k], space, Access::write, &w[k]));
  }
  const auto loop = [&](const auto &formula) {
    using Law = std::decay_t<decltype(formula)>;
    return device::forEach(space, n, Friction<Law>{formula, c, r[0], r[1], r[2], w[0], w[1], w[2], w[3]});
  };
  PetscCall(std::visit(loop, law));
  for (int k = 3; k >= 0; --k) {
    if (written[k]) PetscCall(out[k].end());
  }
  for (int k = 2; k >= 0; --k) PetscCall(in[k].end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode WeakeningOnCells(const FrictionFormula &law, Vec history, Vec normal_force, Vec rate) {
  Space space;
  PetscFunctionBegin;
  PetscCall(device::VecSpace(history, &space));
  const auto loop = [&](const auto &formula) {
    using Law = std::decay_t<decltype(formula)>;
    return forVecs(space, {history, normal_force}, {rate}, [&](In r, Out w) {
      return Weakening<Law>{formula, r[0], r[1], w[0]};
    });
  };
  PetscCall(std::visit(loop, law));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SelectActive(Vec active, Vec z, Vec x, Vec y) {
  Space space;
  PetscFunctionBegin;
  PetscCall(device::VecSpace(x, &space));
  PetscCall(forVecs(space, {active, z, x}, {y}, [](In r, Out w) { return Select{r[0], r[1], r[2], w[0]}; }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode MarkSliding(Vec v, Vec mark) {
  Space space;
  PetscFunctionBegin;
  PetscCall(device::VecSpace(v, &space));
  PetscCall(forVecs(space, {v}, {mark}, [](In r, Out w) { return Mark{r[0], w[0]}; }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::fault
