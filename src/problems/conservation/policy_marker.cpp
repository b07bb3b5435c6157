#include "problems/conservation/policy_marker.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace petrl::conservation {

double fieldRange(const std::vector<double> &u) {
  const auto ends = std::minmax_element(u.begin(), u.end());
  return *ends.second - *ends.first;
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
  const CellMesh &mesh = context.mesh;
  const RefinementCosts costs =
      costsOn(context, costs_, std::isfinite(context.step) ? context.interval / context.step : 1);
  const auto ends = std::minmax_element(context.u, context.u + mesh.owned);
  policy_.decide(mesh, {{{context.u, context.dudt, context.gradient}, *ends.second - *ends.first}}, context.interval,
                 costs, {}, {}, decision_);
  cells_ += policy_.looked().cells, seen_ += policy_.looked().seen;
  if (decision_.refined + decision_.coarsened == 0) return false;
  // Before the first step a change costs next to nothing.
  if (skip_ && context.round < 0 && !decision_.worthwhile) return false;
  marks = decision_.mark;
  priority = decision_.priority;
  return true;
}

}  // namespace petrl::conservation
