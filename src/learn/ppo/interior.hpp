// Which points of a grid count.
#pragma once

#include <vector>

#include "base/grid_size.hpp"

namespace petrl::learn {

/// The points of a grid without a margin of so many on either side, in the directions that it has.
class Interior {
 public:
  Interior() = default;
  Interior(const GridSize &size, int dimensions, int margin) : size_(size), count_(size.points()) {
    if (margin == 0) return;
    const GridSize m = around(dimensions, margin);
    const auto within = [](int i, int n, int by) { return i >= by && i < n - by; };
    count_ = 0;
    for (int z = 0; z < size.nz; ++z)
      for (int y = 0; y < size.ny; ++y)
        for (int x = 0; x < size.nx; ++x) {
          const bool counts = within(x, size.nx, m.nx) && within(y, size.ny, m.ny) && within(z, size.nz, m.nz);
          counts_.push_back(counts ? 1.f : 0.f);
          count_ += counts ? 1 : 0;
        }
  }
  const GridSize &size() const { return size_; }
  std::size_t points() const { return size_.points(); }
  /// How many count.
  std::size_t count() const { return count_; }
  /// One a point: 1 if it counts, otherwise 0. Null: all do.
  const float *counts() const { return counts_.empty() ? nullptr : counts_.data(); }
  /// f(point) for each that counts.
  template <typename F>
  void each(const F &f) const {
    for (std::size_t i = 0; i < points(); ++i)
      if (counts_.empty() || counts_[i] > 0) f(i);
  }

 private:
  GridSize size_{0, 0, 0};
  std::size_t count_ = 0;
  std::vector<float> counts_;
};

}  // namespace petrl::learn
