// Mesh refinement: a policy beside tuned thresholds, uniform meshes and hindsight.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/csv.hpp"
#include "base/yaml.hpp"
#include "studies/refinement_study_method.hpp"

namespace petrl::studies {

/// Cases that methods are compared on, all drawn alike.
struct Experiment {
  std::string name, family;
  conservation::Split split = conservation::Split::test;
  conservation::CaseOptions options;
  int first = 0, cases = 1;  ///< numbers first ... first + cases - 1
  int repeats = 1, squares = 8, halvings = 4;
};

/// A setting, what came of it (logarithms, one a training case), and why it goes to the test.
struct Candidate {
  Setting setting;
  bool by_cost = false, by_wall = false;
  std::vector<double> error, cost, wall;

  /// Means over the cases: error, and cost or time.
  std::pair<double, double> point(bool by_time) const;
};

struct RefinementStudy {
  std::vector<std::string> families;
  int train = 8, test = 16, squares = 8, halvings = 4, points = 256, front = 12, repeats = 3, screen = 2;
  double keep = 1.5;
  std::uint64_t seed = 0;  ///< of the cases
  std::unique_ptr<RefinementPolicy> policy;
  FlowRunner runner;
  std::vector<Setting> settings, oracle;
  int oracle_cases = 0;
  std::map<std::string, std::vector<Candidate>> chosen;  ///< by family
  std::string directory;
  std::unique_ptr<Csv> csv;

  Experiment experiment(const std::string &name, const std::string &family) const;
  /// Case number `index`.
  ReadyFlow flow(const Experiment &experiment, int index) const;
  /// Runs the candidates in turns: no method has a quiet machine for itself. Writes every run; remembers those on
  /// training cases.
  void run(const Experiment &experiment, std::vector<Candidate> &candidates);
  /// Runs all settings on training cases and chooses.
  void tune(const std::string &family);
};

std::vector<Candidate> candidatesOf(const std::vector<Setting> &settings);
/// Fewer of each method, evenly spread over what they were chosen by; no uniform mesh of `halvings`.
std::vector<Candidate> thinned(std::vector<Candidate> candidates, int most, int halvings);

/// The section `fields`: meshes and what they carry at chosen times: the policy with each of the odds, and the
/// threshold rule with about the error of the middle one of them on the training cases.
struct RefinementFields {
  std::string family;
  int index = 0;  ///< YAML: case
  std::vector<double> odds;
  double interval = 48;       ///< finest steps
  std::vector<double> times;  ///< shares of the duration, below 1

  /// Throws petrl::Error naming line and key.
  static RefinementFields read(YamlMap yaml, const std::vector<std::string> &families);
  /// Writes fields.h5 and fields.xdmf; after tuning.
  void write(RefinementStudy &study) const;
};

}  // namespace petrl::studies
