// The backend "torch": networks brought from Python as TorchScript modules.
#pragma once

#include <memory>
#include <string>

#include "policy/backend.hpp"

namespace petrl {

/// Evaluates a policy's TorchScript module (torch.jit.save) on the CPU, and tries it once. Throws petrl::Error, naming
/// `source`, when it cannot be read or does not fit. Kind tsadapt: it maps float32 [1][observations] to float32
/// [1][actions]. Kind closure: float32 [1][observations][h][w] to float32 [1][actions][h - 2 r][w - 2 r] for one r
/// (convolutions without padding), which is found by trying; or to [1][actions][h][w] by convolutions that all pad
/// periodically: how far the edges are felt is found by trying, too. Other padding is refused.
std::unique_ptr<Backend> makeTorchScriptBackend(const Policy &policy, const std::string &source);

}  // namespace petrl
