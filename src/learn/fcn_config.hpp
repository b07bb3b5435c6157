// The keys of a fully convolutional network.
#pragma once

#include <vector>

#include "base/yaml.hpp"

namespace petrl::learn {

/// Convolutions on a periodic grid: hidden layers, then one that gives the outputs.
struct FcnConfig {
  std::vector<int> channels{16, 16};    ///< of the hidden layers
  std::vector<int> dilations{1, 1, 1};  ///< one a layer, that of the outputs included
  std::vector<int> kernels{3, 3, 3};    ///< odd, one a layer
  bool tanh = false;                    ///< activation: relu | tanh
  int dimensions = 2;                   ///< of the grid: the environment's, not a key

  int layers() const { return static_cast<int>(channels.size()) + 1; }
  /// Points on each side that an output depends on.
  int reach() const;
  /// Takes channels, dilations, kernel (one number, or one a layer) and activation from a mapping; `defaults` where
  /// keys are missing. The caller
  /// calls finish(). Throws petrl::Error with line and key.
  static FcnConfig parse(YamlMap &map, const FcnConfig &defaults);
};

}  // namespace petrl::learn
