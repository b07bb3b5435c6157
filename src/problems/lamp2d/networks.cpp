#include "problems/lamp2d/networks.hpp"

#include <algorithm>
#include <cmath>

namespace petrl::lamp2d {

namespace {

constexpr float kEdgeScale = .25f;   // of lengths in label spacings
constexpr double kViscosity = 2e-3;  // about the middle of what flows have

constexpr std::size_t kMetric = 4;  // b, l, p, q
constexpr std::size_t kTakeBack = 4, kSplitCount = 5, kCoarsenCount = kSplitCount + lamp::kCounts,
                      kValue = kCoarsenCount + lamp::kCounts;

/// Of one step of the evolution model, label values from those at vertices.
void spread(const Batch &batch, const float *out, std::vector<State> &next) {
  next.resize(batch.items.size());
  std::vector<float> u;
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    const Batch::Item &item = batch.items[k];
    u.resize(static_cast<std::size_t>(item.mesh->vertices()));
    for (std::size_t i = 0; i < u.size(); ++i) {
      const std::size_t at = static_cast<std::size_t>(item.first) + i;
      u[i] = batch.node[at * Batch::kNodeInputs] + out[at];
    }
    item.mesh->sample(u.data(), next[k]);
  }
}

/// What multiplies the four numbers that a node says of its edges.
void edgeTerms(const conservation::FlowCase &flow, const TriangleMesh::Edge &edge, float terms[kMetric]) {
  const double c = flow.law.direction[0], s = flow.law.direction[1], along = edge.x * c + edge.y * s,
               across = edge.y * c - edge.x * s, square = along * along + across * across;
  terms[0] = 1;
  terms[1] = static_cast<float>(.5 * std::log2(square));
  terms[2] = static_cast<float>((along * along - across * across) / square);
  terms[3] = static_cast<float>(2 * along * across / square);
}

std::vector<float> features(const Batch &batch, const std::vector<double> &trade_off) {
  std::vector<float> node(static_cast<std::size_t>(batch.nodes) * (Batch::kNodeInputs + 1));
  float *to = node.data();
  const float *from = batch.node.data();
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    for (int i = 0; i < batch.items[k].mesh->vertices(); ++i) {
      to = std::copy_n(from, Batch::kNodeInputs, to);
      from += Batch::kNodeInputs;
      *to++ = static_cast<float>(trade_off[k]);
    }
  }
  return node;
}

void collect(const Batch &batch, const float *out, std::vector<lamp::Heads> &heads) {
  heads.resize(batch.items.size());
  for (std::size_t k = 0; k < heads.size(); ++k) {
    const Batch::Item &item = batch.items[k];
    const TriangleMesh &mesh = *item.mesh;
    lamp::Heads &h = heads[k];
    h = lamp::Heads();
    h.logits = lamp::Logits(mesh);
    const float *first = out + static_cast<std::size_t>(item.first) * Refiner::kOutputs;
    const auto node = [&](int i) { return first + static_cast<std::size_t>(i) * Refiner::kOutputs; };
    double sum[Refiner::kOutputs] = {};
    for (int i = 0; i < mesh.vertices(); ++i) {
      const float *o = node(i);
      h.logits.coarsen[static_cast<std::size_t>(i)] = o[kTakeBack];
      for (std::size_t j = kSplitCount; j < Refiner::kOutputs; ++j) sum[j] += static_cast<double>(o[j]);
    }
    for (int e = 0; e < mesh.edges(); ++e) {
      const TriangleMesh::Edge &edge = mesh.edge(e);
      float terms[kMetric], logit = 0;
      edgeTerms(*item.flow, edge, terms);
      for (std::size_t j = 0; j < kMetric; ++j) logit += .5f * terms[j] * (node(edge.a)[j] + node(edge.b)[j]);
      h.logits.split[static_cast<std::size_t>(e)] = logit;
    }
    const double share = 1. / mesh.vertices();
    for (std::size_t c = 0; c < lamp::kCounts; ++c) {
      h.logits.split_count[c] = static_cast<float>(share * sum[kSplitCount + c]);
      h.logits.coarsen_count[c] = static_cast<float>(share * sum[kCoarsenCount + c]);
    }
    h.value_error = share * sum[kValue];
    h.value_cost = share * sum[kValue + 1];
  }
}

}  // namespace

