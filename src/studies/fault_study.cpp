// Step controllers on faults: the paper's grid and other scenarios.
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/progress.hpp"
#include "problems/fault/environment.hpp"
#include "studies/fault_simulation.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

namespace {

struct Case {
  std::string name;
  fault::Scenario scenario;
};

struct Named {
  std::string name;
  fault::FaultController controller;
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
    const int count = random.integer("count", 30, 1, 100000);
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
    result.push_back({name, fault::faultController(yaml.get<std::string>(name))});
  }
  yaml.finish();
  return result;
}

void record(const std::string &scenario, const std::string &controller, int repeat, const fault::FaultRun &run,
            const fault::Yardstick &yardstick, Csv &csv) {
  csv.row().set("scenario", scenario).set("controller", controller).set("repeat", repeat);
  csv.set("finished", run.finished).set("steps", run.steps).set("failures", run.failures);
  csv.set("rejections", run.rejections).set("sub_steps", run.solves).set("nonlinear_iterations", run.iterations);
  csv.set("linear_iterations", run.linear).set("work", run.cost()).set("wall_s", run.wall);
  csv.set("final_slip_m", run.slip).set("slip_error_percent", 100 * yardstick.slipError(run));
  csv.set("history_error", yardstick.historyError(run)).set("peak_velocity_m_per_s", run.peak_velocity);
  csv.set("peak_time_s", run.peak_time);
  csv.set("peak_velocity_error_percent", 100 * std::fabs(run.peak_velocity / yardstick.reference.peak_velocity - 1));
}

}  // namespace

/// Keys: scenario (what all share) with sizes [m] and cells (per side), or random {count, seed, vary}, or scenarios (a
/// mapping from names); reference, baseline, controllers (a mapping from names to controllers, see
/// fault::faultController), repeats, repeat_seconds. runs.csv: a row for each scenario, controller and repeat, the
/// baseline's first; steps/<scenario>_<controller>.csv: the attempts of the first repeat.
void faultStudy(YamlMap yaml, const std::string &directory) {
  const std::vector<Case> cases = readCases(yaml);
  const auto reference = yaml.get<std::string>("reference", std::string("constant:h=0.05"));
  const auto baseline = yaml.get<std::string>("baseline", std::string("heuristic"));
  const int repeats = yaml.integer("repeats", 10, 1, 10000);
  const double repeat_seconds = yaml.number("repeat_seconds", 10, 0, 1e6);
  std::vector<Named> controllers = readControllers(yaml.map("controllers"));
  yaml.finish();
  const fault::FaultController reference_controller = fault::faultController(reference);
  controllers.insert(controllers.begin(), {baseline, fault::faultController(baseline)});
  makeFolders(directory + "/steps");

  Csv csv(directory + "/runs.csv",
          {"scenario", "controller", "repeat", "finished", "steps", "failures", "rejections", "sub_steps",
           "nonlinear_iterations", "linear_iterations", "work", "wall_s", "final_slip_m", "slip_error_percent",
           "history_error", "peak_velocity_m_per_s", "peak_time_s", "peak_velocity_error_percent"});
  Progress progress("fault", cases.size(), "scenarios");
  for (const auto &c : cases) {
    fault::Fault fault(PETSC_COMM_SELF, c.scenario);
    fault::Yardstick yardstick;
    yardstick.growth_time = fault.growthRate() > 0 ? 1 / fault.growthRate() : 1;
    yardstick.reference = fault::simulate(fault, reference_controller);
    progress.step(c.name);
    // A random fault may creep away without an event: nothing to measure there.
    if (c.scenario.allow_stable && yardstick.reference.peak_velocity < 0.1 * c.scenario.velocity_scale) continue;
    if (!yardstick.reference.finished)
      throw Error("scenario " + c.name + ": the reference " + reference + " ended with " + yardstick.reference.reason);
    writeSteps(yardstick.reference, directory + "/steps/" + c.name + "_reference.csv");
    // Repeats go round the controllers, so that a machine's bad minute hits all of them.
    double spent = 0;
    for (int repeat = 0; repeat < repeats && (repeat < 1 || spent < repeat_seconds); ++repeat) {
      for (const auto &k : controllers) {
        const fault::FaultRun run = fault::simulate(fault, k.controller);
        spent += run.wall;
        record(c.name, k.name, repeat, run, yardstick, csv);
        if (repeat == 0) writeSteps(run, directory + "/steps/" + c.name + "_" + k.name + ".csv");
      }
    }
    csv.append();
  }
}

}  // namespace petrl::studies
