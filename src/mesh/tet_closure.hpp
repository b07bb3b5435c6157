// Which tetrahedra are bisected: what was asked for, and what conformity adds.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "mesh/forest_impl.hpp"

namespace petrl {

/// Below each leaf a tree of its parts, made where something is bisected; two numbers name an edge, which is cut on all
/// sides or on none. The parts are those of the coarsest conforming mesh in which all that was requested is bisected,
/// on any number of ranks, in whatever order.
class TetClosure {
 public:
  struct Part : TetShape {
    unsigned char mask[4];  ///< corners of the leaf that it lies between
    unsigned char level;
    int child = -1;   ///< the first of two, -1: none
    int middle = -1;  ///< the vertex between them

    friend void copyCorner(Part &to, int k, const Part &from, int l) {
      to.v[k] = from.v[l];
      to.mask[k] = from.mask[l];
    }
  };
  /// The middle of an edge: vertex forest.nodes() + its place.
  struct Middle {
    int a, b;  ///< vertices, perhaps also middles (that come before)
    ForestNode node;
    bool cut, forbidden;
  };

  TetClosure(const Forest::Impl &forest, int max_level);

  /// Nothing is bisected. What levels forbid is remembered.
  void clear();
  /// Bisects all parts of a leaf down to `depth` levels below it, where levels allow it.
  void request(int leaf, int depth);
  /// Collective. Returns whether some edges turned out to be forbidden, because parts at the last level would have to be
  /// bisected: the same requests, after clear(), leave them out.
  bool close();

  int added() const { return static_cast<int>(parts_.size() - used_.size()) / 2; }  ///< leaves
  bool touched(int leaf) const { return root_[leaf] >= 0 && parts_[root_[leaf]].child >= 0; }
  /// Place of the part that is a leaf itself, -1 where nothing is known.
  int root(int leaf) const { return root_[leaf]; }
  const Part &part(int place) const { return parts_[place]; }
  const std::vector<Middle> &middles() const { return middle_; }

 private:
  struct Key {
    int on;
    std::uint64_t position;
    bool operator==(const Key &o) const { return on == o.on && position == o.position; }
  };
  struct HashKey {
    std::size_t operator()(const Key &k) const {
      return (static_cast<std::uint64_t>(k.on) * 0x9e3779b97f4a7c15u) ^ (k.position * 0xc2b2ae3d27d4eb4fu);
    }
  };
  /// What another rank is told.
  struct Cut {
    Key middle, a, b;
  };

  int grow(int leaf);
  void bisect(int leaf, int part);
  void requestParts(int leaf, int part, int depth);
  void settle(int leaf);
  void settleAll();
  void queue(int leaf);
  void queueAround(int leaf, int mask);
  int middleOf(int a, int b, int leaf, int mask);
  int addMiddle(int a, int b, const ForestNode &node);
  bool shared(int middle) const;  ///< with other ranks
  int known(int a, int b) const;
  const ForestNode &nodeOf(int vertex) const;
  template <typename T, typename Describe>
  std::vector<T> tell(std::vector<int> &middles, const Describe &describe, bool &any);
  bool spread();  ///< cuts to and from other ranks; whether there were any anywhere
  bool forbid();
  bool forbidOnce();
  bool spreadForbidden();
  Key keyOf(int vertex) const;

  const Forest::Impl &forest_;
  const int max_level_;
  std::vector<Part> parts_;
  std::vector<int> root_, used_;  // leaves; those that have parts
  std::vector<Middle> middle_;
  std::vector<std::uint64_t> table_key_;  // edges with a middle: a flat hash table
  std::vector<int> table_value_;
  std::vector<int> work_;
  std::vector<char> queued_;
  bool too_deep_ = false;
  // Several ranks.
  std::vector<int> fresh_, near_;  // middles that others must know; leaves where others may cut
  std::vector<int> forbidden_;     // middles, since others were told
  std::unordered_map<Key, int, HashKey> vertex_;
};

}  // namespace petrl
