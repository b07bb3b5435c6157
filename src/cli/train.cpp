// petrl train config.yaml -o DIR
#include <petscsys.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include "cli/commands.hpp"
#include "learn/trainer.hpp"

namespace petrl::cli {

namespace {

volatile int stop_requested = 0;

void requestStop(int) {
  stop_requested = 1;
}

// The first signal asks for a checkpoint, a second one ends the program at once.
void listen(int signal) {
  struct sigaction action = {};
  action.sa_handler = requestStop;
  action.sa_flags = SA_RESETHAND;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void addTrain(CLI::App &app, Options &options) {
  auto config = std::make_shared<std::string>(), directory = std::make_shared<std::string>();
  CLI::App *command =
      app.add_subcommand("train", "Train a policy; the same command continues a training that was cut off");
  command->add_option("config", *config, "Training configuration (.yaml)")->required()->check(notEmpty);
  command->add_option("-o,--output", *directory, "Run directory (best.h5, log.csv, checkpoints)")
      ->required()
      ->check(notEmpty);
  command->add_option("--petsc", options.petsc, "Arguments for PETSc, after all others");
  command->callback([config, directory, &options] {
    options.run = [config, directory] {
      try {
        // Signals end the program while data are made (nothing is lost then) and ask for a checkpoint afterwards.
        Trainer trainer(*config, *directory, &stop_requested);
        listen(SIGINT);
        listen(SIGTERM);
        trainer.run();
      } catch (const std::exception &e) {
        PetscMPIInt ranks = 1;
        MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
        if (ranks == 1) throw;
        // The others may wait for this one in a reduction.
        std::fprintf(stderr, "petrl: %s\n", e.what());
        MPI_Abort(PETSC_COMM_WORLD, 1);
      }
      return 0;
    };
  });
}

}  // namespace petrl::cli
