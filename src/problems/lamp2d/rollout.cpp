// Predictions step by step.
#include <cmath>
#include <numeric>

#include "problems/lamp2d/hindsight.hpp"
#include "problems/lamp2d/model.hpp"
#include "problems/stopwatch.hpp"

namespace petrl::lamp2d {

namespace {

/// Rings of edges around the chosen ones are chosen as well.
void widen(const TriangleMesh &mesh, int rings, std::vector<char> &chosen) {
  std::vector<char> near(static_cast<std::size_t>(mesh.vertices()));
  for (int ring = 0; ring < rings; ++ring) {
    std::fill(near.begin(), near.end(), 0);
    for (int e = 0; e < mesh.edges(); ++e) {
      if (!chosen[static_cast<std::size_t>(e)]) continue;
      near[static_cast<std::size_t>(mesh.edge(e).a)] = near[static_cast<std::size_t>(mesh.edge(e).b)] = 1;
    }
    for (int e = 0; e < mesh.edges(); ++e)
      if (near[static_cast<std::size_t>(mesh.edge(e).a)] || near[static_cast<std::size_t>(mesh.edge(e).b)])
        chosen[static_cast<std::size_t>(e)] = 1;
  }
}

lamp::Action byDifferences(const TriangleMesh &mesh, const State &state, const Remeshing &rule) {
  std::vector<char> steep(static_cast<std::size_t>(mesh.edges()), 0),
      quiet(static_cast<std::size_t>(mesh.vertices()), 1);
  for (int e = 0; e < mesh.edges(); ++e) {
    const TriangleMesh::Edge &edge = mesh.edge(e);
    const double jump = std::fabs(static_cast<double>(state[static_cast<std::size_t>(mesh.point(edge.a))] -
                                                      state[static_cast<std::size_t>(mesh.point(edge.b))]));
    if (jump > rule.threshold) steep[static_cast<std::size_t>(e)] = 1;
    if (jump > rule.coarsen * rule.threshold)
      quiet[static_cast<std::size_t>(edge.a)] = quiet[static_cast<std::size_t>(edge.b)] = 0;
  }
  widen(mesh, rule.buffer, steep);
  lamp::Action action;
  for (int e = 0; e < mesh.edges(); ++e) {
    if (!steep[static_cast<std::size_t>(e)]) continue;
    quiet[static_cast<std::size_t>(mesh.edge(e).a)] = quiet[static_cast<std::size_t>(mesh.edge(e).b)] = 0;
    if (mesh.edge(e).splits) action.split.push_back(e);
  }
  std::vector<int> free;
  mesh.coarsenable(action.split, free);
  for (const int v : free)
    if (quiet[static_cast<std::size_t>(v)]) action.coarsen.push_back(v);
  return action;
}

}  // namespace

double Rollout::vertices() const {
  double sum = 0;
  for (const MeshPtr &m : mesh) sum += m->vertices();
  return sum / static_cast<double>(mesh.size());
}

double Rollout::cells() const {
  double sum = 0;
  for (const MeshPtr &m : mesh) sum += m->cells();
  return sum / static_cast<double>(mesh.size());
}

double Rollout::total() const {
  return std::accumulate(error.begin(), error.end(), 0.) / static_cast<double>(error.size());
}

double stateError(const FlowSet &set, int trajectory, int level, const State &state, float *profile) {
  const float *truth = set.at(trajectory, level), share = 1.f / static_cast<float>(state.size());
  double total = 0;
  for (std::size_t j = 0; j < state.size(); ++j) {
    const float d = state[j] - truth[j], square = share * d * d;
    total += static_cast<double>(square);
    if (profile) profile[j] = square;
  }
  return total;
}

void known(const FlowSet &set, int trajectory, int level, const TriangleMesh &mesh, State &state) {
  const float *label = set.at(trajectory, level);
  std::vector<float> values(static_cast<std::size_t>(mesh.vertices()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = label[mesh.point(static_cast<int>(i))];
  mesh.sample(values.data(), state);
}

Rollout rollOut(const Model &model, const FlowSet &set, int trajectory, const MeshPtr &start,
                const Remeshing &remeshing) {
  using Kind = Remeshing::Kind;
  const conservation::FlowCase &flow = set.flows[static_cast<std::size_t>(trajectory)];
  Rollout out;
  MeshPtr mesh = start;
  State state;
  std::vector<State> next;
  std::vector<lamp::Heads> heads;
  Batch batch;
  known(set, trajectory, 0, *mesh, state);
  for (int k = 0; k < set.steps; ++k) {
    if (remeshing.kind == Kind::policy || remeshing.kind == Kind::indicator) {
      for (int round = k == 0 ? kStartRounds : 1; round > 0; --round) {
        lamp::Action action;
        {
          const Timed timed(out.deciding);
          if (remeshing.kind == Kind::policy) {
            batch.clear();
            batch.add(flow, mesh, state);
            model.refiner.predict(batch, {remeshing.trade_off}, heads);
            action = lamp::best(*mesh, heads[0].logits, model.count);
          } else {
            action = byDifferences(*mesh, state, remeshing);
          }
        }
        if (!action.split.empty() || !action.coarsen.empty()) {
          const Timed timed(out.remeshing);
          mesh = mesh->changed(action);
        }
        if (k == 0) known(set, trajectory, 0, *mesh, state);
      }
    } else if (remeshing.kind == Kind::solver) {
      mesh = remeshing.solver->of(trajectory)[static_cast<std::size_t>(k)];
    } else if (remeshing.kind == Kind::adapted) {
      mesh = adaptedMesh(set.grid, midway(set, trajectory, k).data(), remeshing.threshold);
    }
    if (k == 0) known(set, trajectory, 0, *mesh, state);
    {
      const Timed timed(out.predicting);
      batch.clear();
      batch.add(flow, mesh, state);
      model.evolution.predict(batch, next);
    }
    state = next[0];
    out.mesh.push_back(mesh);
    out.error.push_back(stateError(set, trajectory, k + 1, state));
    out.state.push_back(state);
  }
  return out;
}

}  // namespace petrl::lamp2d
