// One source, three instruction sets. This is the only place that chooses between them.
//
//   PETRL_CLONES void f(...) {...}    loops that the compiler vectorises by itself, chosen when the library is loaded
//   PETRL_VERSIONS(kernel, Argument)  kernels that keep many sums in registers, and must know how many there are
#pragma once

#include "base/api.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define PETRL_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PETRL_CLONES
#endif

#if defined(__CUDACC__)
#define PETRL_INLINE __host__ __device__ inline __attribute__((always_inline))
#elif defined(__GNUC__)
// What a clone or a version calls must become part of it, or it is compiled for the plainest processor.
#define PETRL_INLINE inline __attribute__((always_inline))
#else
#define PETRL_INLINE inline
#endif

// Before a loop over a few registers: unrolled, or they would not stay in registers.
#if defined(__CUDACC__)
#define PETRL_UNROLL  // each of its two compilers refuses the other one's; that of the device unrolls by itself
#elif defined(__clang__)
#define PETRL_UNROLL _Pragma("unroll")
#else
#define PETRL_UNROLL _Pragma("GCC unroll 16")
#endif

// Before a loop none of whose turns reads what another one writes: compilers that cannot see it vectorise it all the same.
// (clang does only where neighbours are read through pointers of their own: else it carries them from turn to turn.)
#if defined(__clang__)
#define PETRL_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define PETRL_INDEPENDENT _Pragma("GCC ivdep")
#else
#define PETRL_INDEPENDENT
#endif

// What was loaded is to stay in a register: g++ likes to load it again for every use. (clang wants operands of the plain
// processor's size in what is always inlined.)
#if defined(__x86_64__) && !defined(__clang__)
#define PETRL_KEEP(v) asm("" : "+v"(v))
#else
#define PETRL_KEEP(v)
#endif

#if defined(__x86_64__)
#define PETRL_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")))
#define PETRL_TARGET_AVX2 __attribute__((target("avx2,fma")))
#else
#define PETRL_TARGET_AVX512
#define PETRL_TARGET_AVX2
#endif

namespace petrl::simd {

enum class Level { portable, avx2, avx512 };

/// The best that this processor has, or the lesser one that PETRL_KERNELS=avx2|portable in the environment asks for.
PETRL_API Level level();
/// From now on another one, for tests and measurements; false where the processor does not have it.
PETRL_API bool use(Level level);
PETRL_API const char *name(Level level);

/// What a kernel's template is given: a register of floats, the same anywhere in memory, how many registers there are.
struct Portable {  // SSE2, NEON, VSX
  typedef float Vector __attribute__((vector_size(16)));
  typedef float Memory __attribute__((vector_size(16), aligned(4), may_alias));
  static constexpr int kLanes = 4, kRegisters = 16;
};
#if defined(__x86_64__)
struct Avx2 {
  typedef float Vector __attribute__((vector_size(32)));
  typedef float Memory __attribute__((vector_size(32), aligned(4), may_alias));
  static constexpr int kLanes = 8, kRegisters = 16;
};
struct Avx512 {
  typedef float Vector __attribute__((vector_size(64)));
  typedef float Memory __attribute__((vector_size(64), aligned(4), may_alias));
  static constexpr int kLanes = 16, kRegisters = 32;
};
#else
using Avx2 = Portable;
using Avx512 = Portable;
#endif

/// A kernel compiled for each level.
template <typename Argument>
struct Versions {
  void (*of[3])(const Argument &);
  void operator()(const Argument &argument, Level at = level()) const { of[static_cast<int>(at)](argument); }
};

// At any address. Pointers, because clang takes what a function returns a reference to for an aligned one.
template <class Set>
PETRL_INLINE const typename Set::Memory *load(const float *p) {
  return reinterpret_cast<const typename Set::Memory *>(p);
}
template <class Set>
PETRL_INLINE typename Set::Memory *store(float *p) {
  return reinterpret_cast<typename Set::Memory *>(p);
}

}  // namespace petrl::simd

/// Defines kernelVersions, a simd::Versions<Argument>, of `template <class Set> PETRL_INLINE void kernel(const Argument
/// &)`.
#define PETRL_VERSIONS(kernel, Argument)                              \
  PETRL_TARGET_AVX512 void kernel##Avx512(const Argument &argument) { \
    kernel<::petrl::simd::Avx512>(argument);                          \
  }                                                                   \
  PETRL_TARGET_AVX2 void kernel##Avx2(const Argument &argument) {     \
    kernel<::petrl::simd::Avx2>(argument);                            \
  }                                                                   \
  void kernel##Portable(const Argument &argument) {                   \
    kernel<::petrl::simd::Portable>(argument);                        \
  }                                                                   \
  constexpr ::petrl::simd::Versions<Argument> kernel##Versions{{kernel##Portable, kernel##Avx2, kernel##Avx512}};
