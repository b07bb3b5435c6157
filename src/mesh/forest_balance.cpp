// Trees move between ranks: one bit for each of their cells, in the order of the leaves.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>

#include "base/error.hpp"
#include "mesh/forest_impl.hpp"

namespace petrl {

namespace {

class Bits {
 public:
  explicit Bits(std::size_t bytes) : data_(bytes, 0) {}
  unsigned char *data() { return data_.data(); }
  void seek(std::size_t byte) { at_ = 8 * byte; }
  void put(bool bit) {
    if (bit) data_[at_ / 8] |= static_cast<unsigned char>(1 << at_ % 8);
    ++at_;
  }
  bool get() {
    const bool bit = data_[at_ / 8] >> at_ % 8 & 1;
    ++at_;
    return bit;
  }

 private:
  std::vector<unsigned char> data_;
  std::size_t at_ = 0;
};

/// Vertices in the middle of pairs of vertices: a flat hash table.
class Middles {
 public:
  explicit Middles(std::size_t expected) {
    std::size_t n = 64;
    while (n < 2 * expected) n *= 2;
    key_.assign(n, 0);
    value_.resize(n);
  }
  /// A reference to the vertex between a and b, -1 at first.
  int &at(int a, int b) {
    const std::uint64_t key = (std::uint64_t(std::min(a, b)) << 32 | static_cast<std::uint32_t>(std::max(a, b))) + 1;
    std::size_t i = (key * 0x9e3779b97f4a7c15u) >> 20 & (key_.size() - 1);
    while (key_[i] != key && key_[i] != 0) i = (i + 1) & (key_.size() - 1);
    if (key_[i] == 0) {
      key_[i] = key;
      value_[i] = -1;
    }
    return value_[i];
  }

 private:
  std::vector<std::uint64_t> key_;
  std::vector<int> value_;
};

/// Leaves again from bits.
template <typename Any>
class Planting {
 public:
  Planting(Forest::Impl &forest, std::vector<Any> &leaf, int leaves)
      : forest_(forest),
        leaf_(leaf),
        middles_(2 * static_cast<std::size_t>(leaves)),
        number_(forest.base->mesh.vertices, -1) {
    leaf_.clear();
    leaf_.reserve(leaves);
    forest_.node.clear();
  }
  void tree(int cell, Bits &bits) { grow(forest_.plant<Any>(cell, number_), bits); }

 private:
  void grow(const Any &l, Bits &bits) {
    if (!bits.get()) {
      leaf_.push_back(l);
      return;
    }
    Any a, b;
    bisected(l, a, b);
    grow(a, bits);
    grow(b, bits);
  }

  void bisected(const Leaf &l, Leaf &a, Leaf &b) {
    const int d = forest_.dim();
    int &m = middles_.at(l.v[0], l.v[1]);
    if (m < 0) {
      m = forest_.nodes();
      forest_.node.push_back(forest_.between(l.v[0], l.v[1], l.base, d == 1 ? -1 : l.side[2]));
    }
    bisect(d, l, m, a, b);
  }

  void bisected(const Tetrahedron &t, Tetrahedron &a, Tetrahedron &b) {
    const int i = t.at(0), j = t.at(3);
    int &m = middles_.at(t.v[i], t.v[j]);
    if (m < 0) {
      m = forest_.nodes();
      forest_.node.push_back(
          forest_.between(forest_.node[t.v[i]], forest_.node[t.v[j]], t.base, t.mask[i] | t.mask[j]));
    }
    bisect(t, m, a, b);
  }

  Forest::Impl &forest_;
  std::vector<Any> &leaf_;
  Middles middles_;
  std::vector<int> number_;
};

template <typename Any>
void write(const std::vector<Any> &leaf, int &at, int level, Bits &bits) {
  bits.put(leaf[at].level > level);
  if (leaf[at].level == level) {
    ++at;
    return;
  }
  write(leaf, at, level + 1, bits);
  write(leaf, at, level + 1, bits);
}

/// Places on the curve where ranks begin, such that they have about equally many leaves, and a tree each if possible.
std::vector<int> evenBounds(const std::vector<int> &sizes, int ranks) {
  const std::int64_t total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t(0));
  std::vector<int> bounds(ranks + 1, 0);
  std::int64_t before = 0;
  const int trees = static_cast<int>(sizes.size());
  int at = 0;
  for (int r = 1; r < ranks; ++r) {
    const double goal = static_cast<double>(total) * r / ranks;
    while (at < trees && static_cast<double>(before) + 0.5 * sizes[at] < goal) before += sizes[at++];
    bounds[r] = trees < ranks ? at : std::min(std::max(at, bounds[r - 1] + 1), trees - (ranks - r));
  }
  bounds[ranks] = trees;
  return bounds;
}

struct Segment {
  int trees = 0, leaves = 0;
  int bytes() const { return (2 * leaves - trees + 7) / 8; }  // a tree of n leaves has 2 n - 1 cells
};

/// What lies in the ranges a and b of places, both of them.
Segment common(const std::vector<int> &sizes, int a0, int a1, int b0, int b1) {
  Segment s;
  for (int t = std::max(a0, b0); t < std::min(a1, b1); ++t) {
    ++s.trees;
    s.leaves += sizes[t];
  }
  return s;
}

struct Traffic {
  std::vector<int> bytes, bytes_at, values, values_at;

