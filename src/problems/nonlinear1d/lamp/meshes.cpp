#include "problems/nonlinear1d/lamp/meshes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace petrl::lamp {

using nonlinear1d::kPoints;
using nonlinear1d::VertexMesh;

VertexMesh adaptedMesh(VertexMesh mesh, const float *level, int target, double noise, const Uniform &uniform) {
  while (mesh.vertices() < target) {
    std::vector<std::pair<double, int>> worst;
    for (int e = 0; e < mesh.edges(); ++e) {
      if (!mesh.splits(e)) continue;
      const int n = mesh.length(e);
      const float a = level[mesh.left(e)], b = level[mesh.right(e) % kPoints];
      float error = 0;
      for (int k = 1; k < n; ++k) {
        const float line = a + (b - a) * static_cast<float>(k) / static_cast<float>(n);
        error = std::max(error, std::fabs(level[(mesh.left(e) + k) % kPoints] - line));
      }
      const double disturbance = noise > 0 ? 1 + noise * (2 * uniform() - 1) : 1;
      worst.emplace_back(-disturbance * static_cast<double>(error), e);
    }
    if (worst.empty()) break;
    std::sort(worst.begin(), worst.end());
    // An eighth at a time: what is worst changes as edges are halved.
    const std::size_t share = std::max<std::size_t>(1, worst.size() / 8),
                      wanted = static_cast<std::size_t>(target - mesh.vertices());
    std::vector<int> split;
    for (std::size_t i = 0; i < std::min({share, wanted, worst.size()}); ++i) split.push_back(worst[i].second);
    mesh = mesh.changed(split, {});
  }
  return mesh;
}

VertexMesh thinnedMesh(const VertexMesh &mesh, double share, const Uniform &uniform) {
  std::vector<int> gone;
  for (int e = 0; e < mesh.edges(); ++e) {
    if (uniform() < share) gone.push_back(e);
  }
  return mesh.changed({}, gone);
}

}  // namespace petrl::lamp
