// LAPACK's symmetric eigensolver.
#pragma once

#include <vector>

namespace petrl::fault {

/// Overwrites the symmetric n x n matrix `a` by its eigenvectors (one after the other) and returns the eigenvalues in
/// ascending order. Throws petrl::Error. Not collective.
std::vector<double> eigendecompose(std::vector<double> &a, std::ptrdiff_t n);

}  // namespace petrl::fault
