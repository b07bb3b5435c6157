// How large a grid of one, two or three dimensions is.
#pragma once

#include <cstddef>

namespace petrl {

/// Points along x, y, z: 1 in directions that a grid does not have. Or as many around one: 0 there.
struct GridSize {
  int nx = 1, ny = 1, nz = 1;
  std::size_t points() const {
    return static_cast<std::size_t>(nx) * static_cast<std::size_t>(ny) * static_cast<std::size_t>(nz);
  }
  /// With so many more on either side.
  GridSize grown(const GridSize &by) const { return {nx + 2 * by.nx, ny + 2 * by.ny, nz + 2 * by.nz}; }
  int along(int axis) const { return axis == 0 ? nx : axis == 1 ? ny : nz; }
};

inline bool operator==(const GridSize &a, const GridSize &b) {
  return a.nx == b.nx && a.ny == b.ny && a.nz == b.nz;
}
inline bool operator!=(const GridSize &a, const GridSize &b) {
  return !(a == b);
}

/// n points to either side, in the directions that a grid of so many dimensions has.
inline GridSize around(int dimensions, int n) {
  return {n, dimensions > 1 ? n : 0, dimensions > 2 ? n : 0};
}

}  // namespace petrl
