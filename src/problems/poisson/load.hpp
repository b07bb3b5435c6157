// Right-hand sides: mixtures of Gaussians on the L-shape.
#pragma once

#include <cstdint>
#include <vector>

namespace petrl::poisson {

enum class Split { train, valid, test };

/// What the basis functions of a triangle see of a right-hand side f.
struct LoadMoments {
  double hat[3] = {0, 0, 0};  ///< integrals of f times the barycentric coordinates
  double square = 0;          ///< integral of f^2
  double total() const { return hat[0] + hat[1] + hat[2]; }
};

/// f = sum of weights times normal densities.
class GaussianLoad {
 public:
  struct Component {
    double weight, mean[2];
    double precision[3];       ///< inverse covariance: xx, xy, yy
    double density;            ///< at the mean
    double smallest, largest;  ///< standard deviations along the axes
  };

  GaussianLoad() = default;
  /// deviation: two standard deviations, the first along `angle`.
  void add(double weight, const double mean[2], const double deviation[2], double angle);
  double value(const double *x) const;
  /// Of a triangle (three corners). Triangles wider than a Gaussian are subdivided where they see it.
  LoadMoments moments(const double *corner) const;
  const std::vector<Component> &components() const { return components_; }

 private:
  std::vector<Component> components_;
};

/// The benchmark of Freymuth et al. (2023, ASMR) on [0,1]^2 without its upper right quarter: three components, means
/// uniform in the domain's part of [0.1, 0.9]^2, variances along the axes log-uniform in [1e-4, 1e-3], axes turned at
/// random, weights proportional to 1 + exp(standard normal).
GaussianLoad drawLoad(Split split, std::uint64_t seed, int index);

}  // namespace petrl::poisson
