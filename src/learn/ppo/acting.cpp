#include "learn/ppo/acting.hpp"

#include <algorithm>
#include <cmath>

#include "learn/ppo/config.hpp"

namespace petrl::learn {

PpoActing::PpoActing(const NetworkSpec &heads, const NetworkSpec *value, std::vector<float> log_std, bool tanh,
                     int actions)
    : heads_(std::make_unique<Fcn>(heads, "learner ppo")),
      log_std_(std::move(log_std)),
      tanh_(tanh),
      actions_(actions) {
  if (value != nullptr) value_ = std::make_unique<Fcn>(*value, "learner ppo");
}

double PpoActing::act(const float *observation, int nx, int ny, Rng &rng, float *action, float *log_prob,
                      float *values) {
  constexpr float kHalfLogTwoPi = .91893853f;
  const auto points = static_cast<std::size_t>(nx) * static_cast<std::size_t>(ny);
  out_.resize(static_cast<std::size_t>(heads_->outputs()) * points);
  heads_->evaluatePeriodic(observation, nx, ny, out_.data());
  std::fill_n(log_prob, points, 0.f);
  double sum = 0;
  for (int a = 0; a < actions_; ++a) {
    const auto channel = static_cast<std::size_t>(a) * points;
    float *mean = out_.data() + channel, *to = action + channel;
    if (tanh_) std::transform(mean, mean + points, mean, [](float x) { return std::tanh(x); });
    for (std::size_t i = 0; i < points; ++i) to[i] = static_cast<float>(rng.normal());
    if (!log_std_.empty()) {
      const float log_std = log_std_[static_cast<std::size_t>(a)], std = std::exp(log_std);
      for (std::size_t i = 0; i < points; ++i) {
        log_prob[i] -= .5f * to[i] * to[i] + log_std + kHalfLogTwoPi;
        to[i] = mean[i] + std * to[i];
      }
      sum += static_cast<double>(std) * static_cast<double>(points);
      continue;
    }
    const float *raw = out_.data() + static_cast<std::size_t>(actions_) * points + channel;
    for (std::size_t i = 0; i < points; ++i) {
      const float std = (raw[i] > 20 ? raw[i] : std::log1p(std::exp(raw[i]))) + static_cast<float>(kStdFloor);
      log_prob[i] -= .5f * to[i] * to[i] + std::log(std) + kHalfLogTwoPi;
      to[i] = mean[i] + std * to[i];
      sum += static_cast<double>(std);
    }
  }
  if (value_) {
    value_->evaluatePeriodic(observation, nx, ny, values);
  } else {
    std::copy_n(out_.data() + static_cast<std::size_t>(heads_->outputs() - 1) * points, points, values);
  }
  return sum / (static_cast<double>(actions_) * static_cast<double>(points));
}

void PpoActing::value(const float *observation, int nx, int ny, float *values) {
  if (value_) return value_->evaluatePeriodic(observation, nx, ny, values);
  const auto points = static_cast<std::size_t>(nx) * static_cast<std::size_t>(ny);
  out_.resize(static_cast<std::size_t>(heads_->outputs()) * points);
  heads_->evaluatePeriodic(observation, nx, ny, out_.data());
  std::copy_n(out_.data() + static_cast<std::size_t>(heads_->outputs() - 1) * points, points, values);
}

}  // namespace petrl::learn
