// Evolution model and refining policy together: what a policy file of architecture "lamp" holds, and its use.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.hpp"
#include "problems/nonlinear1d/lamp/refiner.hpp"

namespace petrl::lamp {

constexpr int kFirstInput = 49;  ///< last of the levels that are given
constexpr int kBundles = 8;      ///< bundles that are predicted from there

struct Model {
  Evolution evolution;
  Refiner refiner;
  CountRule count = CountRule::expectation;
  double largest_trade_off = .5;  ///< the policy was trained for trade-offs from 0 to this

  /// From a policy file's contents. Throws petrl::Error naming `source`, what was found and expected.
  static Model read(const Policy &policy, const std::string &source);
  /// Kind, observation, action and network; the provenance is the caller's.
  Policy policy() const;
};

/// How meshes change during a roll-out, before each bundle.
struct Remeshing {
  enum class Kind {
    never,
    policy,  ///< the model's decisions
    random,  ///< decisions drawn at random as the model says
    oracle   ///< adapted to the true solution at the middle of the bundle to come, from the first mesh
  };
  Kind kind = Kind::never;
  double trade_off = 0;    ///< policy, random
  int vertices = 0;        ///< oracle: so many
  std::uint64_t seed = 0;  ///< random
};

/// One trajectory's prediction, bundle by bundle.
struct Rollout {
  std::vector<nonlinear1d::VertexMesh> mesh;
  std::vector<double> error;  ///< of a bundle: over its levels the sum of mean squared errors at the label points
  std::vector<Bundle> bundle;
  double seconds = 0;       ///< for one bundle of one trajectory: decision, new mesh, prediction
  double vertices() const;  ///< mean number
  double total() const;     ///< error of all bundles
};

/// Squared errors of a bundle that begins after level `last`: mean over the label points, summed over the levels.
/// With `profile` (kPoints numbers), each point's contribution as well.
double bundleError(const nonlinear1d::Nonlinear1DSet &set, int trajectory, int last, const Bundle &bundle,
                   float *profile = nullptr);

/// Predicts levels kFirstInput + 1 ... of trajectories begin ... end - 1, starting on one mesh.
std::vector<Rollout> rollOut(const Model &model, const nonlinear1d::Nonlinear1DSet &set, int begin, int end,
                             const nonlinear1d::VertexMesh &start, const Remeshing &remeshing);

}  // namespace petrl::lamp
