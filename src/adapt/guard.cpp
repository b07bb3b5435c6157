#include "adapt/guard.hpp"

#include <algorithm>

namespace petrl {

bool StallGuard::decided(bool accepted, double h, double next) {
  // Errors demand shorter steps by rejections; accepted steps alone rarely shrink this far without growing again.
  constexpr double too_far = 1e-2;
  if (!accepted) return false;
  if (left_ > 0) {
    --left_;
    return false;
  }
  shrunk_ = std::min(1.0, shrunk_ * next / h);
  if (shrunk_ > too_far) return false;
  shrunk_ = 1;
  left_ = term_;
  term_ = std::min(2 * term_, 1 << 20);
  return true;
}

}  // namespace petrl
