// Networks that do not know left from right, nor one axis from the other.
#pragma once

#include <cstddef>
#include <vector>

#include "base/api.hpp"
#include "learn/fcn_config.hpp"
#include "policy/policy.hpp"

namespace petrl::learn {

/// The eight symmetries of a plane's grid, and what they do to channels: a symmetry g takes channel c to channel
/// to[g][c] times sign[g][c].
struct Channels {
  static constexpr int kSymmetries = 8;
  std::vector<int> to[kSymmetries];
  std::vector<float> sign[kSymmetries];
  int count() const { return static_cast<int>(to[0].size()); }
};

/// Weights of a fully convolutional network in a plane that is equivariant: if what it sees is mirrored or rotated, so
/// is what it says (group convolutions, Cohen and Welling 2016: hidden channels are eight orientations of each other).
/// A network of this kind is one as any other, with weights that depend on each other; the policy file and what
/// evaluates it know nothing of it. Weights stay so under any optimiser that treats all alike, if their gradient does.
class PETRL_API Symmetry {
 public:
  Symmetry() = default;
  /// For what is observed and decided under a closure's policy with the transform "flux" and `faces: mean`: its
  /// `velocity` is a vector, all other fields are numbers. Throws petrl::Error for other policies, and unless hidden
  /// channels come in eights and the velocity's components are observed alike.
  Symmetry(const FcnConfig &config, const ObservationSpec &observation, const ActionSpec &action);
  /// Whether there is one.
  explicit operator bool() const { return !layers_.empty(); }
  /// The mean over all symmetries, of weights or of their gradient: layer after layer, weights (outputs x inputs x taps)
  /// then bias, as FcnLayers has them.
  void project(float *weights) const;
  /// Weights that were drawn independently, with the variance that they had before.
  void projectDrawn(float *weights) const;

 private:
  struct Layer {
    Channels in, out;
    int kernel;
  };
  void project(float *weights, float factor) const;
  std::vector<Layer> layers_;
};

}  // namespace petrl::learn
