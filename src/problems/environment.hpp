// The learning environments by name.
#pragma once

#include <memory>

#include "base/yaml.hpp"
#include "policy/agent.hpp"

namespace petrl {

/// Makes the environment that a YAML section describes; its key `name` says which ("ode"). Throws petrl::Error.
std::unique_ptr<Environment> makeEnvironment(YamlMap yaml);

}  // namespace petrl
