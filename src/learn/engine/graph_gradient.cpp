// Forward with memory, and backward.
#include <algorithm>

#include "base/floats.hpp"
#include "learn/engine/arrays.hpp"
#include "policy/native/graph_kernels.hpp"
#include "policy/native/graph_network.hpp"
#include "policy/native/matrix_product.hpp"

namespace petrl {

namespace {

void addColumns(int rows, int columns, const float *a, float *sum) {
  learn::columnSum(rows, columns, a, columns, sum, true);
}

void scale(std::size_t n, const float *by, float *x) {
  for (std::size_t i = 0; i < n; ++i) x[i] *= by[i];
}

/// a_gradient (rows x inner) [+]= c_gradient (rows x columns) b^T.
void multiplyBack(int rows, int inner, int columns, const float *c_gradient, const float *b, float *a_gradient,
                  bool add) {
  thread_local Floats transposed;
  transpose(b, inner, columns, columns, transposed);
  multiply({rows, inner, columns, c_gradient, columns, 1, transposed.data(), padded(inner), a_gradient, inner, nullptr,
            add});
}

}  // namespace

void GraphNetwork::forward(const Graph &graph, const float *node, const float *edge, Record &r) const {
  const int h = shape_.hidden, n = graph.owned;
  const std::size_t size = static_cast<std::size_t>(n) * static_cast<std::size_t>(h);
  const long count = static_cast<long>(size);
  for (auto *v : {&r.z, &r.x, &r.gate_z, &r.y, &r.gate_y}) v->resize(size);
  r.out.resize(static_cast<std::size_t>(n) * static_cast<std::size_t>(shape_.outputs));
  r.layer.resize(layers_.size());
  multiply(n, h, shape_.node_inputs, node, at(e1_.weight), r.z.data(), at(e1_.bias));
  graph::silu(count, r.z.data(), r.gate_z.data());
  multiply(n, h, h, r.z.data(), at(e2_.weight), r.x.data(), at(e2_.bias));
  thread_local std::vector<float> a, b;
  a.resize(size), b.resize(size);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const LayerWeights &w = layers_[l];
    Record::Layer &k = r.layer[l];
    k.x = r.x;  // what came in
    for (auto *v : {&k.sum, &k.q, &k.gate_q}) v->resize(size);
    k.gate_m.resize(size * static_cast<std::size_t>(graph.slots));
    multiply(n, h, h, k.x.data(), at(w.a), a.data(), at(w.c_bias));
    multiply(n, h, h, k.x.data(), at(w.b), b.data());
    graph::messages(
        {n, graph.slots, shape_.edge_inputs, h, graph.source, edge, a.data(), b.data(), at(w.c), k.sum.data()},
        k.gate_m.data());
    multiply(n, h, h, k.x.data(), at(w.u), k.q.data(), at(w.u_bias));
    multiply(n, h, h, k.sum.data(), at(w.w), k.q.data(), nullptr, true);
    graph::silu(count, k.q.data(), k.gate_q.data());
    multiply(n, h, h, k.q.data(), at(w.v), r.x.data(), at(w.v_bias), true);
  }
  multiply(n, h, h, r.x.data(), at(d1_.weight), r.y.data(), at(d1_.bias));
  graph::silu(count, r.y.data(), r.gate_y.data());
  multiply(n, shape_.outputs, h, r.y.data(), at(d2_.weight), r.out.data(), at(d2_.bias));
}

void GraphNetwork::backward(const Graph &graph, const float *node, const float *edge, const Record &r,
                            const float *out_gradient, float *g, float *node_gradient) const {
  const int h = shape_.hidden, n = graph.owned;
  const std::size_t size = static_cast<std::size_t>(n) * static_cast<std::size_t>(h);
  thread_local std::vector<float> x, t, s, ga, gb;
  for (auto *v : {&x, &t, &s, &ga, &gb}) v->resize(size);
  // Decoder.
  multiplyTransposedAdd(n, shape_.outputs, h, r.y.data(), out_gradient, g + d2_.weight);
  addColumns(n, shape_.outputs, out_gradient, g + d2_.bias);
  multiplyBack(n, h, shape_.outputs, out_gradient, at(d2_.weight), t.data(), false);
  scale(size, r.gate_y.data(), t.data());
  multiplyTransposedAdd(n, h, h, r.x.data(), t.data(), g + d1_.weight);
  addColumns(n, h, t.data(), g + d1_.bias);
  multiplyBack(n, h, h, t.data(), at(d1_.weight), x.data(), false);
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const LayerWeights &w = layers_[l];
    const Record::Layer &k = r.layer[l];
    multiplyTransposedAdd(n, h, h, k.q.data(), x.data(), g + w.v);
    addColumns(n, h, x.data(), g + w.v_bias);
    multiplyBack(n, h, h, x.data(), at(w.v), t.data(), false);
    scale(size, k.gate_q.data(), t.data());
    multiplyTransposedAdd(n, h, h, k.x.data(), t.data(), g + w.u);
    multiplyTransposedAdd(n, h, h, k.sum.data(), t.data(), g + w.w);
    addColumns(n, h, t.data(), g + w.u_bias);
    multiplyBack(n, h, h, t.data(), at(w.u), x.data(), true);
    multiplyBack(n, h, h, t.data(), at(w.w), s.data(), false);
    std::fill(gb.begin(), gb.end(), 0.f);
    graph::messagesBackward(
        {n, graph.slots, shape_.edge_inputs, h, graph.source, edge, nullptr, nullptr, at(w.c), nullptr},
        k.gate_m.data(), s.data(), ga.data(), gb.data(), g + w.c);
    addColumns(n, h, ga.data(), g + w.c_bias);
    multiplyTransposedAdd(n, h, h, k.x.data(), ga.data(), g + w.a);
    multiplyTransposedAdd(n, h, h, k.x.data(), gb.data(), g + w.b);
    multiplyBack(n, h, h, ga.data(), at(w.a), x.data(), true);
    multiplyBack(n, h, h, gb.data(), at(w.b), x.data(), true);
  }
  // Encoder.
  multiplyTransposedAdd(n, h, h, r.z.data(), x.data(), g + e2_.weight);
  addColumns(n, h, x.data(), g + e2_.bias);
  multiplyBack(n, h, h, x.data(), at(e2_.weight), t.data(), false);
  scale(size, r.gate_z.data(), t.data());
  multiplyTransposedAdd(n, h, shape_.node_inputs, node, t.data(), g + e1_.weight);
  addColumns(n, h, t.data(), g + e1_.bias);
  if (node_gradient) multiplyBack(n, shape_.node_inputs, h, t.data(), at(e1_.weight), node_gradient, true);
}

}  // namespace petrl
