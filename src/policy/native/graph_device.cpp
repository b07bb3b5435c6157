#include "policy/native/graph_device.hpp"

#include <algorithm>
#include <utility>

#include "policy/native/graph_device_kernels.hpp"

namespace petrl {

namespace {

constexpr int kTile = 32;
constexpr std::size_t kMostScratch = 96 * 1024;  // two teams at a time on a card of compute capability 8.0

kernels::GraphTile tileOf(int nodes, int hidden) {
  kernels::GraphTile tile{nodes, kTile, hidden};
  while (tile.tile > 1 && tile.scratch() * sizeof(float) > kMostScratch) tile.tile /= 2;
  return tile;
}

}  // namespace

PetscErrorCode GraphDevice::setUp(device::Space space) {
  PetscFunctionBegin;
  space_ = space;
  PetscCall(weights_.resize(space, network_.size()));
  PetscCall(weights_.set(network_.weights().data()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double GraphDevice::flops(const Graph &graph) const {
  return 2. * static_cast<double>(graph.owned) * static_cast<double>(network_.multiplyAdds(graph.slots));
}

PetscErrorCode GraphDevice::evaluate(const Graph &graph, const float *node, const float *edge, float *out,
                                     const Exchange &exchange) {
  const GraphShape &shape = network_.shape();
  const auto h = static_cast<std::size_t>(shape.hidden);
  const std::size_t rows = static_cast<std::size_t>(std::max(graph.nodes, graph.owned));
  const kernels::GraphTile tile = tileOf(graph.owned, shape.hidden);
  const std::ptrdiff_t teams = (graph.owned + tile.tile - 1) / tile.tile;
  const std::size_t scratch = tile.scratch() * sizeof(float);
  const auto &layers = network_.layers();
  float *b, *next;

  PetscFunctionBegin;
  PetscCall(x_.resize(space_, static_cast<std::size_t>(graph.owned) * h));
  for (auto &each : b_) PetscCall(each.resize(space_, rows * h));
  b = b_[0].data(), next = b_[1].data();
  kernels::EncodeNodes encode{};
  encode.tile = tile, encode.inputs = shape.node_inputs, encode.node = node;
  encode.e1 = at(network_.encoder(0).weight), encode.e1_bias = at(network_.encoder(0).bias);
  encode.e2 = at(network_.encoder(1).weight), encode.e2_bias = at(network_.encoder(1).bias);
  encode.sender = at(layers.front().b);
  encode.x = x_.data(), encode.b = b;
  PetscCall(device::forEachTeam(space_, teams, scratch, encode));
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const GraphNetwork::LayerWeights &w = layers[l];
    kernels::PassMessages pass{};
    if (exchange) PetscCall(exchange(b, shape.hidden));
    pass.tile = tile, pass.slots = graph.slots, pass.edge_inputs = shape.edge_inputs, pass.outputs = shape.outputs;
    pass.source = graph.source, pass.edge = edge;
    pass.a = at(w.a), pass.c = at(w.c), pass.c_bias = at(w.c_bias);
    pass.u = at(w.u), pass.u_bias = at(w.u_bias), pass.w = at(w.w);
    pass.v = at(w.v), pass.v_bias = at(w.v_bias);
    pass.sender = l + 1 < layers.size() ? at(layers[l + 1].b) : nullptr;
    pass.d1 = at(network_.decoder(0).weight), pass.d1_bias = at(network_.decoder(0).bias);
    pass.d2 = at(network_.decoder(1).weight), pass.d2_bias = at(network_.decoder(1).bias);
    pass.b = b, pass.x = x_.data(), pass.next = next, pass.out = out;
    PetscCall(device::forEachTeam(space_, teams, scratch, pass));
    std::swap(b, next);
  }
  if (space_ == device::Space::device) PetscCall(PetscLogGpuFlops(flops(graph)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
