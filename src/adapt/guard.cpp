#include "adapt/guard.hpp"

#include <algorithm>

namespace petrl {

void StallGuard::decided(bool accepted, double h, double next) {
  constexpr double far = 1e-4;
  if (accepted) shrunk_ = std::min(1.0, shrunk_ * next / h);
  if (shrunk_ > far) return;
  shrunk_ = 1;
  left_ = term_;
  wait_ = pause_ = 3;
  proved_ = trying_ = false;
}

StallGuard::Lead StallGuard::lead(bool accepted, double h, double basic) {
  if (!accepted) {
    if (!proved_) left_ = 0;
    wait_ = pause_ = std::min(2 * pause_, 64);
    trying_ = false;
    return {basic};
  }
  --left_;
  Lead lead{std::max(h, basic), trying_ && !proved_};
  if (lead.stalled) {
    proved_ = true;
    term_ = std::min(2 * term_, 1 << 20);
  }
  trying_ = --wait_ <= 0;
  if (trying_) {
    wait_ = pause_ = 3;
    lead.step = std::max(2 * h, basic);
  }
  return lead;
}

}  // namespace petrl
