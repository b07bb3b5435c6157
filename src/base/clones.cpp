#include "base/clones.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace petrl::simd {

namespace {

bool has(Level level) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (level == Level::avx2) return avx2;
  if (level == Level::avx512) {
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  }
#endif
  return level == Level::portable;
}

Level choose() {
  const char *wish = std::getenv("PETRL_KERNELS");
  for (const Level level : {Level::portable, Level::avx2}) {
    if (wish != nullptr && std::strcmp(wish, name(level)) == 0 && has(level)) return level;
  }
  for (const Level level : {Level::avx512, Level::avx2}) {
    if (has(level)) return level;
  }
  return Level::portable;
}

std::atomic<Level> &current() {
  static std::atomic<Level> level{choose()};
  return level;
}

}  // namespace

Level level() {
  return current().load(std::memory_order_relaxed);
}

bool use(Level level) {
  if (!has(level)) return false;
  current() = level;
  return true;
}

const char *name(Level level) {
  static const char *const names[] = {"portable", "avx2", "avx512"};
  return names[static_cast<int>(level)];
}

}  // namespace petrl::simd
