#include "learn/closure/trials.hpp"

#include <algorithm>
#include <cmath>

namespace petrl::learn {

namespace {

constexpr double kBlownUp = 1e3;  // the ratio of errors where the solver failed
constexpr int kStarts = 4;        // of a held-out stretch

}  // namespace

ErrorMeasure::ErrorMeasure(CoarseWorld &world, const Calibration &calibration) {
  for (std::size_t c = 0; c < world.layout().components.size(); ++c)
    weight_.push_back(1 / (calibration.scale(c) * calibration.scale(c)));
  std::vector<double> points{static_cast<double>(world.own().points())};
  reduction_.sum(points);
  points_ = points[0];
}

double ErrorMeasure::meanSquare(const Situation &at, const Situation &truth) const {
  const std::size_t components = weight_.size();
  std::vector<double> sum{0};
  for (std::size_t i = 0; i < at.state.size(); ++i) {
    const double miss = at.state[i] - truth.state[i];
    sum[0] += weight_[i % components] * miss * miss;
  }
  reduction_.sum(sum);
  return sum[0] / points_;
}

double ErrorMeasure::error(const Situation &at, const Situation &truth) const {
  return std::sqrt(meanSquare(at, truth) / static_cast<double>(weight_.size()));
}

double ErrorMeasure::loss(const Situation &at, const Situation &truth, double least, std::vector<double> &slope) const {
  const double mean = meanSquare(at, truth), factor = 2 / (points_ * (mean + least));
  slope.resize(at.state.size());
  for (std::size_t i = 0; i < slope.size(); ++i)
    slope[i] = factor * weight_[i % weight_.size()] * (at.state[i] - truth.state[i]);
  return std::log(mean + least);
}

std::vector<double> HeldOutTrials::errors(const Trial &trial, const Decide &decide,
                                          const std::function<void(const std::vector<double> &)> &note) {
  std::vector<double> out;
  Situation at = world_.recorded(trial.run, trial.time), next;
  for (int n = 1; n <= trial.comparisons; ++n) {
    // A decision a step, as in production.
    for (int s = 0; s < plan_.substeps(); ++s) {
      world_.put(at);
      if (!world_.advance(decide ? decide() : nullptr, next)) return out;
      at = next;
    }
    out.push_back(measure_.error(at, world_.recorded(trial.run, trial.time + n * plan_.stride())));
    if (!(out.back() < 1e6)) {
      out.pop_back();
      return out;
    }
    if (decide && out.back() < kLost) note(at.state);
  }
  return out;
}

void HeldOutTrials::prepare() {
  int longest = 0;
  for (const Stretch &s : plan_.heldOut()) longest = std::max(longest, plan_.comparisons(s));
  longest = std::min(longest, 4 * horizon_);
  for (const int n : {(longest + 3) / 4, (longest + 1) / 2, longest})
    if (horizons_.empty() || n > horizons_.back()) horizons_.push_back(n);
  for (const Stretch &s : plan_.heldOut()) {
    const int room = plan_.comparisons(s), least = std::min(room, horizons_.front());
    int before = -1;
    for (int k = 0; k < kStarts; ++k) {
      const int start = (room - least) * k / (kStarts - 1);
      if (start == before) continue;
      before = start;
      Trial trial{s.run, s.first + start * plan_.stride(), std::min(room - start, longest), {}};
      trial.base = errors(trial, nullptr, nullptr);
      trials_.push_back(trial);
    }
  }
}

Evaluation HeldOutTrials::evaluate(const Decide &decide, const std::function<void(const std::vector<double> &)> &note) {
  if (trials_.empty()) prepare();
  std::vector<std::vector<double>> found;
  for (const Trial &trial : trials_) found.push_back(errors(trial, decide, note));
  const auto median = [](std::vector<double> x) {
    std::sort(x.begin(), x.end());
    const std::size_t n = x.size();
    return n % 2 == 1 ? x[n / 2] : .5 * (x[n / 2 - 1] + x[n / 2]);
  };
  Evaluation e;
  double logarithms = 0;
  int counted = 0;
  for (std::size_t h = 0; h < horizons_.size(); ++h) {
    const auto n = static_cast<std::size_t>(horizons_[h]);
    std::vector<double> ours, theirs, ratios;
    for (std::size_t k = 0; k < trials_.size(); ++k) {
      const Trial &trial = trials_[k];
      if (static_cast<std::size_t>(trial.comparisons) < n) continue;
      const bool lost = found[k].size() < n, base_lost = trial.base.size() < n;
      const double a = lost ? kBlownUp : found[k][n - 1], b = base_lost ? kBlownUp : trial.base[n - 1];
      ours.push_back(a);
      theirs.push_back(b);
      ratios.push_back(lost && !base_lost ? kBlownUp : std::max(a, 1e-14) / std::max(b, 1e-14));
    }
    if (ratios.empty()) continue;
    const std::string number = std::to_string(h + 1);
    e.details["steps " + number] = static_cast<double>(n) * plan_.substeps();
    e.details["starts " + number] = static_cast<double>(ratios.size());
    e.details["error " + number] = median(ours);
    e.details["error without " + number] = median(theirs);
    e.details["ratio " + number] = median(ratios);
    logarithms += std::log(median(ratios));
    ++counted;
  }
  e.score = std::exp(logarithms / std::max(counted, 1));
  return e;
}

}  // namespace petrl::learn
