#include "learn/refine/training.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/yaml.hpp"
#include "learn/gain_loss/gain_loss.hpp"
#include "learn/program_training.hpp"
#include "learn/refine/explorer.hpp"
#include "learn/refine/rivals.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

constexpr int kDecisions = 8;   // in an episode
constexpr int kJudgements = 6;  // in a training

/// A policy at one trade-off on the held-out part.
struct Judged {
  double tradeoff = 0;
  double relative = 0, relative_cost = 0;  ///< logarithms: of cell-steps, of all that it cost
  RefinerRun run;
};

/// The program's TS as an environment: all ranks play together.
class WorldEnvironment : public MeshEnvironment {
 public:
  WorldEnvironment(RefinerWorld &world, const RefinementRivals &rivals) : world_(world), rivals_(rivals) {}
  bool together() const override { return true; }
  Validity validity() const override {
    Validity validity = world_.validity();
    for (const double b : tradeoffs()) validity.saw("odds", b / (1 - b));
    const auto &names = RefinementObservation::nodeNames();
    if (seen_.empty()) return validity;
    for (std::size_t i = 0; i < names.size(); ++i) {
      validity.saw(names[i], -seen_[i]);
      validity.saw(names[i], seen_[names.size() + i]);
    }
    return validity;
  }

  void episode(std::uint64_t seed, RefinementPolicy &policy, double explore, std::vector<MeshSample> &samples,
               std::map<std::string, double> &metrics) override {
    learn::Rng rng(seed);
    // Every other run begins with the program, or thereabouts.
    const bool from_start = rng.uniform() < .5;
    const auto moment = static_cast<int>(rng.below(static_cast<std::uint64_t>(world_.heldOut())));
    RefinerRule rule;
    rule.policy = &policy;
    rule.tradeoff = tradeoffs()[static_cast<std::size_t>(rng.below(tradeoffs().size()))];
    rule.deviate = RefinementExplorer(world_.comm(), explore, rng.next());
    world_.episode(from_start ? 0 : moment, kDecisions, rule, samples, metrics);
  }

  Evaluation evaluate(RefinementPolicy &policy) override {
    Evaluation result;
    judged_.clear();
    seen_.clear();
    RefinerRule rule;
    rule.policy = &policy;
    rule.ends = &seen_;
    for (const double tradeoff : tradeoffs()) {
      rule.tradeoff = tradeoff;
      Judged j;
      j.tradeoff = tradeoff;
      j.run = world_.run(world_.heldOut(), world_.moments() - 1, rule);
      j.relative = rivals_.relative(j.run);
      j.relative_cost = rivals_.relative(j.run, true);
      result.score += j.relative / static_cast<double>(tradeoffs().size());
      char name[48];
      std::snprintf(name, sizeof name, "cell-steps at trade-off %.6g", tradeoff);
      result.details[name] = std::exp(j.relative);
      judged_.push_back(j);
    }
    // What it sees where it learned, too.
    rule.tradeoff = tradeoffs()[tradeoffs().size() / 2];
    (void)world_.run(0, world_.heldOut(), rule);
    MPI_Allreduce(MPI_IN_PLACE, seen_.data(), static_cast<int>(seen_.size()), MPI_DOUBLE, MPI_MAX, world_.comm());
    return result;
  }

  const std::vector<Judged> &judged() const { return judged_; }

 private:
  const std::vector<double> &tradeoffs() const {
    if (tradeoffs_.empty()) tradeoffs_ = rivals_.tradeoffs(world_);
    return tradeoffs_;
  }

  RefinerWorld &world_;
  const RefinementRivals &rivals_;
  mutable std::vector<double> tradeoffs_;
  std::vector<Judged> judged_;
  std::vector<double> seen_;  // in the latest evaluation: see RefinerRule
};

YamlMap learnerKeys(const std::string &file, std::int64_t steps, const Policy *start) {
  YAML::Node defaults;
  defaults["updates"] = 60;
  defaults["memory"] = 200;
  defaults["decay_steps"] = steps;
  defaults["explore_steps"] = std::max<std::int64_t>(1, steps / 2);
  defaults["explore"] = .8;
  if (start != nullptr)
    for (const char *key : {"hidden", "layers"}) {
      const auto found = start->network.parameters.find(key);
      if (found != start->network.parameters.end()) defaults[key] = std::stoi(found->second);
    }
  if (file.empty()) return {defaults, "learner", ""};
  YamlMap user = YamlMap::read(file);
  user.addMissing(defaults);
  return user;
}

std::string table(const RefinementRivals &rivals, const std::vector<Judged> &judged) {
  char line[160];
  std::string text;
  const auto row = [&](const std::string &name, const RefinerRun &r, const Judged *j) {
    if (r.finished)
      std::snprintf(line, sizeof line, "  %-32s %9.3g %11.4g %10lld", name.c_str(), r.error, r.cell_steps,
                    static_cast<long long>(r.remeshes));
    else
      std::snprintf(line, sizeof line, "  %-32s %9s %11s %10s", name.c_str(), "failed", "", "");
    text += line;
    if (j) {
      std::snprintf(line, sizeof line, " %18.3f %10.3f", std::exp(j->relative), std::exp(j->relative_cost));
      text += line;
    }
    text += "\n";
  };
  text =
      "  held-out part                        error  cell-steps  re-meshed  over thresholds': cell-steps  all costs\n";
  for (const auto &r : rivals.all())
    if (r.judged) row(r.name, r.held_out, nullptr);
  for (const Judged &j : judged) {
    char name[32];
    std::snprintf(name, sizeof name, "policy, trade-off %.6g", j.tradeoff);
    row(name, j.run, &j);
  }
  text.pop_back();
  return text;
}