void Batch::add(const conservation::FlowCase &flow, MeshPtr mesh, const State &state) {
  const int n = mesh->vertices(), first = nodes;
  nodes += n;
  const auto all = static_cast<std::size_t>(nodes);
  node.resize(all * kNodeInputs);
  weight.resize(all * TriangleMesh::kSlots, 0.f);
  slope.resize(all * TriangleMesh::kSlots, 0.f);
  edge.resize(all * TriangleMesh::kSlots * kEdgeInputs, 0.f);
  source.resize(all * TriangleMesh::kSlots);
  const auto viscosity = static_cast<float>(std::log(std::max(flow.law.viscosity, 1e-6) / kViscosity));
  const auto c = static_cast<float>(flow.law.direction[0]), s = static_cast<float>(flow.law.direction[1]);
  const double spacing = mesh->grid().length / mesh->grid().side(), step = flow.samples.front();
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(first + i);
    node[at * kNodeInputs] = state[static_cast<std::size_t>(mesh->point(i))];
    node[at * kNodeInputs + 1] = viscosity;
  }
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(first + i);
    for (int k = 0; k < TriangleMesh::kSlots; ++k) {
      const auto slot = static_cast<std::size_t>(i * TriangleMesh::kSlots + k),
                 to = at * TriangleMesh::kSlots + static_cast<std::size_t>(k);
      const int other = mesh->neighbours()[slot];
      source[to] = other < 0 ? -1 : first + other;
      if (other < 0) continue;
      const TriangleMesh::Edge &e = mesh->edge(mesh->edgesAt()[slot]);
      const auto sign = e.a == i ? kEdgeScale : -kEdgeScale;
      const float x = sign * static_cast<float>(e.x), y = sign * static_cast<float>(e.y);
      float *const f = &edge[to * kEdgeInputs];
      f[0] = x * c + y * s, f[1] = y * c - x * s, f[2] = std::hypot(x, y);
    }
    estimate(at, step / spacing * kEdgeScale,
             step * flow.law.viscosity / (spacing * spacing) * kEdgeScale * kEdgeScale);
  }
  items.push_back({&flow, std::move(mesh), first});
}

// Least squares give the slope along the flow, weights 1 / distance^2; the Laplacian is a mean of second differences.
void Batch::estimate(std::size_t at, double advection, double diffusion) {
  const int *const from = &source[at * TriangleMesh::kSlots];
  const float *const e = &edge[at * TriangleMesh::kSlots * kEdgeInputs];
  double aa = 0, ab = 0, bb = 0;
  int count = 0;
  for (std::size_t k = 0; k < TriangleMesh::kSlots; ++k) {
    if (from[k] < 0) continue;
    const double a = e[3 * k], b = e[3 * k + 1], w = 1 / (a * a + b * b);
    aa += w * a * a, ab += w * a * b, bb += w * b * b, ++count;
  }
  const double share = 1 / (aa * bb - ab * ab), u = node[at * kNodeInputs];
  double sum = 0;
  for (std::size_t k = 0; k < TriangleMesh::kSlots; ++k) {
    if (from[k] < 0) continue;
    const double a = e[3 * k], b = e[3 * k + 1], w = 1 / (a * a + b * b),
                 g = -advection * share * w * (bb * a - ab * b);
    const double of = u * g + diffusion * 4 * w / count;
    slope[at * TriangleMesh::kSlots + k] = static_cast<float>(g);
    weight[at * TriangleMesh::kSlots + k] = static_cast<float>(of);
    sum += of * static_cast<double>(node[static_cast<std::size_t>(from[k]) * kNodeInputs] - node[at * kNodeInputs]);
  }
  node[at * kNodeInputs + 2] = static_cast<float>(sum);
}

void Batch::pullBack(const float *node_gradient, float *u_gradient) const {
  for (std::size_t at = 0; at < static_cast<std::size_t>(nodes); ++at) u_gradient[at] = node_gradient[at * kNodeInputs];
  for (std::size_t at = 0; at < static_cast<std::size_t>(nodes); ++at) {
    const float g = node_gradient[at * kNodeInputs + 2], u = node[at * kNodeInputs];
    for (std::size_t k = at * TriangleMesh::kSlots; k < (at + 1) * TriangleMesh::kSlots; ++k) {
      if (source[k] < 0) continue;
      const auto other = static_cast<std::size_t>(source[k]);
      u_gradient[other] += g * weight[k];
      u_gradient[at] += g * (slope[k] * (node[other * kNodeInputs] - u) - weight[k]);
    }
  }
}

void Evolution::predict(const Batch &batch, std::vector<State> &next) const {
  std::vector<float> out(static_cast<std::size_t>(batch.nodes));
  network_.evaluate(batch.graph(), batch.node.data(), batch.edge.data(), out.data());
  spread(batch, out.data(), next);
}

