#include "adapt/reward.hpp"

#include <algorithm>
#include <cmath>

namespace petrl {

double OnlineReward::operator()(const Attempt &a) {
  constexpr double rate = 0.02, bound = 10;
  if (mean_cost_ < 0) mean_cost_ = std::max(a.cost, 1.0);
  double r = -a.cost / mean_cost_;
  if (a.accepted) {
    if (mean_h_ < 0) mean_h_ = a.h;
    r += a.h / mean_h_;
    if (a.error >= 0) r -= (std::min(a.error, 4.0) - 0.5) / 0.5 / std::max(a.order - 1, 1);
    // Averages in the logarithm: steps range over many orders of magnitude.
    mean_h_ *= std::pow(a.h / mean_h_, rate);
    mean_cost_ += rate * (a.cost - mean_cost_);
  }
  return std::clamp(r, -bound, bound);
}

}  // namespace petrl
