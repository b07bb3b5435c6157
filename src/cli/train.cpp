// petrl train config.yaml -o DIR
#include <petscsys.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "learn/trainer/grid_trainer.hpp"
#include "learn/trainer/mesh_trainer.hpp"
#include "learn/trainer/trainer.hpp"

namespace petrl::cli {

namespace {

volatile int stop_requested = 0;

void requestStop(int) {
  stop_requested = 1;
}

void train(const std::string &file, const std::string &directory) {
  PetscMPIInt ranks = 1;
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  TrainingConfig config = TrainingConfig::read(file);
  const bool grid = isGridLearner(config.learner), mesh = isMeshLearner(config.learner);
  if (ranks > 1 && !grid && !mesh) {
    throw Error("learner " + config.learner + " trains on one process, found " + std::to_string(ranks) +
                " ranks; those that train on several: gain-loss, lamp, ppo, unroll");
  }
  std::unique_ptr<Training> training;
  if (grid) {
    training = std::make_unique<GridTrainer>(std::move(config), directory);
  } else if (mesh) {
    training = std::make_unique<MeshTrainer>(std::move(config), directory);
  } else {
    training = std::make_unique<Trainer>(std::move(config), directory);
  }
  training->run(&stop_requested);
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
      try {
        train(*config, *directory);
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
