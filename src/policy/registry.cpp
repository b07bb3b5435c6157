// Backends by name; libpetrl_torch, which brings those for TorchScript, is loaded when one is first asked for.
#include "base/registry.hpp"

#include "policy/backend.hpp"
#include "policy/grid_backend.hpp"

namespace petrl {

Registry<BackendFactory> &backends() {
  static auto *instance = new Registry<BackendFactory>("backend", "petrl_torch");
  return *instance;
}

Registry<GridBackendFactory> &gridBackends() {
  static auto *instance = new Registry<GridBackendFactory>("grid backend", "petrl_torch");
  return *instance;
}

}  // namespace petrl
