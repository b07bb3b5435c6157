// Adaptive finite elements: Poisson's equation on the L-shape.
#include <algorithm>
#include <cstdio>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "studies/field_file.hpp"
#include "studies/poisson_study_method.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

using namespace poisson_study;

namespace {

void writeMesh(const std::string &family, double key, const poisson::AdaptivePoisson &state, FieldFile &file) {
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
  Ground ground;
  ground.squares = yaml.integer("squares", 4, 2, 1024);
  if (ground.squares % 2 != 0) yaml.fail("squares", "expected an even number, found " + std::to_string(ground.squares));
  ground.rounds = yaml.integer("rounds", 6, 1, 12);
  ground.unit = yaml.number("unit", 1e-6, 1e-300, 1);
  const int reference = yaml.integer("reference", ground.rounds + 1, ground.rounds, 12);
  const int cases = yaml.integer("cases", 100, 1, 1000000);
  const int tuning = yaml.integer("tuning", 12, 1, 1000000);
  auto odds = yaml.get<std::vector<double>>("odds", {.05, .15, .5, 1.5, 5, 15, 50, 150, 500});
  auto levels = yaml.get<std::vector<double>>("levels", {100, 200, 400, 800, 1600, 3200, 6400, 12800});
  const int shown = yaml.integer("meshes", 0, 0, 1000000);
  if (odds.empty() || levels.empty()) yaml.fail("odds", "odds and levels need at least one value");
  std::sort(levels.begin(), levels.end());
  yaml.finish();
  RefinementPolicy policy(readPolicy(file, "refiner"), file);
  ground.policy = &policy;

  // Settings are told apart well enough without the references' last refinement.
  ground.mesh = std::make_shared<poisson::ReferenceMesh>(ground.squares, ground.rounds);
  std::vector<Case> training;
  for (int i = 0; i < tuning; ++i) training.emplace_back(ground, poisson::Split::train, i);
  Csv csv(directory + "/runs.csv", {"split", "case", "family", "estimator", "strategy", "parameter", "round", "key",
                                    "cells", "vertices", "error", "energy_error", "solve_ms", "decide_ms"});
  const auto record = [&](const char *split, int index, const Setting &s, const Outcome &o) {
    csv.row().set("split", split).set("case", index).set("family", s.family).set("estimator", s.estimator);
    csv.set("strategy", s.strategy).set("parameter", s.parameter).set("round", o.round).set("cells", o.cells);
    csv.set("vertices", o.vertices).set("error", o.error).set("energy_error", o.energy);
    csv.set("solve_ms", 1e3 * o.solve).set("decide_ms", 1e3 * o.decide);
  };
  const std::vector<Choice> chosen =
      tune(ground, training, levels, [&](int index, const Setting &s, const std::vector<Outcome> &outcomes) {
        for (const Outcome &o : outcomes) record("train", index, s, o);
        csv.append();
      });
  training.clear();
  ground.mesh = std::make_shared<poisson::ReferenceMesh>(ground.squares, reference);
  FieldFile meshes(directory);
  Progress progress("test", static_cast<std::size_t>(cases), "cases");
  for (int i = 0; i < cases; ++i) {
    const Case one(ground, poisson::Split::test, i);
    const Setting uniform{"uniform", "uniform", "", 0};
    Rounds all;
    for (int r = 0; r <= ground.rounds; ++r) all.insert(r);
    for (const Outcome &o : run(ground, one, uniform, all)) {
      record("test", i, uniform, o);
      csv.set("key", o.round);
    }
    // One point of a curve, and perhaps its mesh.
    const auto point = [&](const Setting &setting, int round, double key) {
      std::unique_ptr<poisson::AdaptivePoisson> last;
      record("test", i, setting, run(ground, one, setting, {round}, &last).back());
      csv.set("key", key);
      if (i == shown) writeMesh(setting.family, key, *last, meshes);
    };
    for (const std::string family : {"policy", "paired"})
      for (const double beta : odds) point({family, family, "price", beta}, ground.rounds, beta);
    for (const Choice &c : chosen) point(c.setting, c.round, c.level);
    csv.append();
    progress.step();
  }
  meshes.describe();
}

}  // namespace petrl::studies
