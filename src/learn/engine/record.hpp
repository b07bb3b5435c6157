// Corrections as operations on a tape, for learners that differentiate through a solver.
#pragma once

#include "closure/correction.hpp"
#include "learn/engine/tape.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// The state after a correction by `output` (action channels): what Correction does, on a periodic grid. `fields` are
/// those of the observation, the first `components` of them the state. Bounds must be symmetric about zero. Throws
/// petrl::Error for a transform that is not known here.
PETRL_API tape::Var recordCorrection(tape::Tape &tape, const Policy &specification, tape::Var fields, int components,
                                     tape::Var output, const CorrectionStep &step);

}  // namespace petrl
