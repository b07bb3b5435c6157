// LAMP on triangulations: meshes edge by edge, the distribution over decisions, gradients, exact checkpoints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <set>

#include "learn/engine/adam.hpp"
#include "problems/lamp2d/hindsight.hpp"
#include "problems/lamp2d/world.hpp"
#include "support/lamp.hpp"
#include "support/policies.hpp"

namespace {

using namespace petrl;
using namespace petrl::lamp2d;
using lamp::Action;
using test::planeLearner;
using test::weights;

std::function<double()> uniform(unsigned seed) {
  return [rng = std::mt19937_64(seed)]() mutable { return std::uniform_real_distribution<double>(0, 1)(rng); };
}

lamp::Logits randomLogits(const lamp::Choices &choices, unsigned seed) {
  lamp::Logits logits(choices);
  const auto u = uniform(seed);
  for (auto *list : {&logits.split, &logits.coarsen})
    for (float &x : *list) x = static_cast<float>(4 * u() - 2);
  for (auto *list : {&logits.split_count, &logits.coarsen_count})
    for (float &x : *list) x = static_cast<float>(2 * u() - 1);
  return logits;
}

std::shared_ptr<const Grid> smallGrid(int halvings = 3) {
  return std::make_shared<Grid>(4, halvings, 2.);
}

/// Triangles cover the square once, neighbours are mutual, and no vertex lies inside an edge.
void expectConforming(const TriangleMesh &mesh) {
  EXPECT_EQ(mesh.cells(), 2 * mesh.vertices());  // Euler, on a torus
  EXPECT_EQ(mesh.edges(), 3 * mesh.vertices());
  const int n = mesh.grid().side();
  const std::vector<int> points = mesh.points();
  for (int e = 0; e < mesh.edges(); ++e) {
    const TriangleMesh::Edge &edge = mesh.edge(e);
    const int p = mesh.point(edge.a), x = p % n + edge.x, y = p / n + edge.y;
    EXPECT_EQ((y + n) % n * n + (x + n) % n, mesh.point(edge.b));
    if (edge.x % 2 != 0 || edge.y % 2 != 0) continue;
    const int middle = (p / n + edge.y / 2 + n) % n * n + (p % n + edge.x / 2 + n) % n;
    EXPECT_FALSE(std::binary_search(points.begin(), points.end(), middle));
  }
  // Between the vertices values are linear: of what is linear away from the seams nothing is lost.
  std::vector<float> values(static_cast<std::size_t>(mesh.vertices()));
  const auto linear = [n](int point) {
    return .3f * static_cast<float>(point % n) - .2f * static_cast<float>(point / n);
  };
  for (int v = 0; v < mesh.vertices(); ++v) values[static_cast<std::size_t>(v)] = linear(mesh.point(v));
  State state;
  mesh.sample(values.data(), state);
  const int whole = n - n / mesh.grid().squares;  // the last row and column of squares cross the seams
  for (int p = 0; p < n * n; ++p) {
    if (p % n <= whole && p / n <= whole) {
      EXPECT_NEAR(state[static_cast<std::size_t>(p)], linear(p), 1e-4) << p;
    }
  }
  for (const TriangleMesh::Place &p : mesh.places()) EXPECT_NEAR(p.weight[0] + p.weight[1] + p.weight[2], 1, 1e-6);
}

TEST(TriangleMesh, RandomDecisionsStayConformingAndWithinTheLimits) {
  const auto grid = smallGrid();
  MeshPtr mesh = TriangleMesh::uniform(grid, 1);
  EXPECT_EQ(mesh->vertices(), 64);
  const auto u = uniform(1);
  for (int round = 0; round < 40; ++round) {
    const lamp::Logits logits = randomLogits(*mesh, static_cast<unsigned>(round));
    const Action action = lamp::draw(*mesh, logits, u);
    const std::vector<int> before = mesh->points();
    const MeshPtr after = mesh->changed(action);
    expectConforming(*after);
    const std::vector<int> now = after->points();
    const auto has = [](const std::vector<int> &all, int p) { return std::binary_search(all.begin(), all.end(), p); };
    const int n = grid->side();
    for (const int e : action.split) {
      const TriangleMesh::Edge &edge = mesh->edge(e);
      const int p = mesh->point(edge.a);
      EXPECT_TRUE(has(now, (p / n + edge.y / 2 + n) % n * n + (p % n + edge.x / 2 + n) % n));
    }
    // All that were chosen vanish, and nothing else.
    for (const int v : action.coarsen) EXPECT_FALSE(has(now, mesh->point(v)));
    std::size_t kept = 0;
    for (const int p : before) kept += has(now, p);
    EXPECT_EQ(kept, before.size() - action.coarsen.size());
    for (const int level : after->forest().levels()) EXPECT_LE(level, grid->limits.max_level);
    EXPECT_EQ(TriangleMesh::of(grid, now)->points(), now);
    mesh = after;
  }
}

TEST(TriangleMesh, SplittingAndTakingBackAreInverse) {
  const auto grid = smallGrid();
  MeshPtr mesh = TriangleMesh::uniform(grid, 0);
  const std::vector<int> base = mesh->points();
  for (int round = 0; round < 20; ++round) {  // to the finest
    Action all;
    mesh->splittable(all.split);
    if (all.split.empty()) break;
    mesh = mesh->changed(all);
  }
  EXPECT_EQ(mesh->vertices(), grid->points());
  for (int round = 0; round < 20; ++round) {
    Action all;
    mesh->coarsenable({}, all.coarsen);
    if (all.coarsen.empty()) break;
    mesh = mesh->changed(all);
  }
  EXPECT_EQ(mesh->points(), base);
  // Nothing is left to take back, and deciding nothing changes nothing.
  lamp::Logits logits(*mesh);
  logits.split_count[0] = logits.coarsen_count[7] = 50;
  const Action none = lamp::best(*mesh, logits, lamp::CountRule::argmax);
  EXPECT_TRUE(none.split.empty() && none.coarsen.empty());
  EXPECT_NEAR(lamp::likelihood(*mesh, logits, none).log_probability, 0, 1e-9);
  EXPECT_EQ(mesh->changed(none)->points(), base);
}

TEST(TriangleMesh, HindsightFindsTheFeature) {
  const auto grid = smallGrid();
  const int n = grid->side();
  std::vector<float> values(static_cast<std::size_t>(grid->points()), 0.f);
  for (int y = 0; y < n; ++y) values[static_cast<std::size_t>(y * n + 13)] = 1;  // a wall on one column of points
  const MeshPtr fine = adaptedMesh(grid, values.data(), .1);
  for (int y = 0; y < n; ++y) {
    const std::vector<int> points = fine->points();
    EXPECT_TRUE(std::binary_search(points.begin(), points.end(), y * n + 13));
  }
  EXPECT_LT(fine->vertices(), grid->points() / 2);
  // Decision by decision a policy that knows comes to the same resolution there, and goes back when it is over.
  MeshPtr mesh = TriangleMesh::uniform(grid, 1);
  for (int round = 0; round < 30; ++round) mesh = mesh->changed(towards(*mesh, values.data(), .1));
  State state;
  std::vector<float> at(static_cast<std::size_t>(mesh->vertices()));
  for (int v = 0; v < mesh->vertices(); ++v)
    at[static_cast<std::size_t>(v)] = values[static_cast<std::size_t>(mesh->point(v))];
  mesh->sample(at.data(), state);
  for (std::size_t j = 0; j < state.size(); ++j) EXPECT_NEAR(state[j], values[j], .1);
  std::fill(values.begin(), values.end(), 0.f);
  for (int round = 0; round < 30; ++round) mesh = mesh->changed(towards(*mesh, values.data(), .1));
  EXPECT_EQ(mesh->points(), TriangleMesh::uniform(grid, 0)->points());
}

/// All ordered decisions of at most two splits, and of any coarsenings beside them.
TEST(Lamp2dDecision, ProbabilitiesOfAllDecisionsAddUpToOne) {
  const auto grid = std::make_shared<Grid>(3, 1, 2.);
  // 9 vertices, 27 edges, all of which can be split; two splits make room for coarsening.
  const MeshPtr mesh = TriangleMesh::uniform(grid, 0)->changed({{0, 9}, {}});
  std::vector<int> splittable;
  mesh->splittable(splittable);
  lamp::Logits logits = randomLogits(*mesh, 2);
  // Numbers beyond two are made impossible: e^-60.
  for (std::size_t k = 3; k < lamp::kCounts; ++k) logits.split_count[k] = -60;
  double sum = 0, entropy = 0, expected = 0;
  int decisions = 0;
  const auto visit = [&](const Action &a) {
    const lamp::Likelihood l = lamp::likelihood(*mesh, logits, a);
    const double p = std::exp(l.log_probability);
    sum += p, entropy -= p * l.log_probability, expected += p * l.entropy, ++decisions;
  };
  const std::function<void(Action &, const std::vector<int> &)> coarsen = [&](Action &a, const std::vector<int> &free) {
    const auto size = static_cast<int>(a.coarsen.size());
    for (int k = 0; k < lamp::kCounts; ++k)
      if (mesh->number(k) == size) visit(a);
    for (const int v : free) {
      if (std::find(a.coarsen.begin(), a.coarsen.end(), v) != a.coarsen.end()) continue;
      a.coarsen.push_back(v);
      coarsen(a, free);
      a.coarsen.pop_back();
    }
  };
  const auto withSplits = [&](const std::vector<int> &split) {
    std::vector<int> free;
    mesh->coarsenable(split, free);
    Action a{split, {}};
    coarsen(a, free);
  };
  withSplits({});
  for (const int e : splittable) {
    withSplits({e});
    for (const int f : splittable)
      if (f != e) withSplits({e, f});
  }
  EXPECT_GT(decisions, 500);
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_NEAR(entropy, expected, 1e-6);
}

/// Two flows that nobody solved.
FlowSet madeUp() {
  FlowSet set;
  set.grid = smallGrid(2);
  set.steps = 4;
  for (int t = 0; t < 2; ++t) set.flows.push_back(conservation::drawCase("bumps", conservation::Split::train, 1, t));
  const auto points = static_cast<std::size_t>(set.grid->points());
  set.label.resize(2 * 5 * points);
  for (std::size_t i = 0; i < set.label.size(); ++i)
    set.label[i] = std::sin(.4f * static_cast<float>(i % 16)) * std::cos(.3f * static_cast<float>(i / 16 % 16)) +
                   .02f * static_cast<float>(i / points);
  return set;
}

TEST(Lamp2dEvolution, GradientsThroughTwoStepsOnTwoMeshes) {
  const FlowSet set = madeUp();
  Evolution model(6, 2, false);
  model.network().initialise(uniform(9), 1);
  const MeshPtr first = TriangleMesh::uniform(set.grid, 0)->changed({{3, 8}, {}}), second = first->changed({{5}, {}});
  Batch batch[2];
  GraphNetwork::Record record[2];
  std::vector<State> next[2];
  State start;
  known(set, 0, 0, *first, start);
  const auto loss = [&] {
    double sum = 0;
    for (int b = 0; b < 2; ++b) {
      batch[b].clear();
      batch[b].add(set.flows[0], b == 0 ? first : second, b == 0 ? start : next[0][0]);
      model.forward(batch[b], record[b], next[b]);
      sum += stateError(set, 0, b + 1, next[b][0]);
    }
    return sum;
  };
  loss();
  std::vector<float> gradient(model.network().size(), 0.f);
  std::vector<State> slope(1), back(1, State(static_cast<std::size_t>(set.grid->points()), 0.f));
  for (int b = 1; b >= 0; --b) {
    slope[0] = back[0];
    for (std::size_t j = 0; j < slope[0].size(); ++j)
      slope[0][j] += 2 * (next[b][0][j] - set.at(0, b + 1)[j]) / static_cast<float>(slope[0].size());
    model.backward(batch[b], record[b], slope, gradient, b == 1 ? &back : nullptr);
  }
  const auto u = uniform(2);
  float largest = 0;
  for (int k = 0; k < 40; ++k) {
    float &w = model.network().weights()[static_cast<std::size_t>(u() * static_cast<double>(gradient.size()))];
    const float before = w, g = gradient[static_cast<std::size_t>(&w - model.network().weights().data())];
    w = before + 1e-2f;
    const double up = loss();
    w = before - 1e-2f;
    const double down = loss();
    w = before;
    EXPECT_NEAR(g, (up - down) / 2e-2, 2e-2 * std::fabs(g) + 2e-3);
    largest = std::max(largest, std::fabs(g));
  }
  EXPECT_GT(largest, .05);
}

TEST(Lamp2dRefiner, GradientsOfAllHeads) {
  const FlowSet set = madeUp();
  Refiner refiner(6, 2, false);
  refiner.network().initialise(uniform(3), 1);
  const MeshPtr mesh = TriangleMesh::uniform(set.grid, 0)->changed({{3, 8, 20}, {}});
  Batch batch;
  State state;
  known(set, 1, 0, *mesh, state);
  batch.add(set.flows[1], mesh, state);
  Refiner::Record record;
  std::vector<lamp::Heads> heads, predicted, slope(1);
  refiner.forward(batch, {.3}, record, heads);
  Action action;
  for (unsigned seed = 0; action.split.size() < 2 || action.coarsen.empty(); ++seed)
    action = lamp::draw(*mesh, heads[0].logits, uniform(seed));
  const auto value = [&] {
    refiner.predict(batch, {.3}, predicted);
    return lamp::likelihood(*mesh, predicted[0].logits, action).log_probability + 3 * predicted[0].value(.3);
  };
  const lamp::Factors one{1, 1, std::vector<double>(action.split.size(), 1.),
                          std::vector<double>(action.coarsen.size(), 1.)};
  slope[0].logits = lamp::Logits(*mesh);
  lamp::likelihood(*mesh, heads[0].logits, action, &one, nullptr, &slope[0].logits);
  slope[0].value_error = 3, slope[0].value_cost = .9;
  std::vector<float> gradient(refiner.network().size(), 0.f);
  refiner.backward(batch, record, slope, gradient);
  float largest = 0;
  for (std::size_t k = 0; k < gradient.size(); k += 37) {
    float &w = refiner.network().weights()[k];
    const float before = w;
    w = before + 1e-2f;
    const double up = value();
    w = before - 1e-2f;
    const double down = value();
    w = before;
    EXPECT_NEAR(gradient[k], (up - down) / 2e-2, 2e-2 * std::fabs(gradient[k]) + 1e-2) << k;
    largest = std::max(largest, std::fabs(gradient[k]));
  }
  EXPECT_GT(largest, .5);
}

TEST(Lamp2dEvolution, AnswersTurnWithTheFlow) {
  FlowSet set = madeUp();
  Evolution model(8, 2, false);
  model.network().initialise(uniform(4), 1);
  const MeshPtr mesh = TriangleMesh::uniform(set.grid, 1);
  const int n = set.grid->side();
  State state;
  known(set, 0, 1, *mesh, state);
  // Turned by half a circle: -x, -y.
  State turned(state.size());
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i)
      turned[static_cast<std::size_t>((n - j) % n * n + (n - i) % n)] = state[static_cast<std::size_t>(j * n + i)];
  conservation::FlowCase back = set.flows[0];
  for (double &a : back.law.direction) a = -a;
  Batch batch;
  batch.add(set.flows[0], mesh, state);
  batch.add(back, mesh, turned);
  std::vector<State> next;
  model.predict(batch, next);
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i)
      EXPECT_NEAR(next[0][static_cast<std::size_t>(j * n + i)],
                  next[1][static_cast<std::size_t>((n - j) % n * n + (n - i) % n)], 2e-5);
}

TEST(Lamp2dDecision, WhatIsNoNumberIsChosenLast) {
  const MeshPtr mesh = TriangleMesh::uniform(smallGrid(), 1);
  lamp::Logits logits = randomLogits(*mesh, 1);
  for (std::size_t e = 0; e < logits.split.size(); e += 2) logits.split[e] = NAN;
  for (const unsigned seed : {1u, 2u}) {
    const Action a = lamp::draw(*mesh, logits, uniform(seed));
    for (const int e : a.split) EXPECT_TRUE(static_cast<int>(a.split.size()) > mesh->edges() / 2 || e % 2 == 1);
  }
  for (float &x : logits.split_count) x = NAN;
  lamp::best(*mesh, logits, lamp::CountRule::expectation);
}

}  // namespace
