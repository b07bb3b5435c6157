// The quantile Huber loss of one critic on a batch, vectorised.
#pragma once

namespace petrl::learn {

/// Dabney et al. 2018, kappa = 1: see quantileHuberLoss() in formulas.hpp for the definition.
struct QuantileHuber {
  int rows, quantiles, targets;
  const float *z;      ///< rows x padded(quantiles)
  const float *y;      ///< rows x targets
  const float *tau;    ///< padded(quantiles): (m + 1/2) / quantiles
  const float *valid;  ///< padded(quantiles): 1 for quantiles, 0 for padding
  float scale;         ///< dz = scale * d(sum of losses)/dz
  float *dz;           ///< rows x padded(quantiles), padding 0
  int loss_rows;       ///< the loss is added up over the first so many rows only (it costs as much as its gradient)
  float kappa = 1;
  double *loss = nullptr;  ///< set by quantileHuber()
};

/// Writes the gradient. Returns the sum of the losses over the first loss_rows rows, quantiles and targets.
double quantileHuber(QuantileHuber q);

}  // namespace petrl::learn
