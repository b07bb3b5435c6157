// The keys of the learner section for algorithm "unroll".
#pragma once

#include <cstdint>
#include <string>

#include "learn/fcn_config.hpp"

namespace petrl::learn {

struct UnrollConfig {
  FcnConfig network;       ///< network: {channels, dilations, kernel, activation}
  bool symmetric = false;  ///< network: {symmetric}: see learn::Symmetry
  int slots = 8;           ///< episodes that run at the same time, on each rank
  int window = 8;          ///< steps through which gradients run
  int horizon = 64;        ///< steps after which an episode ends
  double learning_rate = 3e-3;
  double learning_rate_final = 3e-5;  ///< reached after decay_steps, along a cosine
  std::int64_t decay_steps = 0;       ///< environment steps; 0: constant
  double max_gradient_norm = 1;
  bool relative = false;      ///< loss: absolute | relative (to the target's mean absolute values)
  double error_scale = 0;     ///< loss log(1 + error / error_scale); 0: the error itself, in percent
  double mean_weight = 0;     ///< weight of the error of each component's mean, beside that of all points
  double output_scale = .05;  ///< the last layer starts so much smaller than the others
  double max_state = 1e3;     ///< an episode with larger values has blown up and ends

  /// Strict: throws petrl::Error with file, line and key for unknown keys and impossible values.
  static UnrollConfig parse(YamlMap map);
};

}  // namespace petrl::learn
