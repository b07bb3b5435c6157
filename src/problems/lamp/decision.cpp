#include "problems/lamp/decision.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.hpp"

namespace petrl::lamp {

namespace {

using Numbers = std::array<float, kCounts>;

/// How many of the numbers are possible.
std::size_t possible(const Choices &choices, int most) {
  std::size_t k = 1;
  while (k < kCounts && choices.number(static_cast<int>(k)) <= most) ++k;
  return k;
}

/// Probabilities of the first n numbers.
std::vector<double> softmax(const Numbers &logits, std::size_t n) {
  const float most = *std::max_element(logits.begin(), logits.begin() + static_cast<std::ptrdiff_t>(n));
  std::vector<double> p(n);
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum += p[k] = std::exp(static_cast<double>(logits[k] - most));
  for (double &x : p) x /= sum;
  return p;
}

/// Takes `count` in the order of their keys, largest first, skipping what earlier ones rule out.
template <typename Key>
std::vector<int> take(const Choices &choices, const std::vector<int> &eligible, int count, bool coarsen, Key key) {
  std::vector<std::pair<double, int>> order;
  order.reserve(eligible.size());
  for (const int e : eligible) {
    const double k = key(e);
    order.emplace_back(std::isnan(k) ? std::numeric_limits<double>::infinity() : -k,
                       e);  // what is no number comes last
  }
  std::sort(order.begin(), order.end());
  std::vector<char> gone(coarsen ? static_cast<std::size_t>(choices.coarsens()) : 0, 0);
  std::vector<int> taken;
  for (const auto &[minus_key, e] : order) {
    if (static_cast<int>(taken.size()) == count) break;
    if (coarsen) {
      if (gone[static_cast<std::size_t>(e)]) continue;
      choices.rule(e, gone);
    }
    taken.push_back(e);
  }
  return taken;
}

/// Both halves of a decision, given how numbers and orders are found.
template <typename Count, typename Key>
Action decide(const Choices &choices, const Logits &logits, Count count, Key key) {
  Action action;
  std::vector<int> eligible;
  choices.splittable(eligible);
  int most = static_cast<int>(eligible.size());
  action.split = take(choices, eligible, count(logits.split_count, possible(choices, most)), false, key(logits.split));
  choices.coarsenable(action.split, eligible);
  most = choices.mostCoarsened(static_cast<int>(eligible.size()), static_cast<int>(action.split.size()));
  action.coarsen =
      take(choices, eligible, count(logits.coarsen_count, possible(choices, most)), true, key(logits.coarsen));
  return action;
}

/// The likelihood of choosing in this order among what is eligible, each time among what is left; gradients in sums
/// that run along with the order: a choice's slope with respect to a logit l is -p_l = -exp(l) / Z as long as it is
/// there.
class Sequence {
 public:
  Sequence(const Choices &choices, const std::vector<float> &logits, const std::vector<int> &eligible, bool coarsen)
      : choices_(choices), logits_(logits), coarsen_(coarsen), here_(logits.size(), 0), gone_(logits.size(), 0) {
    shift_ = -std::numeric_limits<double>::infinity();
    for (const int e : eligible) shift_ = std::max(shift_, static_cast<double>(logits[static_cast<std::size_t>(e)]));
    left_ = eligible;
    for (const int e : eligible) here_[static_cast<std::size_t>(e)] = 1;
    sum();
  }

  /// Chooses; a, h: weights of log p and of the entropy in what slopes are of.
  void choose(int chosen, double a, double h, Likelihood &result, float *gradient) {
    if (chosen < 0 || chosen >= static_cast<int>(here_.size()) || !here_[static_cast<std::size_t>(chosen)])
      throw Error("lamp: a decision that this mesh does not allow");
    const double log_z = std::log(z_), entropy = std::max(0., log_z - zl_ / z_);
    result.log_probability += logit(chosen) - log_z;
    result.entropy += entropy;
    if (gradient != nullptr) {
      gradient[chosen] += static_cast<float>(a);
      // -a p - h p (log p + entropy), p = exp(l) / Z: sums of what multiplies exp(l) and exp(l) l.
      constant_ += (a + h * (entropy - log_z)) / z_;
      linear_ += h / z_;
    }
    if (coarsen_) {
      choices_.rule(chosen, gone_);
      for (std::size_t k = 0; k < left_.size();) {
        const int e = left_[k];
        if (!gone_[static_cast<std::size_t>(e)]) {
          ++k;
          continue;
        }
        leave(e, gradient);
        left_[k] = left_.back();
        left_.pop_back();
      }
    } else {
      leave(chosen, gradient);
    }
    // What is left of a sum after most of it went is mostly rounding.
    if (z_ < 1e-3 * full_) sum();
  }

  void finish(float *gradient) {
    if (gradient == nullptr) return;
    for (std::size_t e = 0; e < here_.size(); ++e)
      if (here_[e]) slope(static_cast<int>(e), gradient);
  }

