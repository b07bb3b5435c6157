// One fault with one step controller: every attempt, and fields at chosen times.
#include "studies/fault_simulation.hpp"

#include <algorithm>
#include <cstdio>

#include "base/error.hpp"
#include "base/files.hpp"
#include "studies/field_file.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

namespace {

// The whole vector on the first rank, nothing elsewhere.
std::vector<float> gather(Vec x) {
  Vec all;
  VecScatter scatter;
  const PetscScalar *values;
  PetscInt n;
  PetRLThrow(VecScatterCreateToZero(x, &scatter, &all));
  PetRLThrow(VecScatterBegin(scatter, x, all, INSERT_VALUES, SCATTER_FORWARD));
  PetRLThrow(VecScatterEnd(scatter, x, all, INSERT_VALUES, SCATTER_FORWARD));
  PetRLThrow(VecGetLocalSize(all, &n));
  PetRLThrow(VecGetArrayRead(all, &values));
  std::vector<float> result(values, values + n);
  PetRLThrow(VecRestoreArrayRead(all, &values));
  PetRLThrow(VecScatterDestroy(&scatter));
  PetRLThrow(VecDestroy(&all));
  return result;
}

// Cubic Hermite interpolation between (x0, rate0) and (x1, rate1) at the share y of a step of length h.
std::vector<float> hermite(Vec x0, Vec rate0, Vec x1, Vec rate1, double h, double y) {
  const double z = 1 - y;
  const PetscScalar weights[4] = {z * z * (1 + 2 * y), h * y * z * z, y * y * (1 + 2 * z), -h * y * y * z};
  Vec terms[4] = {x0, rate0, x1, rate1}, sum;
  PetRLThrow(VecDuplicate(x0, &sum));
  PetRLThrow(VecSet(sum, 0));
  PetRLThrow(VecMAXPY(sum, 4, weights, terms));
  std::vector<float> result = gather(sum);
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
    file.describe();
  }

 private:
  struct Snapshot {
    double time;
    std::vector<float> velocity, displacement, history;
  };
  std::vector<double> times_;
  std::vector<Snapshot> taken_;
};

}  // namespace

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

}  // namespace petrl::studies
