// Learning where to refine in the user's own program (-refiner_train of PetRLRefiner).
#pragma once

#include <string>

#include "refine/training.hpp"

namespace petrl {

/// The learner gain-loss in a world of the program's TS, judged against tuned thresholds: see PetRLRefinerSetTraining().
/// A RefinerTraining.
RefinerTrained trainRefiner(RefinerWorld &world, const RefinerTrainingOptions &options, const std::string &option);

}  // namespace petrl
