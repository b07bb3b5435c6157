// What step controllers could reach: for every case the best decisions in hindsight beside what controllers reach.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>

#include "base/error.hpp"
#include "learn/step/hindsight.hpp"
#include "learn/step/trajectory.hpp"
#include "studies/ode_study.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

namespace {

constexpr char kRules[] = "rl:classical";
constexpr double kUnfinished = 100;           // price of a run that did not get to the end
constexpr double kWindow = 3;                 // errors beyond this factor on those of the rules: no gain; not allowed
constexpr double kMeaningless = 0.1;          // a run that is 10 % off has missed something: no yardstick
constexpr double kResolved = 5;               // errors of the rules must be that many times those of the reference
constexpr double kJitter = 0.02;              // of steps, for what chance alone gives
constexpr long kMoreSteps = 2;                // of a tried run, over those of the rules
constexpr double kTighter[] = {0.03, 0.003};  // of the two references, over the tightest tolerance

bool implicitMethod(const std::string &name) {
  const auto &all = ode::methods();
  return std::any_of(all.begin(), all.end(), [&](const ode::Method &m) { return m.name == name && m.implicit; });
}

// A reference, and how far from it another one is that is ten times less tight: what interpolation costs is in there.
struct Path {
  std::unique_ptr<Trajectory> trajectory;
  double mean = 1, end = 1;  // its accuracy
};

Path referencePath(ode::Case c, double tight, long max_steps) {
  const auto &own = c.problem->methods;
  const bool implicit = std::any_of(own.begin(), own.end(), implicitMethod);
  c.method = c.problem->stiff || (implicit && std::none_of(own.begin(), own.end(),
                                                           [](const std::string &m) { return !implicitMethod(m); }))
                 ? "rosw-ra34pw2"
                 : "rk5dp";
  Path path;
  c.rtol = std::max(kTighter[1] * tight, 1e-13);
  path.trajectory = std::make_unique<Trajectory>(c, ode::controller("basic"), max_steps);
  if (!path.trajectory->finished()) return path;
  c.rtol = std::max(kTighter[0] * tight, 1e-12);
  const RunBeside other = runBeside(c, ode::controller("basic"), max_steps, *path.trajectory);
  path.mean = other.mean;
  path.end = other.end;
  return path;
}

// The price of a run, 0: the rules'. Cost, and the error at the exchange rate of the method's order. Neither the error
// all along nor that at the end may be good by chance: the worse of the two counts (against the rules' own mean where
// their end was the lucky one), and far below the rules' it counts no further.
class Yardstick {
 public:
  Yardstick(RunBeside rules, const StepPrices &prices) : rules_(std::move(rules)), prices_(prices) {
    end_ = std::max(rules_.end, rules_.mean);
  }
  double cost(const RunBeside &r) const { return prices_.of(r.run.functions, r.run.jacobians, r.run.linear); }
  double ratio(const RunBeside &r) const { return std::max(r.mean / rules_.mean, r.end / end_); }
  double score(const RunBeside &r) const {
    if (!r.run.finished || !std::isfinite(ratio(r))) return std::numeric_limits<double>::quiet_NaN();
    return std::log(cost(r) / cost(rules_)) + std::log(std::max(ratio(r), 1 / kWindow)) / rules_.order;
  }
  // What the search sees: as above, and more errors than the window has are none that it may choose.
  double price(const RunBeside &r) const {
    const double s = score(r);
    if (!std::isfinite(s)) return kUnfinished;
    return ratio(r) > kWindow ? kUnfinished / 2 + std::log(ratio(r)) : s;
  }
  const RunBeside &rules() const { return rules_; }

