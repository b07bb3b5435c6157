// What evaluates a policy's network. No libtorch here: backends that need it live in libpetrl_torch.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/registry.hpp"

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

/// Backends by name. "torch" (TorchScript modules) comes with libpetrl_torch.
PETRL_API Registry<BackendFactory> &backends();

}  // namespace petrl
