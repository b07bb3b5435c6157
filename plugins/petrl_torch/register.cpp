// Entry of libpetrl_torch: PETSc calls it for -dll_append libpetrl_torch.so, libpetrl when it loads the library itself.
#include <dlfcn.h>
#include <petscsys.h>

#include "base/error.hpp"
#include "policy/backend.hpp"
#include "torch/ppo_device.hpp"
#include "torch/torch_engine.hpp"
#include "torch/torchscript_backend.hpp"

// libtorch does not survive being unloaded, and PetscFinalize() unloads what -dll_append loaded: stay until the end.
static void stayLoaded() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&stayLoaded), &info) != 0 && info.dli_fname != nullptr) {
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

namespace petrl {

static void registerAll() {
  using namespace learn;
  backends().add("torch", makeTorchScriptBackend);
  tqcEngines().add("cuda", [](const TqcConfig &config, const TqcShapes &shapes) {
    return std::make_unique<TorchEngine>(config, shapes, "cuda");
  });
  ppoDevices().add("cuda", [](const PpoConfig &config, int observations, int actions) {
    return std::make_unique<TorchPpoDevice>(config, observations, actions, chooseDevice(true, "ppo"));
  });
}

}  // namespace petrl

// PETSc may not be initialised yet: nothing of it is used here. Calling it again registers the same things again.
extern "C" PETRL_API PetscErrorCode PetscDLLibraryRegister_petrl_torch(void) {
  PetRLCallCXX({
    stayLoaded();
    petrl::registerAll();
  });
  return PETSC_SUCCESS;
}
