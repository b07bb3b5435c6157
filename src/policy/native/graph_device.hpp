// Graph networks where the fields are: on a device, or by the same code on the host.
#pragma once

#include <functional>

#include "device/array.hpp"
#include "policy/native/graph_network.hpp"

namespace petrl {

/// The same network as GraphNetwork, to rounding: a kernel that encodes, and one a layer; a team computes a tile of nodes,
/// what is between the products of a layer in its scratch memory.
class GraphDevice {
 public:
  /// Fills the rows of ghosts, `width` floats each, in the space.
  using Exchange = std::function<PetscErrorCode(float *rows, int width)>;

  /// The network must live as long as this.
  explicit GraphDevice(const GraphNetwork &network) : network_(network) {}
  /// Weights go to the space.
  PetscErrorCode setUp(device::Space space);
  /// As GraphNetwork::evaluate, all arrays in the space (the graph's, too). Collective where exchange is.
  PetscErrorCode evaluate(const Graph &graph, const float *node, const float *edge, float *out,
                          const Exchange &exchange);
  /// Of one evaluation.
  double flops(const Graph &graph) const;

 private:
  const float *at(std::size_t offset) const { return weights_.data() + offset; }

  const GraphNetwork &network_;
  device::Space space_ = device::Space::host;
  device::Array<float> weights_, x_, b_[2];
};

}  // namespace petrl
