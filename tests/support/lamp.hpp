// Small learners of LAMP on a small data set.
#pragma once

#include <memory>
#include <string>

#include "problems/lamp/make.hpp"
#include "problems/nonlinear1d/learner/lamp_world.hpp"
#include "support/learners.hpp"
#include "support/policies.hpp"

namespace petrl::test {

inline constexpr const char *kLampLearner =
    "{evolution: {updates: 8, hidden: 6, layers: 2, batch: 2, bundles: 2}, "
    "policy: {hidden: 5, layers: 1, batch: 3, samples_per_start: 2}, "
    "refining: {updates: 20, policy: 3, evolution: 2}, validation: 1}";

/// The data set is kept beside the tests' other files.
inline std::string lampFile() {
  return ::testing::TempDir() + "petrl-lamp-test-data.h5";
}

/// Collective.
inline nonlinear1d::Nonlinear1DDataset lampData() {
  nonlinear1d::Nonlinear1DOptions options;
  options.trajectories = {6, 2, 1};
  return nonlinear1d::Nonlinear1DDataset::cached(options, lampFile(), PETSC_COMM_WORLD, [](const std::string &) {});
}

/// Collective.
inline std::unique_ptr<Lamp> lampLearner(const std::string &yaml, std::uint64_t seed) {
  YamlMap environment =
      YamlMap::parse("{name: nonlinear1d, trajectories: [6, 2, 1], file: \"" + lampFile() + "\"}", "test");
  return makeLamp(keys(yaml), environment, seed);
}

}  // namespace petrl::test
