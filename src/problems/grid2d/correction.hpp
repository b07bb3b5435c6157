// How a policy's actions change a coarse state.
#pragma once

#include <memory>
#include <string>

#include "base/yaml.hpp"
#include "policy/policy.hpp"

namespace petrl::grid2d {

/// Actions in, state changed. One object serves all episodes: it keeps nothing of them.
class Correction {
 public:
  virtual ~Correction() = default;
  /// What the policy file says about the actions; their number is that of the channels.
  virtual ActionSpec specification() const = 0;
  /// action: channels x ny x nx in [-1, 1]; velocity: u, then v, each ny x nx (the state itself for Burgers' equation;
  /// never the same memory as state); state: components x ny x nx, dense, x fastest.
  virtual void apply(const float *action, const double *velocity, int nx, int ny, double *state) const = 0;
};

/// Reads the section `action`: {transform, bound}. Transforms: additive (state <- state - a) and additive-rate
/// (state <- state - dt a), a = bound times the action, one channel a component. Throws petrl::Error.
std::unique_ptr<Correction> makeCorrection(YamlMap yaml, const std::string &transform, double bound, int components,
                                           double dt);

}  // namespace petrl::grid2d
