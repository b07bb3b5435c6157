#include "studies/poisson_study_method.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "base/progress.hpp"
#include "problems/poisson/estimators.hpp"

namespace petrl::studies::poisson_study {

using namespace poisson;

namespace {

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Returns whether anything is marked.
bool choose(const Ground &ground, const Case &one, const Setting &s, const AdaptivePoisson &now, int max_level,
            RefinementDecision &out) {
  std::vector<double> eta;
  out.priority.clear();
  if (s.estimator == "uniform") {
    out.mark.assign(static_cast<std::size_t>(now.mesh().owned), 1);
  } else if (s.estimator == "policy" || s.estimator == "paired") {
    if (s.estimator == "policy")
      predict(*ground.policy, now, eta);
    else
      lookahead(now, GainKind::dual, eta);
    decide(eta, now, ground.unit * s.parameter, max_level, out);
  } else if (s.estimator == "error") {
    one.reference->measure(now.mesh(), now.u(), &eta);
    mark(s.strategy, s.parameter, now.range() * now.measure(), now.mesh(), max_level, eta, out.mark);
  } else {
    estimate(now, s.estimator, eta);
    mark(s.strategy, s.parameter, estimateScale(now, s.estimator), now.mesh(), max_level, eta, out.mark);
  }
  return std::any_of(out.mark.begin(), out.mark.end(), [](signed char m) { return m > 0; });
}

std::vector<double> parameters(const std::string &strategy) {
  if (strategy == "maximum") return {.9, .7, .5, .35, .25, .18, .12, .08, .05, .03, .02, .01, .005, .002, .001};
  if (strategy == "doerfler") return {.2, .3, .4, .5, .6, .7, .8, .85, .9, .95, .97, .99, .995, .999};
  std::vector<double> all;
  for (int k = 0; k <= 24; ++k) all.push_back(std::pow(10., -1 - k / 4.));
  return all;
}

// The settings that tuning tries, by curve, each from few cells to many.
std::vector<std::vector<Setting>> candidates() {
  std::vector<std::vector<Setting>> all;
  for (const std::string family : {"residual", "zz", "error"}) {
    for (const std::string strategy : {"maximum", "doerfler", "threshold"}) {
      for (const std::string weight : {"", "-h"}) {
        if (family == "error" && !weight.empty()) continue;
        std::vector<Setting> curve;
        for (const double p : parameters(strategy))
          curve.push_back({family + " " + strategy, family + weight, strategy, p});
        all.push_back(std::move(curve));
      }
    }
  }
  return all;
}

}  // namespace

Case::Case(const Ground &ground, Split split, int index) : load(drawLoad(split, 0, index)) {
  reference = std::make_shared<PoissonReference>(ground.mesh, load);
  const AdaptivePoisson start(BaseMesh::lShape(ground.squares), load);
  coarsest = reference->measure(start.mesh(), start.u());
}

std::vector<Outcome> run(const Ground &ground, const Case &one, const Setting &setting, const Rounds &rounds,
                         std::unique_ptr<AdaptivePoisson> *last) {
  std::vector<Outcome> outcomes;
  ForestLimits limits;
  limits.max_level = 2 * ground.rounds;
  Outcome o;
  const Clock first;
  auto now = std::make_unique<AdaptivePoisson>(BaseMesh::lShape(ground.squares), one.load);
  o.solve = first.seconds();
  RefinementDecision decision;
  const auto measure = [&] {
    const PoissonErrors found = one.reference->measure(now->mesh(), now->u());
    o.cells = now->mesh().owned, o.vertices = now->mesh().vertices;
    o.error = found.l1 / one.coarsest.l1, o.energy = found.h1 / one.coarsest.h1;
    outcomes.push_back(o);
  };
  for (;; ++o.round) {
    const bool enough = ground.max_cells > 0 && now->mesh().owned > ground.max_cells;
    if (rounds.count(o.round) > 0 || enough) measure();
    if (enough || o.round >= *rounds.rbegin()) break;
    const Clock deciding;
    const bool any = choose(ground, one, setting, *now, limits.max_level, decision);
    o.decide += deciding.seconds();
    const int before = now->mesh().owned;
    const Clock solving;
    if (any) now->refine(decision.mark, limits, decision.priority);
    o.solve += solving.seconds();
    if (now->mesh().owned != before) continue;
    if (outcomes.empty() || outcomes.back().round < o.round) measure();
    break;
  }
  if (last) *last = std::move(now);
  return outcomes;
}

std::vector<Choice> tune(const Ground &ground, const std::vector<Case> &cases, const std::vector<double> &levels,
                         const Record &record) {
  std::map<std::string, std::vector<Choice>> tried;
  const auto curves = candidates();
  std::size_t settings = 0;
  for (const auto &curve : curves) settings += curve.size();
  Progress progress("tuning", settings, "settings at most");
  Rounds all;
  for (int r = 1; r <= ground.rounds; ++r) all.insert(r);
  Ground limited(ground);
  limited.max_cells = static_cast<int>(6 * levels.back());
  for (const auto &curve : curves) {
    for (const Setting &setting : curve) {
      std::vector<double> cells(all.size()), error(cells);
      for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto outcomes = run(limited, cases[i], setting, all);
        record(static_cast<int>(i), setting, outcomes);
        for (std::size_t r = 0; r < cells.size(); ++r) {
          // A run that has stopped stays as it is.
          const Outcome &o = outcomes[std::min(r, outcomes.size() - 1)];
          cells[r] += std::log10(o.cells), error[r] += std::log10(o.error);
        }
      }
      progress.step(setting.family);
      const auto n = static_cast<double>(cases.size());
      for (std::size_t r = 0; r < cells.size(); ++r)
        tried[setting.family].push_back({setting, static_cast<int>(r) + 1, 0, cells[r] / n, error[r] / n});
      if (cells.back() / n > std::log10(2 * levels.back())) break;  // the next ones have more still
    }
  }
  std::vector<Choice> chosen;
  for (const auto &[family, choices] : tried) {
    for (const double level : levels) {
      const Choice *best = nullptr;
      for (const Choice &c : choices) {
        if (c.log_cells <= std::log10(level) && (!best || c.log_error < best->log_error)) best = &c;
      }
      if (!best) continue;
      chosen.push_back(*best);
      chosen.back().level = level;
    }
  }
  return chosen;
}

}  // namespace petrl::studies::poisson_study
