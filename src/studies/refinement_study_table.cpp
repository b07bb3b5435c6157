#include "studies/refinement_study_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "problems/grid2d/random.hpp"

namespace petrl::cli {

namespace {

constexpr int kRedraws = 200;

using Fronts = std::vector<Front>;

/// That of all, and those of each.
Fronts frontsOf(const std::vector<Group> &groups, Key error, Key cost, const std::vector<int> &which) {
  std::vector<std::pair<double, double>> all;
  Fronts out;
  for (const Group &group : groups) {
    std::vector<std::pair<double, double>> points;
    for (const Entry *e : group)
      points.emplace_back(std::log(geometricMean(*e, error, which)), std::log(geometricMean(*e, cost, which)));
    all.insert(all.end(), points.begin(), points.end());
    out.emplace_back(std::move(points));
  }
  out.insert(out.begin(), Front(std::move(all)));
  return out;
}

double cheapest(const Fronts &fronts, double error) {
  double least = std::numeric_limits<double>::infinity();
  for (const Front &f : fronts)
    if (!f.empty() && f.least() <= error && error <= f.most()) least = std::min(least, f.at(error));
  return least;
}

// Logarithms of the ratio at equally spaced errors; empty where there is none in common.
std::vector<double> logRatios(const Fronts &policy, const Fronts &rival, int places, std::vector<double> *errors) {
  std::vector<double> out;
  const Front &a = policy.front(), &b = rival.front();
  if (a.empty() || b.empty()) return out;
  const double low = std::max(a.least(), b.least()), high = std::min(a.most(), b.most());
  if (!(low <= high)) return out;
  for (int i = 0; i < places; ++i) {
    const double x = std::min(high, low + (high - low) * i / std::max(1, places - 1));
    out.push_back(cheapest(rival, x) - cheapest(policy, x));
    if (errors != nullptr) errors->push_back(std::exp(x));
  }
  return out;
}

double middle(std::vector<double> values, double share) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(at), high = std::min(low + 1, values.size() - 1);
  return values[low] + (at - static_cast<double>(low)) * (values[high] - values[low]);
}

}  // namespace

double geometricMean(const Entry &entry, Key key, const std::vector<int> &which) {
  double sum = 0;
  if (which.empty()) {
    for (const Outcome &o : entry.cases) sum += std::log(std::max(o.*key, 1e-300));
    return std::exp(sum / static_cast<double>(entry.cases.size()));
  }
  for (const int i : which) sum += std::log(std::max(entry.cases[static_cast<std::size_t>(i)].*key, 1e-300));
  return std::exp(sum / static_cast<double>(which.size()));
}

double logDeviation(const Entry &entry, Key key) {
  const double mean = std::log(geometricMean(entry, key));
  double squares = 0;
  for (const Outcome &o : entry.cases) squares += std::pow(std::log(std::max(o.*key, 1e-300)) - mean, 2);
  const auto n = static_cast<double>(entry.cases.size());
  return n > 1 ? std::sqrt(squares / (n - 1)) : 0;
}

double quantile(const Entry &entry, Key key, double share) {
  std::vector<double> values;
  for (const Outcome &o : entry.cases) values.push_back(o.*key);
  return middle(std::move(values), share);
}

std::vector<int> paretoFront(const std::vector<std::pair<double, double>> &points, int most) {
  std::vector<int> order(points.size()), front;
  std::iota(order.begin(), order.end(), 0);
  const auto of = [&](int i) { return points[static_cast<std::size_t>(i)]; };
  std::sort(order.begin(), order.end(), [&](int a, int b) { return of(a) < of(b); });
  double cheapest = std::numeric_limits<double>::infinity();
  for (const int i : order) {
    if (!(of(i).second < cheapest)) continue;
    cheapest = of(i).second;
    front.push_back(i);
  }
  const auto n = static_cast<int>(front.size());
  if (most <= 0 || n <= most) return front;
  // The one nearest to each of evenly spread errors, each once, both ends among them.
  std::vector<int> chosen;
  const double low = std::log(of(front.front()).first), high = std::log(of(front.back()).first);
  for (int k = 0; k < most; ++k) {
    const double wanted = most > 1 ? low + (high - low) * k / (most - 1) : low;
    const auto nearest = std::min_element(front.begin(), front.end(), [&](int a, int b) {
      return std::fabs(std::log(of(a).first) - wanted) < std::fabs(std::log(of(b).first) - wanted);
    });
    if (chosen.empty() || chosen.back() != *nearest) chosen.push_back(*nearest);
  }
  return chosen;
}

Front::Front(std::vector<std::pair<double, double>> given) {
  std::sort(given.begin(), given.end());
  double cheapest = std::numeric_limits<double>::infinity();
  for (const auto &p : given) {
    if (!(p.second < cheapest) || !std::isfinite(p.first)) continue;
    cheapest = p.second;
    points_.push_back(p);
  }
}

double Front::at(double error) const {
  std::size_t i = 1;
  while (i < points_.size() && points_[i].first < error) ++i;
  if (i >= points_.size()) return points_.back().second;
  const auto &a = points_[i - 1], &b = points_[i];
  const double share = std::clamp((error - a.first) / (b.first - a.first), 0., 1.);
  return a.second + share * (b.second - a.second);
}

Comparison compare(const Group &policy, const std::vector<Group> &rivals, Key error, Key cost, int places,
                   std::uint64_t seed) {
  Comparison out;
  if (policy.empty()) return out;
  const auto logs =
      logRatios(frontsOf({policy}, error, cost, {}), frontsOf(rivals, error, cost, {}), places, &out.error);
  if (logs.empty()) return out;
  for (const double x : logs) {
    out.ratio.push_back(std::exp(x));
    if (x < 0) ++out.losses;
  }
  out.least = *std::min_element(out.ratio.begin(), out.ratio.end());
  out.most = *std::max_element(out.ratio.begin(), out.ratio.end());
  out.median = middle(out.ratio, .5);
  grid2d::Random random(seed);
  const auto n = static_cast<int>(policy.front()->cases.size());
  std::vector<double> medians;
  std::vector<int> which(static_cast<std::size_t>(n));
  for (int k = 0; k < kRedraws; ++k) {
    for (int &i : which) i = random.below(n);
    const auto again =
        logRatios(frontsOf({policy}, error, cost, which), frontsOf(rivals, error, cost, which), places, nullptr);
    if (!again.empty()) medians.push_back(std::exp(middle(again, .5)));
  }
  out.low = middle(medians, .05);
  out.high = middle(medians, .95);
  return out;
}

}  // namespace petrl::cli
