// What a newly trained step-size policy observes and how it acts.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.hpp"

namespace petrl {

/// Specification (no network) of a tsadapt policy. low, high: of its first action; levers, by_rule: see ActionSpec.
/// `names`: observables; empty: the usual ones of observables(). Offsets and scales of built-in ones are those given
/// there; others have offset 0, scale 1. Throws petrl::Error when low, high make no sense.
PETRL_API Policy stepPolicySpecification(const std::vector<std::string> &names, const std::string &transform,
                                         double low, double high, const std::string &levers = "step",
                                         const std::string &by_rule = "");

}  // namespace petrl
