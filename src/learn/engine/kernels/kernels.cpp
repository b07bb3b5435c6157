#include "learn/engine/kernels/kernels.hpp"

#include <cstdlib>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace petrl::learn {

#if defined(__x86_64__)
extern const Kernels kernels_avx512, kernels_avx2;
#endif
extern const Kernels kernels_portable;

static const Kernels &choose() {
#if defined(__x86_64__)
  const char *wish = std::getenv("PETRL_KERNELS");
  const bool any = wish == nullptr, wants_avx2 = !any && std::strcmp(wish, "avx2") == 0;
  const bool portable = !any && std::strcmp(wish, "portable") == 0;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f") && !wants_avx2 && !portable) return kernels_avx512;
  if (avx2 && !portable) return kernels_avx2;
#endif
  return kernels_portable;
}

const Kernels &kernels() {
  static const Kernels &best = choose();
  return best;
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
