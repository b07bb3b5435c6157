#include "learn/engine/arrays.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/clones.hpp"

namespace petrl::learn {

namespace {

constexpr int kLanes = 16;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

// kLanes columns. Two chains hide the latency of the addition.
PETRL_CLONES void laneSums(int rows, const float *a, std::ptrdiff_t stride, float *sum) {
  const auto at = [](const float *p) -> const Lanes & { return *reinterpret_cast<const Lanes *>(p); };
  Lanes even = {}, odd = {};
  int i = 0;
  for (; i + 1 < rows; i += 2, a += 2 * stride) even += at(a), odd += at(a + stride);
  if (i < rows) even += at(a);
  *reinterpret_cast<Lanes *>(sum) = even + odd;
}

}  // namespace

PETRL_CLONES void addScaled(std::size_t n, float factor, const float *x, float *y) {
  for (std::size_t i = 0; i < n; ++i) y[i] += factor * x[i];
}

void columnSum(int rows, int columns, const float *a, std::ptrdiff_t stride, float *sum, bool add) {
  int j = 0;
  float lanes[kLanes];
  for (; j + kLanes <= columns; j += kLanes) {
    laneSums(rows, a + j, stride, lanes);
    for (int l = 0; l < kLanes; ++l) sum[j + l] = add ? sum[j + l] + lanes[l] : lanes[l];
  }
  for (; j < columns; ++j) {
    float total = 0;
    for (int i = 0; i < rows; ++i) total += a[i * stride + j];
    sum[j] = add ? sum[j] + total : total;
  }
}

PETRL_CLONES void approach(std::size_t n, float share, const float *source, float *target) {
  for (std::size_t i = 0; i < n; ++i) target[i] += share * (source[i] - target[i]);
}

#if defined(__x86_64__)
FlushDenormals::FlushDenormals() : saved_(_mm_getcsr()) {
  _mm_setcsr(saved_ | 0x8040u);
}  // FTZ and DAZ
FlushDenormals::~FlushDenormals() {
  _mm_setcsr(saved_);
}
#else
FlushDenormals::FlushDenormals() = default;
FlushDenormals::~FlushDenormals() {
  static_cast<void>(saved_);
}
#endif

}  // namespace petrl::learn
