#include "learn/engine/normals.hpp"

#include <algorithm>

#include "base/vector_math.hpp"

namespace petrl::learn {

static constexpr std::size_t kPairs = 128;

// Uniform integers of 24 bits become pairs: the first of them all, then the second.
PETRL_CLONES static void boxMuller(const std::int32_t *radius, const std::int32_t *angle, float *out) {
  constexpr float kUnit = 0x1p-24f;
  for (std::size_t i = 0; i < kPairs; ++i) {
    const float u = (static_cast<float>(radius[i]) + .5f) * kUnit;
    const float log = vector_math::logarithm(u), r = std::sqrt(log < 0 ? -2 * log : 0.f);
    float sine, cosine;
    vector_math::sineCosine(static_cast<float>(angle[i]) * kUnit, sine, cosine);
    out[i] = r * cosine;
    out[kPairs + i] = r * sine;
  }
}

void fillNormal(Rng &rng, float *out, std::size_t n) {
  std::int32_t radius[kPairs], angle[kPairs];
  float block[2 * kPairs];
  for (std::size_t done = 0; done < n; done += 2 * kPairs) {
    for (std::size_t i = 0; i < kPairs; ++i) {
      const std::uint64_t bits = rng.next();
      radius[i] = static_cast<std::int32_t>(bits >> 40);
      angle[i] = static_cast<std::int32_t>((bits >> 8) & 0xffffff);
    }
    boxMuller(radius, angle, block);
    std::copy_n(block, std::min(n - done, 2 * kPairs), out + done);
  }
}

}  // namespace petrl::learn
