// A planar view of a piece of a two-dimensional grid: all that a kernel knows about where its data lie.
#pragma once

#include <cstddef>

namespace petrl::grid2d {

/// Points (x, y) with -ghost <= x < nx + ghost and so for y; x is contiguous, each component is a plane of its own.
/// Does not own the data.
template <class T>
struct PatchOf {
  T *data = nullptr;         ///< point (0, 0) of component 0
  int nx = 0, ny = 0;        ///< interior points
  int ghost = 0;             ///< width of what lies around them (corners: only where a kernel says so)
  std::ptrdiff_t row = 0;    ///< from (x, y) to (x, y + 1)
  std::ptrdiff_t plane = 0;  ///< from one component to the next
  T *at(int component, int y) const { return data + component * plane + y * row; }
  operator PatchOf<const T>() const { return {data, nx, ny, ghost, row, plane}; }
};

using Patch = PatchOf<double>;
using ConstPatch = PatchOf<const double>;

}  // namespace petrl::grid2d
