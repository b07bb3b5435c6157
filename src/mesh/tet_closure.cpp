#include "mesh/tet_closure.hpp"

#include <algorithm>

#include "mesh/forest_exchange.hpp"

namespace petrl {

TetClosure::TetClosure(const Forest::Impl &forest, int max_level)
    : forest_(forest),
      max_level_(std::min(max_level, kDeepest)),
      root_(forest.leaves(), -1),
      table_key_(1024, 0),
      table_value_(1024),
      queued_(forest.leaves(), 0) {
  if (forest.size == 1) return;
  for (int v = 0; v < forest.nodes(); ++v)
    if (!forest.sharing->of(forest.node[v].edge).empty()) vertex_.emplace(keyOf(v), v);
  std::vector<bool> shared(forest.lines.size(), false);
  for (const ForestInterface &i : forest.interfaces)
    for (const int e : i.edges) shared[e] = true;
  for (int c = 0; c < forest.leaves(); ++c) {
    const int *const e = &forest.lines.of[c * 6];
    if (std::any_of(e, e + 6, [&](int l) { return shared[l]; })) near_.push_back(c);
  }
}

void TetClosure::clear() {
  for (const int c : used_) root_[c] = -1;
  used_.clear();
  parts_.clear();
  for (Middle &m : middle_) m.cut = false;
  fresh_.clear();
  too_deep_ = false;
}

bool TetClosure::shared(int middle) const {
  return forest_.size > 1 && !forest_.sharing->of(middle_[middle].node.edge).empty();
}

const ForestNode &TetClosure::nodeOf(int vertex) const {
  const int n = forest_.nodes();
  return vertex < n ? forest_.node[vertex] : middle_[vertex - n].node;
}

TetClosure::Key TetClosure::keyOf(int vertex) const {
  const ForestNode &node = nodeOf(vertex);
  return {node.edge, node.position};
}

namespace {

std::uint64_t word(int a, int b) {
  return (std::uint64_t(std::min(a, b)) << 32 | static_cast<std::uint32_t>(std::max(a, b))) + 1;
}

std::size_t place(std::uint64_t key, std::size_t size) {
  return (key * 0x9e3779b97f4a7c15u) >> 20 & (size - 1);
}

}  // namespace

int TetClosure::known(int a, int b) const {
  const std::uint64_t key = word(a, b);
  std::size_t i = place(key, table_key_.size());
  while (table_key_[i] != 0) {
    if (table_key_[i] == key) return table_value_[i];
    i = (i + 1) & (table_key_.size() - 1);
  }
  return -1;
}

int TetClosure::addMiddle(int a, int b, const ForestNode &node) {
  const int found = known(a, b);
  if (found >= 0) return found;
  const int m = static_cast<int>(middle_.size());
  middle_.push_back({std::min(a, b), std::max(a, b), node, false, false});
  const auto insert = [this](std::uint64_t key, int value) {
    std::size_t i = place(key, table_key_.size());
    while (table_key_[i] != 0) i = (i + 1) & (table_key_.size() - 1);
    table_key_[i] = key;
    table_value_[i] = value;
  };
  if (2 * middle_.size() > table_key_.size()) {
    const std::size_t size = 4 * table_key_.size();
    table_key_.assign(size, 0);
    table_value_.resize(size);
    for (int i = 0; i < m; ++i) insert(word(middle_[i].a, middle_[i].b), i);
  }
  insert(word(a, b), m);
  if (shared(m)) vertex_.emplace(keyOf(forest_.nodes() + m), forest_.nodes() + m);
  return m;
}

/// mask: of the leaf's corners.
int TetClosure::middleOf(int a, int b, int leaf, int mask) {
  const int found = known(a, b);
  if (found >= 0) return found;
  const Tetrahedron &t = forest_.tet[leaf];
  int on = 0;
  for (int k = 0; k < 4; ++k)
    if (mask >> k & 1) on |= t.mask[k];
  return addMiddle(a, b, forest_.between(nodeOf(a), nodeOf(b), t.base, on));
}

int TetClosure::grow(int leaf) {
  if (root_[leaf] >= 0) return root_[leaf];
  const Tetrahedron &t = forest_.tet[leaf];
  Part p;
  static_cast<TetShape &>(p) = t;
  for (int k = 0; k < 4; ++k) p.mask[k] = static_cast<unsigned char>(1 << k);
  p.level = t.level;
  root_[leaf] = static_cast<int>(parts_.size());
  parts_.push_back(p);
  used_.push_back(leaf);
  return root_[leaf];
}

void TetClosure::bisect(int leaf, int place) {
  const Part p = parts_[place];
  const int i = p.at(0), j = p.at(3), mask = p.mask[i] | p.mask[j], m = middleOf(p.v[i], p.v[j], leaf, mask);
  if (p.level >= max_level_) too_deep_ = true;
  Part child[2];
  bisectShape(p, child[0], child[1]);
  for (Part &c : child) {
    const int k = c.at(1);
    c.v[k] = forest_.nodes() + m;
    c.mask[k] = static_cast<unsigned char>(mask);
    c.level = static_cast<unsigned char>(p.level + 1);
  }
  parts_[place].child = static_cast<int>(parts_.size());
  parts_[place].middle = m;
  parts_.push_back(child[0]);
  parts_.push_back(child[1]);
  if (middle_[m].cut) return;
  middle_[m].cut = true;
  if (shared(m)) fresh_.push_back(m);
  queueAround(leaf, mask);
}

void TetClosure::queue(int leaf) {
  if (queued_[leaf]) return;
  queued_[leaf] = 1;
  work_.push_back(leaf);
}

/// All leaves that have what lies between these corners.
void TetClosure::queueAround(int leaf, int mask) {
  queue(leaf);
  const int corners = cornersIn(mask);
  if (corners == 2) {
    const int l = forest_.lines.of[leaf * 6 + tetEdge(mask)];
    for (int i = forest_.lines.first[l]; i < forest_.lines.first[l + 1]; ++i) queue(forest_.lines.around[i]);
  } else if (corners == 3) {
    const int other = forest_.twin[leaf * 4 + __builtin_ctz(static_cast<unsigned>(15 & ~mask))];
    if (other >= 0) queue(other / 4);
  }
}

void TetClosure::request(int leaf, int depth) {
  if (forest_.tet[leaf].level < max_level_) requestParts(leaf, grow(leaf), depth);
}

void TetClosure::requestParts(int leaf, int place, int depth) {
  if (depth == 0) return;
  const Part p = parts_[place];
  if (p.child < 0) {
    const int i = p.at(0), j = p.at(3);
    if (p.level >= max_level_ || middle_[middleOf(p.v[i], p.v[j], leaf, p.mask[i] | p.mask[j])].forbidden) return;
    bisect(leaf, place);
  }
  const int child = parts_[place].child;
  requestParts(leaf, child, depth - 1);
  requestParts(leaf, child + 1, depth - 1);
}

/// Bisects parts of the leaf until none has a cut edge.
void TetClosure::settle(int leaf) {
  std::vector<int> stack{grow(leaf)};
  while (!stack.empty()) {
    const int at = stack.back();
    stack.pop_back();
    if (parts_[at].child < 0) {
      const Part p = parts_[at];
      const bool cut = std::any_of(std::begin(kTetEdge), std::end(kTetEdge), [&](const int *e) {
        const int m = known(p.v[e[0]], p.v[e[1]]);
        return m >= 0 && middle_[m].cut;
      });
      if (!cut) continue;
      bisect(leaf, at);  // queues the leaf again where this cuts an edge anew
    }
    stack.push_back(parts_[at].child);
    stack.push_back(parts_[at].child + 1);
  }
}

void TetClosure::settleAll() {
  while (!work_.empty()) {
    const int leaf = work_.back();
    work_.pop_back();
    queued_[leaf] = 0;
    settle(leaf);
  }
}

bool TetClosure::close() {
  do settleAll();
  while (spread());
  return forest_.anywhere(too_deep_) && forbid();
}

/// Cutting a forbidden edge would bisect a part at the last level. Whatever cuts an edge of a part cuts its refinement
/// edge; so that what leads to a forbidden edge is forbidden.
bool TetClosure::forbid() {
  for (const Part &p : parts_)
    if (p.child >= 0 && p.level >= max_level_ && !middle_[p.middle].forbidden) {
      middle_[p.middle].forbidden = true;
      if (shared(p.middle)) forbidden_.push_back(p.middle);
    }
  do
    while (forbidOnce()) {
    }
  while (spreadForbidden());
  return true;
}

bool TetClosure::forbidOnce() {
  bool any = false;
  for (std::size_t i = parts_.size(); i-- > 0;) {
    const Part &p = parts_[i];
    if (p.child < 0 || !middle_[p.middle].forbidden) continue;
    for (const int *e : kTetEdge) {
      const int m = known(p.v[e[0]], p.v[e[1]]);
      if (m < 0 || !middle_[m].cut || middle_[m].forbidden) continue;
      middle_[m].forbidden = any = true;
      if (shared(m)) forbidden_.push_back(m);
    }
  }
  return any;
}

template <typename T, typename Describe>
std::vector<T> TetClosure::tell(std::vector<int> &middles, const Describe &describe, bool &any) {
  std::map<int, std::vector<T>> out;
  for (const ForestInterface &i : forest_.interfaces) out[i.rank];
  for (const int m : middles)
    for (const int r : forest_.sharing->of(middle_[m].node.edge)) out[r].push_back(describe(m));
  any = forest_.anywhere(!middles.empty());
  middles.clear();
  return any ? swapLists(*forest_.base, out) : std::vector<T>{};
}

bool TetClosure::spread() {
  if (forest_.size == 1) return false;
  bool any, news = false;
  const auto describe = [&](int m) {
    return Cut{keyOf(forest_.nodes() + m), keyOf(middle_[m].a), keyOf(middle_[m].b)};
  };
  for (const Cut &c : tell<Cut>(fresh_, describe, any)) {
    // Ends come before middles: both are known by now.
    Middle &m = middle_[addMiddle(vertex_.at(c.a), vertex_.at(c.b), {c.middle.on, c.middle.position})];
    news = news || !m.cut;
    m.cut = true;
  }
  for (std::size_t i = 0; news && i < near_.size(); ++i) queue(near_[i]);
  return any;
}

bool TetClosure::spreadForbidden() {
  if (forest_.size == 1) return false;
  bool any;
  for (const Key &k : tell<Key>(
           forbidden_, [&](int m) { return keyOf(forest_.nodes() + m); }, any))
    middle_[vertex_.at(k) - forest_.nodes()].forbidden = true;
  return any;
}

}  // namespace petrl