void log(Csv &csv, const char *part, const char *method, const std::string &setting, std::int64_t steps,
         const RefinerRun &run) {
  csv.row().set("part", part).set("method", method).set("setting", setting).set("decisions", steps);
  csv.set("error", run.finished ? run.error : std::nan("")).set("cell_steps", run.cell_steps).set("cost", run.cost);
  csv.set("remeshes", run.remeshes);
}

}  // namespace

RefinerTrained trainRefiner(RefinerWorld &world, const RefinerTrainingOptions &options, const std::string &option) {
  int rank = 0;
  MPI_Comm_rank(world.comm(), &rank);
  const std::int64_t steps = std::max<std::int64_t>(
      1, std::llround(static_cast<double>(options.passes) * world.intervals() * world.components()));
  RefinementRivals rivals(world);
  std::unique_ptr<Policy> start;
  if (!options.start.empty()) start = std::make_unique<Policy>(loadPolicy(options.start, "refiner"));
  YamlMap keys = learnerKeys(options.config, steps, start.get());
  const std::string text = keys.text();
  auto environment = std::make_unique<WorldEnvironment>(world, rivals);
  WorldEnvironment &judge = *environment;
  GainLoss learner(std::move(keys), std::move(environment), options.seed);
  if (start) learner.loadWeights(start->network);

  ProgramTraining::Settings settings;
  settings.file = options.save;
  settings.what = "refiner training";
  settings.unit = "decisions";
  char more[256];
  std::snprintf(more, sizeof more, "passes: %lld\nheld_out: %g\nseed: %llu\ntradeoff: %g\nunit: %g\nremesh_cost: %g\n",
                static_cast<long long>(options.passes), options.held_out, static_cast<unsigned long long>(options.seed),
                world.costs().tradeoff, world.costs().unit, world.costs().remesh);
  settings.config = "# " + option + " in a program" + (options.start.empty() ? "" : ", from " + options.start) + "\n" +
                    more + "learner:\n" + text + "\n";
  settings.seed = options.seed;
  settings.steps = steps;
  settings.every = std::max<std::int64_t>(1, steps / kJudgements);
  settings.minutes = options.minutes;
  settings.comm = world.comm();
  std::vector<Judged> best;
  ProgramTraining training(settings, learner,
                           {"part", "method", "setting", "decisions", "error", "cell_steps", "cost", "remeshes",
                            "relative_cell_steps", "relative_cost"},
                           [&](Archive &a) {
                             a.group("rivals", [&] { rivals.archive(a); });
                             a.list("best", best, [](Archive &b, Judged &j) {
                               b("tradeoff", j.tradeoff);
                               b("relative", j.relative);
                               b("relative_cost", j.relative_cost);
                               b("error", j.run.error);
                               b("cell_steps", j.run.cell_steps);
                               b("cost", j.run.cost);
                               b("remeshes", j.run.remeshes);
                               b("finished", j.run.finished);
                             });
                           });

  {
    Progress progress("thresholds", static_cast<std::size_t>(rivals.left()), "runs",
                      [&](const std::string &line) { training.say("refiner training: " + line); });
    rivals.tune(world, [&](const RefinementRivals::Rival &r, bool held_out) {
      if (rank == 0)
        log(training.log(), held_out ? "held out" : "learned from", "thresholds", r.name, 0,
            held_out ? r.held_out : r.training);
      progress.step(r.name);
      training.pause();
    });
  }
  double least = training.wentOn() ? training.best() : HUGE_VAL;
  const bool learned = training.run([&] {
    const Evaluation e = learner.evaluate();
    if (e.score < least || best.empty()) {
      best = judge.judged();
      least = e.score;
    }
    for (const Judged &j : judge.judged()) {
      char setting[32];
      std::snprintf(setting, sizeof setting, "trade-off %.6g", j.tradeoff);
      if (rank != 0) continue;
      log(training.log(), "held out", "policy", setting, learner.steps(), j.run);
      training.log().set("relative_cell_steps", std::exp(j.relative)).set("relative_cost", std::exp(j.relative_cost));
    }
    return e;
  });
  training.say("PetRL: " + settings.what + ", at equal error, against the best of 20 thresholds:\n" +
               table(rivals, best));
  RefinerTrained trained;
  trained.learned = learned;
  const auto &rival = rivals.best(world);
  trained.thresholds = rival.rule;
  char verdict[512];
  if (learned)
    std::snprintf(verdict, sizeof verdict,
                  "PetRL: %s: learned: %.3g times the cell-steps of thresholds (geometric mean)", options.save.c_str(),
                  std::exp(training.best()));
  else
    std::snprintf(verdict, sizeof verdict,
                  "PetRL: %s: nothing learned: the best policy takes %.3g times the cell-steps of thresholds at equal "
                  "error; the file is not written. Best thresholds at this trade-off: %s",
                  options.save.c_str(), std::exp(training.best()), rival.name.c_str());
  training.say(verdict);
  return trained;
}

}  // namespace petrl
