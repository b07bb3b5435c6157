// Whether a policy leads a time integration on: plain numbers, no PETSc objects.
#pragma once

#include "base/api.hpp"

namespace petrl {

/// Watches where a policy's decisions lead, and makes it stand aside for a while where accepted steps shrink without
/// end, each time for twice as many steps: what `basic` finishes is finished, at worst by basic.
class PETRL_API StallGuard {
 public:
  /// A step was decided after an attempt of length h. True: from now on the policy stands aside.
  bool decided(bool accepted, double h, double next);
  bool standsAside() const { return left_ > 0; }
  /// The step while it does, after an attempt of length h; `basic`: that of basic.
  double lead(bool accepted, double h, double basic);

 private:
  double shrunk_ = 1;         // fall of the step by decisions after accepted steps, since it last stood as high
  int left_ = 0, term_ = 10;  // accepted steps that the policy still stands aside; will the next time
  int wait_ = 0, pause_ = 3;  // accepted steps until a longer one is tried
};

}  // namespace petrl
