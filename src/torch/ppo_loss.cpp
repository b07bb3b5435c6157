#include "torch/ppo_loss.hpp"

#include <torch/torch.h>

namespace petrl::learn {

using torch::Tensor;

static constexpr double kHalfLogTwoPi = .9189385332046727;

Tensor logProbability(const TorchPpoNetwork::Output &output, const Tensor &action) {
  const Tensor z = (action - output.mean) / output.std;
  return (z.square() * -.5 - output.std.log() - kHalfLogTwoPi).sum(1, true);
}

Tensor normalisePerPoint(const Tensor &advantage) {
  if (advantage.size(0) < 2) return torch::zeros_like(advantage);
  return (advantage - advantage.mean(0, true)) / (advantage.std(0, true, true) + 1e-8);
}

PpoLoss ppoLoss(const TorchPpoNetwork::Output &output, const PpoBatch &batch, const PpoConfig &config) {
  const Tensor log_ratio = logProbability(output, batch.action) - batch.log_prob;
  const Tensor ratio = log_ratio.exp();
  const Tensor limited = ratio.clamp(1 - config.clip, 1 + config.clip);
  const auto mean = [&batch](const Tensor &x) {
    return batch.counts.defined() ? x.masked_select(batch.counts).mean() : x.mean();
  };
  PpoLoss out;
  out.policy = -mean(torch::min(ratio * batch.advantage, limited * batch.advantage));
  out.value = mean((output.value - batch.target).square());
  // A free standard deviation is the same at all points, and so its mean over them.
  out.entropy = mean((output.std.log() + (.5 + kHalfLogTwoPi)).sum(1, true));
  out.loss = out.policy + config.value_coefficient * out.value - config.entropy_coefficient * out.entropy;
  const torch::NoGradGuard no_grad;
  out.kl = mean(ratio - 1 - log_ratio);
  out.clipped = mean((ratio != limited).to(torch::kFloat32));
  return out;
}

}  // namespace petrl::learn
