// The updates of PPO: minibatches, gradients averaged over ranks, optimiser.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "learn/ppo/ppo.hpp"

namespace petrl {

namespace {

constexpr double kTooFar = 2;  // of the divergence that an iteration may lead to: it is taken back
constexpr double kShort = .25, kFaster = 1.1, kSlower = 1.5;

}  // namespace

double Ppo::learningRate() const {
  if (config_.decay_steps == 0 && !config_.decays_with_budget) return rate_share_ * config_.learning_rate;
  const double steps =
      static_cast<double>(steps_) / static_cast<double>(std::max<std::int64_t>(config_.decay_steps, 1));
  const double done = std::min(1., config_.decays_with_budget ? over_ : steps);
  return rate_share_ * (config_.learning_rate + done * (config_.learning_rate_final - config_.learning_rate));
}

void Ppo::slowDown(double factor) {
  rate_share_ *= factor;
  adam_ = Adam(network_.weights().size(), config_.weight_decay);
}

void Ppo::scaleExploration(double factor) {
  network_.scaleStd(factor);
  rate_share_ *= factor;
}

// The divergence is the same on all ranks.
void Ppo::update() {
  if (!config_.adaptive_rate) return passOver();
  const auto weights = network_.weights();
  const Adam adam = adam_;
  led_ = 0;
  passOver();
  if (led_ > kTooFar * config_.target_kl) {
    network_.weights() = weights;
    adam_ = adam;
    rate_share_ /= 2;
  } else if (led_ > config_.target_kl) {
    rate_share_ /= kSlower;
  } else if (led_ < kShort * config_.target_kl) {
    rate_share_ = std::min(1., kFaster * rate_share_);
  }
}

// Ranks may hold different numbers of transitions, but all take part in every update: each cuts its own into the same
// number of nearly equal minibatches.
void Ppo::passOver() {
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
  std::vector<learn::PpoRow> batch;
  for (const std::int64_t r : rows)
    batch.push_back({rollout_->observation(r), rollout_->action(r), rollout_->logProb(r), rollout_->advantage(r),
                     rollout_->target(r)});
  const learn::PpoTerms terms =
      device_ ? device_->gradient(batch, interior_, network_.gradient()) : host_gradient_->add(std::move(batch));
  return {terms.policy, terms.value, terms.entropy, terms.kl, terms.clipped};
}

bool Ppo::updateMinibatch(const std::vector<std::int64_t> &rows) {
  std::vector<float> &gradient = network_.gradient();
  std::fill(gradient.begin(), gradient.end(), 0.f);
  std::vector<double> terms(5, 0.);
  if (!rows.empty()) terms = gradientOf(rows);
  // Each decision counts as much, whoever took it.
  const double decisions = static_cast<double>(rows.size()) * static_cast<double>(interior_.count());
  learn::averageGradient(reduction_, gradient, decisions, terms);
  const double norm = clipNorm(gradient, config_.max_gradient_norm);
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
  led_ = std::max(led_, terms[3]);
  if (config_.target_kl > 0 && terms[3] > config_.target_kl) return false;
  adam_.step(network_.weights().data(), gradient.data(), learningRate());
  if (device_) device_->setWeights(network_.weights());
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
                                          {"updates", static_cast<double>(adam_.steps)}};
  sums_.fill(0);
  return out;
}

}  // namespace petrl
