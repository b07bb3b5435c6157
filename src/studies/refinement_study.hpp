// petrl evaluate of mesh refinement: a policy beside tuned thresholds, uniform meshes and hindsight.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "studies/refinement_study_table.hpp"

namespace petrl::cli {

/// Runs what a configuration with `study: refinement` asks for, prints tables and writes CSV files. Keys:
///   families         of flows (see conservation::drawCase)
///   policy           a path, or a name among the shipped ones
///   cases            {train, test, seed}: of each family; settings are chosen on the training cases alone
///   squares          along a side of the base mesh
///   halvings         times that a diameter may halve
///   cfl, remesh_cost, unit   see ConservationEnvironment
///   points           a side, where errors are measured
///   odds, intervals, levels, skip   lists: the policy is tried with all combinations (beta / (1 - beta), finest steps
///                    between decisions, halvings, whether it may keep the mesh to save re-meshing)
///   tuning           {samples, intervals: [least, most], seed, screen, keep}: random threshold rules of each
///   indicator;
///                    after the first `screen` training cases, settings of any method that cost more than `keep` times
///                    what its front does are given up
///   front            at most so many settings of a method and a measure of cost go to the test
///   repeats          of each test run; the least time counts
///   places           errors at which methods are compared
///   oracle           {cases, odds, intervals}: paired runs decide
///   generalisation   {cases, repeats, front, experiments}: some of scale, duration, finer, settings
///   fields           {family, case, odds, interval, times}: see RefinementFields
/// Writes configurations.csv (tuning), front.csv, runs.csv, ratio.csv, summary.csv. Throws petrl::Error.
void refinementStudy(YamlMap yaml, const std::string &directory);

/// Cases that methods are compared on, all drawn alike.
struct Experiment {
  std::string name, family;
  conservation::Split split = conservation::Split::test;
  conservation::CaseOptions options;
  int first = 0, cases = 1;  ///< numbers first ... first + cases - 1
  int repeats = 1, squares = 8, halvings = 4;
};

struct RefinementStudy {
  std::vector<std::string> families;
  int train = 8, test = 16, squares = 8, halvings = 4, points = 256, front = 12, repeats = 3, places = 21;
  int screen = 2;
  double keep = 1.5;
  std::uint64_t seed = 0;  ///< of the cases
  std::unique_ptr<RefinementPolicy> policy;
  Ground ground;
  std::vector<Setting> candidates, oracle;
  int oracle_cases = 0;
  std::map<std::string, std::vector<Entry>> chosen;  ///< by family; outcomes are those of the training cases
  std::string directory;

  Experiment experiment(const std::string &name, const std::string &family) const;
  /// Case number `index`.
  Bench bench(const Experiment &experiment, int index) const;
  /// Fills the entries' outcomes, in turns: no method has a quiet machine for itself. Shows progress.
  void run(const Experiment &experiment, std::vector<Entry> &entries) const;
  std::vector<Entry> empty(const std::vector<Setting> &settings) const;
  /// Runs all candidates on training cases and chooses.
  std::vector<Entry> tune(const std::string &family) const;
  void writeRuns(const std::string &rows) const;
};

/// Fewer settings of each method, evenly spread over what they were chosen by; no uniform mesh of `halvings`.
std::vector<Entry> thinned(std::vector<Entry> entries, int most, int halvings);

/// Part `fields`: meshes and what they carry at chosen times: the policy with each of the odds, and the threshold rule
/// with about the error of the middle one of them on the training cases.
struct RefinementFields {
  std::string family;
  int index = 0;  ///< YAML: case
  std::vector<double> odds;
  double interval = 48;       ///< finest steps
  std::vector<double> times;  ///< shares of the duration, below 1
  /// Throws petrl::Error naming line and key.
  static RefinementFields read(YamlMap yaml, const std::vector<std::string> &families);
  /// Writes fields.h5 and fields.xdmf; after tuning.
  void write(const RefinementStudy &study) const;
};

/// Tables: see refinement_study_report.cpp.
class RefinementReport {
 public:
  explicit RefinementReport(std::string directory) : directory_(std::move(directory)) {}
  void tuning(const std::string &family, const std::vector<Entry> &tried);
  /// Prints the fronts and what equal errors cost; oracle: compared with the policy on its own (fewer) cases.
  void fronts(const Experiment &experiment, const std::vector<Entry> &entries, const RefinementStudy &study);
  void finish() const;

 private:
  std::string directory_;
  std::string tuning_, fronts_, ratios_, summary_;
};

}  // namespace petrl::cli
