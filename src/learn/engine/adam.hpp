// Adam on one array of float32, without libtorch.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace petrl {

/// Kingma & Ba 2015, constants as in PyTorch.
struct Adam {
  std::vector<float> first, second;  ///< moments
  std::int64_t steps = 0;

  explicit Adam(std::size_t n = 0) : first(n, 0.f), second(n, 0.f) {}
  /// The gradient is scaled so that its norm is at most `clip` (0: no limit). Returns the norm before.
  double step(std::vector<float> &x, std::vector<float> &gradient, double rate, double clip = 0) {
    double square = 0;
    for (float g : gradient) square += static_cast<double>(g) * g;
    const double norm = std::sqrt(square);
    const auto scale = static_cast<float>(clip > 0 && norm > clip ? clip / norm : 1);
    ++steps;
    const double n = static_cast<double>(steps);
    const auto size = static_cast<float>(rate / (1 - std::pow(.9, n)));
    const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(.999, n)));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float g = gradient[i] * scale;
      first[i] = .9f * first[i] + .1f * g;
      second[i] = .999f * second[i] + .001f * g * g;
      x[i] -= size * first[i] / (std::sqrt(second[i]) * correction + 1e-8f);
    }
    return norm;
  }
};

}  // namespace petrl
