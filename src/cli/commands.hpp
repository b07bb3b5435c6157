// The subcommands of petrl. Each adds its arguments and sets `run` when chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace petrl::cli {

struct Options {
  std::vector<std::string> petsc;  ///< arguments for PETSc
  std::function<int()> run;        ///< the chosen command; throws petrl::Error
};

/// For names of files and folders: an empty one would mean the root folder, or nothing.
inline std::string notEmpty(const std::string &name) {
  return name.empty() ? "expected the name of a file or folder, found none" : "";
}

void addCommands(CLI::App &app, Options &options);
void addInfo(CLI::App &app, Options &options);
void addImport(CLI::App &app);
void addTrain(CLI::App &app, Options &options);
void addStudies(CLI::App &app, Options &options);

}  // namespace petrl::cli
