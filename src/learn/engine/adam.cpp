#include "learn/engine/adam.hpp"

#include <cmath>

#include "base/clones.hpp"

namespace petrl {

namespace {

constexpr double kBeta1 = .9, kBeta2 = .999, kEpsilon = 1e-8;
constexpr auto kKeep1 = static_cast<float>(kBeta1), kKeep2 = static_cast<float>(kBeta2);

PETRL_CLONES void decay(std::size_t n, float keep, float *x) {
  for (std::size_t i = 0; i < n; ++i) x[i] *= keep;
}

PETRL_CLONES void move(std::size_t n, float size, float inverse_root, const float *__restrict gradient,
                       float *__restrict first, float *__restrict second, float *__restrict x) {
  for (std::size_t i = 0; i < n; ++i) {
    const float g = gradient[i];
    first[i] = (1 - kKeep1) * g + kKeep1 * first[i];
    second[i] = (1 - kKeep2) * (g * g) + kKeep2 * second[i];
    x[i] -= size * (first[i] / (std::sqrt(second[i]) * inverse_root + static_cast<float>(kEpsilon)));
  }
}

}  // namespace

void Adam::step(float *x, const float *gradient, double rate) {
  const auto n = static_cast<double>(++steps);
  if (weight_decay > 0) decay(first.size(), static_cast<float>(1 - rate * weight_decay), x);
  move(first.size(), static_cast<float>(rate / (1 - std::pow(kBeta1, n))),
       static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, n))), gradient, first.data(), second.data(), x);
}

void Adam::archive(Archive &a) {
  a.sized("first", first);
  a.sized("second", second);
  a("steps", steps);
}

double clipNorm(std::vector<float> &gradient, double limit) {
  double square = 0;
  for (const float g : gradient) square += static_cast<double>(g) * static_cast<double>(g);
  const double norm = std::sqrt(square);
  if (limit > 0 && norm > limit) decay(gradient.size(), static_cast<float>(limit / norm), gradient.data());
  return norm;
}

void adamScalar(double &value, double &first, double &second, double gradient, double rate, std::int64_t step) {
  const auto n = static_cast<double>(step);
  first = kBeta1 * first + (1 - kBeta1) * gradient;
  second = kBeta2 * second + (1 - kBeta2) * gradient * gradient;
  const double root = std::sqrt(second / (1 - std::pow(kBeta2, n)));
  value -= rate * first / (1 - std::pow(kBeta1, n)) / (root + kEpsilon);
}

}  // namespace petrl
