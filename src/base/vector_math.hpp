// Elementary functions in float32 that a compiler can vectorise: no branches, no calls, no tables. A few units in the
// last place from the exact result; NaN stays NaN. (The polynomials are those of Moshier's Cephes library.)
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/clones.hpp"

namespace petrl::vector_math {

PETRL_INLINE float floatOf(std::int32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

PETRL_INLINE std::int32_t bitsOf(float x) {
  std::int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// Arguments are held in [-87, 88]: the result is neither subnormal nor infinite.
PETRL_INLINE float exponential(float x) {
  constexpr float kRound = 12582912.f;  // 1.5 2^23: adding it leaves an integer in the last bits
  x = x > 88.f ? 88.f : x;
  x = x < -87.f ? -87.f : x;
  const float shifted = x * 1.44269504f + kRound, n = shifted - kRound;
  const float r = (x - n * .693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const std::int32_t power = bitsOf(shifted) - bitsOf(kRound);
  return (p * r * r + r + 1) * floatOf((power + 127) << 23);
}

/// Of positive normal numbers.
PETRL_INLINE float logarithm(float x) {
  // x = m 2^e with m in [sqrt(1/2), sqrt(2)).
  constexpr std::int32_t kRootHalf = 0x3f3504f3;
  const std::int32_t e = (bitsOf(x) - kRootHalf) >> 23;
  const float m = floatOf(bitsOf(x) - e * (1 << 23)) - 1, z = m * m, k = static_cast<float>(e);
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  return p * m * z - 2.12194440e-4f * k - .5f * z + m + .693359375f * k;
}

/// log(1 + e^x).
PETRL_INLINE float softplus(float x) {
  const float e = exponential(-std::fabs(x)), one_more = 1 + e;
  // What rounding took from 1 + e is given back, or small results would have few digits.
  const float rest = e - (one_more - 1);
  return (x > 0 ? x : 0) + (logarithm(one_more) + rest / one_more);
}

/// 1 / (1 + e^-x).
PETRL_INLINE float logistic(float x) {
  const float e = exponential(-std::fabs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

PETRL_INLINE float hyperbolicTangent(float x) {
  const float z = x * x, e = exponential(-2 * std::fabs(x));
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  // Near zero the quotient would lose digits.
  return std::fabs(x) < .625f ? p * z * x + x : std::copysign((1 - e) / (1 + e), x);
}

/// Sine and cosine of 2 pi turns, for turns in [0, 1].
PETRL_INLINE void sineCosine(float turns, float &sine, float &cosine) {
  constexpr float kRound = 12582912.f;
  const float shifted = 4 * turns + kRound;
  const std::int32_t quadrant = bitsOf(shifted);
  const float a = (4 * turns - (shifted - kRound)) * 1.57079633f, z = a * a;
  const float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * a + a;
  const float c =
      ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - .5f * z + 1;
  const bool odd = (quadrant & 1) != 0;
  const float first = odd ? c : s, second = odd ? s : c;
  sine = (quadrant & 2) != 0 ? -first : first;
  cosine = ((quadrant + 1) & 2) != 0 ? -second : second;
}

}  // namespace petrl::vector_math
