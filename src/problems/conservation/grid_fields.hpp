// What references on grids share: fields at chosen times, linear between points, and how a slope is limited.
#pragma once

#include <cmath>
#include <map>
#include <vector>

#include "base/clones.hpp"

namespace petrl::conservation {

/// Half the limited slope between the differences behind and ahead (monotonised central).
PETRL_INLINE float halfSlope(float a, float b) {
  const float mean = 0.25f * (a + b), x = std::fabs(mean), y = std::fabs(a), z = std::fabs(b);
  const float size = x < (y < z ? y : z) ? x : (y < z ? y : z);
  return a * b > 0 ? std::copysign(size, mean) : 0.f;
}

/// points^dim means over the cells of a grid on [0, length]^dim, for each time. Beyond the last points of a box that is
/// not periodic the field goes on as it is there.
class GridFields {
 public:
  GridFields(int dim, double length, int points, bool periodic)
      : dim_(dim), points_(points), length_(length), periodic_(periodic) {}
  bool empty() const { return fields_.empty(); }
  std::vector<float> &at(double t) { return fields_[t]; }
  /// At n points, x: n x dim. Throws petrl::Error where t is none of the times.
  void values(double t, int n, const double *x, double *out) const;
  double spacing() const { return length_ / points_; }

 private:
  int dim_, points_;
  double length_;
  bool periodic_;
  std::map<double, std::vector<float>> fields_;
};

/// Throws petrl::Error unless the times increase from 0 and there are points enough.
void checkReference(int points, const std::vector<double> &times);

}  // namespace petrl::conservation
