// Learners and backends by name; libpetrl_torch, which brings them, is loaded when one is first asked for.
#include <dlfcn.h>

#include <map>
#include <mutex>
#include <vector>

#include "base/error.hpp"
#include "learn/agent.hpp"
#include "learn/engine/tape.hpp"
#include "learn/grid.hpp"
#include "learn/mesh_learner.hpp"
#include "policy/backend.hpp"

namespace petrl {

namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, LearnerFactory> learners;
  std::map<std::string, GridLearnerFactory> grid_learners;
  std::map<std::string, MeshLearnerFactory> mesh_learners;
  std::map<std::string, BackendFactory> backends;
};

// Never destroyed: the factories' code may be gone by the time static objects are.
Registry &registry() {
  static auto *instance = new Registry;
  return *instance;
}

// The folder of the library that holds this function, with a trailing '/'.
std::string ownFolder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&ownFolder), &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string file = info.dli_fname;
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

void loadTorch(const std::string &wanted) {
  std::string tried;
  // The second name is all that a run-time package without development links holds.
  for (const char *name : {"libpetrl_torch.so", "libpetrl_torch.so.0"}) {
    const std::string file = ownFolder() + name;
    void *handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char *why = dlerror();
      tried += "\n  " + file + ": " + (why != nullptr ? why : "unknown reason");
      continue;
    }
    using Register = PetscErrorCode (*)(void);
    const auto entry = reinterpret_cast<Register>(dlsym(handle, "PetscDLLibraryRegister_petrl_torch"));
    if (entry == nullptr) throw Error(file + ": is not PetRL's library: PetscDLLibraryRegister_petrl_torch is missing");
    PetRLThrow(entry());
    return;
  }
  throw Error(wanted + " needs libpetrl_torch, which could not be loaded; tried:" + tried, PETSC_ERR_FILE_OPEN);
}

template <typename Factory>
bool lookUp(std::map<std::string, Factory> Registry::*list, const std::string &name, Factory &found) {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  const auto &entries = registry().*list;
  const auto it = entries.find(name);
  if (it == entries.end()) return false;
  found = it->second;
  return true;
}

template <typename Factory>
Factory find(std::map<std::string, Factory> Registry::*list, const char *what, const std::string &name) {
  Factory found;
  if (lookUp(list, name, found)) return found;
  loadTorch(std::string(what) + " '" + name + "'");
  if (lookUp(list, name, found)) return found;
  std::string known;
  {
    const std::lock_guard<std::mutex> lock(registry().mutex);
    for (const auto &entry : registry().*list) known += (known.empty() ? "" : ", ") + entry.first;
  }
  throw Error("unknown " + std::string(what) + " '" + name + "'; known: " + known, PETSC_ERR_ARG_UNKNOWN_TYPE);
}

}  // namespace

void registerLearner(const std::string &name, LearnerFactory factory) {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  registry().learners[name] = std::move(factory);
}

LearnerFactory findLearner(const std::string &name) {
  return find(&Registry::learners, "learner", name);
}

tape::Var GridEnvironment::record(tape::Tape &, tape::Var, tape::Var, tape::Var) const {
  throw Error("this environment's solver cannot be differentiated: choose another learner (ppo)", PETSC_ERR_SUP);
}

void registerGridLearner(const std::string &name, GridLearnerFactory factory) {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  registry().grid_learners[name] = std::move(factory);
}

GridLearnerFactory findGridLearner(const std::string &name) {
  return find(&Registry::grid_learners, "grid learner", name);
}

void registerMeshLearner(const std::string &name, MeshLearnerFactory factory) {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  registry().mesh_learners[name] = std::move(factory);
}

MeshLearnerFactory findMeshLearner(const std::string &name) {
  return find(&Registry::mesh_learners, "mesh learner", name);
}

void registerBackend(const std::string &name, BackendFactory factory) {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  registry().backends[name] = std::move(factory);
}

BackendFactory findBackend(const std::string &name) {
  return find(&Registry::backends, "backend", name);
}

}  // namespace petrl
