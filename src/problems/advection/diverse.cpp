#include "problems/advection/diverse.hpp"

#include <algorithm>
#include <cmath>

namespace petrl::advection {

namespace {

constexpr int kSize = 28;
constexpr double kPi = 3.14159265358979323846;

std::size_t at(int x, int y) {
  return static_cast<std::size_t>(y) * kSize + static_cast<std::size_t>(x);
}

std::vector<double> blurred(const std::vector<double> &in) {
  std::vector<double> out(in.size());
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      double sum = 0;
      for (int j = -1; j <= 1; ++j)
        for (int i = -1; i <= 1; ++i)
          sum += (2 - std::abs(i)) * (2 - std::abs(j)) * in[at((x + i + kSize) % kSize, (y + j + kSize) % kSize)];
      out[at(x, y)] = sum / 16;
    }
  }
  return out;
}

}  // namespace

images::Images texture(grid2d::Random &random) {
  std::vector<double> picture(kSize * kSize);
  for (double &p : picture) p = random.unit();
  for (int i = random.below(7); i > 0; --i) picture = blurred(picture);
  const auto [low, high] = std::minmax_element(picture.begin(), picture.end());
  const double bottom = *low, range = *high - *low;
  for (double &p : picture) p = (p - bottom) / range;
  if (random.unit() < 0.5) {
    const double step = random.uniform(0.3, 0.7);
    for (double &p : picture) p = (p > 0.5 ? step : 0) + 0.3 * p;
  }
  if (random.unit() < 0.6) {
    const auto side = [&random] {
      const int size = 8 + random.below(kSize - 8), from = random.below(kSize - size + 1);
      return std::pair{from, from + size};
    };
    const auto [left, right] = side();
    const auto [down, up] = side();
    for (int y = 0; y < kSize; ++y)
      for (int x = 0; x < kSize; ++x)
        if (x < left || x >= right || y < down || y >= up) picture[at(x, y)] = 0;
  }
  images::Images result;
  result.count = 1;
  result.rows = result.columns = kSize;
  for (const double p : picture) result.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * std::min(p, 1.))));
  return result;
}

std::vector<double> streamVelocity(int n, grid2d::Random &random) {
  const auto points = static_cast<std::size_t>(n), plane = points * points;
  std::vector<double> velocity(2 * plane, 0.0);
  for (int modes = 1 + random.below(5); modes > 0; --modes) {
    const int kx = random.below(7) - 3, ky = random.below(7) - 3;
    const double amplitude = random.normal(), phase = random.uniform(0, 2 * kPi);
    if (kx == 0 && ky == 0) continue;
    const double length = std::hypot(kx, ky);
    for (std::size_t y = 0, i = 0; y < points; ++y) {
      for (std::size_t x = 0; x < points; ++x, ++i) {
        const double angle = 2 * kPi * (kx * static_cast<double>(x) + ky * static_cast<double>(y)) / n + phase;
        const double s = amplitude / length * std::cos(angle);
        velocity[i] += ky * s;
        velocity[plane + i] -= kx * s;
      }
    }
  }
  const double tu = 0.5 * random.normal(), tv = 0.5 * random.normal();
  double greatest = 1e-9;
  for (std::size_t i = 0; i < plane; ++i) {
    velocity[i] += tu;
    velocity[plane + i] += tv;
    greatest = std::max(greatest, std::hypot(velocity[i], velocity[plane + i]));
  }
  const double factor = random.uniform(0.2, 1) / greatest;
  for (double &v : velocity) v *= factor;
  return velocity;
}

}  // namespace petrl::advection
