#include "problems/burgers/burgers.hpp"

#include <cmath>

#include "problems/burgers/fine.hpp"
#include "problems/grid2d/vortices.hpp"

namespace petrl::burgers {

BurgersModel::BurgersModel(const grid2d::Sizes &sizes, double viscosity, bool transported)
    : Model(sizes, 2, viscosity), transported_(transported) {}

std::unique_ptr<grid2d::FineSolver> BurgersModel::fine(const grid2d::Case &c) const {
  return std::make_unique<FineBurgers>(sizes_.fine(), sizes_.dt() / sizes_.substeps, sizes_.substeps, viscosity_,
                                       c.state.data(), transported_);
}

void BurgersModel::restrictTo(int n, const grid2d::ConstPatch &fine, double *coarse) const {
  checkDivides(n);
  const int width = sizes_.fine() / n;
  const double share = 1. / (width * width);
  for (int c = 0; c < 2; ++c) {
    for (int y = 0; y < n; ++y) {
      for (int x = 0; x < n; ++x) {
        double sum = 0;
        for (int j = 0; j < width; ++j) {
          const double *line = fine.at(c, y * width + j) + static_cast<std::ptrdiff_t>(x) * width;
          for (int i = 0; i < width; ++i) sum += line[i];
        }
        *coarse++ = sum * share;
      }
    }
  }
}

double BurgersModel::scale(const std::vector<double> &target) const {
  double sum = 0;
  for (const double value : target) sum += std::fabs(value);
  // A fluid at rest has no scale.
  return sum > 0 ? 2 * sum / static_cast<double>(target.size()) : 1;
}

grid2d::Case sampleCase(const BurgersModel &model, int stream, std::uint64_t seed) {
  grid2d::Random random(3 * seed + static_cast<std::uint64_t>(stream));
  return {grid2d::taylorGreen(model.sizes().fine(), {2, 4, 6, 8}, 2, 4, false, random), {}};
}

grid2d::Case diverseCase(const BurgersModel &model, int stream, std::uint64_t seed, bool centred) {
  grid2d::Random random(3 * seed + static_cast<std::uint64_t>(stream));
  constexpr double kTwoPi = 6.283185307179586;
  const auto n = static_cast<std::size_t>(model.sizes().fine());
  std::vector<double> velocity(2 * n * n, 0.0);
  const int vortices = 2 + random.below(3);
  for (int v = 0; v < vortices; ++v) {
    const int waves = 1 + random.below(4);
    // Between the last point and the first: the coarse grid's averages are then mirror images, too.
    const double drawn[2] = {random.unit(), random.unit()}, middle = -0.5 / static_cast<double>(n);
    const double x0 = centred ? middle : drawn[0], y0 = centred ? middle : drawn[1];
    const double amplitude = random.sign() * random.uniform(0.5, 1.25) / (vortices + 1);
    for (std::size_t y = 0, i = 0; y < n; ++y) {
      const double b = kTwoPi * waves * (static_cast<double>(y) / static_cast<double>(n) - y0);
      for (std::size_t x = 0; x < n; ++x, ++i) {
        const double a = kTwoPi * waves * (static_cast<double>(x) / static_cast<double>(n) - x0);
        velocity[i] += amplitude * std::sin(a) * std::cos(b);
        velocity[n * n + i] -= amplitude * std::cos(a) * std::sin(b);
      }
    }
  }
  return {std::move(velocity), {}};
}

}  // namespace petrl::burgers
