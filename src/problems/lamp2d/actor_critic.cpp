#include "problems/lamp2d/actor_critic.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "problems/lamp2d/hindsight.hpp"

namespace petrl::lamp2d {

using learn::LampExperience;
using learn::LampStatistics;
using learn::Rng;

namespace {

constexpr double kAstray = 1;                      // mean squared error of a roll-out that teaches nothing any more
constexpr double kFinest = .015, kCoarsest = .08;  // tolerances of demonstrations

}  // namespace

struct ActorCritic::Experience : LampExperience {
  std::vector<Batch> batch;  ///< [step]: meshes and states before the decision
  std::vector<Refiner::Record> record;
  std::vector<std::vector<State>> profile;  ///< [step][roll-out]: error after it, point by point
  std::vector<std::vector<State>> total;    ///< [step][start]: the same, summed over the roll-outs from there
  std::vector<MeshPtr> mesh;                ///< at the end, one a roll-out
  std::vector<State> state;
};

void ActorCritic::start(const Model &model, Slot &slot, Rng &rng) const {
  const int horizon = gradient_.config().horizon;
  slot.trajectory = static_cast<int>(rng.below(static_cast<std::uint64_t>(set_.size())));
  // Mostly as in use: from the beginning to the end; else anywhere.
  slot.segments = set_.steps / horizon;
  slot.level = 0;
  if (rng.uniform() < .4) {
    slot.segments = 1;
    slot.level = static_cast<int>(rng.below(static_cast<std::uint64_t>(set_.steps - horizon + 1)));
  }
  slot.known = true;
  slot.mesh = TriangleMesh::uniform(set_.grid, rng.uniform() < .75 ? 1 : 0);
  known(set_, slot.trajectory, slot.level, *slot.mesh, slot.state);
  // Where the solution is known decisions come in rounds: any of them may be the first to learn from.
  Batch batch;
  std::vector<lamp::Heads> heads;
  for (auto round = rng.below(kStartRounds); round > 0; --round) {
    batch.clear();
    batch.add(flow(slot), slot.mesh, slot.state);
    model.refiner.predict(batch, {rng.uniform() * gradient_.config().largest_trade_off}, heads);
    slot.mesh = slot.mesh->changed(lamp::draw(*slot.mesh, heads[0].logits, [&rng] { return rng.uniform(); }));
    known(set_, slot.trajectory, slot.level, *slot.mesh, slot.state);
  }
}

void ActorCritic::rollOutStill(const Model &model, Experience &x) const {
  std::vector<State> state, next;
  for (const Slot &slot : slots_) {
    state.push_back(slot.state);
    x.still_vertices.push_back(slot.mesh->vertices());
  }
  Batch batch;
  for (std::size_t t = 0; t < gradient_.horizon(); ++t) {
    batch.clear();
    for (std::size_t k = 0; k < slots_.size(); ++k) batch.add(flow(slots_[k]), slots_[k].mesh, state[k]);
    model.evolution.predict(batch, next);
    state.swap(next);
    x.still_error.emplace_back();
    for (std::size_t k = 0; k < slots_.size(); ++k)
      x.still_error.back().push_back(
          stateError(set_, slots_[k].trajectory, slots_[k].level + static_cast<int>(t) + 1, state[k]));
  }
}

void ActorCritic::rollOut(const Model &model, Experience &x, Rng &rng) const {
  const std::size_t samples = gradient_.samples(), n = slots_.size() * samples, horizon = gradient_.horizon();
  const auto slot = [&](std::size_t i) -> const Slot & { return slots_[i / samples]; };
  for (std::size_t i = 0; i < n; ++i) {
    x.mesh.push_back(slot(i).mesh);
    x.state.push_back(slot(i).state);
  }
  x.step.resize(horizon), x.batch.resize(horizon), x.record.resize(horizon), x.profile.resize(horizon);
  x.total.resize(horizon);
  Batch batch;
  std::vector<State> next;
  for (std::size_t t = 0; t < horizon; ++t) {
    LampExperience::Step &s = x.step[t];
    for (std::size_t i = 0; i < n; ++i) x.batch[t].add(flow(slot(i)), x.mesh[i], x.state[i]);
    model.refiner.forward(x.batch[t], x.trade_off, x.record[t], s.heads);
    batch.clear();
    for (std::size_t i = 0; i < n; ++i) {
      s.action.push_back(lamp::draw(*x.mesh[i], s.heads[i].logits, [&rng] { return rng.uniform(); }));
      x.mesh[i] = x.mesh[i]->changed(s.action[i]);
      if (t == 0 && slot(i).known) known(set_, slot(i).trajectory, slot(i).level, *x.mesh[i], x.state[i]);
      batch.add(flow(slot(i)), x.mesh[i], x.state[i]);
    }
    model.evolution.predict(batch, next);
    x.state.swap(next);
    for (std::size_t i = 0; i < n; ++i) {
      x.profile[t].emplace_back(x.state[i].size());
      s.error.push_back(stateError(set_, slot(i).trajectory, slot(i).level + static_cast<int>(t) + 1, x.state[i],
                                   x.profile[t].back().data()));
      s.vertices.push_back(x.mesh[i]->vertices());
      const State &own = x.profile[t].back();
      if (i % samples == 0)
        x.total[t].push_back(own);
      else
        std::transform(own.begin(), own.end(), x.total[t].back().begin(), x.total[t].back().begin(), std::plus<>());
    }
  }
}

void ActorCritic::localCredit(const Experience &x, std::size_t step, std::size_t i, lamp::Factors &credit) const {
  const TriangleMesh &mesh = *x.batch[step].items[i].mesh;
  const lamp::Action &action = x.step[step].action[i];
  const std::size_t group = gradient_.samples();
  const int n = set_.grid->side(), pad = n / 2, wide = n + 2 * pad;
  std::vector<double> sum(static_cast<std::size_t>((wide + 1) * (wide + 1)), 0.);
  for (std::size_t later = step; later < gradient_.horizon(); ++later) {
    // How much better than the other roll-outs, summed from the lower left, half a period on beyond all borders.
    const State &own = x.profile[later][i], &total = x.total[later][i / group];
    const auto others = 1. / static_cast<double>(group - 1);
    for (int q = 0; q < wide; ++q) {
      double row = 0;
      for (int p = 0; p < wide; ++p) {
        const auto at = static_cast<std::size_t>((q - pad + n) % n * n + (p - pad + n) % n);
        row += others * static_cast<double>(total[at] - own[at]) - static_cast<double>(own[at]);
        const auto to = static_cast<std::size_t>((q + 1) * (wide + 1) + p + 1);
        sum[to] = sum[to - static_cast<std::size_t>(wide + 1)] + row;
      }
    }
    // What happens at one place is at most so far away a step later.
    const int spread = static_cast<int>(std::ceil(static_cast<double>(n) / set_.grid->length * set_.time(1)));
    // Never so far that a square would meet itself round the torus.
    const int near = std::clamp(gradient_.config().reach + spread * static_cast<int>(later - step), 0,
                                std::max(0, pad - 2 * (n / set_.grid->squares)));
    const double scale = gradient_.errorWeight(x.trade_off[i], step, later);
    const auto within = [&](int left, int right, int low, int high) {
      const auto at = [&](int q, int p) {
        return sum[static_cast<std::size_t>(std::clamp(q + pad, 0, wide) * (wide + 1) + std::clamp(p + pad, 0, wide))];
      };
      left -= near, low -= near, right += near + 1, high += near + 1;
      return scale * (at(high, right) - at(low, right) - at(high, left) + at(low, left));
    };
    for (std::size_t k = 0; k < action.split.size(); ++k) {
      const TriangleMesh::Edge &e = mesh.edge(action.split[k]);
      const int p = mesh.point(e.a) % n, q = mesh.point(e.a) / n;
      credit.split[k] += within(std::min(p, p + e.x), std::max(p, p + e.x), std::min(q, q + e.y), std::max(q, q + e.y));
    }
    for (std::size_t k = 0; k < action.coarsen.size(); ++k) {
      // What it changes reaches to its neighbours.
      const int v = action.coarsen[k], p = mesh.point(v) % n, q = mesh.point(v) / n;
      int left = 0, right = 0, low = 0, high = 0;
      for (int s = 0; s < TriangleMesh::kSlots; ++s) {
        const int e = mesh.edgesAt()[static_cast<std::size_t>(v * TriangleMesh::kSlots + s)];
        if (e < 0) continue;
        const int sign = mesh.edge(e).a == v ? 1 : -1, dx = sign * mesh.edge(e).x, dy = sign * mesh.edge(e).y;
        left = std::min(left, dx), right = std::max(right, dx), low = std::min(low, dy), high = std::max(high, dy);
      }
      credit.coarsen[k] += within(p + left, p + right, q + low, q + high);
    }
  }
}

std::vector<lamp::Heads> ActorCritic::imitation(const Experience &x, std::size_t step) const {
  std::vector<lamp::Action> wise;
  for (std::size_t i = 0; i < x.trade_off.size(); ++i) {
    const Slot &slot = slots_[i / gradient_.samples()];
    const double largest = gradient_.config().largest_trade_off,
                 tolerance = kFinest * std::pow(kCoarsest / kFinest, largest > 0 ? x.trade_off[i] / largest : 0);
    wise.push_back(towards(*x.batch[step].items[i].mesh,
                           midway(set_, slot.trajectory, slot.level + static_cast<int>(step)).data(), tolerance));
  }
  return gradient_.imitation(x.step[step].heads, wise,
                             [&](std::size_t i) -> const lamp::Choices & { return *x.batch[step].items[i].mesh; });
}

LampStatistics ActorCritic::gradient(const Model &model, bool demonstrated, Rng &rng, std::vector<float> &gradient) {
  Experience x;
  for (Slot &slot : slots_) {
    if (slot.segments == 0) start(model, slot, rng);
    x.trade_off.insert(x.trade_off.end(), gradient_.samples(), rng.uniform() * gradient_.config().largest_trade_off);
  }
  rollOutStill(model, x);
  rollOut(model, x, rng);
  gradient_.targets(x);
  LampStatistics statistics;
  for (std::size_t t = 0; t < gradient_.horizon(); ++t) {
    auto slopes = gradient_.slopes(
        x, t, [&](std::size_t i) -> const lamp::Choices & { return *x.batch[t].items[i].mesh; },
        [&](std::size_t i, lamp::Factors &credit) { localCredit(x, t, i, credit); }, statistics);
    if (demonstrated) slopes = imitation(x, t);
    model.refiner.backward(x.batch[t], x.record[t], slopes, gradient);
  }
  for (std::size_t k = 0; k < slots_.size(); ++k) {
    Slot &slot = slots_[k];
    const std::size_t i = k * gradient_.samples() + static_cast<std::size_t>(rng.below(gradient_.samples()));
    --slot.segments;
    slot.level += gradient_.config().horizon;
    slot.known = false;
    slot.mesh = x.mesh[i];
    slot.state = x.state[i];
    if (!(x.step.back().error[i] < kAstray)) slot.segments = 0;
  }
  return statistics;
}

void ActorCritic::archive(Archive &a) {
  a.list(
      "starts", slots_,
      [&](Archive &, Slot &slot) {
        a("segments", slot.segments);
        a("trajectory", slot.trajectory);
        a("level", slot.level);
        if (slot.segments == 0) return;
        if (slot.segments < 0 || slot.trajectory < 0 || slot.trajectory >= set_.size() || slot.level < 0 ||
            slot.level > set_.steps || slot.segments > (set_.steps - slot.level) / gradient_.config().horizon)
          a.fail("trajectory", "not one of this configuration");
        // A triangulation is the vertices that it has: those of the base mesh are split until they are there.
        std::vector<int> points = a.reading() ? std::vector<int>() : slot.mesh->points();
        a("vertices", points);
        slot.state.resize(static_cast<std::size_t>(set_.grid->points()));
        a.sized("state", slot.state);
        if (a.reading()) slot.mesh = TriangleMesh::of(set_.grid, points), slot.known = false;
        if (a.reading() && slot.mesh->points() != points) a.fail("vertices", "not a mesh of this configuration");
      },
      true);
}

}  // namespace petrl::lamp2d
