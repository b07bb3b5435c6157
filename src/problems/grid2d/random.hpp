// Random numbers that do not depend on the standard library's distributions.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace petrl::grid2d {

class Random {
 public:
  explicit Random(std::uint64_t seed) : rng_(seed * 0x9e3779b97f4a7c15ull + 0x632be59bd9b4e019ull) {}
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(rng_() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * unit(); }
  /// Uniform in 0 .. n - 1.
  int below(int n) { return static_cast<int>(unit() * n); }
  double sign() { return unit() < 0.5 ? -1 : 1; }
  /// Standard normal (Box, Muller).
  double normal() {
    const double r = std::sqrt(-2 * std::log(1 - unit()));
    return r * std::cos(6.283185307179586 * unit());
  }

 private:
  std::mt19937_64 rng_;
};

}  // namespace petrl::grid2d
