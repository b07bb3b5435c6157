#include "closure/flux.hpp"

#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl {

namespace {

constexpr int kMaxHalfWidth = 8;

[[noreturn]] void bad(const std::string &source, const std::string &message) {
  throw Error(source + ": /action: " + message, PETSC_ERR_FILE_UNEXPECTED);
}

double number(const Policy &policy, const std::string &source, const std::string &key, double fallback, double low,
              double high) {
  const auto it = policy.action.parameters.find(key);
  if (it == policy.action.parameters.end()) return fallback;
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(it->second, &used);
  } catch (const std::exception &) {
    used = 0;
  }
  if (used == 0 || used != it->second.size() || !(value >= low && value <= high)) {
    bad(source, key + ": expected a number in [" + std::to_string(low) + ", " + std::to_string(high) + "], found '" +
                    it->second + "'");
  }
  return value;
}

// One line of faces: those to the right of (above) n points. step: to the next point along the axis.
struct Line {
  int n, half_width;
  std::ptrdiff_t step, plane;  // plane: from weight to weight
  double floor;
  const double *low, *high;
};

PETRL_INLINE double weight(float output, double middle, double half) {
  const float x = output > 1.f ? 1.f : output;
  return middle + half * static_cast<double>(x < -1.f ? -1.f : x);
}

PETRL_CLONES void lineFluxes(const Line &line, const double *q, const double *u, const float *w,
                             double *__restrict even, double *__restrict odd, double *__restrict flux) {
  const double *next = q + line.step;
  {
    const double middle = 0.5 * (line.high[0] + line.low[0]), half = 0.5 * (line.high[0] - line.low[0]);
    for (int i = 0; i < line.n; ++i) {
      even[i] = weight(w[i], middle, half) * (next[i] - q[i]);
      odd[i] = 0;
    }
  }
  for (int k = 1; k <= line.half_width; ++k) {
    const int o = line.half_width + k;
    const double middle = 0.5 * (line.high[k] + line.low[k]), half = 0.5 * (line.high[k] - line.low[k]);
    const double odd_middle = 0.5 * (line.high[o] + line.low[o]), odd_half = 0.5 * (line.high[o] - line.low[o]);
    const double *right = q + (k + 1) * line.step, *inner_right = q + k * line.step, *left = q - k * line.step,
                 *inner_left = q - (k - 1) * line.step;
    const float *we = w + k * line.plane, *wo = w + o * line.plane;
    for (int i = 0; i < line.n; ++i) {
      const double up = right[i] - inner_right[i], down = inner_left[i] - left[i];
      even[i] += weight(we[i], middle, half) * (up + down);
      odd[i] += weight(wo[i], odd_middle, odd_half) * (up - down);
    }
  }
  const double *beyond = u + line.step;
  for (int i = 0; i < line.n; ++i) {
    const double velocity = 0.5 * (u[i] + beyond[i]);
    flux[i] = (std::fabs(velocity) + line.floor) * even[i] + velocity * odd[i];
  }
}

PETRL_CLONES void difference(int n, double factor, const double *upper, const double *lower, double *change) {
  for (int i = 0; i < n; ++i) change[i] = factor * (lower[i] - upper[i]);
}

PETRL_CLONES void addDifference(int n, double factor, const double *upper, const double *lower, double *change) {
  for (int i = 0; i < n; ++i) change[i] += factor * (lower[i] - upper[i]);
}

}  // namespace

