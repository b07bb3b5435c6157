// Random numbers for cases drawn from seeds: the same with every standard library, whose distributions differ.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace petrl {

class Random {
 public:
  explicit Random(std::uint64_t seed) : rng_(seed) {}
  /// One of many streams of numbers for a seed.
  Random(std::uint64_t seed, std::uint64_t stream) : rng_(seed * 0x9e3779b97f4a7c15ull + stream) {}
  std::uint64_t bits() { return rng_(); }
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(rng_() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * unit(); }
  /// Uniform in its logarithm.
  double logarithmic(double low, double high) { return low * std::pow(high / low, unit()); }
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

/// A step of splitmix64 (Steele, Lea, Flood 2014): scatters keys, and numbers streams that carry no state along.
inline std::uint64_t splitmix64(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace petrl
