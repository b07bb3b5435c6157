// The updates of PPO: minibatches, gradients averaged over ranks, optimiser.
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "learn/ppo/ppo.hpp"
#include "torch/gradient.hpp"
#include "torch/ppo_loss.hpp"
#include "torch/ppo_networks.hpp"

namespace petrl {

double Ppo::learningRate() const {
  if (config_.decay_steps == 0) return config_.learning_rate;
  const double done = std::min(1., static_cast<double>(steps_) / static_cast<double>(config_.decay_steps));
  return config_.learning_rate + done * (config_.learning_rate_final - config_.learning_rate);
}

// Ranks may hold different numbers of transitions, but all take part in every update: each cuts its own into the same
// number of nearly equal minibatches.
void Ppo::update() {
  const std::int64_t rows = rollout_->rows();
  const std::int64_t batches = reduction_.largest((rows + config_.batch_size - 1) / config_.batch_size);
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  for (int epoch = 0; epoch < config_.epochs; ++epoch) {
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<std::size_t>(rng_.below(i))]);
    for (std::int64_t b = 0; b < batches; ++b) {
      const auto begin = order.begin() + b * rows / batches, end = order.begin() + (b + 1) * rows / batches;
      if (!updateMinibatch({begin, end})) return;
    }
  }
}

std::vector<double> Ppo::gradientOf(const std::vector<std::int64_t> &rows) {
  if (!networks_->host_gradient) return gradientOnDevice(rows);
  std::vector<learn::PpoRow> batch;
  for (const std::int64_t r : rows)
    batch.push_back({rollout_->observation(r), rollout_->action(r), rollout_->logProb(r), rollout_->advantage(r),
                     rollout_->target(r)});
  const learn::PpoTerms terms = networks_->host_gradient->add(std::move(batch));
  return {terms.policy, terms.value, terms.entropy, terms.kl, terms.clipped};
}

std::vector<double> Ppo::gradientOnDevice(const std::vector<std::int64_t> &rows) {
  // Rows side by side: the same arrays for all minibatches.
  const std::size_t points = rollout_->points();
  const std::array<int, 5> channels{observations_, actions_, 1, 1, 1};
  const std::size_t width = static_cast<std::size_t>(std::accumulate(channels.begin(), channels.end(), 0)) * points;
  auto &scratch = networks_->batch;
  scratch.resize(rows.size() * width);
  std::array<float *, 5> place{};
  float *next = scratch.data();
  for (std::size_t k = 0; k < channels.size(); ++k) {
    place[k] = next;
    next += rows.size() * static_cast<std::size_t>(channels[k]) * points;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::array<const float *, 5> from{rollout_->observation(rows[i]), rollout_->action(rows[i]),
                                            rollout_->logProb(rows[i]), rollout_->advantage(rows[i]),
                                            rollout_->target(rows[i])};
    for (std::size_t k = 0; k < channels.size(); ++k) {
      const std::size_t n = static_cast<std::size_t>(channels[k]) * points;
      std::copy_n(from[k], n, place[k] + i * n);
    }
  }
  const auto tensor = [&](std::size_t k) {
    return networks_->tensor(place[k], static_cast<std::int64_t>(rows.size()), channels[k], ny_, nx_);
  };
  learn::PpoBatch batch{tensor(0), tensor(1), tensor(2), tensor(3), tensor(4)};
  if (config_.normalisation == learn::PpoConfig::Normalisation::point)
    batch.advantage = learn::normalisePerPoint(batch.advantage);
  const learn::PpoLoss loss = learn::ppoLoss(networks_->network.forward(batch.observation), batch, config_);
  loss.loss.backward();
  return {loss.policy.item<double>(), loss.value.item<double>(), loss.entropy.item<double>(), loss.kl.item<double>(),
          loss.clipped.item<double>()};
}

bool Ppo::updateMinibatch(const std::vector<std::int64_t> &rows) {
  auto &parameters = networks_->network.parameters();
  torch::Tensor &gradient = parameters.gradient();
  gradient.zero_();
  std::vector<double> terms(5, 0.);
  if (!rows.empty()) terms = gradientOf(rows);
  learn::averageGradient(reduction_, gradient, static_cast<double>(rows.size()), terms);
  const double norm = learn::clipNorm(gradient, config_.max_gradient_norm);
  if (!std::isfinite(norm)) {
    throw Error("learner ppo: the gradient is not finite after " + std::to_string(steps_) +
                    " steps: try a smaller learning_rate",
                PETSC_ERR_FP);
  }
  sums_[kMinibatches] += 1;
  sums_[kPolicyLoss] += terms[0];
  sums_[kValueLoss] += terms[1];
  sums_[kEntropy] += terms[2];
  sums_[kKl] += terms[3];
  sums_[kClipped] += terms[4];
  sums_[kGradient] += norm;
  if (config_.target_kl > 0 && terms[3] > config_.target_kl) return false;
  networks_->adam.step(parameters.values(), gradient, learningRate());
  return true;
}

// Averages since the last call.
std::map<std::string, double> Ppo::metrics() {
  const auto per = [this](Sum what, Sum number) {
    return sums_[number] > 0 ? sums_[what] / sums_[number] : std::nan("");
  };
  const std::map<std::string, double> out{{"mean_return", per(kReturn, kEpisodes)},
                                          {"episode_length", per(kLength, kEpisodes)},
                                          {"policy_loss", per(kPolicyLoss, kMinibatches)},
                                          {"value_loss", per(kValueLoss, kMinibatches)},
                                          {"entropy", per(kEntropy, kMinibatches)},
                                          {"kl", per(kKl, kMinibatches)},
                                          {"clipped", per(kClipped, kMinibatches)},
                                          {"gradient_norm", per(kGradient, kMinibatches)},
                                          {"std", per(kStd, kIterations)},
                                          {"explained_variance", per(kExplained, kIterations)},
                                          {"learning_rate", learningRate()},
                                          {"updates", static_cast<double>(networks_->adam.steps)}};
  sums_.fill(0);
  return out;
}

}  // namespace petrl
