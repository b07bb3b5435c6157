// Which leaves are united: vertices vanish that all leaves around have as their newest vertex.
#include <algorithm>

#include "mesh/forest_impl.hpp"
#include "mesh/tet_closure.hpp"

namespace petrl {

template <typename Can>
void ForestPlan::coarsen(int passes, const Can &can) {
  const int n = forest_.leaves(), d = forest_.dim();
  group_.resize(n);
  forest_.withLeaves([&](const auto &leaves) {
    for (int c = 0; c < n; ++c) {
      const auto &l = leaves[c];
      bool free = l.level > 0 && can(c, newest(d, l));
      if (d == 3)
        free = free && !tets_->touched(c);
      else
        for (int s = 0; s <= d; ++s) free = free && !bisected(c * (d + 1) + s);
      group_[c] = {c, newest(d, l), 1, l.level, l.second(), free};
    }
  });
  if (d == 3) {
    shape_.assign(forest_.tet.begin(), forest_.tet.end());
    stage_.assign(forest_.nodes(), 0);
  }
  valence_ = forest_.valence;
  agree_.assign(forest_.nodes(), 0);
  for (int pass = 0; pass < passes; ++pass)
    if (!coarsenOnce(pass)) return;
}

/// At most as many bisections are taken back as a refinement makes.
void ForestPlan::coarsenMarked() {
  coarsen(forest_.dim(), [this](int leaf, int) { return (*marks_)[leaf] < 0; });
}

void ForestPlan::coarsenVertices(const std::vector<char> &vanish) {
  coarsen(1, [&](int, int vertex) { return vanish[vertex] != 0; });
}

bool ForestPlan::coarsenOnce(int pass) {
  // In the order of leaves a first child that is a leaf is followed by the second child, or by its first descendant.
  const int n = static_cast<int>(group_.size());
  const auto unites = [&](int i) {
    if (i + 1 >= n || !group_[i].can || group_[i].second || group_[i].level == 0) return false;
    return group_[i + 1].can && group_[i + 1].level == group_[i].level;
  };
  for (int i = 0; i < n; ++i)
    if (unites(i)) agree_[group_[i].newest] += 2;
  for (int v = 0; v < forest_.nodes(); ++v)
    agree_[v] = agree_[v] > 0 && agree_[v] == valence_[v] && forest_.node[v].removable();
  forest_.shareAgreement(agree_);
  int to = 0;
  for (int i = 0; i < n; ++i, ++to) {
    group_[to] = group_[i];
    if (!shape_.empty()) shape_[to] = shape_[i];
    ForestGroup &g = group_[to];
    if (!unites(i) || !agree_[g.newest]) continue;
    const ForestGroup &b = group_[++i];
    g.count = static_cast<unsigned char>(g.count + b.count);
    --g.level;
    if (forest_.dim() == 3) {
      stage_[g.newest] = static_cast<signed char>(pass);
      uniteShapes(i, to);
      continue;
    }
    const Leaf &first = forest_.leaf[g.first];
    g.second = forest_.leaf[g.first].path >> (first.level - g.level) & 1;
    // Only single leaves are united in a pass that others follow.
    g.newest = first.v[0];
    if (forest_.dim() == 2) --valence_[g.newest];
  }
  group_.resize(to);
  const bool any = to < n;
  removed_ += n - to;
  std::fill(agree_.begin(), agree_.end(), 0);
  return forest_.anywhere(any);
}

/// The groups at `second` and `to` have become the one at `to`.
void ForestPlan::uniteShapes(int second, int to) {
  ForestGroup &g = group_[to];
  const Tetrahedron &first = forest_.tet[g.first];
  const TetShape a = shape_[to];
  mergeShapes(a, shape_[second], g.level == 0 ? forest_.base->first_shape[first.base].type : parentType(a.type),
              shape_[to]);
  const TetShape &p = shape_[to];
  g.second = first.path >> (first.level - g.level) & 1;
  g.newest = newest(3, p);
  for (const int k : {1, 2}) --valence_[p.v[p.at(k)]];  // both children had them
}

}  // namespace petrl
