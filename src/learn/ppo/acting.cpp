#include "learn/ppo/acting.hpp"

#include <algorithm>
#include <cmath>

#include "base/vector_math.hpp"
#include "learn/engine/normals.hpp"
#include "learn/ppo/config.hpp"

namespace petrl::learn {

static constexpr float kHalfLogTwoPi = .91893853f;

PpoActing::PpoActing(const NetworkSpec &heads, const NetworkSpec *value, std::vector<float> log_std, bool tanh,
                     int actions)
    : heads_(std::make_unique<Fcn>(heads, "learner ppo")),
      log_std_(std::move(log_std)),
      tanh_(tanh),
      actions_(actions) {
  if (value != nullptr) value_ = std::make_unique<Fcn>(*value, "learner ppo");
}

// Noise becomes an action; the logarithm of its probability is added up.
PETRL_CLONES static void drawFree(std::size_t n, const float *mean, float log_std, float *action, float *log_prob) {
  const float std = vector_math::exponential(log_std), constant = log_std + kHalfLogTwoPi;
  for (std::size_t i = 0; i < n; ++i) {
    log_prob[i] -= .5f * action[i] * action[i] + constant;
    action[i] = mean[i] + std * action[i];
  }
}

// `raw` becomes the standard deviation.
PETRL_CLONES static void draw(std::size_t n, const float *mean, float *raw, float *action, float *log_prob) {
  for (std::size_t i = 0; i < n; ++i) {
    raw[i] = vector_math::softplus(raw[i]) + static_cast<float>(kStdFloor);
    log_prob[i] -= .5f * action[i] * action[i] + vector_math::logarithm(raw[i]) + kHalfLogTwoPi;
    action[i] = mean[i] + raw[i] * action[i];
  }
}

PETRL_CLONES static void hyperbolicTangents(std::size_t n, float *x) {
  for (std::size_t i = 0; i < n; ++i) x[i] = vector_math::hyperbolicTangent(x[i]);
}

double PpoActing::act(const float *observation, const GridSize &size, Rng &rng, float *action, float *log_prob,
                      float *values) {
  const std::size_t points = size.points();
  const std::size_t width = static_cast<std::size_t>(actions_) * points;
  out_.resize(static_cast<std::size_t>(heads_->outputs()) * points);
  heads_->evaluatePeriodic(observation, size, out_.data());
  std::fill_n(log_prob, points, 0.f);
  fillNormal(rng, action, width);
  if (tanh_) hyperbolicTangents(width, out_.data());
  double sum = 0;
  for (std::size_t a = 0; a < static_cast<std::size_t>(actions_); ++a) {
    const float *mean = out_.data() + a * points;
    if (!log_std_.empty()) {
      drawFree(points, mean, log_std_[a], action + a * points, log_prob);
      sum += std::exp(static_cast<double>(log_std_[a])) * static_cast<double>(points);
    } else {
      float *raw = out_.data() + width + a * points;
      draw(points, mean, raw, action + a * points, log_prob);
      for (std::size_t i = 0; i < points; ++i) sum += static_cast<double>(raw[i]);
    }
  }
  if (value_) {
    value_->evaluatePeriodic(observation, size, values);
  } else {
    std::copy_n(out_.data() + static_cast<std::size_t>(heads_->outputs() - 1) * points, points, values);
  }
  return sum / static_cast<double>(width);
}

void PpoActing::value(const float *observation, const GridSize &size, float *values) {
  if (value_) return value_->evaluatePeriodic(observation, size, values);
  const std::size_t points = size.points();
  out_.resize(static_cast<std::size_t>(heads_->outputs()) * points);
  heads_->evaluatePeriodic(observation, size, out_.data());
  std::copy_n(out_.data() + static_cast<std::size_t>(heads_->outputs() - 1) * points, points, values);
}

}  // namespace petrl::learn
