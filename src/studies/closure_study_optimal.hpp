// What a closure should do: from the truncation error, and exactly.
#pragma once

#include <vector>

#include "studies/closure_study_method.hpp"

namespace petrl::cli {

/// dt eps of forward Euler with first-order upwind differences at a state (dense psi and u, v; n x n on the unit
/// square): eps = s dt/2 psi_tt + |u| h/2 psi_xx + |v| h/2 psi_yy, central differences, psi_tt = w.grad(w.grad psi)
/// with w = (u, v). time_sign s: the paper's equation 22 has s = 1; the truncation error of that scheme has s = -1.
std::vector<double> truncationAction(const std::vector<double> &psi, const std::vector<double> &velocity, int n,
                                     double dt, double time_sign);

/// The action that is missing: with state <- step(state - A) the state would follow the restricted fine one, but for
/// the step's own influence on A. `now` and `next`: restricted fine states one step of the method apart. Returns
/// step(now) - next for the base scheme of `run`, and in `taken` what its policy does at `now`.
std::vector<double> exactAction(CoarseRun &run, const std::vector<double> &now, const std::vector<double> &next,
                                std::vector<double> &taken);

/// Pearson's correlation coefficient; NaN where one of both does not vary.
double correlation(const std::vector<double> &a, const std::vector<double> &b);
/// The factor f that makes a - f b smallest (means removed).
double slope(const std::vector<double> &a, const std::vector<double> &b);

/// Whether actions can be compared: a policy, on the model's own grid, with steps that end where reference steps end.
bool comparable(const Method &method, const grid2d::Model &model);

}  // namespace petrl::cli
