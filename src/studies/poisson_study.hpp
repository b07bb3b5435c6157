// petrl evaluate of adaptive finite elements: Poisson's equation on the L-shape.
#pragma once

#include <string>

#include "base/yaml.hpp"

namespace petrl::cli {

/// Refines meshes of random cases by a policy, everywhere, by error estimators and by the true error, in the same
/// number of rounds. Keys of a configuration with `study: poisson`:
///   policy       file, or name of a shipped one
///   squares, rounds, unit   as in training
///   odds         of the policy: one curve point each
///   cases        test cases; reference: uniform refinements behind the references
///   levels       mean cells: at each the estimators' settings are those that were best on the tuning cases
///   tuning       number of training cases to tune on
///   errors       relative errors at which numbers of cells are compared
///   meshes       index of the case whose meshes are written
/// Writes runs.csv (a row per case, setting and round), settings.csv (what tuning chose), front.csv (means over cases),
/// ratios.csv (cells at equal error over those of the policy), meshes.csv.
void poissonStudy(YamlMap yaml, const std::string &directory);

}  // namespace petrl::cli
