// From one set of leaves to the next.
#include <algorithm>

#include "mesh/forest_impl.hpp"

namespace petrl {

namespace {

/// Makes new leaves from old ones: leaves stay, are united, or are bisected.
class Rebuild {
 public:
  Rebuild(Forest::Impl &forest, const ForestPlan &plan) : forest_(forest), plan_(plan), d_(forest.dim()) {}

  Lineage run() {
    const int n = forest_.leaves(), after = plan_.leavesAfter();
    makeVertices();
    out_.resize(after);
    lineage_.first.resize(after);
    lineage_.count.resize(after);
    const std::vector<ForestGroup> &groups = plan_.groups();
    if (groups.empty())
      for (int c = 0; c < n; ++c) refine(c);
    else
      for (const ForestGroup &g : groups) g.count == 1 ? refine(g.first) : unite(g);
    forest_.leaf.swap(out_);
    renumber();
    forest_.connect();
    return std::move(lineage_);
  }

 private:
  bool bisected(int face) const { return plan_.bisected(face); }

  void makeVertices() {
    a_.resize(forest_.nodes());
    for (int v = 0; v < forest_.nodes(); ++v) a_[v] = v;
    b_ = a_;
    if (d_ == 1) return;
    middle_.resize(forest_.twin.size());
    for (int f = 0; f < static_cast<int>(middle_.size()); ++f) {
      if (!bisected(f)) continue;
      const int other = forest_.twin[f], s = f % 3;
      if (other >= 0 && other < f) {
        middle_[f] = middle_[other];
        continue;
      }
      const Leaf &l = forest_.leaf[f / 3];
      middle_[f] = makeVertex(l, s == 2 ? 0 : s + 1, s == 0 ? 2 : s - 1, l.side[s]);
    }
  }

  int makeVertex(const Leaf &l, int k, int m, int side) {
    const int a = l.v[k], b = l.v[m];
    a_.push_back(std::min(a, b));
    b_.push_back(std::max(a, b));
    forest_.node.push_back(forest_.between(a, b, l.base, d_ == 1 ? -1 : side));
    return forest_.nodes() - 1;
  }

  Leaf &next(int first, int count) {
    lineage_.first[to_] = first;
    lineage_.count[to_] = count;
    return out_[to_++];
  }

  void refine(int c) {
    const Leaf &l = forest_.leaf[c];
    if (d_ == 1) {
      if (!bisected(2 * c)) {
        next(c, 1) = l;
        return;
      }
      const int m = makeVertex(l, 0, 1, -1);
      Leaf &a = next(c, 1);
      bisect(1, l, m, a, next(c, 1));
      return;
    }
    const int *const middle = &middle_[3 * c];
    if (!bisected(3 * c + 2)) {
      next(c, 1) = l;
      return;
    }
    Leaf a, b;
    bisect(2, l, middle[2], a, b);
    half(c, a, 3 * c + 1);
    half(c, b, 3 * c);
  }

  void half(int c, const Leaf &l, int face) {
    if (!bisected(face)) {
      next(c, 1) = l;
      return;
    }
    Leaf &a = next(c, 1);
    bisect(2, l, middle_[face], a, next(c, 1));
  }

  void unite(const ForestGroup &g) {
    int at = g.first;
    const Leaf result = united(at, g.level);
    next(g.first, g.count) = result;
  }

  Leaf united(int &at, int level) {
    if (forest_.leaf[at].level == level) return forest_.leaf[at++];
    const Leaf a = united(at, level + 1), b = united(at, level + 1);
    const int m = newest(d_, a);
    const Leaf p = merge(d_, a, b);
    if (b_[m] >= 0) {  // seen from both sides
      b_[m] = -1;
      removed_.push_back({m, std::min(p.v[0], p.v[1]), std::max(p.v[0], p.v[1])});
    }
    return p;
  }

  /// Vertices in the order in which leaves meet them.
  void renumber() {
    std::vector<int> number(forest_.node.size(), -1), old;
    old.reserve(number.size());
    for (Leaf &l : forest_.leaf)
      for (int k = 0; k <= d_; ++k) {
        int &v = number[l.v[k]];
        if (v < 0) {
          v = static_cast<int>(old.size());
          old.push_back(l.v[k]);
        }
        l.v[k] = v;
      }
    std::vector<ForestNode> node(old.size());
    VertexLineage &lineage = forest_.vertices;
    lineage.a.resize(old.size());
    lineage.b.resize(old.size());
    for (std::size_t v = 0; v < old.size(); ++v) {
      node[v] = forest_.node[old[v]];
      lineage.a[v] = a_[old[v]];
      lineage.b[v] = b_[old[v]];
    }
    forest_.node.swap(node);
    lineage.removed = std::move(removed_);
  }

  Forest::Impl &forest_;
  const ForestPlan &plan_;
  const int d_;
  int to_ = 0;
  std::vector<Leaf> out_;
  std::vector<int> a_, b_, middle_;  // vertices: where they come from; faces: the vertex in their middle
  std::vector<VertexLineage::Removed> removed_;
  Lineage lineage_;
};

}  // namespace

Lineage Forest::Impl::adapt(const std::vector<signed char> &marks, const ForestLimits &limits,
                            const std::vector<float> &priority) {
  const ForestPlan plan(*this, marks, limits, priority);
  return Rebuild(*this, plan).run();
}

Lineage Forest::Impl::adaptEdges(const std::vector<char> &bisect, const std::vector<char> &vanish,
                                 const ForestLimits &limits) {
  const ForestPlan plan(*this, bisect, vanish, limits);
  return Rebuild(*this, plan).run();
}

}  // namespace petrl
