// Truncated Quantile Critics (Kuznetsov et al. 2020) with generalized state-dependent exploration (Raffin et al. 2022).
#pragma once

#include "learn/agent.hpp"
#include "learn/engine/replay_buffer.hpp"
#include "learn/engine/rng.hpp"
#include "learn/tqc/config.hpp"
#include "learn/tqc/gsde_policy.hpp"
#include "learn/tqc/state.hpp"

namespace petrl {

/// The learner "tqc". Keys of its section: see learn::TqcConfig.
///
/// Actions are uniformly random (`warmup: policy`: sampled) for `learning_starts` transitions, then sampled; each
/// recorded transition is followed by `updates_per_step` updates. All random numbers come from one generator that is
/// part of the checkpoint.
class Tqc : public Learner {
 public:
  /// Throws petrl::Error when the YAML is wrong, or the device is not there.
  Tqc(const std::string &yaml, int observations, int actions, std::uint64_t seed);
  ~Tqc() override;

  void decide(const float *observation, float *action) override;
  void record(const Transition &transition) override;
  NetworkSpec network() const override;
  Agent &deterministic() override { return deterministic_; }
  std::int64_t steps() const override { return steps_; }
  std::map<std::string, double> metrics() const override;
  void save(const std::string &path) const override;
  void load(const std::string &path) override;
  void loadWeights(const NetworkSpec &network) override;

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

  learn::TqcConfig config_;
  learn::TqcShapes shapes_;
  learn::Rng rng_;
  mutable learn::TqcState state_;  // save() may have to fetch it from the device
  learn::ReplayBuffer buffer_;
  std::unique_ptr<learn::TqcEngine> engine_;
  learn::SingleActor actor_;
  learn::Batch batch_;
  learn::Floats eps_;
  learn::TqcLosses losses_;
  Deterministic deterministic_{*this};
  std::int64_t steps_ = 0;
  double due_ = 0;  ///< updates owed: the fractional part of updates_per_step adds up here
};

}  // namespace petrl
