// Whether a policy leads a time integration on: plain numbers, no PETSc objects.
#pragma once

#include "base/api.hpp"

namespace petrl {

/// Watches where a policy's decisions lead, and lets `basic` decide for a while where they lead nowhere: a feedback of
/// policy and method can shrink accepted steps for ever, each of them just good enough. Each time it is for twice as
/// many steps: what basic finishes is finished, at worst by basic.
class PETRL_API StallGuard {
 public:
  /// A step was decided after an attempt of length h. True: from now on basic decides.
  bool decided(bool accepted, double h, double next);
  /// Basic decides now.
  bool standsAside() const { return left_ > 0; }

 private:
  double shrunk_ = 1;         // fall of the step by decisions after accepted steps, since it last stood as high
  int left_ = 0, term_ = 10;  // accepted steps that basic still decides; will the next time
};

}  // namespace petrl
