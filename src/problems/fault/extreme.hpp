// Extreme eigenvalues of a symmetric positive definite operator by conjugate directions.
#pragma once

#include <petscvec.h>

#include <functional>

namespace petrl::fault {

using Operator = std::function<void(Vec x, Vec y)>;

/// Locally optimal preconditioned conjugate gradients (Knyazev 2001, one vector): each step minimises the Rayleigh
/// quotient over the vector, its preconditioned residual and the last direction. `start` is overwritten by the
/// eigenvector; stops when the value changes by less than `tolerance` relative. Collective. Throws petrl::Error where
/// 500 steps do not suffice.
double smallestEigenvalue(const Operator &a, const Operator &inverse, Vec start, double tolerance);

/// The same upwards, without a preconditioner.
double largestEigenvalue(const Operator &a, Vec start, double tolerance);

}  // namespace petrl::fault
