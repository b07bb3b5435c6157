// A trained policy in the place of an indicator.
#pragma once

#include <vector>

#include "problems/conservation/adaptive_run.hpp"
#include "refine/refinement_policy.hpp"

namespace petrl::conservation {

/// Decides where the mesh changes, and whether it is worth changing at all: re-meshing has its price for every cell.
class PolicyMarker : public Marker {
 public:
  /// costs: trade-off, price of re-meshing, unit; the rest is filled in from the context. skip: keep the mesh where the
  /// gain is below the price of re-meshing.
  PolicyMarker(RefinementPolicy &policy, const RefinementCosts &costs, bool skip = true)
      : policy_(policy), costs_(costs), skip_(skip) {}
  bool mark(const MarkContext &context, std::vector<signed char> &marks, std::vector<float> &priority) override;
  double seen() const override { return cells_ > 0 ? seen_ / cells_ : 1; }

 private:
  RefinementPolicy &policy_;
  RefinementCosts costs_;
  bool skip_;
  double cells_ = 0, seen_ = 0;
  RefinementDecision decision_;
};

/// Trade-off, unit and price of re-meshing with what the context says of the mesh; steps: to the next decision.
RefinementCosts costsOn(const MarkContext &context, RefinementCosts costs, double steps);

/// The fields as policies see them.
std::vector<RefinementPolicy::Field> fieldsOf(const MarkContext &context);

}  // namespace petrl::conservation
