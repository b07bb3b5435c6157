// The methods of a closure study: coarse schemes, with or without a policy, as a production code would run them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "closure/periodic.hpp"
#include "problems/grid2d/stepper.hpp"
#include "studies/closure_study_problem.hpp"

namespace petrl::studies {

struct Method {
  std::string name;
  std::string family;  ///< the name without the grid, where one entry stands for several grids
  grid2d::Scheme scheme;
  std::string modified;  ///< as the configuration says it
  int n = 0;             ///< points a side
  int stride = 1;        ///< so many reference steps are taken
  int substeps = 1;      ///< in so many steps
  std::string policy;    ///< its file; empty: none
  std::shared_ptr<PeriodicClosure> closure;
  std::vector<int> observed, changed;  ///< fields that the policy sees and components that it changes, by number

  double dt(const grid2d::Model &model) const { return model.sizes().dt() * stride / substeps; }
};

/// Reads the list `methods`. Throws petrl::Error.
std::vector<Method> readMethods(YamlMap &yaml, const StudyProblem &problem);

/// Those of `methods` that the list `methods` of a section names (by name or family); without the key all. Throws
/// petrl::Error.
std::vector<const Method *> chooseMethods(YamlMap &yaml, const std::vector<Method> &methods);

/// One method on one case.
class CoarseRun {
 public:
  CoarseRun(const StudyProblem &problem, const Method &method, Start start);
  CoarseRun(const CoarseRun &) = delete;
  CoarseRun &operator=(const CoarseRun &) = delete;
  /// Back to the start, or to another state.
  void reset() { state_.set(start_.state.data()); }
  void set(const std::vector<double> &state) { state_.set(state.data()); }
  /// `stride` reference steps. Before each step the policy corrects the state.
  void advance();
  const grid2d::Field &state() const { return state_; }
  /// What the policy would do now: A, components x n x n; state <- state - A.
  std::vector<double> action();
  /// One step without the policy.
  void base() { stepper_.step(state_); }

 private:
  void decide();
  const Method &method_;
  Start start_;
  grid2d::Stepper stepper_;
  grid2d::Field state_;
  CorrectionStep step_;
  // The policy's arrays have no ghost points: one copy of the state is what that costs (2 us of 64 x 64).
  std::vector<double> look_, velocity_, change_;
  std::vector<const double *> fields_;
};

}  // namespace petrl::studies
