// Between the labels (box means at kPoints points) and the means of n uniform cells centred at i L / n.
#pragma once

#include <vector>

namespace petrl::nonlinear1d {

/// A linear map, row by row.
struct LinearMap {
  int rows = 0, columns = 0;
  std::vector<float> value;
  void apply(const float *in, float *out) const;
};

/// Labels at the cells' centres, interpolated linearly where no label lies: what "take the points" gives.
LinearMap sampleLabels(int n);
/// Means of the cells: Lagrange interpolation of the labels (odd degree), widened or sharpened from the box of a label
/// to the cell. Of fourth order for smooth flows.
LinearMap projectLabels(int n, int degree);
/// Linear interpolation of cell means, taken for values at the centres, to the label points (periodic).
LinearMap interpolateCells(int n);
/// Labels from cell means: differences of their Lagrange-interpolated primitive (polynomials of odd degree `degree`
/// through the faces). Of order degree; exact where a box is made of whole cells.
LinearMap averageCells(int n, int degree);

}  // namespace petrl::nonlinear1d
