// Grid PPO's networks while it collects, on the host: evaluated by the kernels that evaluate them in production, which
// for small networks are several times faster than libtorch.
#pragma once

#include <memory>
#include <vector>

#include "learn/engine/rng.hpp"
#include "policy/native/fcn.hpp"

namespace petrl::learn {

class PpoActing {
 public:
  /// `heads`, with linear output: means, standard deviations before softplus (unless `log_std` gives them), value
  /// (unless `value` does).
  PpoActing(const NetworkSpec &heads, const NetworkSpec *value, std::vector<float> log_std, bool tanh, int actions);
  /// Draws actions for one grid; their log-probabilities and the values. Returns the mean standard deviation.
  double act(const float *observation, const GridSize &size, Rng &rng, float *action, float *log_prob, float *value);
  /// The means of the actions that were drawn last.
  const float *mean() const { return out_.data(); }
  void value(const float *observation, const GridSize &size, float *value);

 private:
  std::unique_ptr<Fcn> heads_, value_;
  std::vector<float> log_std_;
  bool tanh_;
  int actions_;
  std::vector<float> out_;
};

}  // namespace petrl::learn
