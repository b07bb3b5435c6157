// Ranges that cases are drawn from, in YAML.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.hpp"

namespace petrl {

/// An optional key that holds [least, most], both above 0. Throws petrl::Error naming file, line and key.
template <typename T>
void readRange(YamlMap &yaml, const std::string &key, T (&range)[2]) {
  const auto given = yaml.get<std::vector<T>>(key, {range[0], range[1]});
  if (given.size() != 2 || !(given[0] > 0) || given[1] < given[0])
    yaml.fail(key, "expected [least, most], both above 0");
  range[0] = given[0], range[1] = given[1];
}

}  // namespace petrl
