#include "closure/correction.hpp"

#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "base/error.hpp"
#include "closure/flux.hpp"

namespace petrl {

namespace {

PETRL_CLONES void scaleRow(const float *output, int n, double middle, double half, double *change) {
  for (int i = 0; i < n; ++i) {
    const float x = output[i] > 1.f ? 1.f : output[i];
    change[i] = middle + half * static_cast<double>(x < -1.f ? -1.f : x);
  }
}

class Additive : public Correction {
 public:
  explicit Additive(const Policy &policy)
      : action_(policy.action),
        rate_(policy.action.transform == "additive-rate"),
        fixed_(policy.action.parameters.count("boundary") == 0 || policy.action.parameters.at("boundary") == "fixed") {
    components_ = changedComponents(policy, policy.action.low.size());
  }

  bool dependsOnOwnStep() const override { return !rate_; }
  void compute(const Fields &, const NetworkOutput &output, const CorrectionStep &step, double *change) override {
    const double factor = 0.5 * (rate_ ? step.dt : step.own > 0 ? step.dt / step.own : 1);
    for (std::size_t a = 0; a < components_.size(); ++a) {
      const double middle = factor * (action_.high[a] + action_.low[a]);
      const double half = factor * (action_.high[a] - action_.low[a]);
      const float *slice = output.data + static_cast<std::ptrdiff_t>(a) * output.plane;
      for (int z = 0; z < step.nz; ++z, slice += output.slice) {
        const float *row = slice;
        for (int y = 0; y < step.ny; ++y, row += output.row, change += step.nx) {
          scaleRow(row, step.nx, middle, half, change);
          if (fixed_) fix(step, y, z, change);
        }
      }
    }
  }

  void pullBack(const Fields &, const NetworkOutput &output, const CorrectionStep &step, const NetworkOutput &d_change,
                float *d_output) const override {
    const double factor = 0.5 * (rate_ ? step.dt : step.own > 0 ? step.dt / step.own : 1);
    std::vector<double> row(static_cast<std::size_t>(step.nx));
    for (std::size_t a = 0; a < components_.size(); ++a) {
      const double half = factor * (action_.high[a] - action_.low[a]);
      const auto plane = static_cast<std::ptrdiff_t>(a);
      for (int z = 0; z < step.nz; ++z) {
        for (int y = 0; y < step.ny; ++y, d_output += step.nx) {
          const float *out = output.data + plane * output.plane + z * output.slice + y * output.row;
          const float *d = d_change.data + plane * d_change.plane + z * d_change.slice + y * d_change.row;
          for (int x = 0; x < step.nx; ++x) {
            const double slope = half * static_cast<double>(d[x]);
            row[static_cast<std::size_t>(x)] = passes(out[x], slope) ? slope : 0;
          }
          if (fixed_) fix(step, y, z, row.data());
          std::copy(row.begin(), row.end(), d_output);
        }
      }
    }
  }

 private:
  // Points on the boundary stay as they are; a NaN shows all the same.
  static void fix(const CorrectionStep &step, int y, int z, double *row) {
    const std::array<bool, 6> &wall = step.wall;
    if (wall[0]) row[0] *= 0;
    if (wall[1]) row[step.nx - 1] *= 0;
    if ((wall[2] && y == 0) || (wall[3] && y + 1 == step.ny) || (wall[4] && z == 0) || (wall[5] && z + 1 == step.nz))
      for (int i = 0; i < step.nx; ++i) row[i] *= 0;
  }

  ActionSpec action_;
  bool rate_, fixed_;
};

}  // namespace

double meanSpacing(const CorrectionStep &step, int dimensions) {
  if (dimensions == 1) return step.hx;
  return dimensions == 2 ? std::sqrt(step.hx * step.hy) : std::cbrt(step.hx * step.hy * step.hz);
}

std::vector<int> changedComponents(const Policy &policy, std::size_t count) {
  std::vector<int> result;
  const auto given = policy.action.parameters.find("components");
  if (given == policy.action.parameters.end()) {
    for (std::size_t c = 0; c < count; ++c) result.push_back(static_cast<int>(c));
    return result;
  }
  const auto &names = policy.observation.names;
  for (const auto &name : words(given->second))
    result.push_back(static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin()));
  return result;
}

std::unique_ptr<Correction> Correction::make(const Policy &policy, const std::string &source) {
  validateSpecification(policy, source);
  const std::string &transform = policy.action.transform;
  if (transform == "cell-flux")
    throw Error(source + ": the policy is for the cells of a mesh (transform cell-flux), expected one for a grid",
                PETSC_ERR_ARG_INCOMP);
  if (transform == "additive" || transform == "additive-rate") return std::make_unique<Additive>(policy);
  if (transform == "flux") return std::make_unique<Flux>(policy, source);
  throw Error(
      source + ": /action: transform: expected additive, additive-rate, flux or cell-flux, found '" + transform + "'",
      PETSC_ERR_FILE_UNEXPECTED);
}

}  // namespace petrl
