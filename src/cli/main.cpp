// petrl: train, evaluate, run and inspect policies.
#include <petrl.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.hpp"
#include "cli/commands.hpp"

extern "C" PetscErrorCode PetscDLLibraryRegister_petrl_learn(void);

int main(int argc, char **argv) {
  CLI::App app{"PetRL: learned decisions inside PETSc solvers"};
  app.require_subcommand(1);
  petrl::cli::Options options;
  petrl::cli::addCommands(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &e) {
    return app.exit(e);
  }
  // PETSc sees only what follows the command: its options may be given after "--".
  std::vector<char *> petsc_args{argv[0]};
  for (auto &text : options.petsc) petsc_args.push_back(&text[0]);
  int petsc_argc = static_cast<int>(petsc_args.size());
  petsc_args.push_back(nullptr);
  char **petsc_argv = petsc_args.data();
  if (PetscInitialize(&petsc_argc, &petsc_argv, nullptr, nullptr)) return 1;
  if (PetRLInitialize() || PetscDLLibraryRegister_petrl_learn()) return 1;
  int status = 0;
  try {
    status = options.run();
  } catch (const std::exception &e) {
    std::fprintf(stderr, "petrl: %s\n", e.what());
    status = 1;
  }
  options.run = nullptr;
  if (PetscFinalize()) return 1;
  return status;
}
