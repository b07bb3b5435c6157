// The kernels for processors with AVX-512.
#include <cmath>
#include <cstring>

#include "learn/engine/floats.hpp"
#include "learn/engine/kernels/kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns about its own _mm512_undefined_ps() (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

// From here on only: what the headers above define must stay callable on every processor.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx2,fma")
#endif
#define PETRL_SIMD 512
#define PETRL_SIMD_NAME avx512
#include "learn/engine/kernels/kernels.inc"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace petrl::learn {
extern const Kernels kernels_avx512;
const Kernels kernels_avx512 = {"avx512",     avx512::gemm,  avx512::columnSum, avx512::quantileHuber,
                                avx512::adam, avx512::polyak};
}  // namespace petrl::learn
#endif
