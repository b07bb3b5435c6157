#include "learn/step/trajectory.hpp"

#include <petsc/private/tsimpl.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "adapt/rl.hpp"
#include "base/error.hpp"

namespace petrl {

namespace {

constexpr double kWrong = 1;  // further off is no worse: a spike out of phase may be off by any factor

struct Holder {
  TS ts = nullptr;
  ~Holder() { (void)TSDestroy(&ts); }
};

// Accepted attempts and their orders.
struct Orders {
  double sum = 0, count = 0;
};

struct Distance {
  StepCase &c;
  const Trajectory &reference;
  double time, integral;  // so far
  std::vector<double> u, there, times;
};

PetscErrorCode copyOf(Vec u, std::vector<double> &values) {
  const PetscScalar *x;
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(u, &n));
  PetscCall(VecGetArrayRead(u, &x));
  PetRLCallCXX(values.resize(static_cast<std::size_t>(n)));
  for (PetscInt i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = static_cast<double>(PetscRealPart(x[i]));
  PetscCall(VecRestoreArrayRead(u, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// A monitor: called with the state at the start and after every step.
PetscErrorCode Measure(TS, PetscInt step, PetscReal t, Vec u, void *ctx) {
  auto &d = *static_cast<Distance *>(ctx);

  PetscFunctionBegin;
  if (step > 0 && static_cast<double>(t) > d.time) {
    PetscCall(copyOf(u, d.u));
    PetRLCallCXX({
      d.times.push_back(static_cast<double>(t));
      d.reference.at(static_cast<double>(t), d.there);
      d.integral += (static_cast<double>(t) - d.time) * std::min(d.c.error(d.u, d.there), kWrong);
    });
  }
  d.time = static_cast<double>(t);
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode Trajectory::Keep(TS ts, PetscInt, PetscReal t, Vec u, void *ctx) {
  auto &self = *static_cast<Trajectory *>(ctx);
  std::vector<double> values;
  TSIFunction implicit;
  Vec rate, still;

  PetscFunctionBegin;
  // A monitor may be called twice with one state.
  if (!self.time_.empty() && static_cast<double>(t) <= self.time_.back()) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(copyOf(u, values));
  PetRLCallCXX({
    self.n_ = values.size();
    self.time_.push_back(static_cast<double>(t));
    self.value_.insert(self.value_.end(), values.begin(), values.end());
  });
  PetscCall(VecDuplicate(u, &rate));
  PetscCall(TSGetIFunction(ts, NULL, &implicit, NULL));
  if (implicit) {  // u' - f
    PetscCall(VecDuplicate(u, &still));
    PetscCall(VecZeroEntries(still));
    PetscCall(TSComputeIFunction(ts, t, u, still, rate, PETSC_FALSE));
    PetscCall(VecScale(rate, -1));
    PetscCall(VecDestroy(&still));
  } else {
    PetscCall(TSComputeRHSFunction(ts, t, u, rate));
  }
  PetscCall(copyOf(rate, values));
  PetscCall(VecDestroy(&rate));
  PetRLCallCXX(self.rate_.insert(self.rate_.end(), values.begin(), values.end()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

Trajectory::Trajectory(StepCase &c, const StepController &controller, long max_steps) {
  Holder holder;
  PetRLThrow(c.create(0, &holder.ts));
  PetRLThrow(TSMonitorSet(holder.ts, Keep, this, nullptr));
  finished_ = solveWith(holder.ts, controller, max_steps).finished;
}

void Trajectory::at(double t, std::vector<double> &u) const {
  const auto next = std::upper_bound(time_.begin(), time_.end(), t) - time_.begin();
  const auto i = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(next, 1, std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(time_.size()) - 1, 1)));
  const double h = time_[i] - time_[i - 1], x = (t - time_[i - 1]) / h, y = 1 - x;
  const double *u0 = &value_[(i - 1) * n_], *u1 = u0 + n_, *f0 = &rate_[(i - 1) * n_], *f1 = f0 + n_;
  u.resize(n_);
  for (std::size_t k = 0; k < n_; ++k)
    u[k] = y * y * (1 + 2 * x) * u0[k] + x * x * (1 + 2 * y) * u1[k] + h * x * y * (y * f0[k] - x * f1[k]);
}

RunBeside runBeside(StepCase &c, const StepController &controller, long max_steps, const Trajectory &reference) {
  RunBeside out;
  Holder holder;
  Orders orders;
  PetRLThrow(c.create(0, &holder.ts));
  Distance distance{c, reference, static_cast<double>(holder.ts->ptime), 0, {}, {}, {}};
  const double begin = distance.time;
  PetRLThrow(TSMonitorSet(holder.ts, Measure, &distance, nullptr));
  const auto watched = [&](TSAdapt adapt) {
    PetscBool rl;
    PetscFunctionBegin;
    PetscCall(controller(adapt));
    PetscCall(PetscObjectTypeCompare(reinterpret_cast<PetscObject>(adapt), TSADAPTRL, &rl));
    if (rl)
      PetRLCallCXX(adaptRL(adapt).observer = [&orders](const Attempt &a) {
        if (a.accepted) orders.sum += a.order, orders.count += 1;
      });
    PetscFunctionReturn(PETSC_SUCCESS);
  };
  out.run = solveWith(holder.ts, watched, max_steps);
  out.times = std::move(distance.times);
  out.mean = out.end = std::numeric_limits<double>::infinity();
  if (orders.count > 0) out.order = orders.sum / orders.count;
  if (!out.run.finished) return out;
  std::vector<double> last;
  reference.at(out.run.time, last);
  out.end = c.error(out.run.solution, last);
  out.mean = distance.integral / (out.run.time - begin);
  if (!std::isfinite(out.mean)) out.mean = std::numeric_limits<double>::infinity();
  return out;
}

}  // namespace petrl
