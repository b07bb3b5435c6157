#include "studies/refinement_study.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "policy/shared_policy.hpp"
#include "studies/closure_study.hpp"

namespace petrl::cli {

using namespace conservation;

namespace {

/// Says how far a long list of runs has come.
class Progress {
 public:
  Progress(std::string what, std::size_t total) : what_(std::move(what)), total_(total) {}
  void step() {
    ++done_;
    const double now = seconds();
    if (now - shown_ < 15) return;
    shown_ = now;
    std::fprintf(stderr, "%s: %zu of %zu runs, %.1f/s, ETA %.1f min\n", what_.c_str(), done_, total_,
                 static_cast<double>(done_) / now,
                 now / static_cast<double>(done_) * static_cast<double>(total_ - done_) / 60);
  }
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::string what_;
  std::size_t total_, done_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double shown_ = 0;
};

Outcome outcomeOf(const AdaptiveReport &r, const Ground &ground) {
  Outcome o;
  o.l1 = r.last.l1, o.l2 = r.last.l2, o.mean = r.mean.l1;
  o.cost = ground.cost(r);
  o.cell_steps = static_cast<double>(r.cell_steps);
  o.stepping = r.seconds.stepping, o.deciding = r.seconds.deciding, o.remeshing = r.seconds.remeshing;
  o.wall = o.stepping + o.deciding + o.remeshing;
  o.cells = r.mean_cells, o.steps = r.steps, o.decisions = r.decisions, o.remeshes = r.remeshes;
  return o;
}

std::vector<Entry> withoutOutcomes(const std::vector<Entry> &entries) {
  std::vector<Entry> out = entries;
  for (Entry &e : out) e.cases.clear();
  return out;
}

std::vector<double> positive(YamlMap &yaml, const std::string &key, const std::vector<double> &fallback) {
  const auto values = yaml.get<std::vector<double>>(key, fallback);
  if (values.empty()) yaml.fail(key, "expected at least one number");
  for (const double v : values)
    if (!(v > 0)) yaml.fail(key, "expected numbers above 0");
  return values;
}

void readPolicyPart(YamlMap &yaml, RefinementStudy &study) {
  const auto name = yaml.get<std::string>("policy");
  const std::string file = findPolicy(name);
  if (!fileExists(file)) yaml.fail("policy", "found neither " + name + " nor " + policyFolder() + "/" + name);
  study.policy = std::make_unique<RefinementPolicy>(readPolicy(file, "refiner"), file);
  study.ground.policy = study.policy.get();
}

void readCandidates(YamlMap &yaml, RefinementStudy &study) {
  const auto odds = positive(yaml, "odds", {.02, .05, .1, .2, .5, 1, 2, 5, 10, 20});
  const auto intervals = positive(yaml, "intervals", {8, 16, 32, 64, 128});
  const auto levels = yaml.get<std::vector<int>>("levels", {study.halvings});
  for (const int level : levels)
    if (level < 1 || level > study.halvings) yaml.fail("levels", "expected numbers from 1 to halvings");
  std::vector<bool> skip;
  for (const auto &word : yaml.get<std::vector<std::string>>("skip", {"true", "false"})) {
    if (word != "true" && word != "false") yaml.fail("skip", "expected a list of true and false, found '" + word + "'");
    skip.push_back(word == "true");
  }
  if (skip.empty()) yaml.fail("skip", "expected true, false, or both");
  YamlMap tuning = yaml.map("tuning", false);
  const int samples = readInteger(tuning, "samples", 150, 1, 100000);
  const auto range = positive(tuning, "intervals", {4, 160});
  if (range.size() != 2 || range[1] < range[0]) tuning.fail("intervals", "expected [least, most]");
  const auto seed = static_cast<std::uint64_t>(tuning.number("seed", 1, 0, 1e15));
  study.screen = readInteger(tuning, "screen", std::min(2, study.train), 1, study.train);
  study.keep = tuning.number("keep", 1.5, 1, 1e6);
  tuning.finish();
  study.candidates = uniformSettings(study.halvings);
  for (const auto &more : {policySettings("policy", odds, intervals, levels, skip),
                           drawThresholds(seed, samples, study.halvings, {range[0], range[1]})})
    study.candidates.insert(study.candidates.end(), more.begin(), more.end());
  if (!yaml.has("oracle")) return;
  YamlMap oracle = yaml.map("oracle");
  study.oracle_cases = readInteger(oracle, "cases", 4, 1, study.test);
  study.oracle = policySettings("oracle", positive(oracle, "odds", {.1, .5, 2, 10}),
                                positive(oracle, "intervals", {32}), {study.halvings}, {true});
  oracle.finish();
}

}  // namespace

Experiment RefinementStudy::experiment(const std::string &name, const std::string &family) const {
  Experiment out;
  out.name = name, out.family = family;
  out.cases = test, out.repeats = repeats, out.squares = squares, out.halvings = halvings;
  return out;
}

Bench RefinementStudy::bench(const Experiment &e, int index) const {
  return Bench(drawCase(e.family, e.split, seed, index, e.options), e.squares, e.halvings, ground.cfl,
               static_cast<int>(points * e.options.scale));
}

std::vector<Entry> RefinementStudy::empty(const std::vector<Setting> &settings) const {
  std::vector<Entry> out;
  for (const Setting &s : settings) {
    Entry e;
    e.setting = &s;
    out.push_back(e);
  }
  return out;
}

void RefinementStudy::run(const Experiment &experiment, std::vector<Entry> &entries) const {
  const auto cases = static_cast<std::size_t>(experiment.cases), times = static_cast<std::size_t>(experiment.repeats);
  Progress progress(experiment.family + ", " + experiment.name, cases * times * entries.size());
  std::ostringstream rows;
  rows.precision(6);
  for (int c = experiment.first; c < experiment.first + experiment.cases; ++c) {
    const Bench here = bench(experiment, c);
    std::vector<std::vector<Outcome>> outcomes(entries.size());
    for (std::size_t r = 0; r < times; ++r) {
      for (std::size_t i = 0; i < entries.size(); ++i) {
        outcomes[i].push_back(outcomeOf(ground.run(here, *entries[i].setting), ground));
        progress.step();
      }
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      auto &mine = outcomes[i];
      std::sort(mine.begin(), mine.end(), [](const Outcome &a, const Outcome &b) { return a.wall < b.wall; });
      const Outcome &o = mine.front();
      entries[i].cases.push_back(o);
      if (experiment.split != Split::test) continue;
      rows << experiment.name << "," << experiment.family << "," << c << "," << entries[i].setting->method << ","
           << entries[i].setting->name << "," << o.l1 << "," << o.l2 << "," << o.mean << "," << o.cost << ","
           << o.cell_steps << "," << o.cells << "," << o.steps << "," << o.decisions << "," << o.remeshes << ","
           << o.wall << "," << mine[mine.size() / 2].wall << "," << o.stepping << "," << o.deciding << ","
           << o.remeshing << "\n";
    }
  }
  writeRuns(rows.str());
  std::fprintf(stderr, "%s, %s: %.1f min\n", experiment.family.c_str(), experiment.name.c_str(),
               progress.seconds() / 60);
}

void RefinementStudy::writeRuns(const std::string &rows) const {
  std::ofstream(directory + "/runs.csv", std::ios::app) << rows;
}

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
  study.train = readInteger(cases, "train", 8, 1, 10000);
  study.test = readInteger(cases, "test", 16, 1, 10000);
  study.seed = static_cast<std::uint64_t>(cases.number("seed", 0, 0, 1e15));
  cases.finish();
  study.squares = readInteger(yaml, "squares", 8, 3, 1000);
  study.halvings = readInteger(yaml, "halvings", 4, 1, 12);
  study.points = readInteger(yaml, "points", 256, 8, 8192);
  study.front = readInteger(yaml, "front", 12, 2, 1000);
  study.repeats = readInteger(yaml, "repeats", 3, 1, 100);
  study.places = readInteger(yaml, "places", 21, 2, 1000);
  study.ground.cfl = yaml.number("cfl", .45, 1e-3, 1);
  study.ground.remesh = yaml.number("remesh_cost", 25, 0, 1e6);
  study.ground.unit = yaml.number("unit", 1e-8, 1e-300, 1);
  readPolicyPart(yaml, study);
  readCandidates(yaml, study);
  YamlMap more = yaml.map("generalisation", false);
  const int more_cases = readInteger(more, "cases", 4, 1, 10000), more_front = readInteger(more, "front", 5, 2, 1000);
  const int more_repeats = readInteger(more, "repeats", 1, 1, 100);
  const auto experiments = more.get<std::vector<std::string>>("experiments", {});
  for (const auto &name : experiments)
    if (name != "scale" && name != "duration" && name != "finer" && name != "settings")
      more.fail("experiments", "expected some of scale, duration, finer, settings, found '" + name + "'");
  more.finish();
  const bool draws = yaml.has("fields");
  const RefinementFields fields = RefinementFields::read(yaml.map("fields", false), study.families);
  yaml.finish();

