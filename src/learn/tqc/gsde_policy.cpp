#include "learn/tqc/gsde_policy.hpp"

#include <algorithm>
#include <cmath>

#include "learn/tqc/formulas.hpp"
#include "policy/native/matrix_product.hpp"

namespace petrl::learn {

static std::size_t area(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

GsdePolicy::GsdePolicy(const TqcShapes &shapes, int rows)
    : action(area(rows, shapes.actions)),
      log_prob(static_cast<std::size_t>(rows)),
      shapes_(shapes),
      rows_(rows),
      pad_(padded(shapes.actions)),
      out_(shapes.actor, rows),
      delta_(shapes.actor, rows),
      squared_(area(rows, padded(shapes.features))),
      exploration_(area(shapes.features, pad_), 0.f),
      variance_weight_(exploration_),
      noise_(area(rows, pad_)),
      variance_(noise_),
      noise_slope_(area(rows, pad_), 0.f),
      variance_slope_(noise_slope_),
      noise_product_(exploration_),
      variance_product_(exploration_) {}

void GsdePolicy::forward(const Floats &actor, const Rows &observation, const float *eps) {
  learn::forward(shapes_.actor, actor.data(), 0, observation, out_);
  const std::size_t last = shapes_.actor.layers.size() - 1;
  const float *phi = out_.at(last - 1, 0), *mean = out_.at(last, 0);
  for (std::size_t i = 0; i < squared_.size(); ++i) squared_[i] = phi[i] * phi[i];

  const float *log_std = actor.data() + shapes_.log_std;
  for (int k = 0; k < shapes_.features; ++k) {
    for (int a = 0; a < shapes_.actions; ++a) {
      const std::size_t i = area(k, pad_) + static_cast<std::size_t>(a);
      const float std = std::exp(log_std[i]);
      exploration_[i] = std * eps[k * shapes_.actions + a];
      variance_weight_[i] = std * std;
    }
  }
  const int stride = padded(shapes_.features);
  multiply({rows_, pad_, shapes_.features, phi, stride, 1, exploration_.data(), pad_, noise_.data(), pad_});
  multiply({rows_, pad_, shapes_.features, squared_.data(), stride, 1, variance_weight_.data(), pad_, variance_.data(),
            pad_});

  for (int b = 0; b < rows_; ++b) {
    double sum = 0;
    for (int a = 0; a < shapes_.actions; ++a) {
      const std::size_t i = area(b, pad_) + static_cast<std::size_t>(a);
      const float clipped = std::clamp(mean[i], -kMeanClip, kMeanClip);
      action[area(b, shapes_.actions) + static_cast<std::size_t>(a)] = std::tanh(clipped + noise_[i]);
      sum += gsdeLogProb(clipped, noise_[i], variance_[i]);
    }
    log_prob[static_cast<std::size_t>(b)] = sum;
  }
}

void GsdePolicy::backward(const Floats &actor, const Rows &observation, float weight, const Floats &action_slope,
                          Floats &gradient) {
  const std::size_t last = shapes_.actor.layers.size() - 1;
  const int stride = padded(shapes_.features);
  const float *phi = out_.at(last - 1, 0), *mean = out_.at(last, 0);
  float *mean_slope = delta_.at(last, 0), *phi_slope = delta_.at(last - 1, 0);
  for (int b = 0; b < rows_; ++b) {
    for (int a = 0; a < shapes_.actions; ++a) {
      const std::size_t i = area(b, pad_) + static_cast<std::size_t>(a);
      const float clipped = std::clamp(mean[i], -kMeanClip, kMeanClip);
      const GsdeSlopes slopes = gsdeLogProbSlopes(clipped, noise_[i], variance_[i]);
      const float sample = action[area(b, shapes_.actions) + static_cast<std::size_t>(a)];
      const double x_slope = action_slope[i] * (1 - static_cast<double>(sample) * sample) + weight * slopes.x;
      noise_slope_[i] = static_cast<float>(x_slope + weight * slopes.noise);
      variance_slope_[i] = static_cast<float>(weight * slopes.variance);
      // As PyTorch's hardtanh: no gradient at or beyond the clip.
      mean_slope[i] = std::abs(mean[i]) < kMeanClip ? static_cast<float>(x_slope) : 0.f;
    }
  }
  backwardLayer(shapes_.actor, actor.data(), 0, observation, out_, delta_, last, gradient.data(), scratch_);
  // The features also move the noise and its variance.
  for (int b = 0; b < rows_; ++b) {
    for (int a = 0; a < shapes_.actions; ++a) {
      const std::size_t i = area(b, pad_) + static_cast<std::size_t>(a);
      const float *w = exploration_.data() + a, *s = variance_weight_.data() + a;
      const float *row = phi + area(b, stride);
      float *slope = phi_slope + area(b, stride);
      const float by_noise = noise_slope_[i], by_variance = 2 * variance_slope_[i];
      for (int k = 0; k < shapes_.features; ++k, w += pad_, s += pad_) {
        const float more = by_noise * *w + by_variance * row[k] * *s;
        slope[k] += row[k] > 0 ? more : 0.f;
      }
    }
  }
  for (std::size_t l = last; l-- > 0;) {
    backwardLayer(shapes_.actor, actor.data(), 0, observation, out_, delta_, l, gradient.data(), scratch_);
  }
  // log_std: through W and through the variance.
  multiply({shapes_.features, pad_, rows_, phi, 1, stride, noise_slope_.data(), pad_, noise_product_.data(), pad_});
  multiply({shapes_.features, pad_, rows_, squared_.data(), 1, stride, variance_slope_.data(), pad_,
            variance_product_.data(), pad_});
  float *slope = gradient.data() + shapes_.log_std;
  for (int k = 0; k < shapes_.features; ++k) {
    for (int a = 0; a < shapes_.actions; ++a) {
      const std::size_t i = area(k, pad_) + static_cast<std::size_t>(a);
      slope[i] = exploration_[i] * noise_product_[i] + 2 * variance_weight_[i] * variance_product_[i];
    }
  }
}

void SingleActor::evaluate(const Floats &actor, const float *observation) {
  learn::forward(shapes_.actor, actor.data(), 0, {observation, shapes_.observations, 1}, out_);
}

float SingleActor::mean(int action) const {
  const float raw = out_.at(shapes_.actor.layers.size() - 1, 0)[action];
  return std::clamp(raw, -kMeanClip, kMeanClip);
}

}  // namespace petrl::learn
