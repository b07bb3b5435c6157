// petrl evaluate config.yaml -o DIR: a study; petrl run config.yaml -o DIR: one simulation, recorded.
#include "studies/studies.hpp"

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/commands.hpp"

namespace petrl::cli {

namespace {

// What the configuration names, by one of the tables of src/studies.
template <typename Function>
Function named(YamlMap &yaml, const std::string &key, const std::string &fallback,
               Function (*find)(const std::string &)) {
  const auto name = yaml.get<std::string>(key, fallback);
  try {
    return find(name);
  } catch (const Error &e) {
    yaml.fail(key, e.what());
  }
}

int evaluate(const std::string &config, const std::string &directory) {
  YamlMap yaml = YamlMap::read(config);
  const studies::Study study = named(yaml, "study", "ode", studies::findStudy);
  yaml.map("table", false);  // for those who make tables of the runs
  std::stringstream text;
  text << std::ifstream(config).rdbuf();
  makeFolders(directory);
  writeWhole(directory + "/config.yaml", text.str());
  study(yaml, directory);
  std::printf("%s/runs.csv: every run; tables: python3 tutorials/table.py %s\n", directory.c_str(), directory.c_str());
  return 0;
}

int simulate(const std::string &config, const std::string &directory) {
  YamlMap yaml = YamlMap::read(config);
  return named(yaml, "problem", "fault", studies::findSimulation)(yaml, directory) ? 0 : 1;
}

using Files = int (*)(const std::string &config, const std::string &directory);
CLI::App *add(CLI::App &app, Options &options, const char *name, const char *help, const char *output, Files run) {
  auto config = std::make_shared<std::string>(), directory = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand(name, help);
  command->add_option("config", *config, "Configuration (.yaml)")->required();
  command->add_option("-o,--output", *directory, output)->required();
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