  void add(const Segment &s, int width) {
    const auto next = [](const std::vector<int> &n, const std::vector<int> &at) {
      return n.empty() ? 0 : at.back() + n.back();
    };
    bytes_at.push_back(next(bytes, bytes_at));
    bytes.push_back(s.bytes());
    values_at.push_back(next(values, values_at));
    values.push_back(s.leaves * width);
  }
  std::size_t allBytes() const { return static_cast<std::size_t>(bytes_at.back() + bytes.back()); }
  std::size_t allValues() const { return static_cast<std::size_t>(values_at.back() + values.back()); }
};

}  // namespace

std::vector<int> Forest::Impl::treeSizes() const {
  std::vector<int> sizes(base->mesh.cells(), 0), counts(size);
  withLeaves([&](const auto &all) {
    for (const auto &l : all) ++sizes[base->place[l.base]];
  });
  for (int r = 0; r < size; ++r) counts[r] = bounds[r + 1] - bounds[r];
  if (size > 1)
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, sizes.data(), counts.data(), bounds.data(), MPI_INT, base->comm);
  return sizes;
}

bool Forest::Impl::balance(std::vector<double> &data, int width) {
  if (static_cast<int>(data.size()) != leaves() * width)
    throw Error("balance: " + std::to_string(data.size()) + " values for " + std::to_string(leaves()) + " leaves of " +
                    std::to_string(width),
                PETSC_ERR_ARG_SIZ);
  if (size == 1) return false;
  const std::vector<int> sizes = treeSizes(), to = evenBounds(sizes, size);
  if (to == bounds) return false;
  Traffic out, in;
  for (int r = 0; r < size; ++r) {
    out.add(common(sizes, bounds[rank], bounds[rank + 1], to[r], to[r + 1]), width);
    in.add(common(sizes, bounds[r], bounds[r + 1], to[rank], to[rank + 1]), width);
  }
  Bits sent(out.allBytes()), received(in.allBytes());
  for (int r = 0, at = 0; r < size; ++r) {
    sent.seek(out.bytes_at[r]);
    for (int t = std::max(bounds[rank], to[r]); t < std::min(bounds[rank + 1], to[r + 1]); ++t)
      withLeaves([&](const auto &all) { write(all, at, 0, sent); });
  }
  MPI_Alltoallv(sent.data(), out.bytes.data(), out.bytes_at.data(), MPI_BYTE, received.data(), in.bytes.data(),
                in.bytes_at.data(), MPI_BYTE, base->comm);
  std::vector<double> moved(in.allValues());
  MPI_Alltoallv(data.data(), out.values.data(), out.values_at.data(), MPI_DOUBLE, moved.data(), in.values.data(),
                in.values_at.data(), MPI_DOUBLE, base->comm);
  data.swap(moved);
  const std::vector<int> from = bounds;
  bounds = to;
  const int mine = common(sizes, to[rank], to[rank + 1], 0, base->mesh.cells()).leaves;
  const auto plantAll = [&](auto &&planting) {
    for (int r = 0; r < size; ++r) {
      received.seek(in.bytes_at[r]);
      for (int t = std::max(from[r], to[rank]); t < std::min(from[r + 1], to[rank + 1]); ++t)
        planting.tree(base->order[t], received);
    }
  };
  dim() == 3 ? plantAll(Planting<Tetrahedron>(*this, tet, mine)) : plantAll(Planting<Leaf>(*this, leaf, mine));
  vertices = {};
  sharing.reset();
  connect();
  return true;
}

}  // namespace petrl
