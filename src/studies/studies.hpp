// What `petrl evaluate` and `petrl run` can do. Studies run solvers and write down every run; what the runs mean is
// worked out elsewhere (tutorials/table.py).
#pragma once

#include <string>
#include <vector>

#include "base/csv.hpp"
#include "base/yaml.hpp"

namespace petrl::studies {

// See Study and Simulation in learn/study.hpp.
void boundStudy(YamlMap yaml, const std::string &directory);
void closureStudy(YamlMap yaml, const std::string &directory);
void faultStudy(YamlMap yaml, const std::string &directory);
void lamp2dStudy(YamlMap yaml, const std::string &directory);
void lampStudy(YamlMap yaml, const std::string &directory);
void odeStudy(YamlMap yaml, const std::string &directory);
void poissonStudy(YamlMap yaml, const std::string &directory);
void refinementStudy(YamlMap yaml, const std::string &directory);
bool faultSimulation(YamlMap yaml, const std::string &directory);

/// The file of the policy that a key names: a path, or a name among the shipped ones.
std::string policyFile(YamlMap &yaml, const std::string &key = "policy");
/// A list of numbers above 0.
std::vector<double> positiveNumbers(YamlMap &yaml, const std::string &key, const std::vector<double> &fallback);

}  // namespace petrl::studies
