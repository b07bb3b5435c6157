// The dense square root on a device: one rank has all rows.
#pragma once

#include <memory>
#include <vector>

#include "device/array.hpp"

namespace petrl::fault {

/// Even (sign 1) or odd (-1) part of a row of nx numbers at a column of the first half; the middle one is even.
PETRL_BOTH double foldAt(const double *row, std::ptrdiff_t nx, std::ptrdiff_t column, int sign) {
  constexpr double half = 0.70710678118654752440;
  return 2 * column == nx - 1 ? row[column] : half * (row[column] + sign * row[nx - 1 - column]);
}

/// The other way; `odd` is not read at the middle.
PETRL_BOTH double unfoldAt(const double *even, const double *odd, std::ptrdiff_t nx, std::ptrdiff_t column) {
  constexpr double half = 0.70710678118654752440;
  if (2 * column == nx - 1) return even[column];
  return 2 * column < nx ? half * (even[column] + odd[column]) : half * (even[nx - 1 - column] - odd[nx - 1 - column]);
}

class DenseDevice {
 public:
  virtual ~DenseDevice() = default;
  /// y = root x of fields on the device. Throws petrl::Error.
  virtual void apply(const double *x, double *y) = 0;
};

/// From the two symmetric blocks.
std::unique_ptr<DenseDevice> makeDenseDevice(std::ptrdiff_t nx, std::ptrdiff_t nz, const std::vector<double> &even,
                                             const std::vector<double> &odd);

}  // namespace petrl::fault
