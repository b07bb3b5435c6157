// Which faces will be bisected: what was asked for, what limits allow, what conformity adds.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/error.hpp"
#include "mesh/forest_impl.hpp"
#include "mesh/tet_closure.hpp"

namespace petrl {

namespace {

/// Integers in the order of floats; NaN comes last.
std::uint32_t ordered(float f) {
  if (std::isnan(f)) return 0;
  std::uint32_t u;
  std::memcpy(&u, &f, sizeof(u));
  return u & 0x80000000u ? ~u : u | 0x80000000u;
}

constexpr std::uint64_t kEverything = 0;

}  // namespace

ForestPlan::ForestPlan(const Forest::Impl &forest, const std::vector<signed char> &marks, const ForestLimits &limits,
                       const std::vector<float> &priority)
    : forest_(forest), marks_(&marks), limits_(limits) {
  const auto n = static_cast<std::size_t>(forest.leaves());
  if (marks.size() != n || (!priority.empty() && priority.size() != n))
    throw Error("adapt: " + std::to_string(marks.size()) + " marks and " + std::to_string(priority.size()) +
                    " priorities for " + std::to_string(n) + " leaves",
                PETSC_ERR_ARG_SIZ);
  wants_coarser_ = std::find(marks.begin(), marks.end(), -1) != marks.end();
  start();
  if (attempt(kEverything) <= limits.max_cells) return;
  orderKeys(priority);
  fit();
}

ForestPlan::ForestPlan(const Forest::Impl &forest, const std::vector<char> &bisect, const std::vector<char> &vanish,
                       const ForestLimits &limits)
    : forest_(forest), limits_(limits) {
  if (forest.dim() == 3)
    throw Error("adaptEdges: a mesh of tetrahedra; expected intervals or triangles (adapt() knows all)", PETSC_ERR_SUP);
  const auto faces = static_cast<std::size_t>(forest.leaves() * forest.slots()),
             vertices = static_cast<std::size_t>(forest.nodes());
  if (bisect.size() != faces || vanish.size() != vertices)
    throw Error("adaptEdges: flags of " + std::to_string(bisect.size()) + " faces and " +
                    std::to_string(vanish.size()) + " vertices; expected " + std::to_string(faces) + " and " +
                    std::to_string(vertices),
                PETSC_ERR_ARG_SIZ);
  start();
  std::vector<int> work;
  for (std::size_t f = 0; f < faces; ++f) {
    if (bisect[f] == 0) continue;
    if (forest.dim() == 1) {
      if (f % 2 == 0) refineLeaf(static_cast<int>(f / 2), work);
    } else if (!(flag_[f] & kForbidden)) {
      bisectFace(static_cast<int>(f), work);
    }
  }
  if (forest.dim() == 2) closeBisected(work);
  coarsenVertices(vanish);
}

ForestPlan::~ForestPlan() = default;

void ForestPlan::start() {
  if (forest_.dim() == 3) {
    tets_ = std::make_unique<TetClosure>(forest_, limits_.max_level);
    return;
  }
  flag_.assign(static_cast<std::size_t>(forest_.leaves() * forest_.slots()), 0);
  if (forest_.dim() == 2) forbid();
}

/// More is refined, and less coarsened, the lower the threshold: the lowest one that fits is found by halving.
void ForestPlan::fit() {
  std::vector<std::uint64_t> candidate;
  for (std::size_t i = 0; i < marks_->size(); ++i)
    if ((*marks_)[i] > 0) candidate.push_back(key_[i]);
  std::sort(candidate.begin(), candidate.end());
  std::uint64_t fits = ~std::uint64_t(0), tried = kEverything;
  auto first = candidate.begin(), last = candidate.end();
  // The rank with most keys left names the next threshold.
  while (forest_.nameThreshold(first == last ? nullptr : &first[(last - first) / 2], last - first, tried)) {
    if (attempt(tried) <= limits_.max_cells) {
      fits = tried;
      last = std::lower_bound(first, last, tried);
    } else {
      first = std::upper_bound(first, last, tried);
    }
  }
  if (tried != fits) attempt(fits);
}

/// One order of all leaves that does not depend on ranks: by priority, then along the curve.
void ForestPlan::orderKeys(const std::vector<float> &priority) {
  const std::uint64_t offset = forest_.leavesBefore();
  key_.resize(marks_->size());
  for (std::size_t i = 0; i < key_.size(); ++i)
    key_[i] = (std::uint64_t(ordered(priority.empty() ? 0.0f : priority[i])) << 32) |
              (0xfffffffeu - static_cast<std::uint32_t>(offset + i));
}

std::int64_t ForestPlan::attempt(std::uint64_t threshold) {
  refine(threshold);
  group_.clear();
  removed_ = 0;
  if (forest_.anywhere(wants_coarser_)) coarsenMarked();
  return forest_.sum(leavesAfter());
}

int ForestPlan::leavesAfter() const {
  return forest_.leaves() + bisected_faces_ - removed_;
}

/// Leaves at the last level cannot be bisected, so that no neighbour may be that would ask them to.
void ForestPlan::forbid() {
  const int last = std::min(limits_.max_level, kDeepest);
  std::vector<int> work;
  for (int c = 0; c < forest_.leaves(); ++c) {
    const int level = forest_.leaf[c].level;
    if (level + 1 < last) continue;
    forbidFace(3 * c, work);
    forbidFace(3 * c + 1, work);
    if (level + 1 > last) forbidFace(3 * c + 2, work);
  }
  closeForbidden(work);
}

void ForestPlan::forbidFace(int face, std::vector<int> &work) {
  if (flag_[face] & kForbidden) return;
  flag_[face] |= kForbidden;
  if (face % 3 == 2) work.push_back(face);
  const int other = forest_.twin[face];
  if (other < 0) return;
  flag_[other] |= kForbidden;
  if (other % 3 == 2) work.push_back(other);
}

void ForestPlan::closeForbidden(std::vector<int> &work) {
  do {
    while (!work.empty()) {
      const int face = work.back();
      work.pop_back();
      forbidFace(face - 1, work);
      forbidFace(face - 2, work);
    }
  } while (forest_.shareFlags(flag_, kForbidden, [&](int face) { forbidFace(face, work); }));
}

void ForestPlan::bisectFace(int face, std::vector<int> &work) {
  if (flag_[face] & kBisect) return;
  flag_[face] |= kBisect;
  ++bisected_faces_;
  work.push_back(face);
  const int other = forest_.twin[face];
  if (other < 0) return;
  flag_[other] |= kBisect;
  ++bisected_faces_;
  work.push_back(other);
}

/// A cell is bisected at its refinement edge before any other edge.
void ForestPlan::closeBisected(std::vector<int> &work) {
  do {
    while (!work.empty()) {
      const int face = work.back();
      work.pop_back();
      bisectFace(face - face % 3 + 2, work);
    }
  } while (forest_.shareFlags(flag_, kBisect, [&](int face) { bisectFace(face, work); }));
}

void ForestPlan::refine(std::uint64_t threshold) {
  const auto wanted = [&](int c) { return (*marks_)[c] > 0 && (threshold == kEverything || key_[c] >= threshold); };
  if (tets_) {
    do {
      tets_->clear();
      for (int c = 0; c < forest_.leaves(); ++c)
        if (wanted(c)) tets_->request(c, forest_.dim());
    } while (tets_->close());
    bisected_faces_ = tets_->added();
    return;
  }
  bisected_faces_ = 0;
  for (unsigned char &flag : flag_) flag &= static_cast<unsigned char>(~kBisect);
  std::vector<int> work;
  for (int c = 0; c < forest_.leaves(); ++c)
    if (wanted(c)) refineLeaf(c, work);
  if (forest_.dim() == 2) closeBisected(work);
}

void ForestPlan::refineLeaf(int c, std::vector<int> &work) {
  if (forest_.dim() == 1) {  // an interval's first flag stands for itself
    if (forest_.leaf[c].level >= std::min(limits_.max_level, kDeepest)) return;
    flag_[2 * c] |= kBisect;
    ++bisected_faces_;
    return;
  }
  for (const int s : {2, 0, 1})
    if (!(flag_[3 * c + s] & kForbidden)) bisectFace(3 * c + s, work);
}

}  // namespace petrl
