// petrl train config.yaml -o DIR
#include <csignal>
#include <memory>

#include "cli/commands.hpp"
#include "cli/trainer.hpp"

namespace petrl::cli {

namespace {

volatile int stop_requested = 0;

void requestStop(int) {
  stop_requested = 1;
}

}  // namespace

void addTrain(CLI::App &app, Options &options) {
  auto config = std::make_shared<std::string>(), directory = std::make_shared<std::string>();
  CLI::App *command =
      app.add_subcommand("train", "Train a policy; the same command continues a training that was cut off");
  command->add_option("config", *config, "Training configuration (.yaml)")->required();
  command->add_option("-o,--output", *directory, "Run directory (best.h5, log.csv, checkpoints)")->required();
  command->add_option("--petsc", options.petsc, "Arguments for PETSc, after all others");
  command->callback([config, directory, &options] {
    options.run = [config, directory] {
      std::signal(SIGINT, requestStop);
      std::signal(SIGTERM, requestStop);
      Trainer(*config, *directory).run(&stop_requested);
      return 0;
    };
  });
}

}  // namespace petrl::cli
