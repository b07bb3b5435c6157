#include "learn/ppo/rollout.hpp"

#include <algorithm>

namespace petrl::learn {

void generalisedAdvantage(const std::vector<const float *> &reward, const std::vector<const float *> &value,
                          const float *last_value, std::size_t points, double gamma, double lambda,
                          const std::vector<float *> &advantage) {
  const auto g = static_cast<float>(gamma), gl = static_cast<float>(gamma * lambda);
  const float *next_value = last_value, *next_advantage = nullptr;
  for (std::size_t t = reward.size(); t-- > 0;) {
    const float *r = reward[t], *v = value[t];
    float *a = advantage[t];
    for (std::size_t i = 0; i < points; ++i) a[i] = r[i] - v[i];
    if (next_value != nullptr) {
      for (std::size_t i = 0; i < points; ++i) a[i] += g * next_value[i];
    }
    if (next_advantage != nullptr) {
      for (std::size_t i = 0; i < points; ++i) a[i] += gl * next_advantage[i];
    }
    next_value = v;
    next_advantage = a;
  }
}

// One direction after another: `inner` values lie between neighbours along it, `n` of which make a line.
static void spreadAlong(float *reward, std::size_t outer, std::size_t n, std::size_t inner, std::size_t reach) {
  const std::size_t side = 2 * reach + 1;
  std::vector<float> sum(n * inner);
  for (std::size_t o = 0; o < outer; ++o, reward += n * inner) {
    std::fill(sum.begin(), sum.end(), 0.f);
    for (std::size_t j = 0; j < n; ++j) {
      float *out = sum.data() + j * inner;
      for (std::size_t k = 0; k < side; ++k) {
        const float *row = reward + (j + n * side + k - reach) % n * inner;
        for (std::size_t i = 0; i < inner; ++i) out[i] += row[i];
      }
    }
    std::copy(sum.begin(), sum.end(), reward);
  }
}

void spreadRewards(float *reward, const GridSize &size, int dimensions, int reach) {
  const auto nx = static_cast<std::size_t>(size.nx), ny = static_cast<std::size_t>(size.ny),
             nz = static_cast<std::size_t>(size.nz), r = static_cast<std::size_t>(reach);
  float share = 1;
  for (int a = 0; a < dimensions; ++a) {
    spreadAlong(reward,
                a == 0   ? ny * nz
                : a == 1 ? nz
                         : 1,
                a == 0   ? nx
                : a == 1 ? ny
                         : nz,
                a == 0   ? 1
                : a == 1 ? nx
                         : nx * ny,
                r);
    share /= static_cast<float>(2 * r + 1);
  }
  for (std::size_t i = 0; i < size.points(); ++i) reward[i] *= share;
}

Rollout::Rollout(int observations, int actions, std::size_t points)
    : observations_(static_cast<std::size_t>(observations)),
      actions_(static_cast<std::size_t>(actions)),
      points_(points) {}

void Rollout::clear() {
  rows_ = lasts_ = 0;
  for (Floats *array : {&observation_, &action_, &log_prob_, &value_, &reward_, &advantage_, &target_, &last_})
    array->clear();
  segments_.clear();
}

std::int64_t Rollout::add(const float *observation, const float *action, const float *log_prob, const float *value) {
  observation_.insert(observation_.end(), observation, observation + observations_ * points_);
  action_.insert(action_.end(), action, action + actions_ * points_);
  log_prob_.insert(log_prob_.end(), log_prob, log_prob + points_);
  value_.insert(value_.end(), value, value + points_);
  reward_.resize(reward_.size() + points_);
  return rows_++;
}

void Rollout::endSegment(std::vector<std::int64_t> rows, const float *last) {
  if (rows.empty()) return;
  segments_.push_back({std::move(rows), last != nullptr ? lasts_ : -1});
  if (last == nullptr) return;
  last_.insert(last_.end(), last, last + observations_ * points_);
  ++lasts_;
}

void Rollout::estimate(const float *last_values, double gamma, double lambda) {
  advantage_.resize(reward_.size());
  target_.resize(reward_.size());
  for (const Segment &segment : segments_) {
    std::vector<const float *> rewards, values;
    std::vector<float *> advantages;
    for (const auto row : segment.rows) {
      rewards.push_back(reward(row));
      values.push_back(value(row));
      advantages.push_back(advantage(row));
    }
    const float *last = segment.last < 0 ? nullptr : last_values + static_cast<std::size_t>(segment.last) * points_;
    generalisedAdvantage(rewards, values, last, points_, gamma, lambda, advantages);
  }
  for (std::size_t i = 0; i < target_.size(); ++i) target_[i] = advantage_[i] + value_[i];
}

}  // namespace petrl::learn
