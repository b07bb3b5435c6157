// Whether a policy leads a time integration on: plain numbers, no PETSc objects.
#pragma once

#include "base/api.hpp"

namespace petrl {

/// Watches where a policy's decisions lead. Where accepted steps have shrunk far, it keeps the step instead, and tries
/// twice the step: an error that then asks for shorter steps shows that the policy was right. One that does not answer to
/// the step (that of a global error, of a constraint) would have let it shrink for ever: the policy stands aside, each
/// time for twice as many steps, so that what `basic` finishes is finished, at worst without the policy.
class StallGuard {
 public:
  struct Lead {
    double step;
    bool stalled = false;  ///< it has just turned out
  };

  /// A step was decided after an attempt of length h.
  void decided(bool accepted, double h, double next);
  /// The policy is not asked.
  bool leads() const { return left_ > 0; }
  /// The step then, after an attempt of length h; `basic`: that of basic.
  Lead lead(bool accepted, double h, double basic);

 private:
  double shrunk_ = 1;         // fall of the step by decisions after accepted steps, since it last stood as high
  int left_ = 0, term_ = 16;  // accepted steps that the policy still stands aside; will the next time
  bool proved_ = false, trying_ = false;
  int wait_ = 0, pause_ = 3;  // accepted steps until a longer one is tried
};

}  // namespace petrl
