// petrl evaluate of closures: a coarse grid with a policy beside coarse grids without and the fine grid.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "studies/closure_study_method.hpp"

namespace petrl::cli {

/// Runs what a configuration with `study: closure` asks for, prints tables and writes CSV files. Keys:
///   problem             advection | burgers
///   sizes               {n, ratio, substeps, dt_factor}; the problem's own by default
///   viscosity           (Burgers)
///   cells               (advection) list of {images, velocity}; by default mnist | fashion x train | vortex
///   seed                of the first test case (0)
///   methods             list of {name, scheme, integrator, diffusion_order, modified, dissipation (see
///                       grid2d/scheme.hpp), n (one or a list), dt_multiple (reference steps at once), substeps (in so
///                       many steps) | dt_scales_with_h (the Courant number of the problem's own grid), policy (a path,
///                       or a name among the shipped ones)}
///   errors              {runs, steps, methods}: errors.csv, runs.csv
///   evolution           {runs, steps, every, thresholds, methods}: evolution.csv, durations.csv, thresholds.csv
///   cost                {repeats, steps, runs, step, methods}: cost.csv
///   actions             {samples, steps, methods}: actions.csv, correlations.csv
///   fields              {cell, run, steps, methods}: fields.h5, fields.xdmf
/// Test cases are the same for all methods and parts, and errors are always taken at points (Burgers: of averages) of
/// the problem's own grid. Times are those of the whole step, policy included, the least of `repeats` rounds through
/// all methods. Throws petrl::Error.
void closureStudy(YamlMap yaml, const std::string &directory);

/// Errors of one run after 0, 1, ... reference steps, in percent; infinite once it has blown up. A method that takes
/// several reference steps at once has interpolated ones between.
struct Track {
  std::vector<double> relative, mass;
};

/// What the parts share.
struct Study {
  std::unique_ptr<StudyProblem> problem;
  std::vector<Method> methods;
  std::uint64_t seed = 0;
  std::string directory;

  /// The methods' errors in test case number `run` of a cell, for at least `steps` reference steps; computed once.
  std::vector<const Track *> tracks(const Cell &cell, int run, int steps, const std::vector<const Method *> &chosen);

 private:
  std::map<std::pair<std::string, int>, std::map<std::string, Track>> cache_;
};

void errorPart(Study &study, YamlMap yaml);
void evolutionPart(Study &study, YamlMap yaml);
void costPart(Study &study, YamlMap yaml);
void actionPart(Study &study, YamlMap yaml);
void fieldPart(Study &study, YamlMap yaml);

/// An integer within bounds. Throws petrl::Error.
int readInteger(YamlMap &yaml, const std::string &key, int fallback, int low, int high);
/// A list of increasing step numbers. Throws petrl::Error.
std::vector<int> readSteps(YamlMap &yaml, const std::vector<int> &fallback);

/// Errors in percent over many runs: mean and standard deviation of those that did not blow up, quantiles of all.
struct Summary {
  explicit Summary(std::vector<double> values);
  double mean, deviation;
  int failures = 0;  ///< above 100 %, or blown up
  int left_out = 0;  ///< blown up: infinite
  double quantile(double share) const;

 private:
  std::vector<double> sorted_;
};

constexpr double kFailed = 100;    // percent
constexpr double kBlownUp = 1000;  // percent: beyond, a number means nothing and would hide all others in a mean

}  // namespace petrl::cli
