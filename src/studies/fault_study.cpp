// Faults: step controllers on many scenarios, and one simulation with all its attempts and fields.
#include <petscdmda.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/progress.hpp"
#include "integrate/bathe.hpp"
#include "problems/fault/environment.hpp"
#include "problems/fault/run.hpp"
#include "studies/field_file.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

namespace {

// The whole vector in natural order on the first rank, nothing elsewhere.
std::vector<float> gather(DM grid, Vec cells) {
  Vec x, all;
  VecScatter scatter;
  const PetscScalar *values;
  PetscInt n;
  PetRLThrow(DMDACreateNaturalVector(grid, &x));
  PetRLThrow(DMDAGlobalToNaturalBegin(grid, cells, INSERT_VALUES, x));
  PetRLThrow(DMDAGlobalToNaturalEnd(grid, cells, INSERT_VALUES, x));
  PetRLThrow(VecScatterCreateToZero(x, &scatter, &all));
  PetRLThrow(VecScatterBegin(scatter, x, all, INSERT_VALUES, SCATTER_FORWARD));
  PetRLThrow(VecScatterEnd(scatter, x, all, INSERT_VALUES, SCATTER_FORWARD));
  PetRLThrow(VecGetLocalSize(all, &n));
  PetRLThrow(VecGetArrayRead(all, &values));
  std::vector<float> result(values, values + n);
  PetRLThrow(VecRestoreArrayRead(all, &values));
  PetRLThrow(VecScatterDestroy(&scatter));
  PetRLThrow(VecDestroy(&all));
  PetRLThrow(VecDestroy(&x));
  return result;
}

// Cubic Hermite interpolation between (x0, rate0) and (x1, rate1) at the share y of a step of length h.
std::vector<float> hermite(Vec x0, Vec rate0, Vec x1, Vec rate1, double h, double y) {
  const double z = 1 - y;
  const PetscScalar weights[4] = {z * z * (1 + 2 * y), h * y * z * z, y * y * (1 + 2 * z), -h * y * y * z};
  Vec terms[4] = {x0, rate0, x1, rate1}, sum;
  DM grid;
  PetRLThrow(VecGetDM(x0, &grid));
  PetRLThrow(VecDuplicate(x0, &sum));
  PetRLThrow(VecSet(sum, 0));
  PetRLThrow(VecMAXPY(sum, 4, weights, terms));
  std::vector<float> result = gather(grid, sum);
  PetRLThrow(VecDestroy(&sum));
  return result;
}

// Collects velocity, displacement and history variable at chosen times. Collective.
class Snapshots {
 public:
  explicit Snapshots(std::vector<double> times) : times_(std::move(times)) {}

  /// To be called after each step; interpolates within it (cubic Hermite) at the times that it covers.
  void observe(fault::Fault &fault) {
    const Bathe &b = bathe(fault.ts());
    const double start = b.latest.t, h = b.latest.h;
    while (taken_.size() < times_.size() && times_[taken_.size()] <= start + h * (1 + 1e-12)) {
      const double time = times_[taken_.size()], y = std::clamp((time - start) / h, 0.0, 1.0);
      taken_.push_back({time, hermite(b.start.v, b.start.a, b.now.v, b.now.a, h, y),
                        hermite(b.start.u, b.start.v, b.now.u, b.now.v, h, y),
                        hermite(b.start.history, b.start.rate, b.now.history, b.now.rate, h, y)});
    }
  }

  /// On one rank.
  void write(fault::Fault &fault, const std::string &directory) const {
    if (taken_.empty()) return;
    const auto nx = static_cast<std::size_t>(fault.elasticity().nx()),
               nz = static_cast<std::size_t>(fault.elasticity().nz());
    const fault::ElasticityParameters &e = fault.scenario().elasticity;
    FieldFile file(directory);
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      const std::string group = "/step" + std::to_string(i);
      file.data.group(group);
      file.data.number(group, "time_s", taken_[i].time);
      file.grid("fault", taken_[i].time, nz, nx, e.lz / static_cast<double>(nz), e.lx / static_cast<double>(nx));
      file.field(group, "velocity", taken_[i].velocity);
      file.field(group, "displacement", taken_[i].displacement);
      file.field(group, "history", taken_[i].history);
    }
    file.write();
  }

