#include "problems/advection/continuous.hpp"

#include <cmath>
#include <numeric>

#include "base/error.hpp"

namespace petrl::advection {

grid2d::Case sampleCaseAt(int n, const AdvectionModel &model, const Distribution &distribution, Part part,
                          std::uint64_t seed) {
  const int fine = model.sizes().fine();
  if (n < 1 || n > fine) {
    throw Error("a grid of " + std::to_string(n) + " points a side: expected 1 to " + std::to_string(fine),
                PETSC_ERR_ARG_OUTOFRANGE);
  }
  const bool known = (distribution.images == "mnist" || distribution.images == "fashion") &&
                     (distribution.velocity == "train" || distribution.velocity == "vortex");
  if (!known || part != Part::test) {
    throw Error("a grid of " + std::to_string(n) + " points a side does not divide the fine one of " +
                    std::to_string(fine) +
                    "; only test cases of mnist or fashion, with train or vortex, can be had there",
                PETSC_ERR_ARG_OUTOFRANGE);
  }
  // The same draws as sampleCase() makes; its fine grid is compared with this one by the tests.
  grid2d::Random random(3 * seed + static_cast<std::uint64_t>(part));
  const images::Images &images = images::imageSet(distribution.images, "test");
  const int index = random.below(images.count);
  const double angle = distribution.images == "mnist" ? random.uniform(-M_PI / 2, M_PI / 2) : 0;
  grid2d::Case c;
  // With as many points as pixels the interpolation leaves every pixel where it is.
  const int size = images.rows;
  std::vector<double> places;  // of the points i / n on the fine grid
  for (int i = 0; i < n; ++i) places.push_back(static_cast<double>(i) * fine / n);
  c.state = bilinear(concentration(images, index, angle, size), size, size, places, fine);
  // Velocities stand on linspace(0, 1, fine), both ends included, so the point i / n has the place i fine / (n (fine -
  // 1)) = i p / (q (fine - 1)) there: point i p of a linspace with q (fine - 1) + 1 points.
  const int divisor = std::gcd(fine, n), p = fine / divisor, q = n / divisor;
  const int dense = q * (fine - 1) + 1;
  const std::vector<double> velocity = paperVelocity(distribution.velocity, dense, random);
  for (std::ptrdiff_t k = 0; k < 2; ++k) {
    for (std::ptrdiff_t y = 0; y < n; ++y) {
      const double *line = velocity.data() + (k * dense + y * p) * dense;
      for (std::ptrdiff_t x = 0; x < n; ++x) c.velocity.push_back(line[x * p]);
    }
  }
  return c;
}

}  // namespace petrl::advection
