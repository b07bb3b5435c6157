#include "problems/conservation/policy_marker.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace petrl::conservation {

std::vector<RefinementPolicy::Field> fieldsOf(const MarkContext &context) {
  std::vector<RefinementPolicy::Field> out;
  for (const MarkContext::Field &f : context.fields) out.push_back({{f.value, f.rate, f.gradient}, f.range});
  return out;
}

RefinementCosts costsOn(const MarkContext &context, RefinementCosts costs, double steps) {
  const CellMesh &mesh = context.mesh;
  costs.steps = std::max(1., steps);
  costs.measure = std::accumulate(mesh.volume.begin(), mesh.volume.end(), 0.);
  costs.max_level = context.limits.max_level;
  costs.own_steps = context.own_steps, costs.local_steps = context.own_steps != nullptr;
  costs.finest = *std::max_element(mesh.level.begin(), mesh.level.end());
  return costs;
}

bool PolicyMarker::mark(const MarkContext &context, std::vector<signed char> &marks, std::vector<float> &priority) {
  const RefinementCosts costs =
      costsOn(context, costs_, std::isfinite(context.step) ? context.interval / context.step : 1);
  policy_.decide(context.mesh, fieldsOf(context), context.interval, costs, {}, {}, decision_);
  cells_ += policy_.looked().cells, seen_ += policy_.looked().seen;
  if (decision_.refined + decision_.coarsened == 0) return false;
  // Before the first step a change costs next to nothing.
  if (skip_ && context.round < 0 && !decision_.worthwhile) return false;
  marks = decision_.mark;
  priority = decision_.priority;
  return true;
}

}  // namespace petrl::conservation
