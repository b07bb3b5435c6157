// What ranks tell one another while a forest adapts. Nothing is sent where there is one rank only.
#include <algorithm>
#include <map>
#include <tuple>

#include "mesh/forest_exchange.hpp"
#include "mesh/forest_impl.hpp"

namespace petrl {

std::int64_t Forest::Impl::sum(std::int64_t value) const {
  if (size > 1) MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, MPI_SUM, base->comm);
  return value;
}

bool Forest::Impl::anywhere(bool value) const {
  int any = value;
  if (size > 1) MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_LOR, base->comm);
  return any;
}

std::int64_t Forest::Impl::leavesBefore() const {
  std::int64_t mine = leaves(), before = 0;
  if (size > 1) MPI_Exscan(&mine, &before, 1, MPI_INT64_T, MPI_SUM, base->comm);
  return rank == 0 ? 0 : before;
}

bool Forest::Impl::nameThreshold(const std::uint64_t *mine, std::int64_t count, std::uint64_t &key) const {
  struct {
    long count;
    int rank;
  } most = {static_cast<long>(count), rank};
  if (size > 1) MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_LONG_INT, MPI_MAXLOC, base->comm);
  if (most.count == 0) return false;
  if (most.rank == rank) key = *mine;
  if (size > 1) MPI_Bcast(&key, 1, MPI_UINT64_T, most.rank, base->comm);
  return true;
}

int Forest::Impl::owner(int base_cell) const {
  const auto after = std::upper_bound(bounds.begin(), bounds.end(), base->place[base_cell]);
  return static_cast<int>(after - bounds.begin()) - 1;
}

/// Meshes conform, so that both ranks see the same faces: sorted by where they lie they need no names.
void Forest::Impl::findInterfaces() {
  using Place = std::tuple<int, std::uint64_t, int>;  // base edge, position on it, face or vertex
  std::map<int, std::pair<std::vector<Place>, std::vector<Place>>> shared;
  const int s = slots();
  for (int f = 0; f < leaves() * s; ++f) {
    if (twin[f] != kElsewhere) continue;
    const Leaf &l = leaf[f / s];
    const int side = l.base * s + l.side[f % s], edge = base->edge[side];
    auto &[faces, ends] = shared[owner(base->twin[side] / s)];
    const int a = l.v[(f % s + 1) % s], b = l.v[(f % s + 2) % s];
    if (s == 2) {
      faces.emplace_back(edge, 0, f);
      continue;
    }
    faces.emplace_back(edge, (position(edge, a) + position(edge, b)) / 2, f);
    for (const int v : {a, b})
      if (node[v].edge == edge) ends.emplace_back(edge, node[v].position, v);
  }
  for (auto &[other, places] : shared) {
    ForestInterface i{other, {}, {}};
    auto &[faces, ends] = places;
    std::sort(faces.begin(), faces.end());
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    for (const Place &p : faces) i.faces.push_back(std::get<2>(p));
    for (const Place &p : ends) i.vertices.push_back(std::get<2>(p));
    interfaces.push_back(std::move(i));
  }
}

bool Forest::Impl::shareFlags(std::vector<unsigned char> &flag, unsigned char bit,
                              const std::function<void(int)> &set) const {
  if (size == 1) return false;
  bool any = false;
  exchange<unsigned char>(
      *base, interfaces, [](const ForestInterface &i) -> const std::vector<int> & { return i.faces; },
      [&](int face) { return static_cast<unsigned char>(flag[face] & bit); },
      [&](int, int face, unsigned char theirs) {
        if (!theirs || flag[face] & bit) return;
        set(face);
        any = true;
      });
  return anywhere(any);
}

void Forest::Impl::shareAgreement(std::vector<int> &agree) const {
  if (size == 1) return;
  exchange<unsigned char>(
      *base, interfaces, [](const ForestInterface &i) -> const std::vector<int> & { return i.vertices; },
      [&](int v) { return static_cast<unsigned char>(agree[v]); },
      [&](int, int v, unsigned char theirs) { agree[v] = agree[v] && theirs; });
}

}  // namespace petrl
