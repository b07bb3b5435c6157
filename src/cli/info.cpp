// petrl info policy.h5: what it is, what it needs, where it came from.
#include <cstdio>
#include <memory>

#include "cli/commands.hpp"
#include "policy/policy.hpp"

namespace petrl::cli {

void addInfo(CLI::App &app, Options &options) {
  auto path = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand("info", "Print what a policy file is, what it needs and where it came from");
  command->add_option("policy", *path, "Policy file (.h5)")->required();
  command->callback([path, &options] {
    options.run = [path] {
      std::printf("%s\n%s", path->c_str(), describe(readPolicy(*path)).c_str());
      return 0;
    };
  });
}

void addCommands(CLI::App &app, Options &options) {
  addInfo(app, options);
  addTrain(app, options);
  addStudies(app, options);
}

}  // namespace petrl::cli
