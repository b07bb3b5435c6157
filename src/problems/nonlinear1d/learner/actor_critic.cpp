// Experience: starts and roll-outs.
#include "problems/nonlinear1d/learner/actor_critic.hpp"

#include <algorithm>
#include <cmath>

#include "problems/nonlinear1d/lamp/edge_choices.hpp"
#include "problems/nonlinear1d/lamp/meshes.hpp"
#include "problems/nonlinear1d/learner/experience.hpp"

namespace petrl::learn {

using lamp::kBundle;
using nonlinear1d::kPoints;
using nonlinear1d::VertexMesh;

void ActorCritic::start(Slot &slot, bool ring, Rng &rng) const {
  slot.trajectory = static_cast<int>(rng.below(static_cast<std::uint64_t>(set_.size())));
  const auto level = [&rng](int latest) {
    return kBundle - 1 + static_cast<int>(rng.below(static_cast<std::uint64_t>(latest - kBundle + 2)));
  };
  const int final = nonlinear1d::kLevels - 1;
  // Mostly as in use: all bundles, from an early level; else anywhere.
  slot.segments = lamp::kBundles / gradient_.config().horizon;
  if (slot.segments < 2 || rng.uniform() < .25) slot.segments = 1;
  slot.last = level(final - kBundle * gradient_.config().horizon * slot.segments);
  const double kind = rng.uniform();
  slot.mesh = VertexMesh::uniform(kind < .45 ? 4 : kind < .9 ? 2 : 1, ring);
  if (rng.uniform() < .2)
    slot.mesh = lamp::thinnedMesh(slot.mesh, .3 * rng.uniform(), [&rng] { return rng.uniform(); });
  slot.state = lamp::sampled(set_, slot.trajectory, slot.last, slot.mesh);
}

void ActorCritic::rollOutStill(const lamp::Model &model, Experience &x) const {
  std::vector<lamp::Bundle> state, next;
  for (const Slot &slot : slots_) {
    state.push_back(slot.state);
    x.still_vertices.push_back(slot.mesh.vertices());
  }
  lamp::Batch batch;
  for (std::size_t t = 0; t < gradient_.horizon(); ++t) {
    batch.clear();
    const int ahead = kBundle * static_cast<int>(t);
    for (std::size_t k = 0; k < slots_.size(); ++k) {
      const Slot &slot = slots_[k];
      model.evolution.add(batch, set_.cases[static_cast<std::size_t>(slot.trajectory)], slot.last + ahead, slot.mesh,
                          state[k]);
    }
    model.evolution.predict(batch, next);
    state.swap(next);
    x.still_error.emplace_back();
    for (std::size_t k = 0; k < slots_.size(); ++k)
      x.still_error.back().push_back(lamp::bundleError(set_, slots_[k].trajectory, slots_[k].last + ahead, state[k]));
  }
}

void ActorCritic::rollOut(const lamp::Model &model, Experience &x, Rng &rng) const {
  const std::size_t n = slots_.size() * gradient_.samples();
  for (std::size_t i = 0; i < n; ++i) {
    const Slot &slot = slots_[i / gradient_.samples()];
    x.mesh.push_back(slot.mesh);
    x.state.push_back(slot.state);
  }
  const auto uniform = [&rng] { return rng.uniform(); };
  const std::size_t horizon = gradient_.horizon();
  x.step.resize(horizon), x.batch.resize(horizon), x.record.resize(horizon), x.profile.resize(horizon);
  lamp::Batch batch;
  std::vector<lamp::Bundle> next;
  for (std::size_t t = 0; t < gradient_.horizon(); ++t) {
    LampExperience::Step &s = x.step[t];
    const auto add = [&](lamp::Batch &to, std::size_t i) {
      const Slot &slot = slots_[i / gradient_.samples()];
      model.evolution.add(to, set_.cases[static_cast<std::size_t>(slot.trajectory)],
                          slot.last + kBundle * static_cast<int>(t), x.mesh[i], x.state[i]);
    };
    for (std::size_t i = 0; i < n; ++i) add(x.batch[t], i);
    model.refiner.forward(x.batch[t], x.trade_off, x.record[t], s.heads);
    batch.clear();
    for (std::size_t i = 0; i < n; ++i) {
      s.action.push_back(lamp::draw(lamp::EdgeChoices(x.mesh[i]), s.heads[i].logits, uniform));
      x.mesh[i] = x.mesh[i].changed(s.action[i].split, s.action[i].coarsen);
      add(batch, i);
    }
    model.evolution.predict(batch, next);
    x.state.swap(next);
    for (std::size_t i = 0; i < n; ++i) {
      const Slot &slot = slots_[i / gradient_.samples()];
      x.profile[t].emplace_back(kPoints);
      s.error.push_back(lamp::bundleError(set_, slot.trajectory, slot.last + kBundle * static_cast<int>(t), x.state[i],
                                          x.profile[t].back().data()));
      s.vertices.push_back(x.mesh[i].vertices());
    }
  }
}

LampStatistics ActorCritic::gradient(const lamp::Model &model, Rng &rng, std::vector<float> &gradient) {
  Experience x;
  for (Slot &slot : slots_) {
    if (slot.segments == 0) start(slot, model.evolution.options().ring, rng);
    x.trade_off.insert(x.trade_off.end(), gradient_.samples(), rng.uniform() * gradient_.config().largest_trade_off);
  }
  rollOutStill(model, x);
  rollOut(model, x, rng);
  gradient_.targets(x);
  LampStatistics statistics;
  for (std::size_t t = 0; t < gradient_.horizon(); ++t) {
    std::vector<lamp::EdgeChoices> choices;
    for (const auto &item : x.batch[t].items) choices.emplace_back(item.mesh);
    const auto slopes = gradient_.slopes(
        x, t, [&](std::size_t i) -> const lamp::Choices & { return choices[i]; },
        [&](std::size_t i, lamp::Factors &credit) { localCredit(x, t, i, credit); }, statistics);
    model.refiner.backward(x.batch[t], x.record[t], slopes, gradient);
  }
  for (std::size_t k = 0; k < slots_.size(); ++k) {
    Slot &slot = slots_[k];
    const std::size_t i = k * gradient_.samples() + static_cast<std::size_t>(rng.below(gradient_.samples()));
    --slot.segments;
    slot.last += kBundle * gradient_.config().horizon;
    slot.mesh = x.mesh[i];
    slot.state = x.state[i];
    // A roll-out that has gone astray teaches nothing.
    if (!(x.step.back().error[i] < 100)) slot.segments = 0;
  }
  return statistics;
}

void ActorCritic::archive(Archive &a, bool ring) {
  a.list(
      "starts", slots_,
      [&](Archive &, Slot &slot) {
        a("segments", slot.segments);
        a("trajectory", slot.trajectory);
        a("last", slot.last);
        if (slot.segments == 0) return;
        if (slot.segments < 0 || slot.trajectory < 0 || slot.trajectory >= set_.size() || slot.last < kBundle - 1 ||
            slot.last >= nonlinear1d::kLevels ||
            slot.segments > (nonlinear1d::kLevels - 1 - slot.last) / (kBundle * gradient_.config().horizon))
          a.fail("trajectory", "not one of this configuration");
        std::vector<int> vertices = slot.mesh.list();
        a("vertices", vertices);
        slot.state.resize(kPoints * kBundle);
        a.sized("state", slot.state);
        if (a.reading()) slot.mesh = VertexMesh(std::move(vertices), ring);
      },
      true);
}

}  // namespace petrl::learn
