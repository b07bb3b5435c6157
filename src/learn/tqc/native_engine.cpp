#include "learn/tqc/native_engine.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "learn/engine/arrays.hpp"
#include "learn/tqc/quantile_huber.hpp"
#include "policy/native/matrix_product.hpp"

namespace petrl::learn {

static std::size_t area(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

constexpr int kLossRows = 32;  // the reported critic loss is that of the first rows: a minibatch in random order

// The critics are independent of each other: as many threads as `threads` says, the same numbers with any.
template <typename Body>
static void eachCritic(int critics, int threads, const Body &body) {
#pragma omp parallel num_threads(std::min(threads, critics)) if (threads > 1)
  {
    const FlushDenormals flush;
#pragma omp for schedule(static)
    for (int e = 0; e < critics; ++e) body(e);
  }
}

NativeEngine::NativeEngine(const TqcConfig &config, const TqcShapes &shapes)
    : config_(config),
      shapes_(shapes),
      rows_(config.batch_size),
      inputs_(shapes.observations + shapes.actions),
      kept_((config.quantiles - config.dropped_quantiles_per_net) * config.critics),
      policy_(shapes, rows_),
      next_policy_(shapes, rows_),
      out_(shapes.critic, rows_),
      delta_(shapes.critic, rows_),
      input_(area(rows_, inputs_)),
      targets_(area(rows_, kept_)),
      tau_(static_cast<std::size_t>(padded(config.quantiles)), 0.f),
      valid_(tau_),
      critic_gradient_(shapes.critic.size, 0.f),
      actor_gradient_(shapes.actor_size, 0.f),
      action_slope_(static_cast<std::size_t>(config.critics), Floats(area(rows_, padded(shapes.actions)))),
      scratch_(static_cast<std::size_t>(config.critics)),
      member_sum_(static_cast<std::size_t>(config.critics)) {
  for (int m = 0; m < config.quantiles; ++m) {
    tau_[static_cast<std::size_t>(m)] = (static_cast<float>(m) + .5f) / static_cast<float>(config.quantiles);
    valid_[static_cast<std::size_t>(m)] = 1;
  }
}

void NativeEngine::join(const Floats &observation, const Floats &action) {
  for (int b = 0; b < rows_; ++b) {
    float *row = input_.data() + area(b, inputs_);
    std::copy_n(observation.data() + area(b, shapes_.observations), shapes_.observations, row);
    std::copy_n(action.data() + area(b, shapes_.actions), shapes_.actions, row + shapes_.observations);
  }
}

TqcLosses NativeEngine::update(TqcState &state, const Batch &batch, const float *eps, double learning_rate) {
  const FlushDenormals flush;
  TqcLosses losses;
  const double alpha = std::exp(state.log_alpha);
  ++state.updates;
  const double actor_rate = state.updates > config_.critic_only_updates ? learning_rate : 0;

  policy_.forward(state.actor, {batch.observation.data(), shapes_.observations, rows_}, eps);
  losses.log_prob = std::accumulate(policy_.log_prob.begin(), policy_.log_prob.end(), 0.) / rows_;
  adamScalar(state.log_alpha, state.alpha_first, state.alpha_second, -(losses.log_prob + config_.target_entropy),
             actor_rate, state.updates);

  next_policy_.forward(state.actor, {batch.next_observation.data(), shapes_.observations, rows_}, eps);
  targets(state, batch, alpha);

  join(batch.observation, batch.action);
  losses.critic = criticStep(state, learning_rate, losses.mean_q);
  losses.actor = actorStep(state, batch, alpha, actor_rate);
  approach(state.target.size(), static_cast<float>(config_.tau), state.critic.data(), state.target.data());
  losses.temperature = std::exp(state.log_alpha);
  return losses;
}

void NativeEngine::targets(const TqcState &state, const Batch &batch, double alpha) {
  join(batch.next_observation, next_policy_.action);
  eachCritic(config_.critics, config_.threads,
             [&](int e) { forward(shapes_.critic, state.target.data(), e, input(), out_); });
  const std::size_t last = shapes_.critic.layers.size() - 1;
  const int pad = padded(config_.quantiles);
  std::vector<float> pooled(area(config_.critics, config_.quantiles));
  for (int b = 0; b < rows_; ++b) {
    const auto row = static_cast<std::size_t>(b);
    for (int e = 0; e < config_.critics; ++e) {
      std::copy_n(out_.at(last, e) + area(b, pad), config_.quantiles, pooled.data() + area(e, config_.quantiles));
    }
    // Which ones are the lowest matters, their order does not: the loss is a mean over them.
    if (kept_ < static_cast<int>(pooled.size())) std::nth_element(pooled.begin(), pooled.begin() + kept_, pooled.end());
    const float discount = static_cast<float>(config_.gamma) * (1 - batch.done[row]);
    const auto bonus = static_cast<float>(alpha * next_policy_.log_prob[row]);
    float *y = targets_.data() + area(b, kept_);
    for (int t = 0; t < kept_; ++t) y[t] = batch.reward[row] + discount * (pooled[static_cast<std::size_t>(t)] - bonus);
  }
}

double NativeEngine::criticStep(TqcState &state, double learning_rate, double &mean_q) {
  const std::size_t last = shapes_.critic.layers.size() - 1;
  const double pairs = static_cast<double>(rows_) * config_.critics * config_.quantiles * kept_;
  const int loss_rows = std::min(rows_, kLossRows);
  std::vector<double> sums(member_sum_.size());
  eachCritic(config_.critics, config_.threads, [&](int e) {
    const auto member = static_cast<std::size_t>(e);
    forward(shapes_.critic, state.critic.data(), e, input(), out_);
    double sum = 0;
    const float *z = out_.at(last, e);
    for (std::size_t i = 0; i < out_.offset[last]; ++i) sum += z[i];  // padding is zero
    sums[member] = sum;
    member_sum_[member] = quantileHuber({rows_, config_.quantiles, kept_, z, targets_.data(), tau_.data(),
                                         valid_.data(), static_cast<float>(1 / pairs), delta_.at(last, e), loss_rows});
    for (std::size_t l = last + 1; l-- > 0;) {
      backwardLayer(shapes_.critic, state.critic.data(), e, input(), out_, delta_, l, critic_gradient_.data(),
                    scratch_[member]);
    }
  });
  state.critic_adam.steps = state.updates - 1;
  state.critic_adam.step(state.critic.data(), critic_gradient_.data(), static_cast<float>(learning_rate));
  mean_q = std::accumulate(sums.begin(), sums.end(), 0.) / rows_ / config_.critics / config_.quantiles;
  return std::accumulate(member_sum_.begin(), member_sum_.end(), 0.) / pairs * rows_ / loss_rows;
}

// The mean over quantiles is linear: the last layer shrinks to one mean row of weights, forward and backward.
// Returns the critic's share of mean Q and writes the gradient of minus that into the last hidden layer.
double NativeEngine::meanHead(const float *critic, int member, float scale) {
  const std::size_t last = shapes_.critic.layers.size() - 1;
  const Layer &head = shapes_.critic.layers[last];
  const int pad = shapes_.critic.layers[last - 1].pad;
  const float *w = shapes_.critic.weight(critic, last, member), *bias = shapes_.critic.bias(critic, last, member);
  Floats &mean = scratch_[static_cast<std::size_t>(member)];
  mean.assign(static_cast<std::size_t>(2 * pad), 0.f);  // weights, then sums over the batch
  for (int k = 0; k < head.in; ++k)
    mean[static_cast<std::size_t>(k)] = scale * std::accumulate(w + k * head.pad, w + k * head.pad + head.out, 0.f);
  float *sums = mean.data() + pad;
  const float *hidden = out_.at(last - 1, member);
  float *slope = delta_.at(last - 1, member);
  columnSum(rows_, pad, hidden, pad, sums);
  // Every row is minus the mean weights, where the hidden unit is active.
  const float minus = -1;
  MatrixProduct product{rows_, pad, 1, &minus, 0, 0, mean.data(), pad, slope, pad};
  product.mask = hidden;
  product.mask_row = pad;
  multiply(product);
  double total = static_cast<double>(rows_) * scale * std::accumulate(bias, bias + head.out, 0.);
  for (int k = 0; k < pad; ++k) total += static_cast<double>(sums[k]) * mean[static_cast<std::size_t>(k)];
  return total;
}

double NativeEngine::actorStep(TqcState &state, const Batch &batch, double alpha, double learning_rate) {
  join(batch.observation, policy_.action);
  const std::size_t last = shapes_.critic.layers.size() - 1;
  const double count = static_cast<double>(rows_) * config_.critics * config_.quantiles;
  eachCritic(config_.critics, config_.threads, [&](int e) {
    const auto member = static_cast<std::size_t>(e);
    forward(shapes_.critic, state.critic.data(), e, input(), out_, static_cast<int>(last));
    member_sum_[member] = meanHead(state.critic.data(), e, static_cast<float>(1 / count));
    for (std::size_t l = last - 1; l > 0; --l) {
      backwardLayer(shapes_.critic, state.critic.data(), e, input(), out_, delta_, l, nullptr, scratch_[member]);
    }
    backwardInput(shapes_.critic, state.critic.data(), e, delta_, rows_, shapes_.observations, shapes_.actions,
                  action_slope_[member].data(), scratch_[member]);
  });
  Floats &total = action_slope_[0];
  for (std::size_t e = 1; e < action_slope_.size(); ++e) {
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += action_slope_[e][i];
  }
  policy_.backward(state.actor, {batch.observation.data(), shapes_.observations, rows_},
                   static_cast<float>(alpha / rows_), total, actor_gradient_);
  state.actor_adam.steps = state.updates - 1;
  state.actor_adam.step(state.actor.data(), actor_gradient_.data(), static_cast<float>(learning_rate));
  const double log_prob = std::accumulate(policy_.log_prob.begin(), policy_.log_prob.end(), 0.) / rows_;
  return alpha * log_prob - std::accumulate(member_sum_.begin(), member_sum_.end(), 0.);
}

}  // namespace petrl::learn
