// The learning environments by name.
#pragma once

#include <memory>
#include <string>

#include "base/yaml.hpp"
#include "learn/agent.hpp"
#include "learn/grid.hpp"
#include "learn/refinement_environment.hpp"

namespace petrl {

/// Makes the environment that a YAML section describes; its key `name` says which ("ode"). Throws petrl::Error.
std::unique_ptr<Environment> makeEnvironment(YamlMap yaml);

/// True for the names that makeGridEnvironment() knows: advection, burgers.
bool isGridEnvironment(const std::string &name);

/// The same for worlds of one agent a grid point ("advection", "burgers"). Throws petrl::Error.
std::unique_ptr<GridEnvironment> makeGridEnvironment(YamlMap yaml);

/// The same for worlds in which a policy re-meshes ("conservation"). Throws petrl::Error.
std::unique_ptr<RefinementEnvironment> makeRefinementEnvironment(YamlMap yaml);

}  // namespace petrl