void Evolution::forward(const Batch &batch, GraphNetwork::Record &record, std::vector<State> &next) const {
  network_.forward(batch.graph(), batch.node.data(), batch.edge.data(), record);
  spread(batch, record.out.data(), next);
}

void Evolution::backward(const Batch &batch, const GraphNetwork::Record &record,
                         const std::vector<State> &next_gradient, std::vector<float> &gradient,
                         std::vector<State> *state_gradient) const {
  std::vector<float> out(static_cast<std::size_t>(batch.nodes), 0.f);
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    const Batch::Item &item = batch.items[k];
    const auto &places = item.mesh->places();
    for (std::size_t j = 0; j < places.size(); ++j) {
      for (int c = 0; c < 3; ++c)
        out[static_cast<std::size_t>(item.first + places[j].vertex[c])] += places[j].weight[c] * next_gradient[k][j];
    }
  }
  std::vector<float> node, u(static_cast<std::size_t>(batch.nodes));
  if (state_gradient) node.assign(static_cast<std::size_t>(batch.nodes) * Batch::kNodeInputs, 0.f);
  network_.backward(batch.graph(), batch.node.data(), batch.edge.data(), record, out.data(), gradient.data(),
                    state_gradient ? node.data() : nullptr);
  if (!state_gradient) return;
  batch.pullBack(node.data(), u.data());
  state_gradient->resize(batch.items.size());
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    const Batch::Item &item = batch.items[k];
    State &g = (*state_gradient)[k];
    g.assign(item.mesh->places().size(), 0.f);
    for (int i = 0; i < item.mesh->vertices(); ++i) {
      const auto at = static_cast<std::size_t>(item.first + i);
      g[static_cast<std::size_t>(item.mesh->point(i))] = u[at] + out[at];
    }
  }
}

void Refiner::predict(const Batch &batch, const std::vector<double> &trade_off, std::vector<lamp::Heads> &heads) const {
  const std::vector<float> node = features(batch, trade_off);
  std::vector<float> out(static_cast<std::size_t>(batch.nodes) * kOutputs);
  network_.evaluate(batch.graph(), node.data(), batch.edge.data(), out.data());
  collect(batch, out.data(), heads);
}

void Refiner::forward(const Batch &batch, const std::vector<double> &trade_off, Record &record,
                      std::vector<lamp::Heads> &heads) const {
  record.node = features(batch, trade_off);
  network_.forward(batch.graph(), record.node.data(), batch.edge.data(), record.network);
  collect(batch, record.network.out.data(), heads);
}

void Refiner::backward(const Batch &batch, const Record &record, const std::vector<lamp::Heads> &heads_gradient,
                       std::vector<float> &gradient) const {
  std::vector<float> out(static_cast<std::size_t>(batch.nodes) * kOutputs, 0.f);
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    const Batch::Item &item = batch.items[k];
    const TriangleMesh &mesh = *item.mesh;
    const lamp::Heads &g = heads_gradient[k];
    const auto node = [&](int i) { return &out[static_cast<std::size_t>(item.first + i) * kOutputs]; };
    const float share = 1.f / static_cast<float>(mesh.vertices());
    for (int i = 0; i < mesh.vertices(); ++i) {
      float *o = node(i);
      o[kTakeBack] = g.logits.coarsen[static_cast<std::size_t>(i)];
      for (std::size_t c = 0; c < lamp::kCounts; ++c) {
        o[kSplitCount + c] = share * g.logits.split_count[c];
        o[kCoarsenCount + c] = share * g.logits.coarsen_count[c];
      }
      o[kValue] = share * static_cast<float>(g.value_error);
      o[kValue + 1] = share * static_cast<float>(g.value_cost);
    }
    for (int e = 0; e < mesh.edges(); ++e) {
      const TriangleMesh::Edge &edge = mesh.edge(e);
      const float slope = .5f * g.logits.split[static_cast<std::size_t>(e)];
      if (slope == 0) continue;
      float terms[kMetric];
      edgeTerms(*item.flow, edge, terms);
      for (std::size_t j = 0; j < kMetric; ++j) {
        node(edge.a)[j] += slope * terms[j];
        node(edge.b)[j] += slope * terms[j];
      }
    }
  }
  network_.backward(batch.graph(), record.node.data(), batch.edge.data(), record.network, out.data(), gradient.data(),
                    nullptr);
}

}  // namespace petrl::lamp2d
