#include "problems/advection/continuous.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "problems/grid2d/vortices.hpp"

namespace petrl::advection {

namespace {

constexpr double kPi = 3.14159265358979323846;

// The picture at the points i / n, with the fine grid's half-pixel centres: fine index f lies at pixel
// (f + 1/2) size / fine - 1/2.
std::vector<double> picture(const images::Images &images, int index, double angle, int fine, int n) {
  // With as many points as pixels the interpolation leaves every pixel where it is.
  const int size = images.rows;
  const std::vector<double> pixels = concentration(images, index, angle, size);
  std::vector<int> low, high;
  std::vector<double> share;
  for (int i = 0; i < n; ++i) {
    const double index_fine = static_cast<double>(i) * fine / n;
    const double at = std::clamp((index_fine + 0.5) * size / fine - 0.5, 0., size - 1.);
    low.push_back(static_cast<int>(at));
    high.push_back(std::min(low.back() + 1, size - 1));
    share.push_back(at - low.back());
  }
  std::vector<double> out;
  const auto points = static_cast<std::size_t>(n);
  out.reserve(points * points);
  for (std::size_t y = 0; y < points; ++y) {
    const double *bottom = pixels.data() + low[y] * size, *top = pixels.data() + high[y] * size;
    for (std::size_t x = 0; x < points; ++x) {
      const double a = bottom[low[x]] + share[x] * (bottom[high[x]] - bottom[low[x]]);
      const double b = top[low[x]] + share[x] * (top[high[x]] - top[low[x]]);
      out.push_back(a + share[y] * (b - a));
    }
  }
  return out;
}

}  // namespace

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
  const double angle = distribution.images == "mnist" ? random.uniform(-kPi / 2, kPi / 2) : 0;
  grid2d::Case c;
  c.state = picture(images, index, angle, fine, n);
  // Velocities stand on linspace(0, 1, fine), both ends included, so the point i / n has the place i fine / (n (fine -
  // 1)) = i p / (q (fine - 1)) there: point i p of a linspace with q (fine - 1) + 1 points.
  const int divisor = std::gcd(fine, n), p = fine / divisor, q = n / divisor;
  const int dense = q * (fine - 1) + 1;
  std::vector<double> velocity;
  if (distribution.velocity == "train") {
    velocity = grid2d::taylorGreen(dense, {1, 2, 3, 4, 5}, 1, 4, true, random);
  } else {
    const double sign = random.sign();
    velocity = vortex(dense, sign * random.uniform(0.5, 1));
  }
  for (std::ptrdiff_t k = 0; k < 2; ++k) {
    for (std::ptrdiff_t y = 0; y < n; ++y) {
      const double *line = velocity.data() + (k * dense + y * p) * dense;
      for (std::ptrdiff_t x = 0; x < n; ++x) c.velocity.push_back(line[x * p]);
    }
  }
  return c;
}

}  // namespace petrl::advection
