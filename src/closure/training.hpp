// Where a closure was trained, and what of a program lies outside of that. Plain C++.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/api.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// What a policy's training recorded (Policy::validity: "step", "spacing", "courant", "order" and the observation's
/// names; "boundary", "ts_type", "scheme", "velocity", "problem"), and what it did not record of that but its
/// configuration says.
PETRL_API Validity trainingOf(const Policy &policy);

/// The step that an additive correction is for, on a grid of this spacing (0: not known): that of the training, at the
/// training's ratio of step and spacing. 0: not recorded.
PETRL_API double ownStep(const Validity &training, double spacing);

/// What a program does with a closure.
struct ClosureUse {
  double step = 0;              ///< 0: not known
  double time_unit = 1;         ///< the training's, in the program's
  std::vector<double> spacing;  ///< along each direction; 0: not known
  bool periodic = true;
  std::string ts_type;  ///< "": not known
  int order = 0;
  std::map<std::string, Validity::Range> fields;  ///< by name of the observation
};

/// Compares what a program does with where its policy was trained, as often as one likes: everything is said once.
class Surroundings {
 public:
  Surroundings() = default;
  /// components: the fields that it changes, by their number in the observation.
  Surroundings(const Policy &policy, const std::vector<int> &components);
  const Validity &training() const { return training_; }
  /// What is outside and was not said before: "psi 98, trained on 0 to 1; courant 3, trained on 0.1 to 0.25". The first
  /// time also what is too small: later steps may be cut, and flows decay.
  std::string outside(const ClosureUse &use);

 private:
  Validity training_;
  std::string transform_;
  std::vector<std::string> velocity_;
  std::set<std::string> changed_, said_;
  bool first_ = true;
};

}  // namespace petrl
