// How logits become edges to split and to coarsen: a distribution over ordered choices without replacement.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "problems/lamp/choices.hpp"

namespace petrl::lamp {

/// What a network says about one mesh.
struct Logits {
  std::vector<float> split, coarsen;                          ///< one a choice
  std::array<float, kCounts> split_count{}, coarsen_count{};  ///< one a number of choices

  Logits() = default;
  Logits(int splits, int coarsens)
      : split(static_cast<std::size_t>(splits), 0.f), coarsen(static_cast<std::size_t>(coarsens), 0.f) {}
  explicit Logits(const Choices &choices) : Logits(choices.splits(), choices.coarsens()) {}
};

/// What was chosen, in order.
struct Action {
  std::vector<int> split, coarsen;
};

/// What the network says about one mesh and the state on it.
struct Heads {
  Logits logits;
  double value_error = 0, value_cost = 0;  ///< the value is value_error + trade_off value_cost
  double value(double trade_off) const { return value_error + trade_off * value_cost; }
};

// A decision is a chain of choices, one factor of its probability each:
//   how many edges to split (of the numbers that can be split), which ones: each among those that are left,
//   how many to coarsen, which ones: each among those that are left.
// Every choice is a softmax over what is eligible, so that the probabilities of all ordered decisions add up to one.

/// A random decision. uniform: random numbers in [0, 1). Orders are drawn by sorting logits with Gumbel noise, which has
/// the distribution of drawing one after the other (Kool, van Hoof, Welling 2019).
Action draw(const Choices &choices, const Logits &logits, const std::function<double()> &uniform);

/// How many edges a decision takes that is not random.
enum class CountRule {
  argmax,      ///< the likeliest number
  expectation  ///< that nearest to the mean number
};

/// The decision for use: so many edges, those with the largest logits.
Action best(const Choices &choices, const Logits &logits, CountRule rule);

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

/// Of a decision that could have been drawn. With `gradient`, adds to it the derivatives of
/// sum over factors f of weight_f log p_f + entropy_weight_f entropy_f. Exponentials are taken once for each of the
/// eligible, not for each choice. Throws petrl::Error for a decision that the mesh does not allow.
Likelihood likelihood(const Choices &choices, const Logits &logits, const Action &action,
                      const Factors *weight = nullptr, const Factors *entropy_weight = nullptr,
                      Logits *gradient = nullptr);

}  // namespace petrl::lamp
