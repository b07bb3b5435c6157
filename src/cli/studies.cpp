// petrl evaluate config.yaml -o DIR: a study; petrl run config.yaml -o DIR: one simulation, recorded.
#include <cstdio>
#include <memory>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "learn/study.hpp"

namespace petrl::cli {

namespace {

int evaluate(const std::string &config, const std::string &directory) {
  YamlMap yaml = YamlMap::read(config);
  const auto name = yaml.get<std::string>("study", std::string("ode"));
  const Study study = found(yaml, "study", name, studyTable());
  yaml.map("table", false);  // for those who make tables of the runs
  makeFolders(directory);
  writeWhole(directory + "/config.yaml", readWhole(config));
  study(yaml, directory);
  std::printf("%s/runs.csv: every run; tables: python3 tutorials/table.py %s\n", directory.c_str(), directory.c_str());
  return 0;
}

int simulate(const std::string &config, const std::string &directory) {
  YamlMap yaml = YamlMap::read(config);
  const auto name = yaml.get<std::string>("problem", std::string("fault"));
  return found(yaml, "problem", name, simulationTable())(yaml, directory) ? 0 : 1;
}

using Files = int (*)(const std::string &config, const std::string &directory);
CLI::App *add(CLI::App &app, Options &options, const char *name, const char *help, const char *output, Files run) {
  auto config = std::make_shared<std::string>(), directory = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand(name, help);
  command->add_option("config", *config, "Configuration (.yaml)")->required()->check(notEmpty);
  command->add_option("-o,--output", *directory, output)->required()->check(notEmpty);
  command->callback([=, &options] { options.run = [=] { return run(*config, *directory); }; });
  return command;
}

}  // namespace

void addStudies(CLI::App &app, Options &options) {
  add(app, options, "evaluate",
      "Run a study: policies beside what needs no learning; tables are made by tutorials/table.py",
      "Folder for runs.csv and fields", evaluate);
  CLI::App *command =
      add(app, options, "run",
          "Run one simulation (under mpirun too); PETSc options may follow after --, e.g. -- -ts_monitor",
          "Folder for steps.csv and fields.h5", simulate);
  command->add_option("petsc", options.petsc, "PETSc options, after --");
}

}  // namespace petrl::cli
