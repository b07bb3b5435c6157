#include "studies/refinement_study.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "policy/shared_policy.hpp"
#include "problems/conservation/environment.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

using namespace conservation;

namespace {

void record(const Experiment &e, int index, int repeat, const Candidate &candidate, const AdaptiveReport &r,
            double cost, Csv &csv) {
  const Setting &s = candidate.setting;
  csv.row().set("split", e.split == Split::train ? "train" : "test").set("experiment", e.name);
  csv.set("family", e.family).set("case", index).set("repeat", repeat).set("method", s.method).set("setting", s.name);
  if (e.split == Split::test) csv.set("chosen_by_cost", candidate.by_cost).set("chosen_by_wall", candidate.by_wall);
  csv.set("halvings", s.halvings).set("interval_steps", s.steps);
  if (s.learned() || s.method == "oracle") csv.set("odds", s.odds).set("skip", s.skip);
  if (s.learned()) csv.set("gate", s.gate).set("seen", r.seen);
  if (s.threshold()) {
    csv.set("absolute", s.rule.absolute).set("refine", s.rule.refine).set("coarsen", s.rule.coarsen);
    csv.set("buffer", s.rule.buffer).set("share", s.share);
  }
  csv.set("l1", r.last.l1).set("l2", r.last.l2).set("mean_l1", r.mean.l1).set("cost_cell_steps", cost);
  csv.set("cell_steps", r.cell_steps).set("mean_cells", r.mean_cells).set("steps", r.steps);
  csv.set("decisions", r.decisions).set("remeshes", r.remeshes);
  csv.set("stepping_s", r.seconds.stepping).set("deciding_s", r.seconds.deciding);
  csv.set("remeshing_s", r.seconds.remeshing);
}

void readCandidates(YamlMap &yaml, RefinementStudy &study) {
  const auto odds = positiveNumbers(yaml, "odds", {.02, .05, .1, .2, .5, 1, 2, 5, 10, 20});
  const auto intervals = positiveNumbers(yaml, "intervals", {8, 16, 32, 64, 128});
  const auto levels = yaml.get<std::vector<int>>("levels", {study.halvings});
  for (const int level : levels)
    if (level < 1 || level > study.halvings) yaml.fail("levels", "expected numbers from 1 to halvings");
  std::vector<bool> skip;
  for (const auto &word : yaml.get<std::vector<std::string>>("skip", {"true", "false"})) {
    if (word != "true" && word != "false") yaml.fail("skip", "expected a list of true and false, found '" + word + "'");
    skip.push_back(word == "true");
  }
  if (skip.empty()) yaml.fail("skip", "expected true, false, or both");
  const auto gates = yaml.get<std::vector<double>>("gate", {0});
  for (const double gate : gates)
    if (!(gate >= 0 && std::isfinite(gate))) yaml.fail("gate", "expected numbers from 0 on");
  if (gates.empty()) yaml.fail("gate", "expected at least one number");
  YamlMap tuning = yaml.map("tuning", false);
  const int samples = tuning.integer("samples", 150, 1, 100000);
  const auto range = positiveNumbers(tuning, "intervals", {4, 160});
  if (range.size() != 2 || range[1] < range[0]) tuning.fail("intervals", "expected [least, most]");
  const auto seed = static_cast<std::uint64_t>(tuning.number("seed", 1, 0, 1e15));
  study.screen = tuning.integer("screen", std::min(2, study.train), 1, study.train);
  study.keep = tuning.number("keep", 1.5, 1, 1e6);
  tuning.finish();
  study.settings = uniformSettings(study.halvings);
  for (const auto &more : {policySettings("policy", odds, intervals, levels, skip, gates),
                           drawThresholds(seed, samples, study.halvings, {range[0], range[1]})})
    study.settings.insert(study.settings.end(), more.begin(), more.end());
  if (!yaml.has("oracle")) return;
  YamlMap oracle = yaml.map("oracle");
  study.oracle_cases = oracle.integer("cases", 4, 1, study.test);
  study.oracle = policySettings("oracle", positiveNumbers(oracle, "odds", {.1, .5, 2, 10}),
                                positiveNumbers(oracle, "intervals", {32}), {study.halvings}, {true});
  oracle.finish();
}

}  // namespace

