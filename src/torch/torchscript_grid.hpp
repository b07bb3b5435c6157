// TorchScript modules that are convolutional networks, see torchscript_backend.hpp.
#pragma once

#include <memory>
#include <string>

#include "policy/backend.hpp"

namespace torch::jit {
struct Module;
}

namespace petrl {

/// A policy's module, read. Throws petrl::Error naming `source`.
torch::jit::Module readTorchScript(const Policy &policy, const std::string &source);

std::unique_ptr<Backend> makeTorchScriptGrid(const Policy &policy, const std::string &source);

}  // namespace petrl
