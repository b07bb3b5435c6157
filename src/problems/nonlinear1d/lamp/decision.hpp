// How logits become edges to split and to coarsen: a distribution over ordered choices without replacement.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "problems/nonlinear1d/vertex_mesh.hpp"

namespace petrl::lamp {

constexpr int kCounts = 20;  ///< at most kCounts - 1 edges are split, and as many coarsened, at a time

/// What a network says about one mesh.
struct Logits {
  std::vector<float> split, coarsen;                          ///< one an edge
  std::array<float, kCounts> split_count{}, coarsen_count{};  ///< one a number of edges

  explicit Logits(int edges = 0)
      : split(static_cast<std::size_t>(edges), 0.f), coarsen(static_cast<std::size_t>(edges), 0.f) {}
};

/// Edges in the order in which they were chosen.
struct Action {
  std::vector<int> split, coarsen;
};

/// A decision is a chain of choices, one factor of its probability each:
///   how many edges to split (0 ... what can be split), which ones: each among those that are left,
///   how many to coarsen, which ones: each among those that are left.
/// An edge being split is not coarsened, nor are both of two neighbours. Every choice is a softmax over what is
/// eligible, so that the probabilities of all ordered decisions add up to one.
enum class Factor { split_count, split, coarsen_count, coarsen };

/// Chooses: gets logits and the indices that are eligible, answers with a place in `eligible`.
using Pick = std::function<std::size_t(Factor factor, const float *logits, const std::vector<int> &eligible)>;

/// Goes through the chain.
Action decide(const nonlinear1d::VertexMesh &mesh, const Logits &logits, const Pick &pick);

/// A random decision. uniform: random numbers in [0, 1).
Action draw(const nonlinear1d::VertexMesh &mesh, const Logits &logits, const std::function<double()> &uniform);

/// How many edges a decision takes that is not random.
enum class CountRule {
  argmax,      ///< the likeliest number
  expectation  ///< the mean number, rounded
};

/// The decision for use: so many edges, those with the largest logits.
Action best(const nonlinear1d::VertexMesh &mesh, const Logits &logits, CountRule rule);

/// One number for each factor of a decision's probability.
struct Factors {
  double split_count = 0, coarsen_count = 0;
  std::vector<double> split, coarsen;
};

struct Likelihood {
  double log_probability = 0;
  /// Sum of the entropies of the choices along the chain; its mean over decisions is the entropy of all.
  double entropy = 0;
};

/// Of a decision that decide() could have taken. With `gradient`, adds to it the derivatives of
/// sum over factors f of weight_f log p_f + entropy_weight_f entropy_f.
Likelihood likelihood(const nonlinear1d::VertexMesh &mesh, const Logits &logits, const Action &action,
                      const Factors *weight = nullptr, const Factors *entropy_weight = nullptr,
                      Logits *gradient = nullptr);

}  // namespace petrl::lamp
