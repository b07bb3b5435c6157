#include "base/registry.hpp"

#include <dlfcn.h>

namespace petrl {

namespace {

// The folder of the library that holds this function, with a trailing '/'.
std::string ownFolder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&ownFolder), &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string file = info.dli_fname;
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

}  // namespace

void loadLibrary(const std::string &name) {
  std::string tried;
  // The second name is all that a run-time package without development links holds.
  for (const char *ending : {".so", ".so.0"}) {
    const std::string file = ownFolder() + "lib" + name + ending;
    // Registered entries point into it, and PetscFinalize() unloads what -dll_append loaded: it stays.
    void *handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
      const char *why = dlerror();
      tried.append("\n  ").append(file).append(": ").append(why != nullptr ? why : "unknown reason");
      continue;
    }
    using Register = PetscErrorCode (*)(void);
    const std::string symbol = "PetscDLLibraryRegister_" + name;
    const auto entry = reinterpret_cast<Register>(dlsym(handle, symbol.c_str()));
    if (entry == nullptr) throw Error(file + ": is not PetRL's library: " + symbol + " is missing");
    PetRLThrow(entry());
    return;
  }
  throw Error("lib" + name + ", which could not be loaded; tried:" + tried, PETSC_ERR_FILE_OPEN);
}

}  // namespace petrl
