// Which settings are worth a test: by their errors and costs on training cases.
#pragma once

#include <utility>
#include <vector>

namespace petrl::studies {

/// Settings as points (log error, log cost).
using Points = std::vector<std::pair<double, double>>;

/// Indices of those that no other is better than in both, by increasing error (of equals the first); at most `most` of
/// them (0: all), evenly spread in the logarithm of the error.
std::vector<std::size_t> paretoFront(const Points &points, int most = 0);

/// Log cost at a log error on such a front: linear between neighbours, beyond its ends as there. (Not their convex
/// hull: that would mend a bad middle by mixing ends that nobody would use.)
double costAt(const Points &points, const std::vector<std::size_t> &front, double error);

}  // namespace petrl::studies
