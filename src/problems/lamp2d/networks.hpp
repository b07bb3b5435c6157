// The evolution model and the policy of LAMP on triangulations: two message-passing networks on the mesh's vertices.
#pragma once

#include <vector>

#include "policy/native/graph_network.hpp"
#include "problems/lamp2d/triangle_mesh.hpp"

namespace petrl::lamp2d {

/// Several meshes, each with its state, as one graph without edges between them. Nodes are vertices. They see
/// u, the viscosity's logarithm, and what the equation says of the change in a step from differences on the mesh (an
/// explicit step, which would be unstable by itself: a hint); edges their length along the flow's direction, across it,
/// and in all: what is learned for one direction holds for all.
class Batch {
 public:
  struct Item {
    const conservation::FlowCase *flow;
    MeshPtr mesh;
    int first;  ///< node
  };
  std::vector<Item> items;
  std::vector<float> node, edge;
  std::vector<int> source;
  int nodes = 0;

  void clear() { items.clear(), node.clear(), edge.clear(), weight.clear(), slope.clear(), source.clear(), nodes = 0; }
  /// Appends a mesh and the state on it.
  void add(const conservation::FlowCase &flow, MeshPtr mesh, const State &state);
  /// Derivatives with respect to u at the nodes, from those with respect to the nodes' inputs.
  void pullBack(const float *node_gradient, float *u_gradient) const;
  Graph graph() const { return {nodes, nodes, TriangleMesh::kSlots, source.data()}; }

  static constexpr int kNodeInputs = 3, kEdgeInputs = 3;

 private:
  void estimate(std::size_t at, double advection, double diffusion);

  /// Of the estimated change: nodes x slots, weights of the differences to neighbours; those in the flow's direction.
  std::vector<float> weight, slope;
};

/// Takes the state to the end of the next step: predicts the change at each vertex (MeshGraphNets, Pfaff et al. 2021).
class Evolution {
 public:
  Evolution(int hidden, int layers, bool shared)
      : network_(GraphShape{Batch::kNodeInputs, Batch::kEdgeInputs, hidden, layers, 1, shared}) {}
  explicit Evolution(GraphNetwork network) : network_(std::move(network)) {}

  GraphNetwork &network() { return network_; }
  const GraphNetwork &network() const { return network_; }

  /// The next states of all items.
  void predict(const Batch &batch, std::vector<State> &next) const;
  /// The same, keeping what backward() needs.
  void forward(const Batch &batch, GraphNetwork::Record &record, std::vector<State> &next) const;
  /// next_gradient: derivatives with respect to the predicted states; adds those with respect to the weights, and gives
  /// those with respect to the states before, at the meshes' vertices (states; may be null).
  void backward(const Batch &batch, const GraphNetwork::Record &record, const std::vector<State> &next_gradient,
                std::vector<float> &gradient, std::vector<State> *state_gradient) const;

 private:
  GraphNetwork network_;
};

/// Which edges to split and which vertices to take back, and what that may bring. Node inputs are those of the evolution
/// model and the trade-off. A node says, for edges that end there, b + l log2(length) + p cos 2a + q sin 2a, a the angle
/// to the flow's direction: a metric that adaptation follows; the logit of an edge is the mean of what its ends say. The
/// logit of taking a vertex back is the node's own; those for how many, and the values, are means over the nodes.
class Refiner {
 public:
  static constexpr int kOutputs = 5 + 2 * lamp::kCounts + 2;

  Refiner(int hidden, int layers, bool shared)
      : network_(GraphShape{Batch::kNodeInputs + 1, Batch::kEdgeInputs, hidden, layers, kOutputs, shared}) {}
  explicit Refiner(GraphNetwork network) : network_(std::move(network)) {}

  GraphNetwork &network() { return network_; }
  const GraphNetwork &network() const { return network_; }

  /// One trade-off an item.
  void predict(const Batch &batch, const std::vector<double> &trade_off, std::vector<lamp::Heads> &heads) const;
  struct Record {
    GraphNetwork::Record network;
    std::vector<float> node;
  };
  /// The same, keeping what backward() needs.
  void forward(const Batch &batch, const std::vector<double> &trade_off, Record &record,
               std::vector<lamp::Heads> &heads) const;
  /// gradient += derivatives with respect to the weights, from those with respect to the heads.
  void backward(const Batch &batch, const Record &record, const std::vector<lamp::Heads> &heads_gradient,
                std::vector<float> &gradient) const;

 private:
  GraphNetwork network_;
};

}  // namespace petrl::lamp2d
