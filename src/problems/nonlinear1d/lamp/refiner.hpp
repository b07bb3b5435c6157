// The policy of LAMP: a graph network that says which edges to split and to coarsen, and what that may bring.
#pragma once

#include <vector>

#include "problems/lamp/decision.hpp"
#include "problems/nonlinear1d/lamp/evolution.hpp"

namespace petrl::lamp {

/// One network: node inputs are those of the evolution model and the trade-off. Outputs of a node are the logits for
/// splitting and for coarsening the edge that begins there, then those for the numbers of edges and the two values,
/// which are averaged over the nodes.
class Refiner {
 public:
  static constexpr int kOutputs = 2 + 2 * kCounts + 2;

  Refiner(const ModelOptions &options, int hidden, int layers, bool shared);
  Refiner(const ModelOptions &options, GraphNetwork network);

  static int inputs(const ModelOptions &options) { return Evolution::inputs(options) + 1; }
  GraphNetwork &network() { return network_; }
  const GraphNetwork &network() const { return network_; }

  /// For meshes and states that Evolution::add() put into the batch; one trade-off an item.
  void predict(const Batch &batch, const std::vector<double> &trade_off, std::vector<Heads> &heads) const;

  struct Record {
    GraphNetwork::Record network;
    std::vector<float> node;
  };
  /// The same, keeping what backward() needs.
  void forward(const Batch &batch, const std::vector<double> &trade_off, Record &record,
               std::vector<Heads> &heads) const;
  /// gradient += derivatives with respect to the weights, from those with respect to the heads.
  void backward(const Batch &batch, const Record &record, const std::vector<Heads> &heads_gradient,
                std::vector<float> &gradient) const;

 private:
  std::vector<float> features(const Batch &batch, const std::vector<double> &trade_off) const;
  static void collect(const Batch &batch, const float *out, std::vector<Heads> &heads);
  ModelOptions options_;
  GraphNetwork network_;
};

}  // namespace petrl::lamp
