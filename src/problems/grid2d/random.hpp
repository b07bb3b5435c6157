// Random numbers of cases on grids.
#pragma once

#include "problems/random.hpp"

namespace petrl::grid2d {

class Random : public petrl::Random {
 public:
  explicit Random(std::uint64_t seed) : petrl::Random(seed, 0x632be59bd9b4e019ull) {}
};

}  // namespace petrl::grid2d
