// Random parameters: the classical value without a generator, a draw with one.
#pragma once

#include <cmath>
#include <random>

namespace petrl::ode {

class Draw {
 public:
  explicit Draw(std::mt19937_64 *rng) : rng_(rng) {}

  /// Uniform in [low, high), or `classical`.
  double uniform(double classical, double low, double high) const {
    return rng_ ? low + (high - low) * unit() : classical;
  }
  /// Log-uniform in [low, high), or `classical`.
  double log(double classical, double low, double high) const {
    return rng_ ? std::exp(uniform(0, std::log(low), std::log(high))) : classical;
  }
  /// `classical` times a factor log-uniform in [1/factor, factor).
  double around(double classical, double factor) const { return classical * log(1, 1 / factor, factor); }
  explicit operator bool() const { return rng_ != nullptr; }

 private:
  // Not std::uniform_real_distribution: its values differ between standard libraries.
  double unit() const { return static_cast<double>((*rng_)() >> 11) * 0x1.0p-53; }
  std::mt19937_64 *rng_;
};

}  // namespace petrl::ode
