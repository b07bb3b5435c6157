// Analytic fields: sums of compact shapes and Fourier modes.
#pragma once

#include <vector>

namespace petrl::conservation {

/// One term. r: distance from the centre, (p, q): coordinates about the centre, turned by `angle`.
struct Shape {
  enum class Kind {
    gaussian,  ///< exp(-(r / width)^2)
    ring,      ///< exp(-((r - radius) / width)^2)
    disc,      ///< (1 - tanh((r - radius) / width)) / 2
    bar        ///< steep fronts: |p| < radius and |q| < breadth, each side a tanh of this width
  };
  Kind kind = Kind::gaussian;
  double amplitude = 1, centre[2] = {0, 0}, width = 0.1, radius = 0, breadth = 0, angle = 0;
  double reach() const;  ///< beyond this distance it is below 1e-15
};

/// amplitude sin(wave . x + phase).
struct Mode {
  double amplitude, wave[2], phase;
};

/// On [0, length]^dim. Periodic: each shape is seen at its nearest image (shapes should reach less than length / 2).
struct Profile {
  int dim = 2;
  double length = 2;
  bool periodic = true;
  double mean = 0;
  std::vector<Shape> shapes;
  std::vector<Mode> modes;

  /// x: n x dim. Each point is first mapped to a + R (x - a) + shift, R a turn by `angle` about the middle a.
  void values(int n, const double *x, const double shift[2], double angle, double *out) const;
  /// A length over which the field is smooth, within `radius` of x (after the same map); infinite where nothing is.
  double sharpness(const double *x, double radius, const double shift[2], double angle) const;
};

}  // namespace petrl::conservation
