// What all trainings of closures in a user's program have in common: their folder, their budget, what they say at the
// end, and what is saved.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "learn/closure/calibration.hpp"
#include "learn/learner.hpp"

namespace petrl::learn {

/// Fills in what the user left open. Throws petrl::Error where the file to be saved is something else's.
void prepareClosureTraining(const RecordPlan &plan, ClosureTrainOptions &options);

/// To the end; returns the file, or "" where nothing was learned. keys: of the learner. spent: seconds in the network,
/// and in updates. Collective.
std::string runClosureTraining(CoarseWorld &world, const ClosureTrainOptions &options, std::unique_ptr<Learner> learner,
                               const std::string &keys, const std::function<std::pair<double, double>()> &spent);

}  // namespace petrl::learn
