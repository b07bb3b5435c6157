// What the fault's study and its single simulation share.
#pragma once

#include <string>

#include "problems/fault/run.hpp"

namespace petrl::studies {

/// Writes the attempts of a run, a row each. Throws petrl::Error.
void writeSteps(const fault::FaultRun &run, const std::string &path);

}  // namespace petrl::studies
