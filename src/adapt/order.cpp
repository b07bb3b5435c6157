#include "adapt/order.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "adapt/rl.hpp"

namespace petrl {

namespace {

constexpr int kHighest = 5;  // as CVODE's: order 6 is hardly stable
constexpr double kGain = 1.2;

// Weights of the derivative at times[0] of the polynomial through n points.
void derivative(const double times[], int n, double weights[]) {
  weights[0] = 0;
  for (int j = 1; j < n; ++j) weights[0] += 1 / (times[0] - times[j]);
  for (int k = 1; k < n; ++k) {
    weights[k] = 1 / (times[k] - times[0]);
    for (int j = 1; j < n; ++j)
      if (j != k) weights[k] *= (times[0] - times[j]) / (times[k] - times[j]);
  }
}

// The step that an error allows.
double factorFor(double error, int order) {
  if (error < 0) return 0;
  return std::min(10.0, std::pow(std::max(error, 1e-12), -1.0 / (order + 1)));
}

PetscErrorCode ErrorAt(TS ts, const Solutions &past, int order, Vec work, double *error) {
  PetscReal e, absolute, relative;

  PetscFunctionBegin;
  *error = -1;
  if (order < 1 || past.x.size() < static_cast<std::size_t>(order) + 2) PetscFunctionReturn(PETSC_SUCCESS);
  const std::vector<double> weights = bdfErrorWeights(past.times.data(), order);
  std::vector<PetscScalar> alpha(weights.begin(), weights.end());
  PetscCall(VecCopy(past.x[0], work));
  PetscCall(VecMAXPY(work, order + 2, alpha.data(), const_cast<Vec *>(past.x.data())));
  PetscCall(TSErrorWeightedNorm(ts, past.x[0], work, ts->adapt->wnormtype, &e, &absolute, &relative));
  *error = static_cast<double>(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

Solutions::~Solutions() {
  for (Vec &v : x) (void)VecDestroy(&v);
}

std::vector<double> bdfErrorWeights(const double times[], int order) {
  const int n = order + 1;
  std::vector<double> a(static_cast<std::size_t>(n) + 1), b(a);
  derivative(times, n, a.data());
  derivative(times, n + 1, b.data());
  const double leading = a[0];
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = (a[i] - b[i]) / leading;
  return a;
}

OrderChoice chooseOrder(int k, double below, double here, double above) {
  if (here < 0) return {k, 1};
  // The higher order's error is the least certain one.
  const double factors[] = {factorFor(below, k - 1), factorFor(here, k),
                            factorFor(above < 0 ? above : 1.6 * above, k + 1)};
  const auto best = std::max_element(std::begin(factors), std::end(factors)) - std::begin(factors);
  if (best == 1 || factors[best] < kGain * factors[1]) return {k, factors[1]};
  return {k + static_cast<int>(best) - 1, factors[best]};
}

// After an accepted step.
PetscErrorCode AdaptRLOrder(TSAdapt adapt, TS ts, const Attempt &attempt, PetscReal *next_h) {
  AdaptRL &rl = adaptRL(adapt);
  PetscBool bdf = PETSC_FALSE, given = PETSC_FALSE;
  PetscInt order;
  double errors[3];
  Vec x, work;

  PetscFunctionBegin;
  if (!rl.control.order || rl.basic_only || !attempt.accepted) PetscFunctionReturn(PETSC_SUCCESS);
  if (ts->usessnes) PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSBDF, &bdf));
  if (!bdf || !ts->snes) {
    if (rl.alone.order.empty()) PetRLCallCXX(rl.alone.order = "TS is not of type bdf");
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(TSBDFGetOrder(ts, &order));
  if (rl.order_before == 0) {
    PetscCall(PetscOptionsHasName(((PetscObject)ts)->options, ((PetscObject)ts)->prefix, "-ts_bdf_order", &given));
    PetRLCallCXX(rl.alone.order = given ? "-ts_bdf_order is given" : order != 2 ? "the program has set it" : "");
    rl.order_before = order;
  }
  if (!rl.alone.order.empty()) PetscFunctionReturn(PETSC_SUCCESS);
  if (!rl.solutions || ts->steprestart) PetRLCallCXX(rl.solutions = std::make_unique<Solutions>());
  Solutions &past = *rl.solutions;
  while (!past.times.empty() && past.times.front() > attempt.t + 1e-9 * attempt.h) {
    PetscCall(VecDestroy(&past.x.front()));
    past.x.erase(past.x.begin());
    past.times.erase(past.times.begin());
  }
  if (past.x.empty()) {  // the start, which the TS still holds
    PetscCall(VecDuplicate(ts->vec_sol, &work));
    PetscCall(VecCopy(ts->vec_sol, work));
    PetRLCallCXX(past.x.push_back(work); past.times.push_back(attempt.t));
  }
  PetscCall(SNESGetSolution(ts->snes, &x));
  if (past.times.size() == kHighest + 3) {
    work = past.x.back();
    past.x.pop_back();
    past.times.pop_back();
  } else {
    PetscCall(VecDuplicate(x, &work));
  }
  PetscCall(VecCopy(x, work));
  PetRLCallCXX(past.x.insert(past.x.begin(), work); past.times.insert(past.times.begin(), attempt.t + attempt.h));

  const int k = static_cast<int>(adapt->candidates.order[0]);
  if (k != order || ++past.at_order <= k) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDuplicate(x, &work));
  for (int i = -1; i <= 1; ++i)
    if (k + i <= kHighest)
      PetscCall(ErrorAt(ts, past, k + i, work, &errors[i + 1]));
    else
      errors[i + 1] = -1;
  PetscCall(VecDestroy(&work));
  const OrderChoice choice = chooseOrder(k, errors[0], errors[1], errors[2]);
  PetscCall(PetscInfo(adapt, "Errors of orders %d to %d: %g %g %g: order %d\n", k - 1, k + 1, errors[0], errors[1],
                      errors[2], choice.order));
  if (choice.order == k) PetscFunctionReturn(PETSC_SUCCESS);
  past.at_order = 0;
  ++rl.order_changes;
  PetscCall(TSBDFSetOrder(ts, choice.order));
  const StepLimits limits = stepLimits(adapt);
  *next_h = limitedStep(attempt.h * limits.safety * choice.factor, attempt.h, false, limits);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLOrderRestore(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  PetscBool bdf;

  PetscFunctionBegin;
  if (rl.order_before == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSBDF, &bdf));
  if (bdf) PetscCall(TSBDFSetOrder(ts, rl.order_before));
  rl.order_before = 0;
  rl.solutions.reset();
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
