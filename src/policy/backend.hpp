// What evaluates a policy's network. No libtorch here: backends that need it live in libpetrl_torch.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace petrl {

/// Evaluates one network. Not thread safe: one backend a thread.
class Backend {
 public:
  virtual ~Backend() = default;
  /// For the user: "native", "torch", ...
  virtual const char *name() const = 0;
  /// Network inputs (already offset, scaled, clipped) in, network output in [-1, 1] out. Sizes as at construction.
  virtual void evaluate(const float *observation, float *action) = 0;
};

/// Makes a backend from a file and checks that it takes `observations` inputs and gives `actions` outputs.
/// Throws petrl::Error, naming the file, when it does not.
using BackendFactory = std::function<std::unique_ptr<Backend>(const std::string &path, int observations, int actions)>;

/// Makes a backend known by name; a later registration replaces an earlier one.
void registerBackend(const std::string &name, BackendFactory factory);

/// Finds a backend by name. "torch" (TorchScript modules) loads libpetrl_torch if it is not yet there.
/// Throws petrl::Error if the name is unknown or the library cannot be loaded.
BackendFactory findBackend(const std::string &name);

}  // namespace petrl
