// The learner "lamp" from its YAML sections.
#pragma once

#include <cstdint>
#include <memory>

#include "problems/lamp/learner.hpp"

namespace petrl {

/// Environments: nonlinear1d, flows2d. Throws petrl::Error naming file, line and key.
std::unique_ptr<Lamp> makeLamp(YamlMap keys, YamlMap environment, std::uint64_t seed);

}  // namespace petrl
