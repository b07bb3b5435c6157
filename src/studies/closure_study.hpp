// What the parts of a closure study share: a coarse grid with a policy beside coarse grids without and the fine grid.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "studies/closure_study_method.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

/// Errors of one run after 0, 1, ... reference steps, in percent; infinite once it has blown up. A method that takes
/// several reference steps at once has interpolated ones between.
struct Track {
  std::vector<double> relative, mass;
};

struct ClosureStudy {
  std::unique_ptr<StudyProblem> problem;
  std::vector<Method> methods;
  std::uint64_t seed = 0;
  std::string directory;
  std::unique_ptr<Csv> csv;

  /// The methods' errors in test case number `run` of a cell, for at least `steps` reference steps; computed once.
  std::vector<const Track *> tracks(const Cell &cell, int run, int steps, const std::vector<const Method *> &chosen);
  /// Begins a row of runs.csv.
  Csv &row(const char *part, const Method *method = nullptr, const Cell *cell = nullptr) const;

 private:
  std::map<std::pair<std::string, int>, std::map<std::string, Track>> cache_;
};

void costPart(ClosureStudy &study, YamlMap yaml);
void actionPart(ClosureStudy &study, YamlMap yaml);
void fieldPart(ClosureStudy &study, YamlMap yaml);

/// A list of increasing step numbers. Throws petrl::Error.
std::vector<int> readSteps(YamlMap &yaml, const std::vector<int> &fallback);

/// Whether actions can be compared: a policy, on the model's own grid, with steps that end where reference steps end.
bool comparable(const Method &method, const grid2d::Model &model);
/// The action that is missing: with state <- step(state - A) the state would follow the restricted fine one, but for
/// the step's own influence on A. `now` and `next`: restricted fine states one step of the method apart. Returns
/// step(now) - next for the base scheme of `run`, and in `taken` what its policy does at `now`.
std::vector<double> exactAction(CoarseRun &run, const std::vector<double> &now, const std::vector<double> &next,
                                std::vector<double> &taken);

}  // namespace petrl::studies
