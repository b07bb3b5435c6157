// Entry of libpetrl_torch: PETSc calls it for -dll_append libpetrl_torch.so, libpetrl when it loads the library itself.
#include <dlfcn.h>
#include <petscsys.h>

#include "base/error.hpp"
#include "learn/agent.hpp"
#include "learn/gain_loss/gain_loss.hpp"
#include "learn/grid.hpp"
#include "learn/mesh_learner.hpp"
#include "learn/ppo/ppo.hpp"
#include "learn/tqc/tqc.hpp"
#include "learn/unroll/unroll.hpp"
#include "policy/backend.hpp"
#include "problems/environment.hpp"
#include "problems/nonlinear1d/learner/lamp.hpp"
#include "torch/torchscript_backend.hpp"

// libtorch does not survive being unloaded, and PetscFinalize() unloads what -dll_append loaded: stay until the end.
static void stayLoaded() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&stayLoaded), &info) != 0 && info.dli_fname != nullptr) {
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

// PETSc may not be initialised yet: nothing of it is used here. Calling it again registers the same things again.
extern "C" PETSC_VISIBILITY_PUBLIC PetscErrorCode PetscDLLibraryRegister_petrl_torch(void) {
  PetRLCallCXX({
    stayLoaded();
    petrl::registerLearner("tqc", [](const std::string &yaml, int observations, int actions, std::uint64_t seed) {
      return std::make_unique<petrl::Tqc>(yaml, observations, actions, seed);
    });
    petrl::registerGridLearner("ppo", [](const std::string &yaml, int observations, int actions, std::uint64_t seed) {
      return std::make_unique<petrl::Ppo>(yaml, observations, actions, seed);
    });
    petrl::registerGridLearner("unroll",
                               [](const std::string &yaml, int observations, int actions, std::uint64_t seed) {
                                 return std::make_unique<petrl::Unroll>(yaml, observations, actions, seed);
                               });
    petrl::registerMeshLearner(
        "gain-loss", [](const std::string &yaml, petrl::YamlMap &environment, std::uint64_t seed) {
          return std::make_unique<petrl::GainLoss>(yaml, petrl::makeRefinementEnvironment(environment), seed);
        });
    petrl::registerMeshLearner("lamp", [](const std::string &yaml, petrl::YamlMap &environment, std::uint64_t seed) {
      return std::make_unique<petrl::Lamp>(yaml, environment, seed);
    });
    petrl::registerBackend("torch", petrl::makeTorchScriptBackend);
  });
  return PETSC_SUCCESS;
}
