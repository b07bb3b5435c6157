#include "learn/ppo/host_loss.hpp"

#include <algorithm>
#include <cmath>

#include "base/vector_math.hpp"
#include "learn/engine/arrays.hpp"

namespace petrl::learn {

namespace {

constexpr float kHalfLogTwoPi = .91893853f;

PETRL_CLONES double total(std::size_t n, const float *x) {
  constexpr std::size_t kLanes = 8;
  double sum[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::size_t l = 0; l < kLanes; ++l) sum[l] += static_cast<double>(x[i + l]);
  for (; i < n; ++i) sum[0] += static_cast<double>(x[i]);
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

PETRL_CLONES void hyperbolicTangents(std::size_t n, const float *x, float *y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = vector_math::hyperbolicTangent(x[i]);
}

PETRL_CLONES void softplus(std::size_t n, const float *x, float *y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = vector_math::softplus(x[i]) + static_cast<float>(kStdFloor);
}

// Deviations in units of the standard deviation, and what they add to the logarithm of the probability.
PETRL_CLONES void deviationsFree(std::size_t n, const float *action, const float *mean, float log_std, float *z,
                                 float *log_prob) {
  const float inverse = vector_math::exponential(-log_std), constant = log_std + kHalfLogTwoPi;
  for (std::size_t i = 0; i < n; ++i) {
    z[i] = (action[i] - mean[i]) * inverse;
    log_prob[i] -= .5f * z[i] * z[i] + constant;
  }
}

PETRL_CLONES void deviations(std::size_t n, const float *action, const float *mean, const float *std, float *z,
                             float *log_std, float *log_prob) {
  for (std::size_t i = 0; i < n; ++i) {
    z[i] = (action[i] - mean[i]) / std[i];
    log_std[i] = vector_math::logarithm(std[i]);
    log_prob[i] -= .5f * z[i] * z[i] + log_std[i] + kHalfLogTwoPi;
  }
}

// The clipped objective with its sign turned, and its derivative by the logarithm of the ratio.
PETRL_CLONES void objective(std::size_t n, float clip, float weight, const float *log_ratio, const float *advantage,
                            float *policy, float *slope, float *kl, float *clipped) {
  const float low = 1 - clip, high = 1 + clip;
  for (std::size_t i = 0; i < n; ++i) {
    const float ratio = vector_math::exponential(log_ratio[i]), a = advantage[i];
    const float below = ratio < low ? low : ratio, limited = below > high ? high : below;
    const float free = ratio * a, bounded = limited * a;
    // Where the bound is the smaller one, the ratio no longer matters.
    const bool held = bounded < free;
    policy[i] = held ? -bounded : -free;
    slope[i] = held ? 0.f : -weight * free;
    kl[i] = ratio - 1 - log_ratio[i];
    clipped[i] = ratio != limited ? 1.f : 0.f;
  }
}

PETRL_CLONES void valueSlope(std::size_t n, float factor, const float *value, const float *target, float *d_value,
                             float *error) {
  for (std::size_t i = 0; i < n; ++i) {
    const float e = value[i] - target[i];
    error[i] = e * e;
    d_value[i] = factor * e;
  }
}

PETRL_CLONES void meanSlope(std::size_t n, const float *slope, const float *z, const float *std, float inverse,
                            float *d_mean) {
  if (std != nullptr) {
    for (std::size_t i = 0; i < n; ++i) d_mean[i] = slope[i] * z[i] / std[i];
  } else {
    for (std::size_t i = 0; i < n; ++i) d_mean[i] = slope[i] * z[i] * inverse;
  }
}

PETRL_CLONES void throughTanh(std::size_t n, const float *y, float *gradient) {
  for (std::size_t i = 0; i < n; ++i) gradient[i] *= 1 - y[i] * y[i];
}

PETRL_CLONES void freeStdSlope(std::size_t n, const float *slope, const float *z, float *out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = slope[i] * (z[i] * z[i] - 1);
}

PETRL_CLONES void stdSlope(std::size_t n, const float *slope, const float *z, const float *std, const float *raw,
                           float entropy, float *d_raw) {
  for (std::size_t i = 0; i < n; ++i)
    d_raw[i] = (slope[i] * (z[i] * z[i] - 1) - entropy) / std[i] * vector_math::logistic(raw[i]);
}

PETRL_CLONES void addSquare(std::size_t n, const float *x, const float *mean, float *sum) {
  for (std::size_t i = 0; i < n; ++i) sum[i] += (x[i] - mean[i]) * (x[i] - mean[i]);
}

PETRL_CLONES void standardise(std::size_t n, const float *x, const float *mean, const float *square, float rows,
                              float *out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = (x[i] - mean[i]) / (std::sqrt(square[i] / (rows - 1)) + 1e-8f);
}

// What is not a number at a point that does not count is nothing, too.
PETRL_CLONES void keep(std::size_t n, const float *counts, float *x) {
  for (std::size_t i = 0; i < n; ++i) x[i] = counts[i] > 0 ? x[i] : 0.f;
}

}  // namespace

void PpoHostLoss::add(const PpoGrid &g, float weight, PpoTerms &terms) {
  const std::size_t n = g.points;
  const auto actions = static_cast<std::size_t>(g.actions);
  const bool free = g.raw_std == nullptr, tanh = config_.network.tanh_output;
  z_.resize(actions * n);
  for (auto *plane : {&log_ratio_, &slope_, &policy_, &kl_, &clipped_, &error_}) plane->resize(n);
  if (tanh) {
    mean_.resize(actions * n);
    hyperbolicTangents(actions * n, g.mean, mean_.data());
  }
  if (!free) {
    std_.resize(actions * n);
    softplus(actions * n, g.raw_std, std_.data());
  }
  const float *mean = tanh ? mean_.data() : g.mean;
  const auto counted = [&g, n](float *plane) {
    if (g.counts != nullptr) keep(n, g.counts, plane);
    return plane;
  };

  for (std::size_t i = 0; i < n; ++i) log_ratio_[i] = -g.log_prob[i];
  double log_std = 0;  // summed over actions and points
  for (std::size_t a = 0; a < actions; ++a) {
    const std::size_t at = a * n;
    if (free) {
      deviationsFree(n, g.action + at, mean + at, g.log_std[a], z_.data() + at, log_ratio_.data());
      log_std += static_cast<double>(g.log_std[a]) * static_cast<double>(g.counted);
    } else {
      float *logs = error_.data();  // not yet needed
      deviations(n, g.action + at, mean + at, std_.data() + at, z_.data() + at, logs, log_ratio_.data());
      log_std += total(n, counted(logs));
    }
  }
  objective(n, static_cast<float>(config_.clip), weight, log_ratio_.data(), g.advantage, policy_.data(), slope_.data(),
            kl_.data(), clipped_.data());
  valueSlope(n, static_cast<float>(2 * config_.value_coefficient) * weight, g.value, g.target, g.d_value,
             error_.data());
  counted(slope_.data());
  counted(g.d_value);
  terms.policy += total(n, counted(policy_.data()));
  terms.value += total(n, counted(error_.data()));
  terms.entropy += log_std + (.5 + static_cast<double>(kHalfLogTwoPi)) * static_cast<double>(actions * g.counted);
  terms.kl += total(n, counted(kl_.data()));
  terms.clipped += total(n, counted(clipped_.data()));

  const float entropy = static_cast<float>(config_.entropy_coefficient) * weight;
  for (std::size_t a = 0; a < actions; ++a) {
    const std::size_t at = a * n;
    const float *z = z_.data() + at;
    if (free) {
      meanSlope(n, slope_.data(), z, nullptr, std::exp(-g.log_std[a]), g.d_mean + at);
      freeStdSlope(n, slope_.data(), z, policy_.data());  // its terms are summed by now
      g.d_log_std[a] += static_cast<float>(total(n, counted(policy_.data()))) - entropy * static_cast<float>(g.counted);
    } else {
      meanSlope(n, slope_.data(), z, std_.data() + at, 0, g.d_mean + at);
      stdSlope(n, slope_.data(), z, std_.data() + at, g.raw_std + at, entropy, g.d_raw_std + at);
      counted(g.d_raw_std + at);
    }
    counted(g.d_mean + at);
    if (tanh) throughTanh(n, mean_.data() + at, g.d_mean + at);
  }
}

void normalisePerPoint(const std::vector<const float *> &rows, std::size_t points, std::vector<float> &out) {
  out.assign(rows.size() * points, 0.f);
  if (rows.size() < 2) return;
  std::vector<float> mean(points), square(points);
  for (const float *row : rows) addScaled(points, 1, row, mean.data());
  for (float &x : mean) x /= static_cast<float>(rows.size());
  for (const float *row : rows) addSquare(points, row, mean.data(), square.data());
  for (std::size_t r = 0; r < rows.size(); ++r)
    standardise(points, rows[r], mean.data(), square.data(), static_cast<float>(rows.size()), out.data() + r * points);
}

}  // namespace petrl::learn
