// Proximal Policy Optimisation (Schulman et al. 2017) with one agent a grid point, as in Closure-RL (appendix B): all
// agents share one fully convolutional network; ratios, advantages and values are taken at every point by itself.
#pragma once

#include <array>
#include <memory>

#include "base/archive.hpp"
#include "learn/engine/adam.hpp"
#include "learn/engine/rng.hpp"
#include "learn/environment.hpp"
#include "learn/fcn_policy.hpp"
#include "learn/ppo/config.hpp"
#include "learn/ppo/device.hpp"
#include "learn/ppo/network.hpp"
#include "learn/ppo/rollout.hpp"
#include "learn/ppo/slots.hpp"
#include "learn/reduction.hpp"

namespace petrl {

/// The algorithm of the learner "ppo". Keys of its section: see learn::PpoConfig.
///
/// An iteration collects `horizon` transitions in `slots` episodes that go on in the next one (or `slots` whole
/// episodes), then passes over them `epochs` times in minibatches. Actions are samples of a Gaussian, handed to the
/// environment as they are.
///
/// On several ranks each has its own slots. Gradients are averaged with the number of decisions as weight, so that
/// they are those of the union of all minibatches; advantages normalised per point are so over the rank's own part. The ranks'
/// grids may differ in size.
///
/// Random numbers of an iteration follow from seed, rank and its number: a checkpoint holds weights, moments, counters,
/// and the seeds and actions of unfinished episodes, of all ranks; to read one takes as many ranks.
class PETRL_API Ppo {
 public:
  /// Throws petrl::Error when the YAML is wrong, or the device is not there.
  Ppo(YamlMap keys, int observations, int actions, std::uint64_t seed, int dimensions = 2);
  ~Ppo();

  void iterate(GridEnvironment &environment);
  std::int64_t steps() const { return steps_; }
  std::int64_t episodes() const { return episodes_; }
  NetworkSpec network() const;
  GridPolicy &deterministic();
  std::map<std::string, double> metrics();
  /// How much of a training is over, for decay_steps: budget.
  void schedule(double done) { over_ = done; }
  /// Goes on at a rate smaller by this factor (adaptive_rate makes it larger again where that leads nowhere), and
  /// averages gradients anew.
  void slowDown(double factor);
  /// Multiplies a standard deviation that is free, and the rate.
  void scaleExploration(double factor);
  void archive(Archive &archive);
  void loadWeights(const NetworkSpec &network);

  /// Seconds spent since the start: in the network while collecting, in the environment, in updates.
  struct Seconds {
    double network = 0, environment = 0, update = 0;
  };
  const Seconds &seconds() const { return seconds_; }

 private:
  /// Sums since the last call of metrics(), over all ranks.
  enum Sum {
    kEpisodes,
    kReturn,
    kLength,
    kMinibatches,
    kPolicyLoss,
    kValueLoss,
    kEntropy,
    kKl,
    kClipped,
    kGradient,
    kStd,
    kIterations,
    kExplained,
    kSums
  };

  void setGrid(const GridEnvironment &environment);
  void collect(GridEnvironment &environment);
  void decideForAll(const std::vector<learn::Slot *> &running);
  void close(learn::Slot &slot, bool terminal);
  void estimate();
  void update();
  /// Adds the gradient of the loss of these transitions; its terms: policy, value, entropy, kl, clipped.
  std::vector<double> gradientOf(const std::vector<std::int64_t> &rows);
  /// False if the divergence from the policy that acted is already too large.
  bool updateMinibatch(const std::vector<std::int64_t> &rows);
  void passOver();
  double learningRate() const;

  learn::PpoConfig config_;
  int observations_, actions_;
  std::uint64_t seed_;
  learn::Reduction reduction_;
  learn::Rng rng_;
  learn::PpoNetwork network_;
  Adam adam_;
  std::unique_ptr<learn::PpoDevice> device_;               // null: all is done on the host
  std::unique_ptr<learn::PpoActing> acting_;               // on the host
  std::unique_ptr<learn::PpoHostGradient> host_gradient_;  // on the host, once the grid is known
  learn::FcnPolicy deterministic_{"learner ppo"};
  learn::EpisodeSlots slots_;
  std::unique_ptr<learn::Rollout> rollout_;  // once the grid is known
  learn::Interior interior_;                 // of the grid that it learned on so far
  int margin_ = 0;
  // One row an episode of those that run.
  std::vector<float> observation_, action_, mean_, log_prob_, value_, last_;
  double over_ = 0, led_ = 0;  // led_: the largest divergence in an iteration
  double rate_share_ = 1;      // of the configured learning rate
  std::int64_t iterations_ = 0, steps_ = 0, episodes_ = 0;
  std::array<double, kSums> sums_{};
  Seconds seconds_;
};

}  // namespace petrl
