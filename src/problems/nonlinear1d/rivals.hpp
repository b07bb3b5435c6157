// The classical methods of the one-dimensional benchmark, run as its learned ones are: from level kFirstLevel - 1 to
// the end, bundle by bundle, with forcing and viscosity known.
#pragma once

#include <string>

#include "problems/nonlinear1d/adaptive.hpp"
#include "problems/nonlinear1d/dataset.hpp"
#include "problems/nonlinear1d/fast.hpp"
#include "problems/nonlinear1d/transfer.hpp"

namespace petrl::nonlinear1d {

constexpr int kBundle = 25;      ///< levels that one prediction covers
constexpr int kFirstLevel = 50;  ///< first predicted level; what is known are the kBundle levels before

/// Mean over the label points of the squared difference of two levels. The benchmark's error is its sum over levels
/// kFirstLevel..kLevels-1.
inline double levelError(const float *field, const float *label) {
  double sum = 0;
  for (int p = 0; p < kPoints; ++p) sum += (double(field[p]) - label[p]) * (double(field[p]) - label[p]);
  return sum / kPoints;
}

/// What one trajectory costs and gives.
struct RivalResult {
  double error = 0;       ///< benchmark error: linear interpolation between the method's own points
  double consistent = 0;  ///< benchmark error of labels computed from cell means, as the method understands them
  double cells = 0;       ///< mean over the bundles
  double seconds = 0;     ///< per bundle: new mesh and time steps, no evaluation of errors
};

struct UniformOptions {
  int n = 50;
  FastOptions fast;
  /// How the method begins: cells take the labels at their centres (0), or labels are turned into cell means by
  /// interpolation of this degree.
  int start = 3;
  int finish = 5;       ///< degree of the interpolation that turns cell means into labels
  bool single = false;  ///< computes in single precision
};

/// WENO5 on n uniform cells. Make one for many trajectories.
class UniformRival {
 public:
  explicit UniformRival(const UniformOptions &options);
  RivalResult run(const Nonlinear1DSet &set, int trajectory) const;

 private:
  template <typename T>
  RivalResult runIn(const Nonlinear1DSet &set, int trajectory) const;
  UniformOptions options_;
  LinearMap begin_, linear_, consistent_;
};

/// Adaptive finite volumes, a new mesh before each bundle. Without `errors`: cells and costs alone.
RivalResult adaptiveRival(const AdaptiveOptions &options, const Nonlinear1DSet &set, int trajectory,
                          bool errors = true);

}  // namespace petrl::nonlinear1d
