// Message passing on graphs: inference, and the gradients that training needs. No libtorch.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "policy/backend.hpp"

namespace petrl {

/// Widths of a message-passing network.
struct GraphShape {
  int node_inputs = 0, edge_inputs = 0, hidden = 0, layers = 0, outputs = 0;
  bool shared = false;  ///< all layers have the same weights
};

/// Encode, pass messages, decode (MeshGraphNets, Pfaff et al. 2021; here without edge states, and with the linear last
/// step of the messages after their sum, which changes nothing but the cost):
///
///   x      = E2 silu(E1 node)
///   sum_i  = sum over neighbours j of silu(A x_i + B x_j + C edge_ij + c)
///   x_i   += V silu(U x_i + W sum_i + d) + v                 (layers times)
///   out    = D2 silu(D1 x)
///
/// All matrices with biases but A, B, C, which share c. Weights are one flat array; names() says what lies where.
class PETRL_API GraphNetwork : public GraphBackend {
 public:
  struct Part {
    std::string name;
    int rows, columns;  ///< inputs x outputs, row major; a bias has one row
    std::size_t offset;
  };

  /// Where in the weights the parts of a layer lie.
  struct Linear {
    std::size_t weight, bias;
  };
  struct LayerWeights {
    std::size_t a, b, c, u, w, v, c_bias, u_bias, v_bias;
  };

  explicit GraphNetwork(const GraphShape &shape) : GraphNetwork(shape, nullptr, "") {}
  /// From a policy's network (architecture "gnn"). Throws petrl::Error naming `source`, the weight, what was found and
  /// expected.
  GraphNetwork(const NetworkSpec &network, const std::string &source)
      : GraphNetwork(readShape(network, source), &network, source) {}

  const char *name() const override { return "native"; }
  int inputs() const override { return shape_.node_inputs; }
  int edgeInputs() const override { return shape_.edge_inputs; }
  int outputs() const override { return shape_.outputs; }
  int reach() const override { return shape_.layers; }
  std::string describe() const override;
  const GraphShape &shape() const { return shape_; }
  std::size_t size() const { return size_; }
  const std::vector<Part> &parts() const { return parts_; }
  const Linear &encoder(int i) const { return i == 0 ? e1_ : e2_; }
  const Linear &decoder(int i) const { return i == 0 ? d1_ : d2_; }
  const std::vector<LayerWeights> &layers() const { return layers_; }
  std::vector<float> &weights() { return weights_; }
  const std::vector<float> &weights() const { return weights_; }
  /// Random weights: uniform, variance 1 / inputs; the last matrix and every V scaled by `last`.
  void initialise(const std::function<double()> &uniform, double last = 1);
  NetworkSpec spec() const;
  std::size_t multiplyAdds(int slots) const;  ///< for one node

  /// Blocks of nodes go through a layer together, so that what is between stays in the nearest cache.
  void evaluate(const Graph &graph, const float *node, const float *edge, float *out,
                const Exchange &exchange = {}) const override;

  /// What forward() keeps for backward().
  struct Record {
    std::vector<float> z, x, gate_z, y, gate_y, out;  ///< encoder, decoder
    struct Layer {
      std::vector<float> x, sum, gate_m, q, gate_q;
    };
    std::vector<Layer> layer;
  };
  /// As evaluate() (no ghosts), keeping what the gradient needs. Result in record.out.
  void forward(const Graph &graph, const float *node, const float *edge, Record &record) const;
  /// gradient (of the weights; size()) += and, unless null, node_gradient (nodes x node_inputs) = derivatives of a
  /// function whose derivatives with respect to the outputs are `out_gradient`.
  void backward(const Graph &graph, const float *node, const float *edge, const Record &record,
                const float *out_gradient, float *gradient, float *node_gradient) const;

 private:
  static GraphShape readShape(const NetworkSpec &network, const std::string &source);
  GraphNetwork(const GraphShape &shape, const NetworkSpec *network, const std::string &source);
  void layOut();
  std::size_t add(const std::string &name, int rows, int columns);
  const float *at(std::size_t offset) const { return weights_.data() + offset; }

  GraphShape shape_;
  std::size_t size_ = 0;
  std::vector<Part> parts_;
  std::vector<float> weights_;
  Linear e1_{}, e2_{}, d1_{}, d2_{};
  std::vector<LayerWeights> layers_;
};

}  // namespace petrl
