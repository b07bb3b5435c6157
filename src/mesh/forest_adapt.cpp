// From one set of leaves to the next.
#include <algorithm>
#include <type_traits>

#include "mesh/forest_impl.hpp"
#include "mesh/tet_closure.hpp"

namespace petrl {

namespace {

/// Makes new leaves from old ones: leaves stay, are united, or are bisected. `old`: the forest's leaves.
template <typename Any>
class Rebuild {
 public:
  static constexpr bool kTets = std::is_same_v<Any, Tetrahedron>;

  Rebuild(Forest::Impl &forest, std::vector<Any> &old, const ForestPlan &plan)
      : forest_(forest), old_(old), plan_(plan), d_(forest.dim()) {}

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
    old_.swap(out_);
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
    if constexpr (kTets) {
      for (const TetClosure::Middle &m : plan_.tets().middles()) {
        a_.push_back(m.a);
        b_.push_back(m.b);
        forest_.node.push_back(m.node);
        made_.push_back({m.a, m.b});
      }
    } else {
      makeMiddles();
    }
  }

  void makeMiddles() {
    middle_.resize(forest_.twin.size());
    for (int f = 0; f < static_cast<int>(middle_.size()); ++f) {
      if (!bisected(f)) continue;
      const int other = forest_.twin[f], s = f % 3;
      if (other >= 0 && other < f) {
        middle_[f] = middle_[other];
        continue;
      }
      const Any &l = old_[f / 3];
      middle_[f] = makeVertex(l, s == 2 ? 0 : s + 1, s == 0 ? 2 : s - 1, l.side[s]);
    }
  }

  int makeVertex(const Any &l, int k, int m, int side) {
    const int a = l.v[k], b = l.v[m];
    a_.push_back(std::min(a, b));
    b_.push_back(std::max(a, b));
    forest_.node.push_back(forest_.between(a, b, l.base, d_ == 1 ? -1 : side));
    return forest_.nodes() - 1;
  }

  Any &next(int first, int count) {
    lineage_.first[to_] = first;
    lineage_.count[to_] = count;
    return out_[to_++];
  }

  void refine(int c) {
    const Any &l = old_[c];
    if constexpr (kTets) {
      const int root = plan_.tets().root(c);
      root < 0 ? void(next(c, 1) = l) : parts(c, l, root);
    } else {
      bisectTwice(c, l);
    }
  }

  void parts(int c, const Any &t, int place) {
    const TetClosure::Part &part = plan_.tets().part(place);
    if (part.child < 0) {
      next(c, 1) = t;
      return;
    }
    Any a, b;
    bisect(t, first_made_ + part.middle, a, b);
    parts(c, a, part.child);
    parts(c, b, part.child + 1);
  }

  void bisectTwice(int c, const Any &l) {
    if (d_ == 1) {
      if (!bisected(2 * c)) {
        next(c, 1) = l;
        return;
      }
      const int m = makeVertex(l, 0, 1, -1);
      Any &a = next(c, 1);
      bisect(1, l, m, a, next(c, 1));
      return;
    }
    const int *const middle = &middle_[3 * c];
    if (!bisected(3 * c + 2)) {
      next(c, 1) = l;
      return;
    }
    Any a, b;
    bisect(2, l, middle[2], a, b);
    half(c, a, 3 * c + 1);
    half(c, b, 3 * c);
  }

  void half(int c, const Any &l, int face) {
    if (!bisected(face)) {
      next(c, 1) = l;
      return;
    }
    Any &a = next(c, 1);
    bisect(2, l, middle_[face], a, next(c, 1));
  }

  void unite(const ForestGroup &g) {
    int at = g.first;
    const Any result = united(at, g.level);
    next(g.first, g.count) = result;
  }

  Any united(int &at, int level) {
    if (old_[at].level == level) return old_[at++];
    const Any a = united(at, level + 1), b = united(at, level + 1);
    const int m = newest(d_, a);
    const Any p = parent(a, b);
    if (b_[m] >= 0) {  // seen from all sides
      int v = p.v[0], w = p.v[1];
      if constexpr (kTets) v = p.v[p.at(0)], w = p.v[p.at(3)];
      b_[m] = -1;
      removed_.push_back({m, std::min(v, w), std::max(v, w), plan_.stage(m)});
    }
    return p;
  }

  Any parent(const Any &a, const Any &b) const {
    if constexpr (kTets)
      return merge(a, b, forest_.base->first_shape[a.base].type);
    else
      return merge(d_, a, b);
  }

  /// Vertices in the order in which leaves meet them.
  void renumber() {
    std::vector<int> number(forest_.node.size(), -1), old;
    old.reserve(number.size());
    for (Any &l : old_)
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
    lineage.made = std::move(made_);
    lineage.first_made = first_made_;
  }

  Forest::Impl &forest_;
  std::vector<Any> &old_;
  const ForestPlan &plan_;
  const int d_, first_made_ = forest_.nodes();
  int to_ = 0;
  std::vector<Any> out_;
  std::vector<int> a_, b_, middle_;  // vertices: where they come from; faces: the vertex in their middle
  std::vector<VertexLineage::Removed> removed_;
  std::vector<VertexLineage::Made> made_;
  Lineage lineage_;
};

}  // namespace

Lineage Forest::Impl::adapt(const std::vector<signed char> &marks, const ForestLimits &limits,
                            const std::vector<float> &priority) {
  const ForestPlan plan(*this, marks, limits, priority);
  if (dim() == 3) return Rebuild(*this, tet, plan).run();
  return Rebuild(*this, leaf, plan).run();
}

Lineage Forest::Impl::adaptEdges(const std::vector<char> &bisect, const std::vector<char> &vanish,
                                 const ForestLimits &limits) {
  const ForestPlan plan(*this, bisect, vanish, limits);
  return Rebuild(*this, leaf, plan).run();
}

}  // namespace petrl
