// Where a policy came from: what every training writes into it.
#pragma once

#include <cstdint>
#include <string>

#include "policy/policy.hpp"

namespace petrl {

/// Configuration, seed, steps, and the versions of PetRL and of the libraries in use. What it was chosen by is for the
/// caller to add.
PETRL_API Provenance provenance(const std::string &config, std::uint64_t seed, std::int64_t steps);

}  // namespace petrl
