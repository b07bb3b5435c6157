// petrl evaluate of step controllers on faults: the paper's grid and other scenarios.
#pragma once

#include <string>

#include "base/yaml.hpp"

namespace petrl::cli {

/// Runs every controller on every scenario of a configuration with `study: fault` and prints and writes the tables.
/// Keys: scenario (what all share) with sizes [m] and cells (per side), or random {count, seed, vary}, or scenarios (a
/// mapping from names); reference, baseline, controllers (a mapping from names to controllers), repeats,
/// repeat_seconds. Writes runs.csv (a row per scenario and controller), summary.csv (a row per controller) and
/// steps/*.csv.
void faultStudy(YamlMap yaml, const std::string &directory);

}  // namespace petrl::cli
