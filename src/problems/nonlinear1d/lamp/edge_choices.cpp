#include "problems/nonlinear1d/lamp/edge_choices.hpp"

#include <algorithm>

namespace petrl::lamp {

using nonlinear1d::VertexMesh;

void EdgeChoices::splittable(std::vector<int> &out) const {
  out.clear();
  for (int e = 0; e < mesh_.edges(); ++e) {
    if (mesh_.splits(e)) out.push_back(e);
  }
}

void EdgeChoices::coarsenable(const std::vector<int> &split, std::vector<int> &out) const {
  out.clear();
  for (int e = 0; e < mesh_.edges(); ++e) {
    if (mesh_.coarsens(e) && std::find(split.begin(), split.end(), e) == split.end()) out.push_back(e);
  }
}

// Every choice takes itself and at most two neighbours away: a third of the edges can be had in any order.
int EdgeChoices::mostCoarsened(int eligible, int split) const {
  return std::min((eligible + 2) / 3, mesh_.vertices() + split - VertexMesh::kFewest);
}

void EdgeChoices::rule(int chosen, std::vector<char> &gone) const {
  const int edges = mesh_.edges();
  for (int e = chosen - 1; e <= chosen + 1; ++e) {
    if (mesh_.ring() || (e >= 0 && e < edges)) gone[static_cast<std::size_t>((e + edges) % edges)] = 1;
  }
}

}  // namespace petrl::lamp