std::pair<double, double> Candidate::point(bool by_time) const {
  const auto mean = [](const std::vector<double> &values) {
    double sum = 0;
    for (const double v : values) sum += v;
    return sum / static_cast<double>(values.size());
  };
  return {mean(error), mean(by_time ? wall : cost)};
}

Experiment RefinementStudy::experiment(const std::string &name, const std::string &family) const {
  Experiment out;
  out.name = name, out.family = family;
  out.cases = test, out.repeats = repeats, out.squares = squares, out.halvings = halvings;
  return out;
}

ReadyFlow RefinementStudy::flow(const Experiment &e, int index) const {
  return ReadyFlow(drawCase(e.family, e.split, seed, index, e.options), e.squares, e.halvings, runner.cfl,
                   static_cast<int>(points * e.options.scale));
}

void RefinementStudy::run(const Experiment &e, std::vector<Candidate> &candidates) {
  const auto logarithm = [](double value) { return std::log(std::max(value, 1e-300)); };
  Progress progress(e.family + ", " + e.name, static_cast<std::size_t>(e.cases * e.repeats) * candidates.size());
  for (int index = e.first; index < e.first + e.cases; ++index) {
    const ReadyFlow here = flow(e, index);
    for (int repeat = 0; repeat < e.repeats; ++repeat) {
      for (Candidate &c : candidates) {
        const AdaptiveReport r = runner.run(here, c.setting);
        record(e, index, repeat, c, r, runner.cost(r), *csv);
        progress.step(c.setting.name);
        if (e.split != Split::train) continue;
        c.error.push_back(logarithm(r.last.l1)), c.cost.push_back(logarithm(runner.cost(r)));
        c.wall.push_back(logarithm(r.seconds.stepping + r.seconds.deciding + r.seconds.remeshing));
      }
    }
    csv->append();
  }
}

