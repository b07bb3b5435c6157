// The kernels for any processor: 128-bit vectors (SSE2, NEON, VSX) by the compiler's vector extension.
#include <cmath>
#include <cstring>

#include "learn/engine/floats.hpp"
#include "learn/engine/kernels/kernels.hpp"

#define PETRL_SIMD 128
#define PETRL_SIMD_NAME portable
#include "learn/engine/kernels/kernels.inc"

namespace petrl::learn {
extern const Kernels kernels_portable;
const Kernels kernels_portable = {"portable",     portable::gemm,  portable::columnSum, portable::quantileHuber,
                                  portable::adam, portable::polyak};
}  // namespace petrl::learn