FluxForm FluxForm::read(const Policy &policy, const std::string &source) {
  FluxForm form;
  form.half_width = static_cast<int>(std::lround(number(policy, source, "half_width", 1, 1, kMaxHalfWidth)));
  form.floor = number(policy, source, "floor", 0, 0, 1e6);
  const auto &names = policy.observation.names;
  const auto given = policy.action.parameters.find("velocity");
  if (given == policy.action.parameters.end()) bad(source, "velocity: transform flux needs the names of two fields");
  const auto velocity = words(given->second);
  if (velocity.size() != 2) bad(source, "velocity: expected the names of two fields, found '" + given->second + "'");
  for (std::size_t a = 0; a < 2; ++a) {
    const auto it = std::find(names.begin(), names.end(), velocity[a]);
    if (it == names.end()) bad(source, "velocity: '" + velocity[a] + "' is not among the observed fields");
    form.velocity[a] = static_cast<int>(it - names.begin());
  }
  const std::size_t per_component = 2 * static_cast<std::size_t>(form.weights()), actions = policy.action.low.size();
  if (actions % per_component != 0) {
    bad(source, "found " + std::to_string(actions) + " actions, expected a multiple of " +
                    std::to_string(per_component) + " (two axes of 2 half_width + 1 weights a component)");
  }
  form.components = changedComponents(policy, actions / per_component);
  if (form.components.size() != actions / per_component) {
    bad(source, "components: found " + std::to_string(form.components.size()) + " names, expected " +
                    std::to_string(actions / per_component));
  }
  return form;
}

Flux::Flux(const Policy &policy, const std::string &source)
    : form_(FluxForm::read(policy, source)), low_(policy.action.low), high_(policy.action.high) {
  components_ = form_.components;
}

void Flux::compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step, double *change) {
  compute(fields, output, step, false, change);
}

bool Flux::computePeriodic(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                           double *change) {
  compute(fields, output, step, true, change);
  return true;
}

// On a periodic grid the face beyond one end is that beyond the other: the same numbers, computed once.
void Flux::compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step, bool periodic,
                   double *change) {
  const int nx = step.nx, ny = step.ny, left = periodic ? 0 : 1;
  const auto n = static_cast<std::size_t>(nx) + 1;
  work_.resize(4 * n);
  double *even = work_.data(), *odd = even + n, *flux = odd + n, *below = flux + n;
  const std::size_t weights = static_cast<std::size_t>(form_.weights());
  for (std::size_t c = 0; c < components_.size(); ++c) {
    const double *q = fields.channel[static_cast<std::size_t>(components_[c])];
    const double *const velocity[2] = {fields.channel[static_cast<std::size_t>(form_.velocity[0])],
                                       fields.channel[static_cast<std::size_t>(form_.velocity[1])]};
    double *const out = change + c * static_cast<std::size_t>(nx) * static_cast<std::size_t>(ny);
    const std::size_t first = 2 * c * weights;
    const float *const wx = output.data + static_cast<std::ptrdiff_t>(first) * output.plane;
    const float *const wy = wx + static_cast<std::ptrdiff_t>(weights) * output.plane;
    const Line along_x{nx + left, form_.half_width, 1, output.plane, form_.floor, &low_[first], &high_[first]};
    const Line along_y{
        nx, form_.half_width, fields.row, output.plane, form_.floor, &low_[first + weights], &high_[first + weights]};
    const auto upwards = [&](int j) {
      lineFluxes(along_y, q + j * fields.row, velocity[1] + j * fields.row, wy + j * output.row, even, odd, flux);
    };
    upwards(periodic ? ny - 1 : -1);
    std::swap(flux, below);
    if (step.wall[2]) std::fill_n(below, nx, 0.0);
    for (int j = 0; j < ny; ++j) {
      const std::ptrdiff_t at = j * fields.row - left, w = j * output.row - left;
      double *const row = out + static_cast<std::ptrdiff_t>(j) * nx;
      // flux[0] is that of the face to the left of the first point.
      lineFluxes(along_x, q + at, velocity[0] + at, wx + w, even, odd, flux + 1 - left);
      if (periodic) flux[0] = flux[nx];
      if (step.wall[0]) flux[0] = 0;
      if (step.wall[1]) flux[nx] = 0;
      difference(nx, step.dt / step.hx, flux + 1, flux, row);
      upwards(j);
      if (step.wall[3] && j + 1 == ny) std::fill_n(flux, nx, 0.0);
      addDifference(nx, step.dt / step.hy, flux, below, row);
      std::swap(flux, below);
    }
  }
}

}  // namespace petrl
