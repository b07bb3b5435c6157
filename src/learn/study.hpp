// What `petrl evaluate` and `petrl run` can do: found by name, brought by libpetrl_problems or by a plugin.
#pragma once

#include <string>

#include "base/registry.hpp"
#include "base/yaml.hpp"

namespace petrl {

/// Runs what the rest of a configuration asks for. Writes runs.csv into the folder, which exists, and perhaps fields.h5
/// with fields.xdmf. Throws petrl::Error.
using Study = void (*)(YamlMap yaml, const std::string &directory);
/// One simulation, recorded: steps.csv, fields. Collective. Returns whether it reached its end.
using Simulation = bool (*)(YamlMap yaml, const std::string &directory);

PETRL_API Registry<Study> &studyTable();
PETRL_API Registry<Simulation> &simulationTable();

}  // namespace petrl
