// One source, three instruction sets, chosen when the library is loaded.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define PETRL_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PETRL_CLONES
#endif

#if defined(__GNUC__)
// What a clone calls must become part of it, or it is compiled for the plainest processor.
#define PETRL_INLINE inline __attribute__((always_inline))
#else
#define PETRL_INLINE inline
#endif
