// The learner's own random numbers: small state that goes into checkpoints, the same stream on every platform.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "base/archive.hpp"

namespace petrl::learn {

/// xoshiro256++ (Blackman, Vigna 2019), seeded through splitmix64.
class Rng {
 public:
  /// Everything that the next numbers depend on; plain data.
  struct State {
    std::array<std::uint64_t, 4> word{};
    double spare = 0;             ///< second number of the last Box-Muller pair
    std::uint64_t has_spare = 0;  ///< 0 or 1
  };

  explicit Rng(std::uint64_t seed) {
    for (auto &word : state_.word) {
      seed += 0x9e3779b97f4a7c15ULL;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() {
    auto &s = state_.word;
    const std::uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    const std::uint64_t t = s[1] << 17;
    s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3], s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
  }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Uniform in {0, ..., n - 1}; the bias of 2^-64 n is of no importance here.
  std::uint64_t below(std::uint64_t n) { return static_cast<std::uint64_t>(uniform() * static_cast<double>(n)); }
  /// Standard normal (Box-Muller).
  double normal() {
    if (state_.has_spare != 0) {
      state_.has_spare = 0;
      return state_.spare;
    }
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    const double angle = 6.283185307179586 * uniform();
    state_.spare = radius * std::sin(angle);
    state_.has_spare = 1;
    return radius * std::cos(angle);
  }

  void archive(Archive &a) {
    a("words", state_.word);
    a("spare", state_.spare);
    a("has_spare", state_.has_spare);
  }

 private:
  static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  State state_;
};

}  // namespace petrl::learn
