// What a decision of LAMP chooses among, whatever the mesh.
#pragma once

#include <vector>

namespace petrl::lamp {

constexpr int kCounts = 20;  ///< numbers of edges that a network tells apart

/// What may be split and what may be taken back on one mesh, and what one choice rules out for others. What is chosen
/// is numbered from 0: edges to split, and (in 1D edges, in 2D vertices) what to coarsen.
class Choices {
 public:
  virtual ~Choices() = default;
  virtual int splits() const = 0;    ///< logits for splitting
  virtual int coarsens() const = 0;  ///< logits for coarsening
  /// Those that can be split.
  virtual void splittable(std::vector<int> &out) const = 0;
  /// Those that can be coarsened although these are split.
  virtual void coarsenable(const std::vector<int> &split, std::vector<int> &out) const = 0;
  /// So many of `eligible` can be coarsened in any order, beside `split` splits.
  virtual int mostCoarsened(int eligible, int split) const = 0;
  /// Sets gone[e] for what can no longer be coarsened once `chosen` is, itself included.
  virtual void rule(int chosen, std::vector<char> &gone) const { gone[static_cast<std::size_t>(chosen)] = 1; }
  /// What the k-th of kCounts numbers is; rising, 0 first.
  virtual int number(int k) const { return k; }
};

}  // namespace petrl::lamp
