#include "problems/lamp/policy_gradient.hpp"

#include <algorithm>
#include <cmath>

namespace petrl::learn {

namespace {

constexpr double kSmallest = 1e-3;  // spread of advantages below which there is nothing to be learned
constexpr double kLargest = 4;      // advantages are limited to so many times their spread

}  // namespace

double PolicyGradient::weight(std::size_t now, std::size_t later) const {
  return config_.discounted ? std::pow(config_.discount, static_cast<double>(later - now))
                            : 1. / static_cast<double>(horizon() - now);
}

void PolicyGradient::targets(LampExperience &x) const {
  const std::size_t n = x.trade_off.size(), group = samples();
  for (std::size_t t = 0; t < horizon(); ++t) {
    LampExperience::Step &s = x.step[t];
    for (std::size_t i = 0; i < n; ++i) {
      const double beta = x.trade_off[i];
      s.reward.push_back(config_.error_weight * (1 - beta) * (x.still_error[t][i / group] - s.error[i]) +
                         beta * config_.vertex_weight * (x.still_vertices[i / group] - s.vertices[i]));
    }
  }
  for (std::size_t t = 0; t < horizon(); ++t) {
    LampExperience::Step &s = x.step[t];
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t later = t; later < horizon(); ++later) sum += weight(t, later) * x.step[later].reward[i];
      s.target.push_back(sum);
    }
    s.advantage.resize(n);
    for (std::size_t first = 0; first < n; first += group) {
      double sum = 0;
      for (std::size_t i = first; i < first + group; ++i) sum += s.target[i];
      for (std::size_t i = first; i < first + group; ++i) {
        const double baseline =
            group > 1 ? (sum - s.target[i]) / static_cast<double>(group - 1) : s.heads[i].value(x.trade_off[i]);
        s.advantage[i] = s.target[i] - baseline;
      }
    }
    if (!config_.normalise) continue;
    // Starts differ a hundredfold in what is at stake: each has its own unit. Lonely roll-outs share one.
    const std::size_t together = group > 1 ? group : n;
    for (std::size_t first = 0; first < n; first += together) {
      double square = 0;
      for (std::size_t i = first; i < first + together; ++i) square += s.advantage[i] * s.advantage[i];
      const double unit = std::sqrt(square / static_cast<double>(together)) + kSmallest;
      for (std::size_t i = first; i < first + together; ++i)
        s.advantage[i] = std::clamp(s.advantage[i] / unit, -kLargest, kLargest);
    }
  }
}

std::vector<lamp::Heads> PolicyGradient::slopes(const LampExperience &x, std::size_t step,
                                                const std::function<const lamp::Choices &(std::size_t i)> &choices,
                                                const LocalCredit &local, LampStatistics &mean) const {
  const std::size_t n = x.trade_off.size();
  const double share = 1. / static_cast<double>(n * horizon());
  const LampExperience::Step &s = x.step[step];
  std::vector<lamp::Factors> credit(n);
  std::vector<double> square(n / samples(), 0.), count(n / samples(), 0.);
  for (std::size_t i = 0; i < n; ++i) {
    lamp::Factors &c = credit[i];
    c.split_count = c.coarsen_count = s.advantage[i];
    c.split.assign(s.action[i].split.size(), s.advantage[i]);
    c.coarsen.assign(s.action[i].coarsen.size(), s.advantage[i]);
    if (!config_.local) continue;
    std::fill(c.split.begin(), c.split.end(), 0.);
    std::fill(c.coarsen.begin(), c.coarsen.end(), 0.);
    local(i, c);
    for (const auto *list : {&c.split, &c.coarsen}) {
      for (const double a : *list) square[i / samples()] += a * a, count[i / samples()] += 1;
    }
  }
  std::vector<lamp::Heads> slope(n);
  for (std::size_t i = 0; i < n; ++i) {
    lamp::Factors &c = credit[i];
    const std::size_t start = i / samples();
    if (config_.local && config_.normalise && count[start] > 0) {
      const double unit = std::sqrt(square[start] / count[start]) + .1 * kSmallest;
      for (auto *list : {&c.split, &c.coarsen}) {
        for (double &a : *list) a = std::clamp(a / unit, -kLargest, kLargest);
      }
    }
    // The loss is minus what is to grow. Of the many choices of edges, the entropies count in the mean.
    lamp::Factors entropy;
    entropy.split_count = entropy.coarsen_count = -share * config_.entropy;
    const auto each = [&](std::vector<double> &list, std::size_t size) {
      list.assign(size, -share * config_.entropy / static_cast<double>(std::max<std::size_t>(size, 1)));
    };
    each(entropy.split, c.split.size()), each(entropy.coarsen, c.coarsen.size());
    c.split_count *= -share, c.coarsen_count *= -share;
    for (auto *list : {&c.split, &c.coarsen}) {
      for (double &a : *list) a *= -share;
    }
    const lamp::Choices &of = choices(i);
    slope[i].logits = lamp::Logits(of);
    const double likely = lamp::likelihood(of, s.heads[i].logits, s.action[i], &c, &entropy, &slope[i].logits).entropy;
    const double value_error = s.heads[i].value(x.trade_off[i]) - s.target[i];
    slope[i].value_error = 2 * share * config_.value_weight * std::clamp(value_error, -kLargest, kLargest);
    slope[i].value_cost = slope[i].value_error * x.trade_off[i];
    const double now[] = {s.reward[i],
                          s.error[i],
                          x.still_error[step][start],
                          s.vertices[i],
                          static_cast<double>(c.split.size()),
                          static_cast<double>(c.coarsen.size()),
                          likely,
                          value_error * value_error};
    for (std::size_t k = 0; k < LampStatistics::kCount; ++k) mean.value[k] += share * now[k];
  }
  return slope;
}

std::vector<lamp::Heads> PolicyGradient::imitation(
    const std::vector<lamp::Heads> &heads, const std::vector<lamp::Action> &action,
    const std::function<const lamp::Choices &(std::size_t i)> &choices) const {
  const std::size_t n = heads.size();
  const double share = -1. / static_cast<double>(n * horizon());
  std::vector<lamp::Heads> slope(n);
  for (std::size_t i = 0; i < n; ++i) {
    lamp::Factors weight;
    weight.split_count = weight.coarsen_count = share;
    weight.split.assign(action[i].split.size(),
                        share / static_cast<double>(std::max<std::size_t>(action[i].split.size(), 1)));
    weight.coarsen.assign(action[i].coarsen.size(),
                          share / static_cast<double>(std::max<std::size_t>(action[i].coarsen.size(), 1)));
    const lamp::Choices &of = choices(i);
    slope[i].logits = lamp::Logits(of);
    lamp::likelihood(of, heads[i].logits, action[i], &weight, nullptr, &slope[i].logits);
  }
  return slope;
}

}  // namespace petrl::learn
