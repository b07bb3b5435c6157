// Which errors lie near an edge.
#include <algorithm>

#include "problems/nonlinear1d/learner/experience.hpp"

namespace petrl::learn {

using nonlinear1d::kPoints;
using nonlinear1d::VertexMesh;

namespace {

constexpr int kSpread = 3;  // label points by which what counts as near grows with every bundle

}  // namespace

void ActorCritic::localCredit(const Experience &x, std::size_t step, std::size_t i, lamp::Factors &credit) const {
  const VertexMesh &mesh = x.batch[step].items[i].mesh;
  const lamp::Action &action = x.step[step].action[i];
  const std::size_t group = gradient_.samples(), first = i / group * group;
  for (std::size_t later = step; later < gradient_.horizon(); ++later) {
    const auto &profile = x.profile[later];
    // How much better than the other roll-outs, summed from the left, several times round the ring.
    double before[4 * kPoints + 1];
    before[0] = 0;
    for (int j = 0; j < 4 * kPoints; ++j) {
      const auto at = static_cast<std::size_t>(j % kPoints);
      if (j >= kPoints) {
        before[j + 1] = before[kPoints] * (j / kPoints) + before[j % kPoints + 1];
        continue;
      }
      double others = 0;
      for (std::size_t k = first; k < first + group; ++k) others += k == i ? 0 : static_cast<double>(profile[k][at]);
      before[j + 1] = before[j] + others / static_cast<double>(group - 1) - static_cast<double>(profile[i][at]);
    }
    const int near = gradient_.config().reach + kSpread * static_cast<int>(later - step);
    const double scale = gradient_.errorWeight(x.trade_off[i], step, later);
    const auto within = [&](int left, int right) {
      const int width = std::min(right - left + 2 * near + 1, kPoints), from = left - near + 2 * kPoints;
      return scale * (before[from + width] - before[from]);
    };
    for (std::size_t k = 0; k < action.split.size(); ++k)
      credit.split[k] += within(mesh.left(action.split[k]), mesh.right(action.split[k]));
    for (std::size_t k = 0; k < action.coarsen.size(); ++k) {
      const int e = action.coarsen[k];
      // The edge to the left becomes part of it.
      const int left = e > 0 ? mesh.left(e - 1) : mesh.left(mesh.edges() - 1) - kPoints;
      credit.coarsen[k] += within(left, mesh.right(e));
    }
  }
}

}  // namespace petrl::learn
