#include "learn/tqc/formulas.hpp"

#include <cmath>

namespace petrl::learn {

double quantileHuberLoss(const float *quantile, int n_quantiles, const float *target, int n_targets) {
  double sum = 0;
  for (int m = 0; m < n_quantiles; ++m) {
    const double tau = (m + .5) / n_quantiles;
    for (int t = 0; t < n_targets; ++t) {
      const double u = static_cast<double>(target[t]) - quantile[m];
      const double huber = std::abs(u) <= 1 ? .5 * u * u : std::abs(u) - .5;
      sum += (u < 0 ? 1 - tau : tau) * huber;
    }
  }
  return sum / n_quantiles / n_targets;
}

double gsdeLogProb(double mean, double noise, double variance) {
  constexpr double kLogTwoPi = 1.8378770664093453;
  const double v = variance + kVarianceFloor, a = std::tanh(mean + noise);
  return -.5 * (noise * noise / v + std::log(v) + kLogTwoPi) - std::log(1 - a * a + kTanhFloor);
}

GsdeSlopes gsdeLogProbSlopes(double mean, double noise, double variance) {
  const double v = variance + kVarianceFloor, a = std::tanh(mean + noise), rest = 1 - a * a;
  return {2 * a * rest / (rest + kTanhFloor), -noise / v, .5 * (noise * noise / v - 1) / v};
}

}  // namespace petrl::learn
