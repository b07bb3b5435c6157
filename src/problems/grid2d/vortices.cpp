#include "problems/grid2d/vortices.hpp"

#include <cmath>

namespace petrl::grid2d {

std::vector<double> taylorGreen(int n, const std::vector<int> &choices, int fewest, int most, bool translate,
                                Random &random) {
  constexpr double pi = 3.14159265358979323846;
  const auto points = static_cast<std::size_t>(n);
  std::vector<int> left = choices;
  const int count = fewest + random.below(most - fewest + 1);
  std::vector<double> velocity(2 * points * points, 0.0), sine(points), cosine(points);
  double *u = velocity.data(), *v = u + points * points;
  for (int c = 0; c < count; ++c) {
    const auto pick = static_cast<std::size_t>(random.below(static_cast<int>(left.size())));
    const int k = left[pick];
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(pick));
    const double sign = random.sign() / (count + 1);
    for (std::size_t i = 0; i < points; ++i) {
      const double angle = pi * k * static_cast<double>(i) / (n - 1);
      sine[i] = std::sin(angle), cosine[i] = std::cos(angle);
    }
    for (std::size_t y = 0; y < points; ++y) {
      for (std::size_t x = 0; x < points; ++x) {
        u[y * points + x] += sign * sine[x] * cosine[y];
        v[y * points + x] -= sign * cosine[x] * sine[y];
      }
    }
  }
  if (!translate) return velocity;
  for (double *component : {u, v}) {
    const double shift = random.uniform(-1, 1) / (count + 1);
    for (std::size_t i = 0; i < points * points; ++i) component[i] += shift;
  }
  return velocity;
}

}  // namespace petrl::grid2d
