#include "problems/nonlinear1d/lamp/refiner.hpp"

#include <algorithm>

namespace petrl::lamp {

namespace {

// Places of the outputs of a node.
constexpr std::size_t kSplit = 0, kCoarsen = 1, kSplitCount = 2, kCoarsenCount = 2 + kCounts, kValue = 2 + 2 * kCounts;

}  // namespace

Refiner::Refiner(const ModelOptions &options, int hidden, int layers, bool shared)
    : options_(options),
      network_(GraphShape{inputs(options), Evolution::kEdgeInputs, hidden, layers, kOutputs, shared}) {}

Refiner::Refiner(const ModelOptions &options, GraphNetwork network) : options_(options), network_(std::move(network)) {}

std::vector<float> Refiner::features(const Batch &batch, const std::vector<double> &trade_off) const {
  const auto width = static_cast<std::size_t>(Evolution::inputs(options_));
  std::vector<float> node(static_cast<std::size_t>(batch.nodes) * (width + 1));
  float *to = node.data();
  const float *from = batch.node.data();
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    for (int i = 0; i < batch.items[k].mesh.vertices(); ++i) {
      to = std::copy_n(from, width, to);
      from += width;
      *to++ = static_cast<float>(trade_off[k]);
    }
  }
  return node;
}

void Refiner::collect(const Batch &batch, const float *out, std::vector<Heads> &heads) {
  heads.resize(batch.items.size());
  for (std::size_t k = 0; k < heads.size(); ++k) {
    const nonlinear1d::VertexMesh &mesh = batch.items[k].mesh;
    Heads &h = heads[k];
    h = Heads();
    h.logits = Logits(mesh.edges(), mesh.edges());
    double sum[kOutputs] = {};
    for (int i = 0; i < mesh.vertices(); ++i) {
      const float *o = out + static_cast<std::size_t>(batch.items[k].first + i) * kOutputs;
      if (i < mesh.edges()) {
        h.logits.split[static_cast<std::size_t>(i)] = o[kSplit];
        h.logits.coarsen[static_cast<std::size_t>(i)] = o[kCoarsen];
      }
      for (std::size_t j = kSplitCount; j < kOutputs; ++j) sum[j] += static_cast<double>(o[j]);
    }
    const double share = 1. / mesh.vertices();
    for (std::size_t c = 0; c < kCounts; ++c) {
      h.logits.split_count[c] = static_cast<float>(share * sum[kSplitCount + c]);
      h.logits.coarsen_count[c] = static_cast<float>(share * sum[kCoarsenCount + c]);
    }
    h.value_error = share * sum[kValue];
    h.value_cost = share * sum[kValue + 1];
  }
}

void Refiner::predict(const Batch &batch, const std::vector<double> &trade_off, std::vector<Heads> &heads) const {
  const std::vector<float> node = features(batch, trade_off);
  std::vector<float> out(static_cast<std::size_t>(batch.nodes) * kOutputs);
  network_.evaluate(batch.graph(), node.data(), batch.edge.data(), out.data());
  collect(batch, out.data(), heads);
}

void Refiner::forward(const Batch &batch, const std::vector<double> &trade_off, Record &record,
                      std::vector<Heads> &heads) const {
  record.node = features(batch, trade_off);
  network_.forward(batch.graph(), record.node.data(), batch.edge.data(), record.network);
  collect(batch, record.network.out.data(), heads);
}

void Refiner::backward(const Batch &batch, const Record &record, const std::vector<Heads> &heads_gradient,
                       std::vector<float> &gradient) const {
  std::vector<float> out(static_cast<std::size_t>(batch.nodes) * kOutputs);
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    const nonlinear1d::VertexMesh &mesh = batch.items[k].mesh;
    const Heads &g = heads_gradient[k];
    const float share = 1.f / static_cast<float>(mesh.vertices());
    for (int i = 0; i < mesh.vertices(); ++i) {
      float *o = &out[static_cast<std::size_t>(batch.items[k].first + i) * kOutputs];
      const auto edge = static_cast<std::size_t>(i);
      o[kSplit] = i < mesh.edges() ? g.logits.split[edge] : 0;
      o[kCoarsen] = i < mesh.edges() ? g.logits.coarsen[edge] : 0;
      for (std::size_t c = 0; c < kCounts; ++c) {
        o[kSplitCount + c] = share * g.logits.split_count[c];
        o[kCoarsenCount + c] = share * g.logits.coarsen_count[c];
      }
      o[kValue] = share * static_cast<float>(g.value_error);
      o[kValue + 1] = share * static_cast<float>(g.value_cost);
    }
  }
  network_.backward(batch.graph(), record.node.data(), batch.edge.data(), record.network, out.data(), gradient.data(),
                    nullptr);
}

}  // namespace petrl::lamp
