// TorchScript modules out of C++: how a trained network reaches Python.
#pragma once

#include <map>
#include <string>

#include "policy/policy.hpp"

namespace petrl {

/// Writes a module with these arrays as parameters (names: identifiers) and this method, TorchScript source of
/// `def forward(self, x)`. Throws petrl::Error, naming the file, when the source does not compile or the file cannot be
/// written.
void writeTorchScript(const std::string &path, const std::string &forward, const std::map<std::string, Tensor> &arrays);

}  // namespace petrl
