// Arrays of floats that start on a cache line: the wide loads of the kernels do not then straddle two.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace petrl {

template <typename T>
struct CacheAligned {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};
  CacheAligned() = default;
  template <typename U>
  CacheAligned(const CacheAligned<U> &) {}
  T *allocate(std::size_t n) { return static_cast<T *>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T *p, std::size_t) { ::operator delete(p, kAlignment); }
  bool operator==(const CacheAligned &) const { return true; }
  bool operator!=(const CacheAligned &) const { return false; }
};

using Floats = std::vector<float, CacheAligned<float>>;

/// Rows are padded to this many floats, whole registers of the widest kind: kernels need no remainder loops.
constexpr int kPad = 16;
constexpr int padded(int n) {
  return (n + kPad - 1) / kPad * kPad;
}

}  // namespace petrl
