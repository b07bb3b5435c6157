// A policy's actions on the coarse state of a problem: what the closures of src/closure do in training and validation.
#pragma once

#include <vector>

#include "base/yaml.hpp"
#include "closure/periodic.hpp"
#include "problems/grid2d/model.hpp"

namespace petrl::grid2d {

/// Reads the section `action`: transform, bound (an action of 1 means that much), actions (their number, default one a
/// component), parameters (name: text, as the transform wants them; see closure/correction.hpp). Whether they fit is
/// for petrl::Correction::make() to say.
ActionSpec readAction(YamlMap yaml, const std::string &transform, double bound, int components);

/// Observes and corrects the state of one run; keeps its velocity and scratch space.
class Corrector {
 public:
  /// specification: observation and action. velocity: two components, or empty where the state is the velocity.
  /// Throws petrl::Error naming `source`.
  Corrector(const Policy &specification, const Model &model, const Field &velocity, const std::string &source);
  /// Network inputs, channels x ny x nx.
  void observe(const Field &state, float *observation);
  /// action: channels x ny x nx, bounded by the correction; a NaN is no action.
  void correct(const float *action, Field &state);

 private:
  void look(const Field &state);
  PeriodicCorrection correction_;
  double dt_, h_;
  std::size_t actions_;
  std::vector<double> state_, velocity_, change_;
  std::vector<float> action_;
  std::vector<const double *> fields_;  // in the order of the observation
};

}  // namespace petrl::grid2d
