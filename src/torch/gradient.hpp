// What happens to a flat gradient between autograd and the optimiser.
#pragma once

#include <torch/types.h>

#include <vector>

#include "learn/reduction.hpp"

namespace petrl::learn {

/// Averages a gradient over ranks, each counting as much as the `weight` (number of samples) behind it: the result is
/// the gradient of the mean over all samples. So it does with `terms`, means over samples for the log. One message;
/// collective. On one rank nothing happens. At least one rank must have samples.
void averageGradient(const Reduction &reduction, torch::Tensor &gradient, double weight, std::vector<double> &terms);

/// Scales a gradient so that its Euclidean norm is at most `largest` (0: leaves it). Returns the norm it had.
double clipNorm(torch::Tensor &gradient, double largest);

}  // namespace petrl::learn
