#include "adapt/guard.hpp"

#include <algorithm>

namespace petrl {

bool StallGuard::decided(bool accepted, double h, double next) {
  // Errors demand shorter steps by rejections; accepted steps alone rarely shrink this far without growing again.
  constexpr double too_far = 1e-3;
  if (accepted) shrunk_ = std::min(1.0, shrunk_ * next / h);
  if (shrunk_ > too_far) return false;
  shrunk_ = 1;
  left_ = term_;
  term_ = std::min(2 * term_, 1 << 20);
  wait_ = pause_ = 3;
  return true;
}

// An estimate that does not answer to the step, as that of a global error, lets basic shrink it, too. A step that was
// accepted is good enough: it is kept, and from time to time a longer one tried.
double StallGuard::lead(bool accepted, double h, double basic) {
  if (accepted) --left_;
  if (!accepted) {
    wait_ = pause_ = std::min(2 * pause_, 64);
    return basic;
  }
  if (--wait_ > 0) return std::max(h, basic);
  wait_ = pause_ = 3;
  return std::max(2 * h, basic);
}

}  // namespace petrl
