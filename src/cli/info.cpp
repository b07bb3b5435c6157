// petrl info POLICY: what it is, what it needs, where it came from.
#include <cstdio>
#include <memory>

#include "cli/commands.hpp"
#include "policy/shared_policy.hpp"

namespace petrl::cli {

void addInfo(CLI::App &app, Options &options) {
  auto path = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand("info", "Print what a policy file is, what it needs and where it came from");
  command->add_option("policy", *path, "Policy file (.h5, or .pt with a YAML sidecar), or the name of one that ships")
      ->required()
      ->check(notEmpty);
  command->callback([path, &options] {
    options.run = [path] {
      std::printf("%s\n%s", findPolicy(*path).c_str(), describe(loadPolicy(*path)).c_str());
      return 0;
    };
  });
}

void addCommands(CLI::App &app, Options &options) {
  addInfo(app, options);
  addImport(app);
  addTrain(app, options);
  addStudies(app, options);
}

}  // namespace petrl::cli
