// The backend "torch": networks brought from Python as TorchScript modules.
#pragma once

#include <memory>
#include <string>

#include "policy/backend.hpp"

namespace petrl {

/// Loads a TorchScript module (.pt, torch.jit.save) that maps float32 [1][observations] to float32 [1][actions], on the
/// CPU, and tries it once. Throws petrl::Error, naming the file, when it cannot be read or does not fit.
std::unique_ptr<Backend> makeTorchScriptBackend(const std::string &path, int observations, int actions);

}  // namespace petrl
