// A world of graphs in which it is known what a refinement policy should predict.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "learn/gain_loss/gain_loss.hpp"
#include "support/learners.hpp"

namespace petrl::test {

inline constexpr const char *kGainLossLearner =
    "{hidden: 10, layers: 1, episodes: 2, updates: 10, batch: 4, memory: 60, learning_rate: 0.01, explore_steps: 50}";

/// Rings of nodes with random features. What is right is a function of them: the gain of a node's own, the loss of its
/// neighbours' as well; some losses are not known.
class RingWorld : public MeshEnvironment {
 public:
  static MeshSample draw(std::uint64_t seed) {
    std::mt19937_64 rng(seed);
    const auto uniform = [&] { return static_cast<float>(static_cast<double>(rng() >> 11) * 0x1p-52 - 1); };
    MeshSample s;
    s.nodes = 8 + static_cast<int>(rng() % 9), s.slots = 2;
    constexpr int kNode = RefinementObservation::kNode, kEdge = RefinementObservation::kEdge;
    for (int i = 0; i < s.nodes; ++i) {
      s.source.push_back((i + s.nodes - 1) % s.nodes);
      s.source.push_back((i + 1) % s.nodes);
    }
    for (int i = 0; i < kNode * s.nodes; ++i) s.node.push_back(uniform());
    for (int i = 0; i < kEdge * 2 * s.nodes; ++i) s.edge.push_back(uniform());
    for (int i = 0; i < s.nodes; ++i) {
      const float *own = &s.node[static_cast<std::size_t>(i * kNode)];
      float around = 0;
      for (int k = 0; k < 2; ++k) {
        const auto j = static_cast<std::size_t>(s.source[static_cast<std::size_t>(2 * i + k)]);
        around += s.node[j * kNode + 1] * .4f + s.edge[static_cast<std::size_t>((2 * i + k) * kEdge)] * .3f;
      }
      s.target.push_back(.6f * own[0] - .5f * own[2] + .2f);
      s.target.push_back(i % 4 == 3 ? std::numeric_limits<float>::quiet_NaN() : around);
    }
    return s;
  }
  void episode(std::uint64_t seed, RefinementPolicy &, double explore, std::vector<MeshSample> &samples,
               std::map<std::string, double> &metrics) override {
    for (std::uint64_t k = 0; k < 3; ++k) samples.push_back(draw(10 * seed + k));
    metrics["decisions"] += 3;
    metrics["reward"] += explore;
  }
  /// Mean square of what is wrong, on graphs of its own.
  Evaluation evaluate(RefinementPolicy &policy) override {
    double sum = 0, count = 0;
    for (std::uint64_t k = 0; k < 20; ++k) {
      const MeshSample s = draw(1000000007 + k);
      std::vector<float> out(s.target.size());
      policy.network().evaluate(s.graph(), s.node.data(), s.edge.data(), out.data());
      for (std::size_t i = 0; i < out.size(); ++i) {
        if (std::isnan(s.target[i])) continue;
        sum += std::pow(out[i] - s.target[i], 2), count += 1;
      }
    }
    Evaluation e;
    e.score = sum / count;
    return e;
  }
};

inline std::unique_ptr<GainLoss> ringLearner(std::uint64_t seed, const std::string &yaml = kGainLossLearner) {
  return std::make_unique<GainLoss>(keys(yaml), std::make_unique<RingWorld>(), seed);
}

}  // namespace petrl::test
