// Fronts of error against cost, and what the same error costs by one method and by another.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "studies/refinement_study_method.hpp"

namespace petrl::cli {

/// What a run came to.
struct Outcome {
  double l1 = 0, l2 = 0, mean = 0;  ///< errors at the end; mean of the L1 errors over the sample times
  double cost = 0, cell_steps = 0;  ///< see Ground::cost()
  double wall = 0, stepping = 0, deciding = 0, remeshing = 0;  ///< seconds
  double cells = 0, steps = 0, decisions = 0, remeshes = 0;
};

/// A setting and its outcome for each case.
struct Entry {
  const Setting *setting = nullptr;
  bool by_cost = false, by_wall = false;  ///< why it was chosen
  std::vector<Outcome> cases;
};

using Key = double Outcome::*;

/// Geometric mean over the cases `which` (all if empty) and the standard deviation of the logarithm.
double geometricMean(const Entry &entry, Key key, const std::vector<int> &which = {});
double logDeviation(const Entry &entry, Key key);
/// Quantile over cases.
double quantile(const Entry &entry, Key key, double share);

/// Indices of points (error, cost) that no other is better than in both, by increasing error; at most `most` of them
/// (0: all), evenly spread in the logarithm of the error.
std::vector<int> paretoFront(const std::vector<std::pair<double, double>> &points, int most);

/// Points (log error, log cost) that no other is better than in both, as a function from error to cost, linear between
/// neighbours. (Not their convex hull: that would mend a bad middle by mixing ends that nobody would use.)
class Front {
 public:
  explicit Front(std::vector<std::pair<double, double>> points);
  bool empty() const { return points_.empty(); }
  double least() const { return points_.front().first; }
  double most() const { return points_.back().first; }
  double at(double error) const;  ///< between least() and most()

 private:
  std::vector<std::pair<double, double>> points_;
};

/// Cost of a rival over that of the policy at equal errors, over all errors that both reach.
struct Comparison {
  std::vector<double> error, ratio;  ///< equally spaced in the logarithm of the error
  double least = 0, median = 0, most = 0;
  int losses = 0;            ///< places where the rival is cheaper
  double low = 0, high = 0;  ///< 5 % and 95 % of the median when the cases are drawn again (bootstrap)
};

using Group = std::vector<const Entry *>;

/// rivals: the cheapest of their fronts counts at each error. error, cost: of the outcomes. Nothing in `error` where
/// the two sides have no error in common.
Comparison compare(const Group &policy, const std::vector<Group> &rivals, Key error, Key cost, int places,
                   std::uint64_t seed);

}  // namespace petrl::cli
