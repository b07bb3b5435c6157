// Predictions bundle by bundle, many trajectories at a time.
#include <numeric>
#include <random>

#include "problems/nonlinear1d/lamp/edge_choices.hpp"
#include "problems/nonlinear1d/lamp/meshes.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"
#include "problems/stopwatch.hpp"

namespace petrl::lamp {

using nonlinear1d::kPoints;
using nonlinear1d::Nonlinear1DSet;
using nonlinear1d::VertexMesh;

double Rollout::vertices() const {
  double sum = 0;
  for (const VertexMesh &m : mesh) sum += m.vertices();
  return sum / static_cast<double>(mesh.size());
}

double Rollout::total() const {
  return std::accumulate(error.begin(), error.end(), 0.);
}

double bundleError(const Nonlinear1DSet &set, int trajectory, int last, const Bundle &bundle, float *profile) {
  float sum[kPoints] = {};
  for (int m = 0; m < kBundle; ++m) {
    const float *truth = set.at(trajectory, last + 1 + m);
    for (int j = 0; j < kPoints; ++j) {
      const float d = bundle[static_cast<std::size_t>(j * kBundle + m)] - truth[j];
      sum[j] += d * d;
    }
  }
  double total = 0;
  for (int j = 0; j < kPoints; ++j) {
    const float share = sum[j] / kPoints;
    total += static_cast<double>(share);
    if (profile) profile[j] = share;
  }
  return total;
}

std::vector<Rollout> rollOut(const Model &model, const Nonlinear1DSet &set, int begin, int end, const VertexMesh &start,
                             const Remeshing &remeshing) {
  using Kind = Remeshing::Kind;
  const auto n = static_cast<std::size_t>(end - begin);
  std::vector<Rollout> out(n);
  std::vector<VertexMesh> mesh(n, start);
  std::vector<Bundle> state(n), next;
  std::mt19937_64 rng(remeshing.seed);
  const auto uniform = [&rng] { return std::uniform_real_distribution<double>(0, 1)(rng); };
  for (std::size_t i = 0; i < n; ++i) state[i] = sampled(set, begin + static_cast<int>(i), kFirstInput, start);
  Batch batch;
  for (int k = 0; k < kBundles; ++k) {
    const int last = kFirstInput + k * kBundle;
    const Stopwatch watch;
    if (remeshing.kind == Kind::policy || remeshing.kind == Kind::random) {
      batch.clear();
      for (std::size_t i = 0; i < n; ++i)
        model.evolution.add(batch, set.cases[static_cast<std::size_t>(begin) + i], last, mesh[i], state[i]);
      std::vector<Heads> heads;
      model.refiner.predict(batch, std::vector<double>(n, remeshing.trade_off), heads);
      for (std::size_t i = 0; i < n; ++i) {
        const EdgeChoices choices(mesh[i]);
        const Action action = remeshing.kind == Kind::policy ? best(choices, heads[i].logits, model.count)
                                                             : draw(choices, heads[i].logits, uniform);
        mesh[i] = mesh[i].changed(action.split, action.coarsen);
      }
    }
    if (remeshing.kind == Kind::oracle) {
      for (std::size_t i = 0; i < n; ++i)
        mesh[i] = adaptedMesh(start, set.at(begin + static_cast<int>(i), last + (kBundle + 1) / 2), remeshing.vertices);
    }
    batch.clear();
    for (std::size_t i = 0; i < n; ++i)
      model.evolution.add(batch, set.cases[static_cast<std::size_t>(begin) + i], last, mesh[i], state[i]);
    model.evolution.predict(batch, next);
    state.swap(next);
    const double took = watch.seconds();
    for (std::size_t i = 0; i < n; ++i) {
      out[i].seconds += took / static_cast<double>(n * kBundles);
      out[i].mesh.push_back(mesh[i]);
      out[i].error.push_back(bundleError(set, begin + static_cast<int>(i), last, state[i]));
      out[i].bundle.push_back(state[i]);
    }
  }
  return out;
}

}  // namespace petrl::lamp
