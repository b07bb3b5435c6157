// Random numbers that are the same with every standard library.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace petrl::poisson {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : rng_(seed) {}
  double uniform() { return static_cast<double>(rng_() >> 11) * 0x1.0p-53; }
  int below(int n) { return static_cast<int>(uniform() * n); }
  double logarithmic(double low, double high) { return low * std::pow(high / low, uniform()); }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

 private:
  std::mt19937_64 rng_;
};

}  // namespace petrl::poisson
