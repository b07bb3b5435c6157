// The evolution model of LAMP: a graph network that takes a bundle of time levels to the next one.
#pragma once

#include <vector>

#include "policy/native/graph_network.hpp"
#include "problems/nonlinear1d/vertex_mesh.hpp"

namespace petrl::lamp {

constexpr int kBundle = 25;  ///< time levels that go in and come out

/// What a model of the benchmark sees and how it answers. All false is the published choice.
struct ModelOptions {
  bool parameters = true;  ///< sees the viscosity and the forcing during the next bundle
  bool ring = true;        ///< the mesh closes periodically
  bool residual = true;    ///< predicts the change from the last level (beyond what the forcing alone would do)
};

/// A bundle at all label points: value of point j at the bundle's level m is u[j * kBundle + m]. It is linear between
/// the vertices of the mesh that it was computed on: re-meshing is to take its values at other points.
using Bundle = std::vector<float>;

/// The labels as a bundle: levels last - kBundle + 1 ... last of a trajectory, linear between the mesh's vertices.
Bundle sampled(const nonlinear1d::Nonlinear1DSet &set, int trajectory, int last, const nonlinear1d::VertexMesh &mesh);

/// Several meshes, each with its state, as one graph without edges between them.
struct Batch {
  struct Item {
    const nonlinear1d::Nonlinear1DCase *pde;
    int last;  ///< level of the state's last entry
    nonlinear1d::VertexMesh mesh;
    int first = 0;  ///< its first node
    std::vector<nonlinear1d::VertexMesh::Place> place;
  };
  std::vector<Item> items;
  std::vector<float> node, edge, base;  ///< base: nodes x kBundle, what a residual model adds its output to
  std::vector<int> source;
  int nodes = 0;

  void clear() { items.clear(), node.clear(), edge.clear(), base.clear(), source.clear(), nodes = 0; }
  Graph graph() const { return {nodes, nodes, 2, source.data()}; }
};

class Evolution {
 public:
  static constexpr int kEdgeInputs = 2;

  Evolution(const ModelOptions &options, int hidden, int layers, bool shared);
  Evolution(const ModelOptions &options, GraphNetwork network);

  /// Number of node features.
  static int inputs(const ModelOptions &options);
  const ModelOptions &options() const { return options_; }
  GraphNetwork &network() { return network_; }
  const GraphNetwork &network() const { return network_; }

  /// Appends a mesh and the state on it.
  void add(Batch &batch, const nonlinear1d::Nonlinear1DCase &pde, int last, const nonlinear1d::VertexMesh &mesh,
           const Bundle &state) const;
  /// The next bundles of all items.
  void predict(const Batch &batch, std::vector<Bundle> &next) const;
  /// The same, keeping what backward() needs.
  void forward(const Batch &batch, GraphNetwork::Record &record, std::vector<Bundle> &next) const;
  /// next_gradient: derivatives with respect to the predicted bundles; adds those with respect to the weights, and
  /// those with respect to the states at the meshes' vertices (state_gradient: bundles, may be null).
  void backward(const Batch &batch, const GraphNetwork::Record &record, const std::vector<Bundle> &next_gradient,
                std::vector<float> &gradient, std::vector<Bundle> *state_gradient) const;

 private:
  void spread(const Batch &batch, const float *out, std::vector<Bundle> &next) const;
  ModelOptions options_;
  GraphNetwork network_;
};

}  // namespace petrl::lamp
