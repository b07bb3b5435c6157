// Many normal random numbers at once: noise for every point of a grid costs a few nanoseconds each.
#pragma once

#include <cstddef>

#include "learn/engine/rng.hpp"

namespace petrl::learn {

/// n independent standard normal numbers (Box-Muller in float32; none is beyond 5.9).
void fillNormal(Rng &rng, float *out, std::size_t n);

}  // namespace petrl::learn
