#include "problems/nonlinear1d/learner/evolution_training.hpp"

#include <algorithm>

#include "problems/nonlinear1d/lamp/edge_choices.hpp"
#include "problems/nonlinear1d/lamp/meshes.hpp"

namespace petrl::learn {

using lamp::Bundle;
using lamp::kBundle;
using nonlinear1d::kPoints;
using nonlinear1d::VertexMesh;

namespace {

constexpr int kCoarse = 4, kMiddle = 2;               // strides of the meshes that roll-outs start from
constexpr int kFewest = 30, kMost = 70, kDense = 90;  // vertices of adapted meshes; denser ones stay as they are

}  // namespace

int EvolutionTraining::bundles(double progress) const {
  if (progress < .15) return 1;
  return progress < .5 ? std::min(config_.bundles, 4) : config_.bundles;
}

VertexMesh EvolutionTraining::adapted(int trajectory, int last, bool ring, Rng &rng) const {
  const int level = std::min(last + (kBundle + 1) / 2, nonlinear1d::kLevels - 1);
  const int target = kFewest + static_cast<int>(rng.below(kMost - kFewest));
  return lamp::adaptedMesh(VertexMesh::uniform(kCoarse, ring), set_.at(trajectory, level), target, .3,
                           [&rng] { return rng.uniform(); });
}

EvolutionTraining::Item EvolutionTraining::draw(const lamp::Model &model, int bundles, double policy_share,
                                                Rng &rng) const {
  const bool ring = model.evolution.options().ring;
  Item item;
  item.trajectory = static_cast<int>(rng.below(static_cast<std::uint64_t>(set_.size())));
  const int starts = nonlinear1d::kLevels - kBundle * (bundles + 1) + 1;
  item.last = kBundle - 1 + static_cast<int>(rng.below(static_cast<std::uint64_t>(starts)));
  item.policy = rng.uniform() < policy_share;
  item.trade_off = rng.uniform() * model.largest_trade_off;
  const double kind = rng.uniform();
  const auto start = [&] { return VertexMesh::uniform(rng.uniform() < .5 ? kMiddle : kCoarse, ring); };
  if (item.policy || !adapted_ || kind < .5) {
    item.mesh = !item.policy && adapted_ && kind < .1 ? VertexMesh::uniform(1, ring) : start();
    if (!item.policy && rng.uniform() < (adapted_ ? .2 : .1))
      item.mesh = lamp::thinnedMesh(item.mesh, .3 * rng.uniform(), [&rng] { return rng.uniform(); });
    item.state = lamp::sampled(set_, item.trajectory, item.last, item.mesh);
  } else {
    // What is known comes from the mesh before: an adapted one does not make the state better.
    item.state = lamp::sampled(set_, item.trajectory, item.last, start());
    item.mesh = adapted(item.trajectory, item.last, ring, rng);
  }
  return item;
}

void EvolutionTraining::remesh(const lamp::Model &model, std::vector<Item> &items, int bundle, Rng &rng) {
  const bool ring = model.evolution.options().ring;
  lamp::Batch batch;
  std::vector<double> trade_off;
  for (Item &item : items) {
    const int last = item.last + bundle * kBundle;
    if (item.policy) {
      const auto &pde = set_.cases[static_cast<std::size_t>(item.trajectory)];
      model.evolution.add(batch, pde, last, item.mesh, item.state);
      trade_off.push_back(item.trade_off);
    } else if (adapted_ && bundle > 0 && item.mesh.vertices() < kDense && rng.uniform() < .5) {
      item.mesh = adapted(item.trajectory, last, ring, rng);
    }
  }
  if (trade_off.empty()) return;
  std::vector<lamp::Heads> heads;
  model.refiner.predict(batch, trade_off, heads);
  std::size_t k = 0;
  for (Item &item : items) {
    if (!item.policy) continue;
    const lamp::Action action =
        lamp::draw(lamp::EdgeChoices(item.mesh), heads[k++].logits, [&rng] { return rng.uniform(); });
    item.mesh = item.mesh.changed(action.split, action.coarsen);
  }
}

double EvolutionTraining::gradient(const lamp::Model &model, int bundles, double policy_share, Rng &rng,
                                   std::vector<float> &gradient) {
  const auto length = static_cast<std::size_t>(bundles);
  if (batch_.size() < length) batch_.resize(length), record_.resize(length), prediction_.resize(length);
  std::vector<Item> items;
  for (int i = 0; i < config_.batch; ++i) items.push_back(draw(model, bundles, policy_share, rng));
  for (std::size_t b = 0; b < length; ++b) {
    remesh(model, items, static_cast<int>(b), rng);
    batch_[b].clear();
    for (const Item &item : items) {
      const auto &pde = set_.cases[static_cast<std::size_t>(item.trajectory)];
      model.evolution.add(batch_[b], pde, item.last + static_cast<int>(b) * kBundle, item.mesh, item.state);
    }
    model.evolution.forward(batch_[b], record_[b], prediction_[b]);
    for (std::size_t i = 0; i < items.size(); ++i) items[i].state = prediction_[b][i];
  }
  const double share = 1. / (kPoints * kBundle * config_.batch);
  double loss = 0;
  std::vector<Bundle> back, slope(items.size());
  for (std::size_t b = length; b-- > 0;) {
    const double weight = share * (b == 0 ? 1 : config_.later_weight);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (b + 1 < length) {
        slope[i] = back[i];
      } else {
        slope[i].assign(kPoints * kBundle, 0.f);
      }
      const int last = items[i].last + static_cast<int>(b) * kBundle;
      double sum = 0;
      for (int m = 0; m < kBundle; ++m) {
        const float *truth = set_.at(items[i].trajectory, last + 1 + m);
        for (int j = 0; j < kPoints; ++j) {
          const auto at = static_cast<std::size_t>(j * kBundle + m);
          const float d = prediction_[b][i][at] - truth[j];
          sum += static_cast<double>(d * d);
          slope[i][at] += static_cast<float>(2 * weight) * d;
        }
      }
      loss += weight * sum;
    }
    model.evolution.backward(batch_[b], record_[b], slope, gradient, b > 0 ? &back : nullptr);
  }
  return loss;
}

}  // namespace petrl::learn
