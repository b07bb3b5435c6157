// How many trajectories of each kind a data set has.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/yaml.hpp"

namespace petrl::lamp {

/// The key "trajectories": [train, valid, test], each from 1 to `most`. Throws petrl::Error naming line and key.
inline std::array<int, 3> trajectories(YamlMap &yaml, const std::array<int, 3> &fallback, int most) {
  const auto counts = yaml.get<std::vector<int>>("trajectories", std::vector<int>(fallback.begin(), fallback.end()));
  std::array<int, 3> out = fallback;
  if (counts.size() != 3 || *std::min_element(counts.begin(), counts.end()) < 1 ||
      *std::max_element(counts.begin(), counts.end()) > most)
    yaml.fail("trajectories", "expected three numbers from 1 to " + std::to_string(most) + ": train, valid, test");
  std::copy(counts.begin(), counts.end(), out.begin());
  return out;
}

}  // namespace petrl::lamp