/// Keys:
///   families         of flows (see conservation::drawCase)
///   policy           a path, or a name among the shipped ones
///   cases            {train, test, seed}: of each family; settings are chosen on the training cases alone
///   squares          along a side of the base mesh
///   halvings         times that a diameter may halve
///   cfl, time_stepping, components, remesh_cost, unit   see ConservationEnvironment; the first three for all methods
///   points           a side, where errors are measured
///   odds, intervals, levels, skip   lists: the policy is tried with all combinations (beta / (1 - beta), finest steps
///                    between decisions, halvings, whether it may keep the mesh to save re-meshing)
///   gate             a list, too, of tolerances: see RefinementPolicy::setGate(); those above 0 are a method of their
///                    own (gated)
///   tuning           {samples, intervals: [least, most], seed, screen, keep}: random threshold rules of each
///   indicator;
///                    after the first `screen` training cases, settings of any method that cost more than `keep` times
///                    what its front does are given up
///   front            at most so many settings of a method and a measure of cost go to the test
///   repeats          of each test run
///   oracle           {cases, odds, intervals}: paired runs decide
///   generalisation   {cases, repeats, front, experiments}: some of scale, duration, finer, settings
///   fields           {family, case, odds, interval, times}: see RefinementFields
/// runs.csv: a row for each run, of the tuning (split: train), too.
void refinementStudy(YamlMap yaml, const std::string &directory) {
  RefinementStudy study;
  study.directory = directory;
  study.families = yaml.get<std::vector<std::string>>("families", {"gaussian", "mixed", "burgers"});
  if (study.families.empty()) yaml.fail("families", "expected at least one family");
  for (const auto &family : study.families) {
    const auto &known = flowFamilies();
    if (std::find(known.begin(), known.end(), family) == known.end())
      yaml.fail("families", "unknown family '" + family + "'");
  }
  YamlMap cases = yaml.map("cases", false);
  study.train = cases.integer("train", 8, 1, 10000);
  study.test = cases.integer("test", 16, 1, 10000);
  study.seed = static_cast<std::uint64_t>(cases.number("seed", 0, 0, 1e15));
  cases.finish();
  study.squares = yaml.integer("squares", 8, 3, 1000);
  study.halvings = yaml.integer("halvings", 4, 1, 12);
  study.points = yaml.integer("points", 256, 8, 8192);
  study.front = yaml.integer("front", 12, 2, 1000);
  study.repeats = yaml.integer("repeats", 3, 1, 100);
  study.runner.cfl = yaml.number("cfl", .45, 1e-3, 1);
  study.runner.time_stepping = readTimeStepping(yaml, study.families);
  study.runner.components = readComponents(yaml, study.families);
  study.runner.remesh = yaml.number("remesh_cost", 25, 0, 1e6);
  study.runner.unit = yaml.number("unit", 1e-8, 1e-300, 1);
  const std::string file = policyFile(yaml);
  study.policy = std::make_unique<RefinementPolicy>(readPolicy(file, "refiner"), file);
  study.runner.policy = study.policy.get();
  readCandidates(yaml, study);
  YamlMap more = yaml.map("generalisation", false);
  const int more_cases = more.integer("cases", 4, 1, 10000), more_front = more.integer("front", 5, 2, 1000);
  const int more_repeats = more.integer("repeats", 1, 1, 100);
  const auto experiments = more.get<std::vector<std::string>>("experiments", {});
  for (const auto &name : experiments)
    if (name != "scale" && name != "duration" && name != "finer" && name != "settings")
      more.fail("experiments", "expected some of scale, duration, finer, settings, found '" + name + "'");
  more.finish();
  const bool draws = yaml.has("fields");
  const RefinementFields fields = RefinementFields::read(yaml.map("fields", false), study.families);
  yaml.finish();

  study.csv = std::make_unique<Csv>(directory + "/runs.csv",
                                    std::vector<std::string>{"split",      "experiment",     "family",
                                                             "case",       "repeat",         "method",
                                                             "setting",    "chosen_by_cost", "chosen_by_wall",
                                                             "halvings",   "interval_steps", "odds",
                                                             "skip",       "gate",           "seen",
                                                             "absolute",   "refine",         "coarsen",
                                                             "buffer",     "share",          "l1",
                                                             "l2",         "mean_l1",        "cost_cell_steps",
                                                             "cell_steps", "mean_cells",     "steps",
                                                             "decisions",  "remeshes",       "stepping_s",
                                                             "deciding_s", "remeshing_s"});
  for (const auto &family : study.families) study.tune(family);
  if (draws) fields.write(study);
  for (const auto &family : study.families) {
    study.run(study.experiment("test", family), study.chosen[family]);
    if (study.oracle.empty()) continue;
    Experiment hindsight = study.experiment("oracle", family);
    hindsight.cases = study.oracle_cases, hindsight.repeats = 1;
    std::vector<Candidate> oracle = candidatesOf(study.oracle);
    for (Candidate &c : oracle) c.by_cost = true;
    study.run(hindsight, oracle);
  }
  for (const auto &name : experiments) {
    for (std::size_t f = 0; f < study.families.size(); ++f) {
      const std::string &family = study.families[f];
      // Settings of another family where these are what is put to the test.
      const std::string &from = name == "settings" ? study.families[(f + 1) % study.families.size()] : family;
      Experiment e = study.experiment(name == "settings" ? "settings of " + from : name, family);
      e.cases = more_cases, e.repeats = more_repeats;
      if (name == "scale") e.options.scale = 2, e.squares *= 2;
      if (name == "duration") e.options.duration = 2;
      if (name == "finer") e.halvings += 1, e.options.reference = 1024;
      std::vector<Candidate> fewer = thinned(study.chosen[from], more_front, study.halvings);
      for (Candidate &c : fewer) c.setting.halvings += e.halvings - study.halvings;
      study.run(e, fewer);
    }
  }
}

}  // namespace petrl::studies