 private:
  struct Snapshot {
    double time;
    std::vector<float> velocity, displacement, history;
  };
  std::vector<double> times_;
  std::vector<Snapshot> taken_;
};

// The attempts of a run, a row each.
void writeSteps(const fault::FaultRun &run, const std::string &path) {
  Csv csv(path, {"t_s", "h_s", "failed", "accepted", "weighted_error", "nonlinear_iterations", "linear_iterations",
                 "solves", "residual_sum", "mean_velocity_m_per_s", "mean_slip_m"});
  csv.digits = 12;
  for (const auto &r : run.attempts) {
    const BatheAttempted &a = r.attempt;
    csv.row().set("t_s", a.t).set("h_s", a.h).set("failed", a.failed).set("accepted", a.accepted);
    csv.set("weighted_error", a.error).set("nonlinear_iterations", a.iterations).set("linear_iterations", a.linear);
    csv.set("solves", a.solves).set("residual_sum", a.residual_sum).set("mean_velocity_m_per_s", r.velocity);
    csv.set("mean_slip_m", r.slip);
  }
  csv.append();
}

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
  csv.set("history_error", yardstick.historyError(run));
  csv.set("event_time_error", std::fabs(run.eventTime() - yardstick.reference.eventTime()) / yardstick.growth_time);
  csv.set("peak_velocity_m_per_s", run.peak_velocity);
  csv.set("peak_time_s", run.peak_time);
  csv.set("peak_velocity_error_percent", 100 * std::fabs(run.peak_velocity / yardstick.reference.peak_velocity - 1));
}

}  // namespace

/// Keys: scenario, controller (see fault::faultController), snapshots (times of fields [s]).
bool faultSimulation(YamlMap yaml, const std::string &directory) {
  const fault::Scenario scenario = fault::readScenario(yaml.map("scenario", false));
  const auto name = yaml.get<std::string>("controller", std::string("heuristic"));
  Snapshots snapshots(yaml.get<std::vector<double>>("snapshots", {}));
  yaml.finish();
  const fault::FaultController controller = fault::faultController(name);
  PetscMPIInt rank, size;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  if (rank == 0) makeFolders(directory);
  MPI_Barrier(PETSC_COMM_WORLD);
  fault::Fault fault(PETSC_COMM_WORLD, scenario);
  if (rank == 0)
    std::printf("fault of %d x %d cells, %g km x %g km, %d rank(s); growth rate %.4g 1/s, critical step %.4g s\n",
                static_cast<int>(fault.elasticity().nx()), static_cast<int>(fault.elasticity().nz()),
                scenario.elasticity.lx / 1e3, scenario.elasticity.lz / 1e3, size, fault.growthRate(),
                fault.criticalStep());
  const fault::FaultRun run =
      fault::simulate(fault, controller, true, [&](fault::Fault &f, double) { snapshots.observe(f); });
  if (rank == 0) {
    snapshots.write(fault, directory);
    writeSteps(run, directory + "/steps.csv");
    std::printf(
        "%s: %s at t = %g s\n"
        "%ld steps, %ld failed, %ld rejected; %ld sub-steps, %ld nonlinear, %ld linear iterations; %.4g s\n"
        "final mean slip %.6g m; largest mean velocity %.4g m/s at %.4g s\n%s/steps.csv\n",
        name.c_str(), run.reason.c_str(), run.time, run.steps, run.failures, run.rejections, run.solves, run.iterations,
        run.linear, run.wall, run.slip, run.peak_velocity, run.peak_time, directory.c_str());
  }
  return run.finished;
}

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
           "history_error", "event_time_error", "peak_velocity_m_per_s", "peak_time_s", "peak_velocity_error_percent"});
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
