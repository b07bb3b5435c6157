// Adaptive finite elements: Poisson's equation on the L-shape.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "policy/shared_policy.hpp"
#include "problems/poisson/environment.hpp"
#include "problems/poisson/estimators.hpp"
#include "problems/stopwatch.hpp"
#include "studies/field_file.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

using namespace poisson;

namespace {

/// One way to refine. family: what its curve is called; strategy and parameter: see poisson::mark(). estimator is one
/// of poisson::estimatorNames(), "error" (each cell's true error: no code has it), "paired" (gains by paired solves at
/// the price of `parameter` odds: what the policy learns to predict), "policy" or "uniform".
struct Setting {
  std::string family, estimator, strategy;
  double parameter = 0;
};

/// After a round.
struct Outcome {
  int round = 0, cells = 0, vertices = 0;
  double error = 0, energy = 0;  ///< relative to the coarsest mesh's
  double solve = 0, decide = 0;  ///< seconds so far: meshes, assembly, solution; estimates, marks
};

/// What all runs share.
struct Conditions {
  int squares = 4, rounds = 6, max_cells = 0;
  double unit = 1e-6;
  std::shared_ptr<const ReferenceMesh> mesh;
  RefinementPolicy *policy = nullptr;
};

/// A case with its reference.
struct Case {
  GaussianLoad load;
  std::shared_ptr<PoissonReference> reference;
  PoissonErrors coarsest;

