// One file from a stranger, and all that must not happen with it.
#pragma once

#include <cstddef>
#include <string>

namespace petrl::fuzz {

struct Outcome {
  bool accepted = false;
  double seconds = 0;    ///< of processor time
  std::size_t heap = 0;  ///< most bytes in use at a time
  std::string wrong;     ///< what must not happen and has; "" if all is well
};

/// Reads the bytes as a policy file; one that is accepted is described and brought to use.
Outcome tryPolicy(const std::string &bytes);

}  // namespace petrl::fuzz