 private:
  double logit(int e) const { return static_cast<double>(logits_[static_cast<std::size_t>(e)]) - shift_; }
  void sum() {
    z_ = zl_ = 0;
    for (std::size_t e = 0; e < here_.size(); ++e) {
      if (!here_[e]) continue;
      const double l = logit(static_cast<int>(e)), x = std::exp(l);
      z_ += x, zl_ += x * l;
    }
    full_ = z_;
  }
  void leave(int e, float *gradient) {
    here_[static_cast<std::size_t>(e)] = 0;
    const double l = logit(e), x = std::exp(l);
    z_ -= x, zl_ -= x * l;
    if (gradient != nullptr) slope(e, gradient);
  }
  void slope(int e, float *gradient) const {
    const double l = logit(e);
    gradient[e] -= static_cast<float>(std::exp(l) * (constant_ + linear_ * l));
  }

  const Choices &choices_;
  const std::vector<float> &logits_;
  const bool coarsen_;
  std::vector<char> here_, gone_;
  std::vector<int> left_;
  double shift_, z_ = 0, zl_ = 0, full_ = 0, constant_ = 0, linear_ = 0;
};

/// The factor of a number.
void count(const Choices &choices, const Numbers &logits, int chosen, int most, double a, double h, Likelihood &result,
           Numbers *gradient) {
  const std::size_t n = possible(choices, most);
  std::size_t at = 0;
  while (at < n && choices.number(static_cast<int>(at)) != chosen) ++at;
  if (at == n) throw Error("lamp: a decision that this mesh does not allow");
  const std::vector<double> p = softmax(logits, n);
  double entropy = 0;
  for (const double x : p) entropy -= x > 0 ? x * std::log(x) : 0;
  result.log_probability += std::log(p[at]);
  result.entropy += entropy;
  if (gradient == nullptr) return;
  for (std::size_t k = 0; k < n; ++k) {
    // d entropy / d logit = -p (log p + entropy)
    const double slope = p[k] > 0 ? -p[k] * (std::log(p[k]) + entropy) : 0;
    (*gradient)[k] += static_cast<float>(a * ((k == at ? 1 : 0) - p[k]) + h * slope);
  }
}

}  // namespace

Action draw(const Choices &choices, const Logits &logits, const std::function<double()> &uniform) {
  const auto number = [&](const Numbers &values, std::size_t n) {
    const std::vector<double> p = softmax(values, n);
    double left = uniform();
    std::size_t at = 0;
    while (at + 1 < n && left >= p[at]) left -= p[at++];
    return choices.number(static_cast<int>(at));
  };
  return decide(choices, logits, number, [&](const std::vector<float> &values) {
    return [&](int e) {
      const double u = std::max(uniform(), 1e-300);
      return static_cast<double>(values[static_cast<std::size_t>(e)]) - std::log(-std::log(u));
    };
  });
}

Action best(const Choices &choices, const Logits &logits, CountRule rule) {
  const auto number = [&](const Numbers &values, std::size_t n) {
    if (rule == CountRule::argmax)
      return choices.number(static_cast<int>(
          std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n)) - values.begin()));
    const std::vector<double> p = softmax(values, n);
    double mean = 0;
    for (std::size_t k = 0; k < n; ++k) mean += choices.number(static_cast<int>(k)) * p[k];
    int nearest = 0;
    for (std::size_t k = 1; k < n; ++k) {
      const int x = choices.number(static_cast<int>(k));
      if (std::fabs(x - mean) <= std::fabs(nearest - mean)) nearest = x;
    }
    return nearest;
  };
  return decide(choices, logits, number, [&](const std::vector<float> &values) {
    return [&](int e) { return static_cast<double>(values[static_cast<std::size_t>(e)]); };
  });
}

Likelihood likelihood(const Choices &choices, const Logits &logits, const Action &action, const Factors *weight,
                      const Factors *entropy_weight, Logits *gradient) {
  Likelihood result;
  std::vector<int> eligible;
  const auto factor = [](const Factors *factors, auto of) { return factors == nullptr ? 0. : of(*factors); };
  const auto half = [&](const std::vector<float> &values, const Numbers &numbers, const std::vector<int> &chosen,
                        int most, bool coarsen, auto count_weight, auto weights, float *slopes,
                        Numbers *number_slopes) {
    count(choices, numbers, static_cast<int>(chosen.size()), most, factor(weight, count_weight),
          factor(entropy_weight, count_weight), result, number_slopes);
    Sequence sequence(choices, values, eligible, coarsen);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const auto one = [&](const Factors &f) { return weights(f)[i]; };
      sequence.choose(chosen[i], factor(weight, one), factor(entropy_weight, one), result, slopes);
    }
    sequence.finish(slopes);
  };
  choices.splittable(eligible);
  half(
      logits.split, logits.split_count, action.split, static_cast<int>(eligible.size()), false,
      [](const Factors &f) { return f.split_count; }, [](const Factors &f) -> const auto & { return f.split; },
      gradient ? gradient->split.data() : nullptr, gradient ? &gradient->split_count : nullptr);
  choices.coarsenable(action.split, eligible);
  half(
      logits.coarsen, logits.coarsen_count, action.coarsen,
      choices.mostCoarsened(static_cast<int>(eligible.size()), static_cast<int>(action.split.size())), true,
      [](const Factors &f) { return f.coarsen_count; }, [](const Factors &f) -> const auto & { return f.coarsen; },
      gradient ? gradient->coarsen.data() : nullptr, gradient ? &gradient->coarsen_count : nullptr);
  return result;
}

}  // namespace petrl::lamp
