// The grid backend "torch": fully convolutional networks brought from Python as TorchScript modules.
#pragma once

#include <memory>
#include <string>

#include "policy/grid_backend.hpp"

namespace petrl {

/// Loads a TorchScript module (.pt, torch.jit.save) that maps float32 [1][observations][h][w] to
/// float32 [1][actions][h - 2 r][w - 2 r] for one r (convolutions without padding), on the CPU. r is found by trying.
/// Throws petrl::Error, naming the file, when it cannot be read or does not fit.
std::unique_ptr<GridBackend> makeTorchScriptGridBackend(const std::string &path, int observations, int actions);

}  // namespace petrl
