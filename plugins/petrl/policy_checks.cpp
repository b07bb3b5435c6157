// What uses policies refuses what it could not use as soon as it is read.
#include "closure/correction.hpp"
#include "policy/policy.hpp"
#include "refine/refinement_policy.hpp"

void petrl::addPolicyChecks() {
  addPolicyCheck("closure", [](const Policy &policy, const std::string &source) { Correction::make(policy, source); });
  addPolicyCheck("refiner", [](const Policy &policy, const std::string &source) { RefinementPolicy(policy, source); });
}
