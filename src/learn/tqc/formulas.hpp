// The formulas of TQC with gSDE for single numbers: what the tests check by hand, and what the kernels must agree with.
#pragma once

namespace petrl::learn {

constexpr double kVarianceFloor = 1e-6;  ///< added to the variance of gSDE
constexpr double kTanhFloor = 1e-6;      ///< added to 1 - a^2 before the logarithm
constexpr float kMeanClip = 2.f;         ///< hardtanh of the mean

/// Quantile Huber loss with kappa = 1: mean over quantiles m and targets t of |tau_m - 1{u < 0}| huber(u),
/// u = target_t - quantile_m, tau_m = (m + 1/2) / n_quantiles.
double quantileHuberLoss(const float *quantile, int n_quantiles, const float *target, int n_targets);

/// log pi(a) of one action component: Normal(mean, sqrt(variance + 1e-6)) at mean + noise, through tanh.
double gsdeLogProb(double mean, double noise, double variance);

/// Its partial derivatives at fixed action sample x = mean + noise, where `variance` is without the floor.
struct GsdeSlopes {
  double x;         ///< through the tanh correction (mean and noise both move x)
  double noise;     ///< of the Gaussian term
  double variance;  ///< of the Gaussian term
};
GsdeSlopes gsdeLogProbSlopes(double mean, double noise, double variance);

}  // namespace petrl::learn
