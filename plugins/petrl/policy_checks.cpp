// What uses policies refuses what it could not use as soon as it is read.
#include "base/error.hpp"
#include "closure/cell_flux.hpp"
#include "closure/correction.hpp"
#include "policy/policy.hpp"
#include "refine/refinement_policy.hpp"

void petrl::addPolicyChecks() {
  addPolicyCheck("closure", [](const Policy &policy, const std::string &source) {
    const bool cells = policy.action.transform == "cell-flux";
    const std::string &network = policy.network.architecture;
    if (cells != (network == "gnn"))
      throw Error(source + ": /network: architecture: expected " + (cells ? "gnn" : "another than gnn") +
                      " (for transform " + policy.action.transform + "), found '" + network + "'",
                  PETSC_ERR_FILE_UNEXPECTED);
    if (cells)
      CellFlux(policy, source);
    else
      Correction::make(policy, source);
  });
  addPolicyCheck("refiner", [](const Policy &policy, const std::string &source) { RefinementPolicy(policy, source); });
}
