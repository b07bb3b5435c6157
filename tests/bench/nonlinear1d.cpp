// The one-dimensional benchmark without learning: classical methods and what linear interpolation can reach.
//
//   bench_nonlinear1d data FILE            makes the data set (2048 + 128 + 128 trajectories), or reads it
//   bench_nonlinear1d table FILE [REPEATS] CSV: error of each method on the test trajectories and its cost
//   bench_nonlinear1d steps                CSV: cost of a bundle of WENO5 against cells, method, precision, output
//
// Everything that can be tuned is tuned on training trajectories. Costs are medians over the trajectories of the best
// of the repeats; the methods take turns within a repeat.
#include <petrl.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "problems/nonlinear1d/rivals.hpp"
#include "support/floor.hpp"

using namespace petrl;
using namespace petrl::nonlinear1d;

namespace {

constexpr int kTuning = 128;  // training trajectories that settings are chosen by
constexpr int kWanted[] = {25, 38, 50, 53, 64, 100};

void say(const std::string &line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

struct Method {
  std::string name, settings;
  int points;
  std::function<RivalResult(const Nonlinear1DSet &, int)> run;
  std::vector<RivalResult> results;
};

double meanOf(const Method &method, const Nonlinear1DSet &set, int trajectories, double RivalResult::*what) {
  double sum = 0;
  for (int t = 0; t < trajectories; ++t) sum += method.run(set, t).*what / trajectories;
  return std::isfinite(sum) ? sum : HUGE_VAL;
}

std::string printed(const char *format, double a, double b = 0, double c = 0) {
  char text[160];
  std::snprintf(text, sizeof text, format, a, b, c);
  return text;
}

Method uniform(const std::string &name, const UniformOptions &options) {
  const auto rival = std::make_shared<UniformRival>(options);
  const FastOptions &fast = options.fast;
  Method method{name, "", options.n, [rival](const Nonlinear1DSet &set, int t) { return rival->run(set, t); }, {}};
  method.settings = std::string(fast.stepper == Stepper::rk4 ? "rk4" : "ssprk3") +
                    (fast.every_level ? " every level" : "") + (options.single ? " single" : "") +
                    printed(" safety %.2g start %.0f finish %.0f", fast.safety, options.start, options.finish);
  return method;
}

// The most accurate setting on training trajectories; among those within 2 %, the one with the longest step.
UniformOptions tuned(int n, const Nonlinear1DSet &train, double RivalResult::*what) {
  UniformOptions best;
  double least = HUGE_VAL;
  for (const int start : {0, 1, 3, 5}) {
    for (const int finish : {1, 3, 5}) {
      UniformOptions options;
      options.n = n, options.start = start, options.finish = finish;
      options.fast.safety = .5;
      const double error = meanOf(uniform("", options), train, kTuning, what);
      if (error < least) least = error, best = options;
    }
  }
  UniformOptions longest = best;
  double quickest = HUGE_VAL;
  least *= 1.02;
  for (const Stepper stepper : {Stepper::ssprk3, Stepper::rk4}) {
    for (const double safety : {.4, .55, .7, .85, 1., 1.15}) {
      UniformOptions options = best;
      options.single = true;
      options.fast.stepper = stepper, options.fast.safety = safety;
      const double cost = (stepper == Stepper::rk4 ? 4 / 1.73 : 3 / 1.43) / safety;
      if (cost < quickest && meanOf(uniform("", options), train, kTuning, what) < least)
        quickest = cost, longest = options;
    }
  }
  return longest;
}

// The threshold with which a method has so many cells on average over the given trajectories (training ones), by
// bisection. Returns the options with it.
AdaptiveOptions tuneThreshold(AdaptiveOptions options, double cells, const Nonlinear1DSet &set, int trajectories) {
  double low = 1e-4, high = 10;
  for (int i = 0; i < 14; ++i) {
    options.threshold = std::sqrt(low * high);
    double mean = 0;
    for (int t = 0; t < trajectories; ++t) mean += adaptiveRival(options, set, t, false).cells / trajectories;
    (mean > cells ? low : high) = options.threshold;
  }
  return options;
}

// The best family of meshes of so many cells on training trajectories.
Method adaptive(const std::string &name, int cells, const Nonlinear1DSet &train, double RivalResult::*what) {
  AdaptiveOptions best;
  double least = HUGE_VAL;
  // Finest cells between .08 (the ground truth's) and .33 wide.
  constexpr std::pair<int, int> kMeshes[] = {{6, 4},  {6, 5},  {8, 3},  {8, 4},  {12, 2}, {12, 3}, {12, 4},
                                             {16, 2}, {16, 3}, {25, 1}, {25, 2}, {25, 3}, {50, 1}, {50, 2}};
  for (const auto &[base, levels] : kMeshes) {
    if (base > cells) continue;
    for (const Indicator indicator : {Indicator::gradient, Indicator::curvature}) {
      for (const double reach : {0., .5, 1.}) {
        AdaptiveOptions options;
        options.base = base, options.max_level = levels, options.indicator = indicator, options.reach = reach;
        options = tuneThreshold(options, cells, train, 16);
        double error = 0, mean = 0;
        for (int t = 0; t < kTuning / 2; ++t) {
          const RivalResult r = adaptiveRival(options, train, t);
          error += r.*what / (kTuning / 2), mean += r.cells / (kTuning / 2);
        }
        if (std::fabs(mean - cells) > .08 * cells) continue;  // no threshold gives so many
        if (error < least) least = error, best = options;
      }
    }
  }
  best = tuneThreshold(best, cells, train, kTuning);
  // The longest step that costs no accuracy.
  const auto error = [&](const AdaptiveOptions &options) {
    double sum = 0;
    for (int t = 0; t < kTuning; ++t) sum += adaptiveRival(options, train, t).*what;
    return std::isfinite(sum) ? sum : HUGE_VAL;
  };
  best.safety = .5;
  const double reference = error(best);
  for (const double safety : {.7, .9, 1.1, 1.3}) {
    AdaptiveOptions longer = best;
    longer.safety = safety;
    if (error(longer) < 1.02 * reference) best = longer;
  }
  Method method{name, "", cells, {}, {}};
  method.run = [best](const Nonlinear1DSet &set, int t) { return adaptiveRival(best, set, t); };
  method.settings = printed("base %.0f levels %.0f threshold %.3g", best.base, best.max_level, best.threshold) +
                    (best.indicator == Indicator::gradient ? " gradient" : " curvature") +
                    printed(" reach %.2g safety %.2g", best.reach, best.safety);
  return method;
}

void row(const std::string &method, double points, const std::string &evaluation, std::vector<double> errors,
         double microseconds, const std::string &settings) {
  std::sort(errors.begin(), errors.end());
  const auto n = static_cast<double>(errors.size());
  double mean = 0, square = 0;
  for (const double e : errors) mean += e / n;
  for (const double e : errors) square += (e - mean) * (e - mean) / (n - 1);
  std::printf("%s,%.1f,%s,%.5g,%.5g,%.5g,%.5g,", method.c_str(), points, evaluation.c_str(), mean,
              errors[errors.size() / 2], std::sqrt(square), errors.back());
  if (microseconds > 0) std::printf("%.2f", microseconds);
  std::printf(",%s\n", settings.c_str());
  std::fflush(stdout);
}

void floors(const Nonlinear1DSet &test) {
  const int bundles = (kLevels - kFirstLevel) / kBundle;
  std::vector<std::vector<double>> best(kPoints + 1), uniform_best(kPoints + 1);
  for (int t = 0; t < test.size(); ++t) {
    std::vector<double> sum(kPoints + 1);
    for (int b = 0; b < bundles; ++b) {
      const std::vector<double> one = bestChain(kBundle, test.at(t, kFirstLevel + b * kBundle));
      for (std::size_t n = 2; n < sum.size(); ++n) sum[n] += one[n];
    }
    for (std::size_t n = 2; n < sum.size(); ++n) best[n].push_back(sum[n]);
    for (const int n : {25, 50, 100}) {
      double error = 0;
      for (int b = 0; b < bundles; ++b) error += uniformFloor(kBundle, test.at(t, kFirstLevel + b * kBundle), n);
      uniform_best[static_cast<std::size_t>(n)].push_back(error);
    }
  }
  for (const int n : {20, 25, 26, 30, 38, 45, 50, 51, 53, 64, 75, 83, 100})
    row("labels at the best vertices", n, "linear", best[static_cast<std::size_t>(n)], 0, "chain; new for each bundle");
  for (const int n : {25, 50, 100}) {
    row("labels at uniform vertices", n, "linear", uniform_best[static_cast<std::size_t>(n)], 0,
        "periodic; best of the shifts for each bundle");
  }
}

void table(const Nonlinear1DDataset &data, int repeats) {
  const Nonlinear1DSet &train = data.train(), &test = data.test();
  std::printf("method,points,evaluation,error mean,error median,error deviation,error worst,us per bundle,settings\n");
  floors(test);
  std::vector<Method> methods;
  for (const int n : kWanted) {
    say("tuning for " + std::to_string(n) + " points");
    UniformOptions plain;
    plain.n = n, plain.start = 0, plain.finish = 1;
    plain.fast.every_level = true, plain.fast.safety = .5, plain.fast.means = false;
    methods.push_back(uniform("WENO5 as published", plain));
    methods.push_back(uniform("WENO5 tuned for linear", tuned(n, train, &RivalResult::error)));
    methods.push_back(uniform("WENO5 tuned", tuned(n, train, &RivalResult::consistent)));
    methods.push_back(adaptive("adaptive volumes tuned for linear", n, train, &RivalResult::error));
    methods.push_back(adaptive("adaptive volumes tuned", n, train, &RivalResult::consistent));
  }
  for (Method &method : methods) method.results.resize(test.cases.size());
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (int t = 0; t < test.size(); ++t) {
      for (Method &method : methods) {
        const RivalResult found = method.run(test, t);
        RivalResult &kept = method.results[static_cast<std::size_t>(t)];
        const double seconds = repeat == 0 ? found.seconds : std::min(kept.seconds, found.seconds);
        kept = found;
        kept.seconds = seconds;
      }
    }
  }
  for (const Method &method : methods) {
    std::vector<double> linear, consistent, seconds;
    double cells = 0;
    for (const RivalResult &r : method.results) {
      linear.push_back(r.error), consistent.push_back(r.consistent), seconds.push_back(r.seconds);
      cells += r.cells / test.size();
    }
    std::sort(seconds.begin(), seconds.end());
    const double cost = seconds[seconds.size() / 2] * 1e6;
    row(method.name, cells, "linear", linear, cost, method.settings);
    row(method.name, cells, "consistent", consistent, cost, method.settings);
  }
}

// One bundle, mean over 32 cases of the best of the repeats.
template <typename T>
void stepRow(int n, const FastOptions &options) {
  constexpr int kCases = 32, kTimed = 7;
  std::vector<double> best(kCases, HUGE_VAL);
  long evaluations = 0, steps = 0;
  std::vector<T> u(static_cast<std::size_t>(n)), out(u.size() * kBundle);
  for (int repeat = 0; repeat < 25; ++repeat) {
    evaluations = steps = 0;
    for (int c = 0; c < kCases; ++c) {
      const Nonlinear1DCase pde = drawCase(0, c, Split::train);
      Forcing<T>(pde, n, true).evaluate(0, u.data());
      FastWeno<T> solver(pde, n, options);
      solver.start(0, u.data());
      for (int b = 0; b < 2; ++b) solver.advance(kBundle, out.data());
      const long e = solver.evaluations(), s = solver.steps();
      const auto begin = std::chrono::steady_clock::now();
      for (int b = 0; b < kTimed; ++b) solver.advance(kBundle, out.data());
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      best[static_cast<std::size_t>(c)] = std::min(best[static_cast<std::size_t>(c)], seconds / kTimed);
      evaluations += solver.evaluations() - e, steps += solver.steps() - s;
    }
  }
  const double bundles = kCases * kTimed, mean = std::accumulate(best.begin(), best.end(), 0.) / kCases;
  std::printf("%d,%s,%s,%s,%.1f,%.1f,%.2f\n", n, options.stepper == Stepper::rk4 ? "rk4" : "ssprk3",
              sizeof(T) == 8 ? "double" : "single", options.every_level ? "every level" : "bundle",
              static_cast<double>(steps) / bundles, static_cast<double>(evaluations) / bundles, mean * 1e6);
}

void steps() {
  std::printf("points,method,precision,steps end on,steps per bundle,evaluations per bundle,us per bundle\n");
  for (const int n : {25, 50, 100, 200}) {
    for (const Stepper stepper : {Stepper::ssprk3, Stepper::rk4}) {
      for (const bool every : {true, false}) {
        stepRow<double>(n, {stepper, 1, every, true});
        stepRow<float>(n, {stepper, 1, every, true});
      }
    }
  }
}

int run(int argc, char **argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "steps") {
    steps();
    return 0;
  }
  if (argc < 3 || (command != "data" && command != "table"))
    throw Error("usage: bench_nonlinear1d steps, or data FILE, or table FILE [REPEATS]");
  const auto data = Nonlinear1DDataset::cached({}, argv[2], PETSC_COMM_WORLD, say);
  if (command == "table") table(data, argc > 3 ? std::max(1, std::atoi(argv[3])) : 5);
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  PetscCall(PetscInitialize(&argc, &argv, nullptr, nullptr));
  PetRLCallCXX(run(argc, argv));
  return PetscFinalize();
}
