// petrl import NETWORK SIDECAR -o POLICY: what the Python package petrl does, started from here.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/files.hpp"
#include "cli/commands.hpp"

namespace petrl::cli {

namespace {

struct Import {
  std::string network, sidecar, output;
};

// The folder that holds the package: beside the program's folder in a build tree, in an installation where it was put.
std::string packageFolder() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  std::string prefix(path, static_cast<std::size_t>(size > 0 ? size : 0));
  for (int up = 0; up < 2; ++up) prefix.resize(prefix.find_last_of('/') == std::string::npos ? 0 : prefix.rfind('/'));
  for (const char *folder : {"/python", "/" PETRL_PYTHON_FOLDER}) {
    if (fileExists(prefix + folder + "/petrl/__main__.py")) return prefix + folder;
  }
  return "";
}

// Replaces this program; returns where that fails.
void start(const Import &import) {
  const char *told = std::getenv("PETRL_PYTHON"), *old = std::getenv("PYTHONPATH");
  const std::string python = told != nullptr && *told != '\0' ? told : "python3", folder = packageFolder();
  // Empty: perhaps pip has installed it.
  if (!folder.empty()) setenv("PYTHONPATH", (folder + (old != nullptr ? std::string(":") + old : "")).c_str(), 1);
  std::vector<std::string> words = {python,         "-m",           "petrl", "import",
                                    import.network, import.sidecar, "-o",    import.output};
  std::vector<char *> arguments;
  for (auto &word : words) arguments.push_back(&word[0]);
  arguments.push_back(nullptr);
  execvp(python.c_str(), arguments.data());
  std::fprintf(stderr,
               "petrl: import: cannot start '%s': %s. Importing is done in Python (with numpy and h5py; PETRL_PYTHON "
               "names the interpreter). Without it, any HDF5 library writes policy files: see POLICY-FILE.md\n",
               python.c_str(), std::strerror(errno));
}

}  // namespace

void addImport(CLI::App &app) {
  auto import = std::make_shared<Import>();
  CLI::App *command = app.add_subcommand(
      "import", "Make a policy file of a network from elsewhere (needs python3 with numpy and h5py)");
  command
      ->add_option("network", import->network,
                   "Weights: .npz, .pt or .pth (state dictionary), .zip (stable-baselines3)")
      ->required()
      ->check(notEmpty);
  command->add_option("sidecar", import->sidecar, "YAML or JSON: what it observes and does, see POLICY-FILE.md")
      ->required()
      ->check(notEmpty);
  command->add_option("-o,--output", import->output, "The policy file to write (.h5)")->required()->check(notEmpty);
  // At once, before PETSc and MPI start.
  command->callback([import] {
    start(*import);
    throw CLI::RuntimeError(1);
  });
}

}  // namespace petrl::cli
