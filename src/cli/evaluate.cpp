// petrl evaluate config.yaml -o DIR
#include <cstdio>
#include <memory>

#include "base/error.hpp"
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

}  // namespace

void addEvaluate(CLI::App &app, Options &options) {
  auto config = std::make_shared<std::string>(), directory = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand(
      "evaluate", "Run a study: policies beside what needs no learning; tables are made by tutorials/table.py");
  command->add_option("config", *config, "Configuration of the study (.yaml)")->required();
  command->add_option("-o,--output", *directory, "Folder for runs.csv and fields")->required();
  command->callback(
      [config, directory, &options] { options.run = [config, directory] { return evaluate(*config, *directory); }; });
}

}  // namespace petrl::cli
