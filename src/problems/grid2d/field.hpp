// Storage of a periodic grid on one process: planar, with ghost points, rows aligned for vector instructions.
#pragma once

#include <vector>

#include "problems/grid2d/patch.hpp"

namespace petrl::grid2d {

/// Widest stencil on offer reaches so far.
constexpr int kGhost = 5;

/// Components x ny x nx doubles with kGhost ghost points around. Copies are deep.
class Field {
 public:
  Field() = default;
  Field(int components, int nx, int ny);
  int components() const { return components_; }
  int nx() const { return nx_; }
  int ny() const { return ny_; }
  Patch patch();
  ConstPatch patch() const;
  /// Copies wrap-around edges into the ghost points along the axes, `width` of them (<= kGhost). A grid narrower than
  /// the width wraps more than once. corner: so many points beside the ghost rows are filled, too.
  void fillGhosts(int width, int corner = 0);
  /// From and to dense components x ny x nx arrays (no ghost points).
  void set(const double *dense);
  void get(double *dense) const;
  std::vector<double> dense() const;
  void swap(Field &other) noexcept;

 private:
  struct alignas(64) Line {
    double value[8];
  };
  int components_ = 0, nx_ = 0, ny_ = 0;
  std::ptrdiff_t row_ = 0, plane_ = 0, origin_ = 0;
  std::vector<Line> lines_;
};

}  // namespace petrl::grid2d
