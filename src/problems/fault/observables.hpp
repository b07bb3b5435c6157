// What a step-size policy may see of a fault, beyond what every TS offers.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.hpp"
#include "problems/fault/fault.hpp"

namespace petrl::fault {

/// One observable of a fault: its value is offset and scaled by policies as given here.
struct FaultObservable {
  const char *name, *meaning;
  float offset, scale;
  double (*value)(Fault &fault);
};

/// All of them. The first six are the paper's (section 4.3).
const std::vector<FaultObservable> &faultObservables();

/// Offers them to the TSADAPTRL (if that is its type) of the fault's TS.
void addObservables(Fault &fault);

/// Specification of a policy that observes `names` (of a fault or of every TS). Throws petrl::Error for others.
Policy faultPolicySpecification(const std::vector<std::string> &names, const std::string &transform, double low,
                                double high);

}  // namespace petrl::fault
