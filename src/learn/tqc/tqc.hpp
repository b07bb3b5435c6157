// Truncated Quantile Critics (Kuznetsov et al. 2020) with generalized state-dependent exploration (Raffin et al. 2022).
#pragma once

#include <deque>
#include <memory>

#include "learn/engine/replay_buffer.hpp"
#include "learn/engine/rng.hpp"
#include "learn/environment.hpp"
#include "learn/learner.hpp"
#include "learn/tqc/config.hpp"
#include "learn/tqc/gsde_policy.hpp"
#include "learn/tqc/state.hpp"

namespace petrl {

/// The algorithm of the learner "tqc". Keys of its section: see learn::TqcConfig.
///
/// Actions are uniformly random (`warmup: policy`: sampled) for `learning_starts` transitions, then sampled; each
/// recorded transition is followed by `updates_per_step` updates. All random numbers come from one generator that is
/// part of the checkpoint.
class PETRL_API Tqc : public Agent {
 public:
  /// Throws petrl::Error when the YAML is wrong, or the device is not there.
  Tqc(YamlMap keys, int observations, int actions, std::uint64_t seed);
  ~Tqc() override;

  void decide(const float *observation, float *action) override;
  void record(const Transition &transition) override;
  /// The deterministic policy's network as it is now; and it takes decisions itself (for validation).
  NetworkSpec network() const;
  Agent &deterministic() { return deterministic_; }
  std::int64_t steps() const { return steps_; }  ///< transitions recorded so far
  std::map<std::string, double> metrics() const;
  void archive(Archive &archive);  ///< see Learner
  void loadWeights(const NetworkSpec &network);

  /// One update from a fresh minibatch; record() calls it when one is due. Needs at least one transition.
  void update();
  const learn::TqcState &state() const { return state_; }

 private:
  class Deterministic : public Agent {
   public:
    explicit Deterministic(Tqc &owner) : owner_(owner) {}
    void decide(const float *observation, float *action) override;

   private:
    Tqc &owner_;
  };

  double learningRate() const;
  /// The weights of the deterministic policy.
  const Floats &policyWeights() const { return config_.average > 0 ? average_ : state_.actor; }

  learn::TqcConfig config_;
  learn::TqcShapes shapes_;
  learn::Rng rng_;
  learn::TqcState state_;
  Floats average_;  ///< of the actor's weights
  learn::ReplayBuffer buffer_;
  std::unique_ptr<learn::TqcEngine> engine_;
  learn::SingleActor actor_;
  learn::Batch batch_;
  Floats eps_;
  learn::TqcLosses losses_;
  Deterministic deterministic_{*this};
  std::int64_t steps_ = 0;
  double due_ = 0;  ///< updates owed: the fractional part of updates_per_step adds up here
};

/// The learner "tqc": the algorithm in a stream environment. One process.
class TqcLearner : public Learner {
 public:
  TqcLearner(YamlMap keys, YamlMap environment, std::uint64_t seed);

  void iterate() override;  ///< one episode
  bool parallel() const override { return false; }
  std::int64_t steps() const override { return algorithm_->steps(); }
  std::int64_t episodes() const override { return episodes_; }
  Evaluation evaluate() override { return environment_->evaluate(algorithm_->deterministic()); }
  Policy policy() const override;
  std::map<std::string, double> metrics() override;
  void archive(Archive &archive) override;
  void loadWeights(const NetworkSpec &network) override { algorithm_->loadWeights(network); }

 private:
  std::unique_ptr<StreamEnvironment> environment_;
  std::unique_ptr<Tqc> algorithm_;
  std::uint64_t seed_;
  std::int64_t episodes_ = 0;
  std::deque<double> returns_;  ///< of the latest episodes
};

}  // namespace petrl