 private:
  RunBeside rules_;
  StepPrices prices_;
  double end_;
};

// The ends of `pieces` pieces that have as many steps each.
std::vector<double> pieceEnds(const std::vector<double> &times, std::size_t pieces) {
  std::vector<double> ends;
  for (std::size_t i = 1; i <= pieces; ++i) ends.push_back(times[(times.size() * i + pieces - 1) / pieces - 1]);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

// Of a case whatever else is run.
std::uint64_t seedOf(std::uint64_t seed, const ode::Case &c, int instance) {
  const std::string name = std::to_string(seed) + c.problem->name + std::to_string(instance) + c.method +
                           std::to_string(std::lround(1e3 * std::log(c.rtol)));
  std::seed_seq mixed(name.begin(), name.end());
  std::uint32_t words[2];
  mixed.generate(words, words + 2);
  return (static_cast<std::uint64_t>(words[0]) << 32) + words[1];
}

struct Found {
  RunBeside run;
  double price;
};

class Search {
 public:
  Search(ode::Case &c, const Yardstick &yardstick, const Trajectory &reference, std::size_t pieces)
      : c_(c),
        yardstick_(yardstick),
        reference_(reference),
        controller_(implicitMethod(c.method) ? "step accept tolerance jacobian order" : "step accept"),
        best_{yardstick.rules(), 0},
        schedule_(Schedule::still(pieceEnds(yardstick.rules().times, pieces), controller_.actions())) {}

  // The best of `tries` more schedules, from the best one so far on, in which the first `actions` may differ from it.
  const Found &better(std::size_t actions, int tries, std::uint64_t seed) {
    searchSchedule(
        schedule_, best_.price, [&](const Schedule &s) { return run(s, best_); }, actions, tries, seed);
    return best_;
  }
  std::size_t actions() const { return controller_.actions(); }

  // Runs whose steps differ by chance from those of a schedule.
  struct Jittered {
    Found best;
    double mean;  // score: what the schedule is worth if it is not met to the last digit
  };
  Jittered jitter(const Schedule &schedule, int tries, std::uint64_t seed) {
    std::mt19937_64 rng(seed);
    Jittered out{{yardstick_.rules(), 0}, 0};
    const double size = std::log1p(kJitter) / std::log(ScheduledController::kFarthest);
    int counted = 0;
    for (int i = 0; i < tries; ++i) {
      Schedule near = schedule;
      for (auto &action : near.action) {
        const double by = size * (2 * static_cast<double>(rng() >> 11) * 0x1.0p-53 - 1);
        action[0] = std::clamp(action[0] + static_cast<float>(by), -1.f, 1.f);
      }
      double score = 0;
      run(near, out.best, &score);
      if (std::isfinite(score)) out.mean += score, ++counted;
    }
    out.mean = counted > 0 ? out.mean / counted : std::numeric_limits<double>::quiet_NaN();
    return out;
  }
  const Schedule &schedule() const { return schedule_; }

 private:
  double run(const Schedule &schedule, Found &found, double *score = nullptr) {
    const long most = kMoreSteps * yardstick_.rules().run.steps + 100;
    RunBeside r = runBeside(c_, controller_.follow(schedule), most, reference_);
    const double price = yardstick_.price(r);
    if (score) *score = yardstick_.score(r);
    if (price < found.price) found = {std::move(r), price};
    return price;
  }

  ode::Case &c_;
  const Yardstick &yardstick_;
  const Trajectory &reference_;
  ScheduledController controller_;
  Found best_;
  Schedule schedule_;
};

}  // namespace

/// Keys: those of OdeCases; decades (tolerances so many powers of ten below each problem's loosest, unless they are
/// given otherwise); methods (those of them that a problem has; default: all of its own); controllers (see
/// ode::controller) that stand beside the rules; tries (so many runs for each search), pieces (of time), jittered (runs
/// for what chance gives), prices ([function, Jacobian, linear iteration]).
/// runs.csv: a row for each problem, instance, method, tolerance and controller. Beside those named:
///   rl:classical     the rules, the yardstick
///   hindsight-step   the best schedule found of the step alone (implicit methods; of explicit ones hindsight is that)
///   hindsight        of step, tolerance and Jacobians, from there on
///   bound            the best of all these: what decisions can reach is at least this
///   chance           the best of runs whose steps are those of the rules but for 2 % at random
///   rules-jittered, hindsight-jittered   mean score of such runs, around the rules and around the best schedule: what
///                    is left of both without luck (no other columns)
/// score: log(cost over the rules') + log(error over theirs) / order, where the error is the worse one of mean and end;
/// nan of a run that did not finish.
void boundStudy(YamlMap yaml, const std::string &directory) {
  const OdeCases cases(yaml);
  const auto wanted = yaml.get<std::vector<std::string>>("methods", {});
  for (const auto &name : wanted) {
    const auto &all = ode::methods();
    if (std::none_of(all.begin(), all.end(), [&name](const ode::Method &m) { return m.name == name; }))
      yaml.fail("methods", "unknown method '" + name + "'");
  }
  const auto controllers = yaml.get<std::vector<std::string>>("controllers", {"rl"});
  const int tries = yaml.integer("tries", 300, 1, 1000000), jittered = yaml.integer("jittered", 20, 0, 1000000);
  const auto pieces = static_cast<std::size_t>(yaml.integer("pieces", 32, 1, 10000));
  const bool given = yaml.has("rtols") || yaml.has("tolerances");
  const auto decades = given ? std::vector<double>() : positiveNumbers(yaml, "decades", {0.5, 1.5, 2.5});
  const auto p = yaml.has("prices") ? positiveNumbers(yaml, "prices", {}) : std::vector<double>{1, 3, 1};
  if (p.size() != 3) yaml.fail("prices", "expected three numbers: a right-hand side, a Jacobian, a linear iteration");
  const StepPrices prices{p[0], p[1], p[2]};
  yaml.finish();
  std::vector<ode::Controller> configure;
  for (const auto &name : controllers) configure.push_back(ode::controller(name));

  Csv csv(directory + "/runs.csv",
          {"kind", "problem", "instance", "method", "controller", "rtol", "score", "cost", "mean_error", "end_error",
           "steps", "rejected", "failed", "finished", "functions", "jacobians", "linear", "wall_s"});
  std::size_t searched = 0;
  cases.forEachInstance([&](ode::Case c, int instance) {
    auto rtols = given ? cases.rtols(*c.problem) : decades;
    if (!given)
      for (double &x : rtols) x = c.problem->tolerances.first * std::pow(10, -x);
    const Path path = referencePath(c, *std::min_element(rtols.begin(), rtols.end()), cases.maxSteps());
    if (!path.trajectory->finished()) {
      std::fprintf(stderr, "%s instance %d: no reference\n", c.problem->name.c_str(), instance);
      return;
    }
    for (const auto &method : c.problem->methods) {
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), method) == wanted.end()) continue;
      for (const double rtol : rtols) {
        c.method = method;
        c.rtol = rtol;
        RunBeside rules = runBeside(c, ode::controller(kRules), cases.maxSteps(), *path.trajectory);
        const bool meaningless = !(std::max(rules.mean, rules.end) < kMeaningless);  // infinite: did not finish
        if (meaningless || rules.mean < kResolved * path.mean ||
            std::max(rules.end, rules.mean) < kResolved * path.end) {
          std::fprintf(stderr,
                       "%s instance %d, %s at %g: left out, errors of the rules are %g (mean) and %g, the reference's "
                       "%g and %g\n",
                       c.problem->name.c_str(), instance, method.c_str(), rtol, rules.mean, rules.end, path.mean,
                       path.end);
          continue;
        }
        const Yardstick yardstick(std::move(rules), prices);
        const auto head = [&](const std::string &name, double score) {
          csv.row().set("kind", kindOf(*c.problem)).set("problem", c.problem->name).set("instance", instance);
          csv.set("method", method).set("controller", name).set("rtol", rtol).set("score", score);
        };
        const auto row = [&](const std::string &name, const RunBeside &r) {
          head(name, yardstick.score(r));
          csv.set("cost", yardstick.cost(r)).set("mean_error", r.mean).set("end_error", r.end);
          csv.set("steps", r.run.steps).set("rejected", r.run.rejected);
          csv.set("failed", r.run.failed).set("finished", r.run.finished).set("functions", r.run.functions);
          csv.set("jacobians", r.run.jacobians).set("linear", r.run.linear).set("wall_s", r.run.wall);
        };
        row(kRules, yardstick.rules());
        Found bound{yardstick.rules(), 0};
        for (std::size_t i = 0; i < controllers.size(); ++i) {
          RunBeside r = runBeside(c, configure[i], cases.maxSteps(), *path.trajectory);
          row(shownController(controllers[i]), r);
          const double price = yardstick.price(r);
          if (price < bound.price) bound = {std::move(r), price};
        }
        Search search(c, yardstick, *path.trajectory, pieces);
        const std::uint64_t seed = seedOf(cases.seed(), c, instance);
        ++searched;
        const auto disturbed = [&](const char *chance, const char *mean) {
          if (jittered == 0) return;
          const auto found = search.jitter(search.schedule(), jittered, seed);
          if (chance) row(chance, found.best.run);
          head(mean, found.mean);
        };
        disturbed("chance", "rules-jittered");
        if (search.actions() > 1) row("hindsight-step", search.better(1, tries, seed).run);
        const Found &found = search.better(search.actions(), tries, seed + 1);
        row("hindsight", found.run);
        disturbed(nullptr, "hindsight-jittered");
        if (found.price < bound.price) bound = found;
        row("bound", bound.run);
      }
    }
    csv.append();
  });
  if (searched == 0) throw Error("bound: no case whose errors the rules and the reference resolve");
}

}  // namespace petrl::studies
