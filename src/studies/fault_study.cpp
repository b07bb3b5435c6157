#include "studies/fault_study.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/commands.hpp"
#include "problems/fault/environment.hpp"

namespace petrl::cli {

namespace {

struct Case {
  std::string name;
  fault::Scenario scenario;
};

struct Named {
  std::string name, text;
  fault::FaultController controller;
};

// One scenario with one controller: numbers of the first run, wall times of all.
struct Result {
  std::string scenario, controller;
  fault::FaultRun run;
  std::vector<double> wall;
  double slip_error = 0, history_error = 0, peak_error = 0;
  double speed = 0, work = 0, accuracy = 0, proficiency = 0;  // baseline's over ours

  double medianWall() const {
    std::vector<double> w = wall;
    std::nth_element(w.begin(), w.begin() + static_cast<std::ptrdiff_t>(w.size() / 2), w.end());
    return w[w.size() / 2];
  }
  double spread() const {  // half the range between the quartiles (of less than four: all of it), over the median
    std::vector<double> w = wall;
    std::sort(w.begin(), w.end());
    const std::size_t cut = w.size() < 4 ? 0 : w.size() / 4;
    return (w[w.size() - 1 - cut] - w[cut]) / 2 / medianWall();
  }
};

std::vector<Case> readCases(YamlMap &yaml) {
  std::vector<Case> cases;
  if (yaml.has("scenarios")) {
    YamlMap all = yaml.map("scenarios");
    const YAML::Node node = YAML::Load(all.text());
    for (const auto &entry : node) {
      const auto name = entry.first.as<std::string>();
      cases.push_back({name, fault::readScenario(all.map(name))});
    }
    all.finish();
    return cases;
  }
  if (yaml.has("random")) {
    YamlMap random = yaml.map("random");
    const int count = static_cast<int>(random.number("count", 30, 1, 1e5));
    const auto seed = static_cast<std::uint64_t>(random.number("seed", 2000003, 1, 1e15));
    const fault::Variations variations = fault::readVariations(random.map("vary", false));
    random.finish();
    for (int i = 0; i < count; ++i)
      cases.push_back({"random-" + std::to_string(i),
                       fault::randomScenario(variations, (seed + static_cast<std::uint64_t>(i)) * 64)});
    return cases;
  }
  YAML::Node common = YAML::Load(yaml.map("scenario", false).text());
  const auto sizes = yaml.get<std::vector<double>>("sizes", {3000, 5000});
  const auto cells = yaml.get<std::vector<int>>("cells", {25, 50, 75, 100});
  for (const double size : sizes) {
    for (const int n : cells) {
      YAML::Node node = YAML::Clone(common);
      node["cells"] = std::vector<int>{n, n};
      node["size"] = std::vector<double>{size, size, size};
      char name[64];
      std::snprintf(name, sizeof name, "%gkm-%d", size / 1e3, n);
      cases.push_back({name, fault::readScenario(YamlMap(node, "scenario", name))});
    }
  }
  return cases;
}

std::vector<Named> readControllers(YamlMap yaml) {
  std::vector<Named> result;
  const YAML::Node node = YAML::Load(yaml.text());
  for (const auto &entry : node) {
    const auto name = entry.first.as<std::string>();
    const auto text = yaml.get<std::string>(name);
    result.push_back({name, text, fault::faultController(text)});
  }
  yaml.finish();
  return result;
}

double ratio(double theirs, double ours) {
  return ours > 0 ? theirs / ours : (theirs > 0 ? 1e6 : 1);
}

// Geometric and arithmetic means over the scenarios in which the run finished.
struct Mean {
  double log_sum = 0, sum = 0, largest = 0, smallest = 1e300;
  int n = 0;
  void add(double x) {
    log_sum += std::log(std::max(x, 1e-12));
    sum += x;
    largest = std::max(largest, x);
    smallest = std::min(smallest, x);
    ++n;
  }
  double geometric() const { return n ? std::exp(log_sum / n) : NAN; }
  double arithmetic() const { return n ? sum / n : NAN; }
};

void writeRuns(const std::string &directory, const std::vector<Result> &results) {
  std::ostringstream out;
  out.precision(9);
  out << "scenario,controller,finished,steps,failures,rejections,sub_steps,nonlinear_iterations,linear_iterations,work,"
         "repeats,wall_median_s,wall_relative_spread,final_slip_m,slip_error_percent,history_error,peak_velocity_m_per_"
         "s,"
         "peak_time_s,peak_velocity_error_percent,speed_ratio,work_ratio,accuracy_ratio,proficiency\n";
  for (const auto &r : results) {
    out << r.scenario << "," << r.controller << "," << r.run.finished << "," << r.run.steps << "," << r.run.failures
        << "," << r.run.rejections << "," << r.run.solves << "," << r.run.iterations << "," << r.run.linear << ","
        << r.run.cost() << "," << r.wall.size() << "," << r.medianWall() << "," << r.spread() << "," << r.run.slip
        << "," << 100 * r.slip_error << "," << r.history_error << "," << r.run.peak_velocity << "," << r.run.peak_time
        << "," << 100 * r.peak_error << "," << r.speed << "," << r.work << "," << r.accuracy << "," << r.proficiency
        << "\n";
  }
  writeWhole(directory + "/runs.csv", out.str());
}

void summarise(const std::string &directory, const std::vector<Result> &results, const std::vector<Named> &controllers,
               const std::string &baseline) {
  std::ostringstream out;
  out << "controller,scenarios,not_finished,failed_solves,speed_mean,speed_geometric_mean,speed_min,work_geometric_"
         "mean,"
         "slip_error_percent_mean,slip_error_percent_max,accuracy_mean,accuracy_geometric_mean,proficiency_mean,"
         "proficiency_geometric_mean,history_error_mean,peak_velocity_error_percent_mean\n";
  std::printf(
      "\nRatios are %s's over the controller's (above 1: better), geometric means over scenarios.\n"
      "%-22s %8s %7s %7s %7s %10s %10s %9s %11s %9s %7s\n",
      baseline.c_str(), "controller", "finished", "failed", "speed", "work", "slip err %", "worst %", "accuracy",
      "proficiency", "history", "peak %");
  for (const auto &c : controllers) {
    Mean speed, work, slip, accuracy, proficiency, history, peak;
    long scenarios = 0, unfinished = 0, failures = 0;
    for (const auto &r : results) {
      if (r.controller != c.name) continue;
      ++scenarios;
      failures += r.run.failures;
      if (!r.run.finished) {
        ++unfinished;
        continue;
      }
      speed.add(r.speed), work.add(r.work), slip.add(100 * r.slip_error), accuracy.add(r.accuracy);
      proficiency.add(r.proficiency), history.add(r.history_error), peak.add(100 * r.peak_error);
    }
    std::printf("%-22s %5ld/%-2ld %7ld %7.2f %7.2f %10.3f %10.3f %9.2f %11.2f %9.3f %7.2f\n", c.name.c_str(),
                scenarios - unfinished, scenarios, failures, speed.geometric(), work.geometric(), slip.arithmetic(),
                slip.largest, accuracy.geometric(), proficiency.geometric(), history.arithmetic(), peak.arithmetic());
    out << c.name << "," << scenarios << "," << unfinished << "," << failures << "," << speed.arithmetic() << ","
        << speed.geometric() << "," << speed.smallest << "," << work.geometric() << "," << slip.arithmetic() << ","
        << slip.largest << "," << accuracy.arithmetic() << "," << accuracy.geometric() << ","
        << proficiency.arithmetic() << "," << proficiency.geometric() << "," << history.arithmetic() << ","
        << peak.arithmetic() << "\n";
  }
  writeWhole(directory + "/summary.csv", out.str());
}

}  // namespace

void faultStudy(YamlMap yaml, const std::string &directory) {
  const std::vector<Case> cases = readCases(yaml);
  const auto reference = yaml.get<std::string>("reference", std::string("constant:h=0.05"));
  const auto baseline = yaml.get<std::string>("baseline", std::string("heuristic"));
  const int repeats = static_cast<int>(yaml.number("repeats", 10, 1, 10000));
  const double repeat_seconds = yaml.number("repeat_seconds", 10, 0, 1e6);
  std::vector<Named> controllers = readControllers(yaml.map("controllers"));
  yaml.finish();
  const fault::FaultController reference_controller = fault::faultController(reference);
  controllers.insert(controllers.begin(), {baseline, baseline, fault::faultController(baseline)});
  makeFolders(directory + "/steps");

  std::vector<Result> results;
  for (const auto &c : cases) {
    fault::Fault fault(PETSC_COMM_SELF, c.scenario);
    fault::Yardstick yardstick;
    yardstick.growth_time = fault.growthRate() > 0 ? 1 / fault.growthRate() : 1;
    yardstick.reference = fault::simulate(fault, reference_controller);
    // A random fault may creep away without an event: nothing to measure there.
    if (c.scenario.allow_stable && yardstick.reference.peak_velocity < 0.1 * c.scenario.velocity_scale) continue;
    if (!yardstick.reference.finished)
      throw Error("scenario " + c.name + ": the reference " + reference + " ended with " + yardstick.reference.reason);
    writeWhole(directory + "/steps/" + c.name + "_reference.csv", stepsCsv(yardstick.reference));
    const std::size_t first = results.size();
    for (const auto &k : controllers) results.push_back({c.name, k.name, {}, {}, 0, 0, 0, 0, 0, 0, 0});
    // Repeats go round the controllers, so that a machine's bad minute hits all of them.
    double spent = 0;
    for (int repeat = 0; repeat < repeats && (repeat < 1 || spent < repeat_seconds); ++repeat) {
      for (std::size_t k = 0; k < controllers.size(); ++k) {
        Result &r = results[first + k];
        fault::FaultRun run = fault::simulate(fault, controllers[k].controller);
        r.wall.push_back(run.wall);
        spent += run.wall;
        if (repeat == 0) r.run = std::move(run);
      }
    }
    for (std::size_t k = 0; k < controllers.size(); ++k) {
      Result &r = results[first + k];
      const Result &b = results[first];
      r.slip_error = yardstick.slipError(r.run);
      r.history_error = yardstick.historyError(r.run);
      r.peak_error = std::fabs(r.run.peak_velocity / yardstick.reference.peak_velocity - 1);
      r.speed = ratio(b.medianWall(), r.medianWall());
      r.work = ratio(b.run.cost(), r.run.cost());
      r.accuracy = ratio(b.slip_error, r.slip_error);
      r.proficiency = r.speed * r.accuracy;
      writeWhole(directory + "/steps/" + c.name + "_" + r.controller + ".csv", stepsCsv(r.run));
      std::printf("%-14s %-22s %s %3ld steps %2ld failed, %8.4f s (x %.2f), slip error %7.3f %% (x %.2f)\n",
                  c.name.c_str(), r.controller.c_str(), r.run.finished ? "ok " : "N/A", r.run.steps, r.run.failures,
                  r.medianWall(), r.speed, 100 * r.slip_error, r.accuracy);
      std::fflush(stdout);
    }
    writeRuns(directory, results);
  }
  summarise(directory, results, controllers, baseline);
}

}  // namespace petrl::cli