  Case(const Conditions &given, Split split, int index) : load(drawLoad(split, 0, index)) {
    reference = std::make_shared<PoissonReference>(given.mesh, load);
    const AdaptivePoisson start(BaseMesh::lShape(given.squares), load);
    coarsest = reference->measure(start.mesh(), start.u());
  }
};

// Returns whether anything is marked.
bool choose(const Conditions &given, const Case &one, const Setting &s, const AdaptivePoisson &now, int max_level,
            RefinementDecision &out) {
  std::vector<double> eta;
  out.priority.clear();
  if (s.estimator == "uniform") {
    out.mark.assign(static_cast<std::size_t>(now.mesh().owned), 1);
  } else if (s.estimator == "policy" || s.estimator == "paired") {
    if (s.estimator == "policy")
      predict(*given.policy, now, eta);
    else
      lookahead(now, GainKind::dual, eta);
    decide(eta, now, given.unit * s.parameter, max_level, out);
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

/// After how many rounds a run is measured (0: before the first). It ends after the last of them, where nothing is
/// marked, and before the mesh exceeds max_cells; where it ends it is measured in any case.
using Rounds = std::set<int>;
std::vector<Outcome> run(const Conditions &given, const Case &one, const Setting &setting, const Rounds &rounds,
                         std::unique_ptr<AdaptivePoisson> *last = nullptr) {
  std::vector<Outcome> outcomes;
  ForestLimits limits;
  limits.max_level = 2 * given.rounds;
  Outcome o;
  const Stopwatch first;
  auto now = std::make_unique<AdaptivePoisson>(BaseMesh::lShape(given.squares), one.load);
  o.solve = first.seconds();
  RefinementDecision decision;
  const auto measure = [&] {
    const PoissonErrors found = one.reference->measure(now->mesh(), now->u());
    o.cells = now->mesh().owned, o.vertices = now->mesh().vertices;
    o.error = found.l1 / one.coarsest.l1, o.energy = found.h1 / one.coarsest.h1;
    outcomes.push_back(o);
  };
  for (;; ++o.round) {
    const bool enough = given.max_cells > 0 && now->mesh().owned > given.max_cells;
    if (rounds.count(o.round) > 0 || enough) measure();
    if (enough || o.round >= *rounds.rbegin()) break;
    const Stopwatch deciding;
    const bool any = choose(given, one, setting, *now, limits.max_level, decision);
    o.decide += deciding.seconds();
    const int before = now->mesh().owned;
    const Stopwatch solving;
    if (any) now->refine(decision.mark, limits, decision.priority);
    o.solve += solving.seconds();
    if (now->mesh().owned != before) continue;
    if (outcomes.empty() || outcomes.back().round < o.round) measure();
    break;
  }
  if (last) *last = std::move(now);
  return outcomes;
}

/// For each family and level: the setting and round that have the least mean log error of those with at most so many
/// cells (mean of the logarithm) on these cases.
struct Choice {
  Setting setting;
  int round = 0;
  double level = 0, log_cells = 0, log_error = 0;
};
/// What is to be done with each run: case, setting, outcomes.
using Record = std::function<void(int, const Setting &, const std::vector<Outcome> &)>;

std::vector<Choice> tune(const Conditions &given, const std::vector<Case> &cases, const std::vector<double> &levels,
                         const Record &record) {
  std::map<std::string, std::vector<Choice>> tried;
  const auto curves = candidates();
  std::size_t settings = 0;
  for (const auto &curve : curves) settings += curve.size();
  Progress progress("tuning", settings, "settings at most");
  Rounds all;
  for (int r = 1; r <= given.rounds; ++r) all.insert(r);
  Conditions limited(given);
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

void writeMesh(const std::string &family, double key, const AdaptivePoisson &state, FieldFile &file) {
  const CellMesh &mesh = state.mesh();
  const auto n = static_cast<std::size_t>(mesh.owned);
  char name[32];
  std::snprintf(name, sizeof name, "%g", key);
  const std::string group = "/" + family + " " + name;
  std::vector<float> level(mesh.level.begin(), mesh.level.begin() + mesh.owned), u, mean;
  for (std::size_t c = 0; c < n; ++c) {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double value = state.u()[static_cast<std::size_t>(mesh.vertex[3 * c + k])];
      u.push_back(static_cast<float>(value));
      sum += value / 3;
    }
    mean.push_back(static_cast<float>(sum));
  }
  file.data.group(group);
  file.data.text(group, "family", family);
  file.triangles(family, key, group, {mesh.corner.begin(), mesh.corner.begin() + 6 * mesh.owned});
  file.field(group, "u", mean);
  file.field(group, "level", level);
  file.data.floats(group + "/u_corner", {n, 3}, u);
}

}  // namespace

/// Refines meshes of random cases by a policy, everywhere, by error estimators and by the true error, in the same
/// number of rounds. Keys:
///   policy       file, or name of a shipped one
///   squares, rounds, unit   as in training
///   odds         of the policy: one curve point each
///   cases        test cases; reference: uniform refinements behind the references
///   levels       mean cells: at each the estimators' settings are those that were best on the tuning cases
///   tuning       number of training cases to tune on
///   meshes       index of the case whose meshes are written
/// runs.csv: a row for each run and the rounds it was measured after. Training cases: every setting that was tried;
/// test cases: points of curves, which `key` (round, odds, level) tells apart within a family.
void poissonStudy(YamlMap yaml, const std::string &directory) {
  const std::string file = policyFile(yaml);
  Conditions given;
  given.squares = yaml.integer("squares", 4, 2, 1024);
  if (given.squares % 2 != 0) yaml.fail("squares", "expected an even number, found " + std::to_string(given.squares));
  given.rounds = yaml.integer("rounds", 6, 1, 12);
  given.unit = yaml.number("unit", 1e-6, 1e-300, 1);
  const int reference = yaml.integer("reference", given.rounds + 1, given.rounds, 12);
  const int cases = yaml.integer("cases", 100, 1, 1000000);
  const int tuning = yaml.integer("tuning", 12, 1, 1000000);
  auto odds = yaml.get<std::vector<double>>("odds", {.05, .15, .5, 1.5, 5, 15, 50, 150, 500});
  auto levels = yaml.get<std::vector<double>>("levels", {100, 200, 400, 800, 1600, 3200, 6400, 12800});
  const int shown = yaml.integer("meshes", 0, 0, 1000000);
  if (odds.empty() || levels.empty()) yaml.fail("odds", "odds and levels need at least one value");
  std::sort(levels.begin(), levels.end());
  yaml.finish();
  RefinementPolicy policy(readPolicy(file, "refiner"), file);
  given.policy = &policy;

  // Settings are told apart well enough without the references' last refinement.
  given.mesh = std::make_shared<ReferenceMesh>(given.squares, given.rounds);
  std::vector<Case> training;
  for (int i = 0; i < tuning; ++i) training.emplace_back(given, Split::train, i);
  Csv csv(directory + "/runs.csv", {"split", "case", "family", "estimator", "strategy", "parameter", "round", "key",
                                    "cells", "vertices", "error", "energy_error", "solve_ms", "decide_ms"});
  const auto record = [&](const char *split, int index, const Setting &s, const Outcome &o) {
    csv.row().set("split", split).set("case", index).set("family", s.family).set("estimator", s.estimator);
    csv.set("strategy", s.strategy).set("parameter", s.parameter).set("round", o.round).set("cells", o.cells);
    csv.set("vertices", o.vertices).set("error", o.error).set("energy_error", o.energy);
    csv.set("solve_ms", 1e3 * o.solve).set("decide_ms", 1e3 * o.decide);
  };
  const std::vector<Choice> chosen =
      tune(given, training, levels, [&](int index, const Setting &s, const std::vector<Outcome> &outcomes) {
        for (const Outcome &o : outcomes) record("train", index, s, o);
        csv.append();
      });
  training.clear();
  given.mesh = std::make_shared<ReferenceMesh>(given.squares, reference);
  FieldFile meshes(directory);
  Progress progress("test", static_cast<std::size_t>(cases), "cases");
  for (int i = 0; i < cases; ++i) {
    const Case one(given, Split::test, i);
    const Setting uniform{"uniform", "uniform", "", 0};
    Rounds all;
    for (int r = 0; r <= given.rounds; ++r) all.insert(r);
    for (const Outcome &o : run(given, one, uniform, all)) {
      record("test", i, uniform, o);
      csv.set("key", o.round);
    }
    // One point of a curve, and perhaps its mesh.
    const auto point = [&](const Setting &setting, int round, double key) {
      std::unique_ptr<AdaptivePoisson> last;
      record("test", i, setting, run(given, one, setting, {round}, &last).back());
      csv.set("key", key);
      if (i == shown) writeMesh(setting.family, key, *last, meshes);
    };
    for (const std::string family : {"policy", "paired"})
      for (const double beta : odds) point({family, family, "price", beta}, given.rounds, beta);
    for (const Choice &c : chosen) point(c.setting, c.round, c.level);
    csv.append();
    progress.step();
  }
  meshes.write();
}

}  // namespace petrl::studies
