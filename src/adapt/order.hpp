// The order of BDF, chosen as CVODE chooses it.
#pragma once

#include <petscvec.h>

#include <vector>

namespace petrl {

/// The latest solutions, newest first: from them come the errors that other orders would have made.
struct Solutions {
  Solutions() = default;
  Solutions(const Solutions &) = delete;
  Solutions &operator=(const Solutions &) = delete;
  ~Solutions();
  std::vector<Vec> x;
  std::vector<double> times;
  int at_order = 0;  // accepted steps at the order at hand
};

/// The weights of the latest solutions in the local error of BDF of an order; times: newest first, order + 2 of them.
std::vector<double> bdfErrorWeights(const double times[], int order);

/// The order of the next step from the weighted errors of orders k-1, k, k+1 (negative: not known), and the factor on
/// the step that goes with it.
struct OrderChoice {
  int order;
  double factor;
};
OrderChoice chooseOrder(int k, double below, double here, double above);

}  // namespace petrl
