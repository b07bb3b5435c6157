// petrl run config.yaml -o DIR: one simulation of one of the problems, recorded.
#include "problems/fault/run.hpp"

#include <cstdio>
#include <memory>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/yaml.hpp"
#include "cli/commands.hpp"
#include "studies/fields.hpp"

namespace petrl::cli {

std::string stepsCsv(const fault::FaultRun &run) {
  std::ostringstream out;
  out.precision(12);
  out << "t_s,h_s,failed,accepted,weighted_error,nonlinear_iterations,linear_iterations,solves,residual_sum,"
         "mean_velocity_m_per_s,mean_slip_m\n";
  for (const auto &r : run.attempts) {
    const BatheAttempted &a = r.attempt;
    out << a.t << "," << a.h << "," << a.failed << "," << a.accepted << "," << a.error << "," << a.iterations << ","
        << a.linear << "," << a.solves << "," << a.residual_sum << "," << r.velocity << "," << r.slip << "\n";
  }
  return out.str();
}

namespace {

int runFault(const std::string &config, const std::string &directory) {
  YamlMap yaml = YamlMap::read(config);
  const auto problem = yaml.get<std::string>("problem", std::string("fault"));
  if (problem != "fault") yaml.fail("problem", "expected fault, found '" + problem + "'");
  const fault::Scenario scenario = fault::readScenario(yaml.map("scenario", false));
  const auto name = yaml.get<std::string>("controller", std::string("heuristic"));
  FieldWriter fields(directory, yaml.get<std::vector<double>>("snapshots", {}));
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
      fault::simulate(fault, controller, true, [&](fault::Fault &f, double) { fields.observe(f); });
  fields.write(fault);
  if (rank == 0) {
    writeWhole(directory + "/steps.csv", stepsCsv(run));
    std::printf(
        "%s: %s at t = %g s\n"
        "%ld steps, %ld failed, %ld rejected; %ld sub-steps, %ld nonlinear, %ld linear iterations; %.4g s\n"
        "final mean slip %.6g m; largest mean velocity %.4g m/s at %.4g s\n%s/steps.csv\n",
        name.c_str(), run.reason.c_str(), run.time, run.steps, run.failures, run.rejections, run.solves, run.iterations,
        run.linear, run.wall, run.slip, run.peak_velocity, run.peak_time, directory.c_str());
  }
  return run.finished ? 0 : 1;
}

}  // namespace

void addRun(CLI::App &app, Options &options) {
  auto config = std::make_shared<std::string>(), directory = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand(
      "run", "Run one simulation (under mpirun too); PETSc options may follow after --, e.g. -- -ts_monitor");
  command->add_option("config", *config, "Problem, scenario and controller (.yaml)")->required();
  command->add_option("-o,--output", *directory, "Folder for steps.csv and fields.h5")->required();
  command->add_option("petsc", options.petsc, "PETSc options, after --");
  command->callback(
      [config, directory, &options] { options.run = [config, directory] { return runFault(*config, *directory); }; });
}

}  // namespace petrl::cli
