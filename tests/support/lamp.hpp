// Small learners of LAMP on a small data set.
#pragma once

#include <memory>
#include <string>

#include "problems/nonlinear1d/learner/lamp.hpp"
#include "support/learners.hpp"
#include "support/policies.hpp"

namespace petrl::test {

inline constexpr const char *kLampLearner =
    "{evolution: {updates: 8, hidden: 6, layers: 2, batch: 2, bundles: 2}, "
    "policy: {hidden: 5, layers: 1, batch: 3, samples_per_start: 2}, "
    "refining: {updates: 20, policy: 3, evolution: 2}, validation: 1}";

/// The data set is kept beside the tests' other files; collective.
inline std::unique_ptr<Lamp> lampLearner(const std::string &yaml, std::uint64_t seed) {
  const std::string file = ::testing::TempDir() + "petrl-lamp-test-data.h5";
  YamlMap environment = YamlMap::parse("{name: nonlinear1d, trajectories: [6, 2, 1], file: \"" + file + "\"}", "test");
  return std::make_unique<Lamp>(keys(yaml), environment, seed);
}

}  // namespace petrl::test