  writeWhole(directory + "/runs.csv",
             "experiment,family,case,method,setting,l1,l2,mean_l1,cost_cell_steps,cell_steps,mean_cells,steps,"
             "decisions,remeshes,wall_s,wall_median_s,stepping_s,deciding_s,remeshing_s\n");
  RefinementReport report(directory);
  for (const auto &family : study.families) {
    std::vector<Entry> tried = study.tune(family);
    report.tuning(family, tried);
    auto &chosen = study.chosen[family];
    for (const Entry &e : tried)
      if (e.by_cost || e.by_wall) chosen.push_back(e);
  }
  if (draws) fields.write(study);
  for (const auto &family : study.families) {
    std::vector<Entry> entries = withoutOutcomes(study.chosen[family]);
    study.run(study.experiment("test", family), entries);
    if (!study.oracle.empty()) {
      Experiment hindsight = study.experiment("oracle", family);
      hindsight.cases = study.oracle_cases, hindsight.repeats = 1;
      std::vector<Entry> oracle = study.empty(study.oracle);
      study.run(hindsight, oracle);
      for (Entry &e : oracle) e.by_cost = true;
      entries.insert(entries.end(), oracle.begin(), oracle.end());
    }
    report.fronts(study.experiment("test", family), entries, study);
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
      std::vector<Setting> settings;
      std::vector<Entry> entries = withoutOutcomes(thinned(study.chosen[from], more_front, study.halvings));
      for (const Entry &entry : entries) settings.push_back(*entry.setting);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        settings[i].halvings += e.halvings - study.halvings;
        entries[i].setting = &settings[i];
      }
      study.run(e, entries);
      report.fronts(e, entries, study);
    }
  }
  report.finish();
}

}  // namespace petrl::cli
