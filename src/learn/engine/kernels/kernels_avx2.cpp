// The kernels for processors with AVX2 and FMA.
#include <cmath>
#include <cstring>

#include "learn/engine/floats.hpp"
#include "learn/engine/kernels/kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

// From here on only: what the headers above define must stay callable on every processor.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define PETRL_SIMD 256
#define PETRL_SIMD_NAME avx2
#include "learn/engine/kernels/kernels.inc"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace petrl::learn {
extern const Kernels kernels_avx2;
const Kernels kernels_avx2 = {"avx2", avx2::gemm, avx2::columnSum, avx2::quantileHuber, avx2::adam, avx2::polyak};
}  // namespace petrl::learn
#endif
