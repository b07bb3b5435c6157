// petrl evaluate of LAMP on the one-dimensional benchmark: policies, no re-meshing, hindsight, classical methods.
#pragma once

#include <string>

#include "base/yaml.hpp"

namespace petrl::cli {

/// Runs what a configuration with `study: lamp` asks for on the test trajectories; prints a table and writes table.csv,
/// trajectories.csv (errors of each) and fields.h5. Keys:
///   data         {file, trajectories, seed}: as for the learner
///   set          test (default) | valid: trajectories that settings may be chosen by
///   runs         so many trajectories (all)
///   repeats      times are the least of so many rounds (3)
///   starts       vertices of the first meshes: 25, 50, 100
///   models       list of {name, policy (a path, or a name among the shipped ones), trade_offs (each gives a row for
///                each start), hindsight: list of {start, vertices}, never (true): rows without re-meshing, random
///                (false): decisions drawn rather than the best, count: argmax | expectation (what the file says)}
///   rivals       list of {name, method: weno | volumes, ...}; weno: n, stepper (ssprk3 | rk4), safety, every_level,
///                single, means, start, finish; volumes: base, max_level, indicator (gradient | curvature), threshold,
///                reach, safety: see UniformOptions and AdaptiveOptions
///   fields       {trajectory, start, model, trade_offs}
/// Errors are the benchmark's: over the 200 predicted levels the sum of mean squared errors at the 100 label points,
/// linearly interpolated; for rivals also "consistent", of labels computed from cell means. Times are those of one
/// bundle of 25 levels, decision and new mesh included, of one trajectory at a time; methods take turns. Throws
/// petrl::Error.
void lampStudy(YamlMap yaml, const std::string &directory);

}  // namespace petrl::cli
