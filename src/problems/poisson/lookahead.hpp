// What refining each cell would bring, from a paired solve.
#pragma once

#include <string>
#include <vector>

#include "problems/poisson/adaptive.hpp"

namespace petrl::poisson {

/// How the difference between the solution and that on the everywhere refined mesh is shared among the cells. Elliptic
/// problems have no local errors: what is wrong in one cell is seen in others.
///   value    mean |difference| over the cell: where the error is seen
///   energy   cell size times the root mean square of the difference's gradient: where it comes from, in energy
///   dual     where it comes from, in the mean of |difference|: |residual times what the refined mesh adds to the dual
///            solution z|, -laplace z = sign(difference) / area. With their signs the shares add up to the mean of
///            |difference| (Becker, Rannacher 2001)
enum class GainKind { value, energy, dual };

/// Throws petrl::Error for other names.
GainKind gainKind(const std::string &name);

/// Gain of each cell as a density: the cell's share of the mean error, times the domain's area, over the cell's, over
/// the solution's range.
void lookahead(const AdaptivePoisson &now, GainKind kind, std::vector<double> &gain);

}  // namespace petrl::poisson
