// What is learned from: one decision about a mesh.
#pragma once

#include <vector>

#include "policy/backend.hpp"

namespace petrl {

/// One decision: what the policy saw, and what paired runs say about each cell's alternatives.
struct MeshSample {
  int nodes = 0, slots = 0;
  std::vector<int> source;    ///< nodes x slots
  std::vector<float> node;    ///< nodes x node inputs (RefinementObservation::nodeNames())
  std::vector<float> edge;    ///< nodes x slots x edge inputs (RefinementObservation::edgeNames())
  std::vector<float> target;  ///< nodes x 2: network outputs that would have been right; NaN: not known

  Graph graph() const { return {nodes, nodes, slots, source.data()}; }
};

}  // namespace petrl
