// -closure_train: a policy learned in the program that will use it.
#pragma once

#include <string>

#include "closure/learning.hpp"

namespace petrl {

/// The closure training "ppo". What it needs to go on lies in the folder <save>.training (see Trainer); <save> is written
/// when the training ends, or is stopped, unless its best policy is worse than none. All ranks take part in each
/// episode. Collective over PETSC_COMM_WORLD. Throws petrl::Error.
PETRL_API std::string trainClosure(CoarseWorld &world, const ClosureTrainOptions &options);
/// The same on a mesh, "regression".
PETRL_API std::string trainCellClosure(CoarseWorld &world, CellWorld &cells, const ClosureTrainOptions &options);

}  // namespace petrl
