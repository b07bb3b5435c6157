// From experience to gradients: targets, baselines, credit.
#include <algorithm>
#include <cmath>

#include "problems/nonlinear1d/learner/experience.hpp"

namespace petrl::learn {

using nonlinear1d::kPoints;
using nonlinear1d::VertexMesh;

namespace {

constexpr double kErrorWeight = 5, kVertexWeight = 1. / 100;  // of the reward
constexpr int kSpread = 3;          // label points by which what counts as near grows with every bundle
constexpr double kSmallest = 1e-3;  // spread of advantages below which there is nothing to be learned
constexpr double kLargest = 4;      // advantages are limited to so many times their spread

}  // namespace

double ActorCritic::weight(int now, int later) const {
  return config_.discounted ? std::pow(config_.discount, later - now) : 1. / (config_.horizon - now);
}

void ActorCritic::targets(Experience &x) const {
  const std::size_t n = x.trade_off.size(), group = samples();
  for (std::size_t t = 0; t < horizon(); ++t) {
    Experience::Step &s = x.step[t];
    for (std::size_t i = 0; i < n; ++i) {
      const double beta = x.trade_off[i];
      s.reward.push_back(kErrorWeight * (1 - beta) * (x.still_error[t][i / group] - s.error[i]) +
                         beta * kVertexWeight * (x.still_vertices[i / group] - s.vertices[i]));
    }
  }
  for (std::size_t t = 0; t < horizon(); ++t) {
    Experience::Step &s = x.step[t];
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t later = t; later < horizon(); ++later)
        sum += weight(static_cast<int>(t), static_cast<int>(later)) * x.step[later].reward[i];
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

void ActorCritic::localCredit(const Experience &x, std::size_t step, std::size_t i, lamp::Factors &credit) const {
  const VertexMesh &mesh = x.step[step].batch.items[i].mesh;
  const lamp::Action &action = x.step[step].action[i];
  const std::size_t group = samples(), first = i / group * group;
  std::fill(credit.split.begin(), credit.split.end(), 0.);
  std::fill(credit.coarsen.begin(), credit.coarsen.end(), 0.);
  for (std::size_t later = step; later < horizon(); ++later) {
    const Experience::Step &s = x.step[later];
    // How much better than the other roll-outs, summed from the left, several times round the ring.
    double before[4 * kPoints + 1];
    before[0] = 0;
    for (int j = 0; j < 4 * kPoints; ++j) {
      const auto at = static_cast<std::size_t>(j % kPoints);
      if (j >= kPoints) {
        before[j + 1] = before[kPoints] * (j / kPoints) + before[j % kPoints + 1];
        continue;
      }
      double others = 0;
      for (std::size_t k = first; k < first + group; ++k) others += k == i ? 0 : static_cast<double>(s.profile[k][at]);
      before[j + 1] = before[j] + others / static_cast<double>(group - 1) - static_cast<double>(s.profile[i][at]);
    }
    const int near = config_.reach + kSpread * static_cast<int>(later - step);
    const double scale = kErrorWeight * (1 - x.trade_off[i]) * weight(static_cast<int>(step), static_cast<int>(later));
    const auto within = [&](int left, int right) {
      const int width = std::min(right - left + 2 * near + 1, kPoints), from = left - near + 2 * kPoints;
      return scale * (before[from + width] - before[from]);
    };
    for (std::size_t k = 0; k < action.split.size(); ++k)
      credit.split[k] += within(mesh.left(action.split[k]), mesh.right(action.split[k]));
    for (std::size_t k = 0; k < action.coarsen.size(); ++k) {
      const int e = action.coarsen[k];
      // The edge to the left becomes part of it.
      const int left = e > 0 ? mesh.left(e - 1) : mesh.left(mesh.edges() - 1) - kPoints;
      credit.coarsen[k] += within(left, mesh.right(e));
    }
  }
}

LampStatistics ActorCritic::learn(const lamp::Model &model, Experience &x, std::vector<float> &gradient) const {
  const std::size_t n = x.trade_off.size();
  const double share = 1. / static_cast<double>(n * horizon());
  LampStatistics mean;
  for (std::size_t t = 0; t < horizon(); ++t) {
    Experience::Step &s = x.step[t];
    std::vector<lamp::Factors> credit(n);
    std::vector<double> square(n / samples(), 0.), count(n / samples(), 0.);
    for (std::size_t i = 0; i < n; ++i) {
      lamp::Factors &c = credit[i];
      c.split_count = c.coarsen_count = s.advantage[i];
      c.split.assign(s.action[i].split.size(), s.advantage[i]);
      c.coarsen.assign(s.action[i].coarsen.size(), s.advantage[i]);
      if (!config_.local) continue;
      localCredit(x, t, i, c);
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
      const VertexMesh &mesh = s.batch.items[i].mesh;
      slope[i].logits = lamp::Logits(mesh.edges());
      const double likely =
          lamp::likelihood(mesh, s.heads[i].logits, s.action[i], &c, &entropy, &slope[i].logits).entropy;
      const double value_error = s.heads[i].value(x.trade_off[i]) - s.target[i];
      slope[i].value_error = 2 * share * config_.value_weight * std::clamp(value_error, -kLargest, kLargest);
      slope[i].value_cost = slope[i].value_error * x.trade_off[i];
      const double now[] = {s.reward[i],
                            s.error[i],
                            x.still_error[t][start],
                            s.vertices[i],
                            static_cast<double>(c.split.size()),
                            static_cast<double>(c.coarsen.size()),
                            likely,
                            value_error * value_error};
      for (std::size_t k = 0; k < LampStatistics::kCount; ++k) mean.value[k] += share * now[k];
    }
    model.refiner.backward(s.batch, s.record, slope, gradient);
  }
  return mean;
}

}  // namespace petrl::learn
