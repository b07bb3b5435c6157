#include "closure/periodic.hpp"

#include <cmath>
#include <cstring>

#include "policy/architectures.hpp"

namespace petrl {

namespace {

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// A periodic plane with a surrounding of `ghost` points.
template <typename T>
void surround(const T *in, int nx, int ny, int ghost, T *out) {
  const int width = nx + 2 * ghost;
  for (int y = -ghost; y < ny + ghost; ++y, out += width) {
    const T *const row = in + static_cast<std::ptrdiff_t>((y % ny + ny) % ny) * nx;
    std::memcpy(out + ghost, row, static_cast<std::size_t>(nx) * sizeof(T));
    for (int i = 0; i < ghost; ++i) out[ghost + nx + i] = row[i % nx];
    for (int i = 1; i <= ghost; ++i) out[ghost - i] = row[((-i) % nx + nx) % nx];
  }
}

}  // namespace

PeriodicCorrection::PeriodicCorrection(const Policy &policy, const std::string &source)
    : correction_(Correction::make(policy, source)),
      input_(policy.observation),
      actions_(policy.action.low.size()),
      training_(trainingOf(policy)) {
  plain_.channel.resize(policy.observation.names.size());
  ghosted_.channel.resize(policy.observation.names.size());
}

void PeriodicCorrection::observe(const std::vector<const double *> &fields, int nx, int ny, float *observation) {
  plain_.channel = fields;
  plain_.row = nx;
  input_.setPeriodic(plain_, ny);
  for (int y = 0; y < ny; ++y, observation += nx)
    input_.row(y, 0, nx, observation, static_cast<std::ptrdiff_t>(product(nx, ny)));
}

void PeriodicCorrection::correct(const std::vector<const double *> &fields, const float *output, CorrectionStep step,
                                 double *change) {
  if (step.own <= 0) step.own = ownStep(training_, std::sqrt(step.hx * step.hy));
  const int nx = step.nx, ny = step.ny, gs = correction_->stateGhost(), go = correction_->outputGhost();
  plain_.channel = fields;
  plain_.row = nx;
  NetworkOutput out{output, static_cast<std::ptrdiff_t>(product(nx, ny)), nx};
  if (gs > 0) {
    const std::size_t plane = product(nx + 2 * gs, ny + 2 * gs);
    state_.resize(plane * fields.size());
    ghosted_.row = nx + 2 * gs;
    for (std::size_t c = 0; c < fields.size(); ++c) {
      surround(fields[c], nx, ny, gs, &state_[c * plane]);
      ghosted_.channel[c] = &state_[c * plane] + gs * ghosted_.row + gs;
    }
  }
  const Fields &seen = gs > 0 ? ghosted_ : plain_;
  if (go > 0) {
    if (correction_->computePeriodic(seen, out, step, change)) return;
    const std::size_t plane = product(nx + 2 * go, ny + 2 * go);
    output_.resize(plane * actions_);
    for (std::size_t a = 0; a < actions_; ++a) surround(output + a * product(nx, ny), nx, ny, go, &output_[a * plane]);
    out.row = nx + 2 * go;
    out.plane = static_cast<std::ptrdiff_t>(plane);
    out.data = output_.data() + go * out.row + go;
  }
  correction_->compute(seen, out, step, change);
}

PeriodicClosure::PeriodicClosure(const Policy &policy, const std::string &source)
    : policy_(policy), backend_(makeBackend<GridBackend>(policy, source)), correction_(policy, source) {}

void PeriodicClosure::compute(const std::vector<const double *> &fields, const CorrectionStep &step, double *change) {
  PeriodicCorrection &c = correction_;
  c.plain_.channel = fields;
  c.plain_.row = step.nx;
  c.input_.setPeriodic(c.plain_, step.ny);
  output_.resize(product(step.nx, step.ny) * c.actions_);
  backend_->evaluate(c.input_, step.nx, step.ny, true, output_.data());
  c.correct(fields, output_.data(), step, change);
}

}  // namespace petrl
