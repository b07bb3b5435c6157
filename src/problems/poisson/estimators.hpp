// Error estimators and marking strategies: what a policy has to beat.
#pragma once

#include <string>
#include <vector>

#include "problems/poisson/adaptive.hpp"

namespace petrl::poisson {

/// residual   h^2 |f|^2 over the cell and h/2 times the squared jumps of the normal derivative over its sides
///            (Babuska, Rheinboldt 1978; Verfuerth 1994)
/// zz         |recovered gradient - gradient|^2 over the cell; recovered: area-weighted averages at the vertices
///            (Zienkiewicz, Zhu 1987)
/// Both estimate the error in energy. "residual-h" and "zz-h" are the same times the cell's diameter: what the cell
/// adds to the error in the mean (the dual solution is smooth but at the corner).
const std::vector<std::string> &estimatorNames();

/// One estimate a cell (not squared). Throws petrl::Error for other names.
void estimate(const AdaptivePoisson &now, const std::string &name, std::vector<double> &eta);

/// Which cells to refine, given the contributions to the error:
///   maximum    those above parameter times the largest
///   doerfler   the fewest whose squares sum up to the parameter's share of all squares
///   threshold  those above parameter times `scale`
/// Cells that may not be refined further (max_level) are left out, and count for nothing.
void mark(const std::string &strategy, double parameter, double scale, const CellMesh &mesh, int max_level,
          const std::vector<double> &eta, std::vector<signed char> &marks);

/// What thresholds are relative to: the solution's energy norm, times the root of the area for "-h".
double estimateScale(const AdaptivePoisson &now, const std::string &name);

}  // namespace petrl::poisson
