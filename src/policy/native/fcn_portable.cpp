// The convolution for any processor: 128-bit vectors (SSE2, NEON, VSX) by the compiler's vector extension.
#include <cstddef>
#include <cstring>
#include <utility>

#include "policy/native/fcn_kernels.hpp"

#define PETRL_SIMD 128
#define PETRL_SIMD_NAME portable
#include "policy/native/fcn_kernels.inc"

namespace petrl::fcn {
extern const Kernels kernels_portable;
const Kernels kernels_portable = {"portable", portable::kOutputs, portable::row};
}  // namespace petrl::fcn
