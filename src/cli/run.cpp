// petrl run config.yaml -o DIR: one simulation of one of the problems, recorded.
#include <petscsys.h>

#include <memory>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/commands.hpp"
#include "learn/study.hpp"

namespace petrl::cli {

namespace {

int simulate(const std::string &config, const std::string &directory) {
  YamlMap yaml = YamlMap::read(config);
  const auto name = yaml.get<std::string>("problem", std::string("fault"));
  const Simulation simulation = found(yaml, "problem", name, simulationTable());
  return simulation(yaml, directory) ? 0 : 1;
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
      [config, directory, &options] { options.run = [config, directory] { return simulate(*config, *directory); }; });
}

}  // namespace petrl::cli
