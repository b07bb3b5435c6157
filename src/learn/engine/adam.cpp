#include "learn/engine/adam.hpp"

#include <cmath>

namespace petrl {

double Adam::step(std::vector<float> &x, std::vector<float> &gradient, double rate, double clip) {
  double square = 0;
  for (float g : gradient) square += static_cast<double>(g) * g;
  const double norm = std::sqrt(square);
  const auto scale = static_cast<float>(clip > 0 && norm > clip ? clip / norm : 1);
  ++steps;
  const double n = static_cast<double>(steps);
  const auto size = static_cast<float>(rate / (1 - std::pow(.9, n)));
  const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(.999, n)));
  const auto keep = static_cast<float>(1 - rate * weight_decay);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (weight_decay > 0) x[i] *= keep;
    const float g = gradient[i] * scale;
    first[i] = .9f * first[i] + .1f * g;
    second[i] = .999f * second[i] + .001f * g * g;
    x[i] -= size * first[i] / (std::sqrt(second[i]) * correction + 1e-8f);
  }
  return norm;
}

}  // namespace petrl
