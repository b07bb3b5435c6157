#include "policy/native/fcn_kernels.hpp"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace petrl::fcn {

#if defined(__x86_64__)
extern const Kernels kernels_avx512, kernels_avx2;
#endif
extern const Kernels kernels_portable;

const Kernels *kernels(const char *name) {
  if (std::strcmp(name, "portable") == 0) return &kernels_portable;
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (std::strcmp(name, "avx2") == 0 && avx2) return &kernels_avx2;
  if (std::strcmp(name, "avx512") == 0 && avx2 && __builtin_cpu_supports("avx512f")) return &kernels_avx512;
#endif
  return nullptr;
}

static const Kernels &choose() {
  const char *wish = std::getenv("PETRL_KERNELS");
  bool found = wish == nullptr || (std::strcmp(wish, "avx2") != 0 && std::strcmp(wish, "portable") != 0);
  for (const char *name : {"avx512", "avx2"}) {
    found = found || std::strcmp(wish, name) == 0;
    if (found && kernels(name) != nullptr) return *kernels(name);
  }
  return kernels_portable;
}

const Kernels &kernels() {
  static const Kernels &best = choose();
  return best;
}

}  // namespace petrl::fcn
