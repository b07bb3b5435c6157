#include "problems/lamp2d/evolution_training.hpp"

#include <algorithm>
#include <cmath>

#include "problems/lamp2d/hindsight.hpp"

namespace petrl::lamp2d {

using learn::Rng;

namespace {

constexpr double kLeastTolerance = .012, kMostTolerance = .1;  // of meshes adapted to the truth
constexpr double kUniformShare = .2, kNewMeshShare = .7;

}  // namespace

int EvolutionTraining::steps(double progress) const {
  if (progress < .15) return 1;
  return progress < .5 ? std::min(config_.bundles, 3) : config_.bundles;
}

MeshPtr EvolutionTraining::adapted(int trajectory, int level, Rng &rng) const {
  const double tolerance =
      std::exp(std::log(kLeastTolerance) + rng.uniform() * std::log(kMostTolerance / kLeastTolerance));
  return adaptedMesh(set_.grid, set_.at(trajectory, std::min(level + static_cast<int>(rng.below(2)), set_.steps)),
                     tolerance, [&] { return .6 + .8 * rng.uniform(); });
}

EvolutionTraining::Item EvolutionTraining::draw(const Model &model, int steps, double policy_share, Rng &rng) const {
  Item item;
  item.trajectory = static_cast<int>(rng.below(static_cast<std::uint64_t>(set_.size())));
  item.level = static_cast<int>(rng.below(static_cast<std::uint64_t>(set_.steps - steps + 1)));
  item.policy = rng.uniform() < policy_share;
  item.trade_off = rng.uniform() * model.largest_trade_off;
  item.uniform =
      item.policy || config_.meshes == "uniform" || (config_.meshes == "adapted" && rng.uniform() < kUniformShare);
  // With one rule nothing is drawn.
  if (config_.meshes == "truth" && solvers_.size() > 1) item.solver = rng.below(solvers_.size());
  if (item.uniform) item.mesh = TriangleMesh::uniform(set_.grid, rng.uniform() < .7 ? 1 : 2);
  return item;
}

void EvolutionTraining::remesh(const Model &model, std::vector<Item> &items, int k, Rng &rng) {
  for (Item &item : items) {
    if (config_.meshes == "truth" && !item.policy) {
      item.mesh = solvers_[item.solver].of(item.trajectory)[static_cast<std::size_t>(item.level + k)];
    } else if (!item.uniform && (k == 0 || rng.uniform() < kNewMeshShare)) {
      item.mesh = adapted(item.trajectory, item.level + k, rng);
    }
    if (k == 0) known(set_, item.trajectory, item.level, *item.mesh, item.state);
  }
  Batch batch;
  std::vector<lamp::Heads> heads;
  for (int round = k == 0 ? kStartRounds : 1; round > 0; --round) {
    batch.clear();
    std::vector<double> trade_off;
    std::vector<Item *> deciding;
    for (Item &item : items) {
      if (!item.policy) continue;
      batch.add(set_.flows[static_cast<std::size_t>(item.trajectory)], item.mesh, item.state);
      trade_off.push_back(item.trade_off);
      deciding.push_back(&item);
    }
    if (deciding.empty()) return;
    model.refiner.predict(batch, trade_off, heads);
    for (std::size_t i = 0; i < deciding.size(); ++i) {
      Item &item = *deciding[i];
      item.mesh = item.mesh->changed(lamp::draw(*item.mesh, heads[i].logits, [&rng] { return rng.uniform(); }));
      if (k == 0) known(set_, item.trajectory, item.level, *item.mesh, item.state);
    }
  }
}

double EvolutionTraining::gradient(const Model &model, int steps, double policy_share, Rng &rng,
                                   std::vector<float> &gradient) {
  const auto length = static_cast<std::size_t>(steps);
  if (batch_.size() < length) batch_.resize(length), record_.resize(length), prediction_.resize(length);
  std::vector<Item> items;
  for (int i = 0; i < config_.batch; ++i) items.push_back(draw(model, steps, policy_share, rng));
  for (std::size_t k = 0; k < length; ++k) {
    remesh(model, items, static_cast<int>(k), rng);
    batch_[k].clear();
    for (const Item &item : items)
      batch_[k].add(set_.flows[static_cast<std::size_t>(item.trajectory)], item.mesh, item.state);
    model.evolution.forward(batch_[k], record_[k], prediction_[k]);
    for (std::size_t i = 0; i < items.size(); ++i) items[i].state = prediction_[k][i];
  }
  const auto points = static_cast<std::size_t>(set_.grid->points());
  const double share = 1. / (static_cast<double>(points) * config_.batch * steps);
  double loss = 0;
  std::vector<State> back, slope(items.size());
  for (std::size_t k = length; k-- > 0;) {
    const double weight = share * (k == 0 ? 1 : config_.later_weight);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (k + 1 < length)
        slope[i].swap(back[i]);
      else
        slope[i].assign(points, 0.f);
      const float *truth = set_.at(items[i].trajectory, items[i].level + static_cast<int>(k) + 1);
      double sum = 0;
      for (std::size_t j = 0; j < points; ++j) {
        const float d = prediction_[k][i][j] - truth[j];
        sum += static_cast<double>(d * d);
        slope[i][j] += static_cast<float>(2 * weight) * d;
      }
      loss += weight * sum;
    }
    model.evolution.backward(batch_[k], record_[k], slope, gradient, k > 0 ? &back : nullptr);
  }
  return loss;
}

}  // namespace petrl::lamp2d
