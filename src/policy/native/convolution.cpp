#include "policy/native/convolution.hpp"

#include <limits>
#include <utility>

namespace petrl::convolution {

namespace {

using simd::load;
using simd::store;

// Outputs x registers of sums, as many of inputs, and one weight fill the registers.
template <class Set>
constexpr int kOutputs = Set::kRegisters == 32 ? 8
                         : Set::kLanes == 8    ? 6
                                               : 5;
template <class Set>
constexpr int kVectors = Set::kRegisters == 32 ? 4 : 2;

// Rational approximation x P(x^2)/Q(x^2) on [-7.9, 7.9] (Eigen's; a few units in the last place), 1 beyond.
template <class Set>
PETRL_INLINE void hyperbolicTangent(float *at) {
  using V = typename Set::Vector;
  constexpr float kBound = 7.90531110763549805f;
  V x = *load<Set>(at);
  x = x > kBound ? V{} + kBound : x;  // NaN stays NaN
  x = x < -kBound ? V{} - kBound : x;
  const V x2 = x * x;
  V p = x2 * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = x2 * p + -8.60467152213735e-11f;
  p = x2 * p + 5.12229709037114e-08f;
  p = x2 * p + 1.48572235717979e-05f;
  p = x2 * p + 6.37261928875436e-04f;
  p = x2 * p + 4.89352455891786e-03f;
  V q = x2 * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = x2 * q + 2.26843463243900e-03f;
  q = x2 * q + 4.89352518554385e-03f;
  *store<Set>(at) = x * p / q;
}

template <class Set, int O, int N>
PETRL_INLINE void tile(const Row &r, int x) {
  using V = typename Set::Vector;
  V sum[O][N];
  PETRL_UNROLL for (int o = 0; o < O; ++o) {
    const float start = r.bias != nullptr ? r.bias[o] : 0.f;
    PETRL_UNROLL for (int n = 0; n < N; ++n) sum[o][n] = V{} + start;
  }
  const float *in = r.in + x, *weight = r.weight;
  const std::ptrdiff_t *const tap = r.tap;
  const int taps = r.taps;
  for (int c = r.inputs; c > 0; --c, in += r.in_channel) {
    for (int t = 0; t < taps; ++t, weight += O) {
      const float *at = in + tap[t];
      V value[N];
      PETRL_UNROLL for (int n = 0; n < N; ++n) value[n] = *load<Set>(at + n * Set::kLanes);
      PETRL_UNROLL for (int o = 0; o < O; ++o) {
        const float w = weight[o];
        PETRL_UNROLL for (int n = 0; n < N; ++n) sum[o][n] += w * value[n];
      }
    }
  }
  // NaN stays NaN.
  const V floor = V{} + (r.activation == Activation::relu ? 0.f : -std::numeric_limits<float>::infinity());
  float *const out = r.out + x;
  PETRL_UNROLL for (int o = 0; o < O; ++o) {
    PETRL_UNROLL for (int n = 0; n < N; ++n) * store<Set>(out + o * r.out_channel + n * Set::kLanes) =
        floor > sum[o][n] ? floor : sum[o][n];
  }
}

template <class Set, int O>
PETRL_INLINE void outputs(const Row &r) {
  int left = (r.width + Set::kLanes - 1) / Set::kLanes;
  // Tiles of about equal width: a single register keeps the units waiting for each other.
  constexpr int kWidest = Set::kRegisters == 32 && O > 6 ? 3 : kVectors<Set>;  // 8 x 3 or 6 x 4 of the 32 registers
  for (int x = 0, blocks = (left + kWidest - 1) / kWidest; blocks > 0; --blocks) {
    const int n = (left + blocks - 1) / blocks;
    if (n == 1) tile<Set, O, 1>(r, x);
    if (n == 2) tile<Set, O, 2>(r, x);
    if constexpr (kWidest > 2) {
      if (n == 3) tile<Set, O, 3>(r, x);
    }
    if constexpr (kWidest > 3) {
      if (n == 4) tile<Set, O, 4>(r, x);
    }
    x += n * Set::kLanes;
    left -= n;
  }
}

template <class Set, int... O>
PETRL_INLINE void choose(const Row &r, std::integer_sequence<int, O...>) {
  ((r.outputs == O + 1 ? outputs<Set, O + 1>(r) : void()), ...);
}

template <class Set>
PETRL_INLINE void anyOutputs(const Row &r) {
  choose<Set>(r, std::make_integer_sequence<int, kOutputs<Set>>{});
  if (r.activation != Activation::tanh) return;
  for (int o = 0; o < r.outputs; ++o) {
    for (int x = 0; x < r.width; x += Set::kLanes) hyperbolicTangent<Set>(r.out + o * r.out_channel + x);
  }
}

PETRL_VERSIONS(anyOutputs, Row)

int mostOutputs(simd::Level level) {
  constexpr int most[] = {kOutputs<simd::Portable>, kOutputs<simd::Avx2>, kOutputs<simd::Avx512>};
  return most[static_cast<int>(level)];
}

}  // namespace

const simd::Versions<Row> row = anyOutputsVersions;

std::vector<Block> pack(simd::Level level, const float *weight, int outputs, int inputs, int taps, bool mirrored,
                        std::vector<float> &packed) {
  packed.clear();
  std::vector<Block> result;
  int blocks = (outputs + mostOutputs(level) - 1) / mostOutputs(level);
  for (int first = 0; blocks > 0; --blocks) {
    const int count = (outputs - first + blocks - 1) / blocks;
    result.push_back({first, count, packed.size()});
    for (int c = 0; c < inputs; ++c) {
      for (int t = 0; t < taps; ++t) {
        for (int o = first; o < first + count; ++o) {
          const int at = mirrored ? (c * outputs + o) * taps + taps - 1 - t : (o * inputs + c) * taps + t;
          packed.push_back(weight[at]);
        }
      }
    }
    first += count;
  }
  return result;
}

}  // namespace petrl::convolution
