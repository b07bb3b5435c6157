// Inference: one pass over memory a layer, of no more nodes than what is asked for needs.
#include <algorithm>

#include "policy/native/graph_kernels.hpp"
#include "policy/native/graph_network.hpp"
#include "policy/native/matrix_product.hpp"

namespace petrl {

namespace {

constexpr int kBlock = 96;  // nodes: what they need between two products fits the nearest cache

}  // namespace

void GraphNetwork::evaluate(const Graph &graph, const float *node, const float *edge, float *out,
                            const Exchange &exchange) const {
  const int h = shape_.hidden, slots = graph.slots, n = graph.owned;
  const auto width = static_cast<std::size_t>(h);
  thread_local std::vector<float> room;
  const std::size_t rows = static_cast<std::size_t>(std::max(graph.nodes, n)), block = kBlock * width;
  room.resize((static_cast<std::size_t>(n) + 2 * rows) * width + 3 * block);
  float *x = room.data(), *b = x + static_cast<std::size_t>(n) * width, *next = b + rows * width,
        *a = next + rows * width, *sum = a + block, *t = sum + block;
  const auto each = [](int nodes, const auto &work) {
    for (int i = 0; i < nodes; i += kBlock) work(i, std::min(kBlock, nodes - i));
  };
  each(n, [&](int i, int count) {
    const std::size_t row = static_cast<std::size_t>(i);
    float *here = x + row * width;
    multiply(count, h, shape_.node_inputs, node + row * static_cast<std::size_t>(shape_.node_inputs), at(e1_.weight), t,
             at(e1_.bias));
    graph::silu(static_cast<long>(count) * h, t);
    multiply(count, h, h, t, at(e2_.weight), here, at(e2_.bias));
    multiply(count, h, h, here, at(layers_.front().b), b + row * width);
  });
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const LayerWeights &w = layers_[l];
    const bool last = l + 1 == layers_.size();
    const int left = static_cast<int>(layers_.size() - l) - 1;  // edges that later layers reach
    if (exchange) exchange(b, h);
    each(graph.within != nullptr ? graph.within[left] : n, [&](int i, int count) {
      const std::size_t row = static_cast<std::size_t>(i);
      float *here = x + row * width;
      multiply(count, h, h, here, at(w.a), a, at(w.c_bias));
      const std::size_t first = row * static_cast<std::size_t>(slots);
      graph::messages({count, slots, shape_.edge_inputs, h, graph.source + first,
                       edge + first * static_cast<std::size_t>(shape_.edge_inputs), a, b, at(w.c), sum});
      multiply(count, h, h, here, at(w.u), t, at(w.u_bias));
      multiply(count, h, h, sum, at(w.w), t, nullptr, true);
      graph::silu(static_cast<long>(count) * h, t);
      multiply(count, h, h, t, at(w.v), here, at(w.v_bias), true);
      if (!last) {
        multiply(count, h, h, here, at(layers_[l + 1].b), next + row * width);
      } else {
        multiply(count, h, h, here, at(d1_.weight), t, at(d1_.bias));
        graph::silu(static_cast<long>(count) * h, t);
        multiply(count, shape_.outputs, h, t, at(d2_.weight), out + row * static_cast<std::size_t>(shape_.outputs),
                 at(d2_.bias));
      }
    });
    std::swap(b, next);
  }
}

}  // namespace petrl
