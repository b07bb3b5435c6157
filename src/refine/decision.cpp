#include "refine/decision.hpp"

#include <algorithm>
#include <cmath>

#include "base/vector_math.hpp"

namespace petrl {

float RefinementScale::output(float difference) {
  return (vector_math::logarithm(difference + kFloor) - kOffset) / kScale;
}

float RefinementScale::difference(float output) {
  return vector_math::exponential(std::min(output * kScale + kOffset, 2.f)) - kFloor;
}

void decide(const CellMesh &mesh, const float *predicted, const RefinementCosts &costs, RefinementDecision &out) {
  const auto n = static_cast<std::size_t>(mesh.owned);
  out.mark.assign(n, 0);
  out.priority.assign(n, 0.f);
  out.gain = 0, out.refined = 0, out.coarsened = 0;
  const int halving = mesh.dim;  // bisections that halve a diameter
  const double children = mesh.dim > 1 ? 4 : 2;
  // Every cell takes part in every step, and is built anew when the mesh changes.
  const double each = costs.price() * (costs.steps + costs.remesh);
  const double more = each * (children - 1), fewer = each * (1 - 1 / children);
  for (std::size_t i = 0; i < n; ++i) {
    const double share = mesh.volume[i] / costs.measure;
    const double gained = share * static_cast<double>(predicted[2 * i]) - more;
    if (gained > 0 && mesh.level[i] + halving <= costs.max_level) {
      out.mark[i] = 1;
      out.priority[i] = static_cast<float>(gained);
      out.gain += gained;
      ++out.refined;
      continue;
    }
    const double saved = fewer - share * static_cast<double>(predicted[2 * i + 1]);
    if (saved > 0 && mesh.level[i] > 0) {
      out.mark[i] = -1;
      out.gain += saved;
      ++out.coarsened;
    }
  }
}

}  // namespace petrl
