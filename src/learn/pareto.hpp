// Settings of a method as points of error and cost: which are worth having, and what an error costs with them.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/api.hpp"

namespace petrl {

/// (log error, log cost) of each setting.
using ParetoPoints = std::vector<std::pair<double, double>>;

/// Indices of those that no other is better than in both, by increasing error (of equals the first); at most `most` of
/// them (0: all), evenly spread in the logarithm of the error.
PETRL_API std::vector<std::size_t> paretoFront(const ParetoPoints &points, int most = 0);

/// Log cost at a log error on such a front: linear between neighbours, beyond its ends as there. (Not their convex
/// hull: that would mend a bad middle by mixing ends that nobody would use.)
PETRL_API double costAt(const ParetoPoints &points, const std::vector<std::size_t> &front, double error);

}  // namespace petrl
