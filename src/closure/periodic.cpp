#include "closure/periodic.hpp"

#include <algorithm>
#include <cstring>

#include "policy/architectures.hpp"

namespace petrl {

namespace {

// A periodic array with a surrounding.
template <typename T>
void surround(const T *in, const GridSize &size, const GridSize &ghost, T *out) {
  const auto wrapped = [](int i, int n) { return (i % n + n) % n; };
  const int width = size.nx + 2 * ghost.nx;
  for (int z = -ghost.nz; z < size.nz + ghost.nz; ++z) {
    for (int y = -ghost.ny; y < size.ny + ghost.ny; ++y, out += width) {
      const T *const row =
          in + (static_cast<std::ptrdiff_t>(wrapped(z, size.nz)) * size.ny + wrapped(y, size.ny)) * size.nx;
      std::memcpy(out + ghost.nx, row, static_cast<std::size_t>(size.nx) * sizeof(T));
      for (int i = 0; i < ghost.nx; ++i) out[ghost.nx + size.nx + i] = row[i % size.nx];
      for (int i = 1; i <= ghost.nx; ++i) out[ghost.nx - i] = row[wrapped(-i, size.nx)];
    }
  }
}

// Where the grid's first point lies in an array with a surrounding, which it describes.
template <typename View>
std::ptrdiff_t within(const GridSize &size, const GridSize &ghost, View &view) {
  const GridSize all = size.grown(ghost);
  view.row = all.nx;
  view.slice = static_cast<std::ptrdiff_t>(all.nx) * all.ny;
  return ghost.nz * view.slice + ghost.ny * view.row + ghost.nx;
}

}  // namespace

PeriodicCorrection::PeriodicCorrection(const Policy &policy, const std::string &source)
    : correction_(Correction::make(policy, source)),
      dimensions_(dimensionsOf(policy.network)),
      input_(policy),
      actions_(policy.action.low.size()),
      training_(trainingOf(policy)) {
  plain_.channel.resize(policy.observation.names.size());
  ghosted_.channel.resize(policy.observation.names.size());
}

void PeriodicCorrection::look(const std::vector<const double *> &fields, const CorrectionStep &step) {
  const GridSize size = step.size();
  input_.setCourant(step.courant());
  plain_.channel = fields;
  within(size, {0, 0, 0}, plain_);
  input_.setPeriodic(plain_, size);
  for (std::size_t c = 0; c < fields.size(); ++c) {
    if (!input_.local(c)) continue;
    const auto [low, high] = std::minmax_element(fields[c], fields[c] + size.points());
    input_.setRange(c, *high - *low);
  }
}

void PeriodicCorrection::observe(const std::vector<const double *> &fields, const CorrectionStep &step,
                                 float *observation) {
  const GridSize size = step.size();
  look(fields, step);
  for (int z = 0; z < size.nz; ++z)
    for (int y = 0; y < size.ny; ++y, observation += size.nx)
      input_.row(y, z, 0, size.nx, observation, static_cast<std::ptrdiff_t>(size.points()));
}

void PeriodicCorrection::correct(const std::vector<const double *> &fields, const float *output, CorrectionStep step,
                                 double *change) {
  if (step.own <= 0) step.own = ownStep(training_, meanSpacing(step, dimensions_));
  const GridSize size = step.size(), gs = around(dimensions_, correction_->stateGhost()),
                 go = around(dimensions_, correction_->outputGhost());
  plain_.channel = fields;
  within(size, {0, 0, 0}, plain_);
  NetworkOutput out;
  out.data = output;
  out.plane = static_cast<std::ptrdiff_t>(size.points());
  within(size, {0, 0, 0}, out);
  if (gs.nx > 0) {
    const std::size_t plane = size.grown(gs).points();
    state_.resize(plane * fields.size());
    const std::ptrdiff_t start = within(size, gs, ghosted_);
    for (std::size_t c = 0; c < fields.size(); ++c) {
      surround(fields[c], size, gs, &state_[c * plane]);
      ghosted_.channel[c] = &state_[c * plane] + start;
    }
  }
  const Fields &seen = gs.nx > 0 ? ghosted_ : plain_;
  if (go.nx > 0) {
    if (correction_->computePeriodic(seen, out, step, change)) return;
    const std::size_t plane = size.grown(go).points();
    output_.resize(plane * actions_);
    for (std::size_t a = 0; a < actions_; ++a) surround(output + a * size.points(), size, go, &output_[a * plane]);
    out.plane = static_cast<std::ptrdiff_t>(plane);
    out.data = output_.data() + within(size, go, out);
  }
  correction_->compute(seen, out, step, change);
}

PeriodicClosure::PeriodicClosure(const Policy &policy, const std::string &source)
    : policy_(policy), backend_(makeBackend<GridBackend>(policy, source)), correction_(policy, source) {}

void PeriodicClosure::infer(const std::vector<const double *> &fields, const CorrectionStep &step,
                            std::vector<float> &answer) {
  correction_.look(fields, step);
  answer.resize(step.size().points() * correction_.actions_);
  backend_->evaluate(correction_.input_, step.size(), true, answer.data());
}

void PeriodicClosure::compute(const std::vector<const double *> &fields, const CorrectionStep &step, double *change) {
  infer(fields, step, output_);
  correction_.correct(fields, output_.data(), step, change);
}

void PeriodicClosure::compute(const std::vector<const double *> &fields, const CorrectionStep &step, double *change,
                              std::vector<float> &answer) {
  if (answer.empty()) infer(fields, step, answer);
  correction_.correct(fields, answer.data(), step, change);
}

}  // namespace petrl
