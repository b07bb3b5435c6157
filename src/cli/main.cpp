// petrl: train, evaluate, run and inspect policies.
#include <petrl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/error.hpp"
#include "cli/commands.hpp"

extern "C" PetscErrorCode PetscDLLibraryRegister_petrl_learn(void);

namespace {

// A misspelled option changes nothing, and nobody would know.
PetscErrorCode warnOfUnused(const std::vector<std::string> &given) {
  PetscInt n;
  char **names, **values;

  PetscFunctionBegin;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &names, &values));
  for (PetscInt i = 0; i < n; ++i) {
    const std::string option = std::string("-") + names[i];
    if (std::find(given.begin(), given.end(), option) != given.end())
      PetscCall(PetscPrintf(PETSC_COMM_WORLD, "petrl: warning: nothing asked for the option %s\n", option.c_str()));
  }
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &names, &values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

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
  if (status == 0 && warnOfUnused(options.petsc)) return 1;
  if (PetscFinalize()) return 1;
  return status;
}
