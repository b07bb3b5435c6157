// The learner of LAMP on triangulations: a toy with a known answer, exact checkpoints, policy files.
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
using test::planeLearnerWith;
using test::weights;

constexpr int kHill = 4 * 16 + 6;  // a vertex of uniform meshes that can be taken back

/// A flow that never changes, with a small hill on one point, and a model that says so: a step's error is that of the
/// interpolation. Taking back vertices about the hill costs accuracy, anywhere else it is free.
FlowSet still() {
  FlowSet set;
  set.grid = std::make_shared<Grid>(4, 2, 2.);
  set.steps = 4;
  conservation::FlowCase flow = conservation::drawCase("bumps", conservation::Split::train, 1, 0);
  flow.samples = {.25, .5, .75, 1};
  set.flows.push_back(flow);
  const auto points = static_cast<std::size_t>(set.grid->points());
  set.label.assign(5 * points, 0.f);
  for (std::size_t level = 0; level < 5; ++level) set.label[level * points + kHill] = 1;
  return set;
}

/// What a policy says of the mesh that it begins with.
lamp::Heads first(const Model &model, const FlowSet &set, const MeshPtr &mesh, double beta) {
  Batch batch;
  State state;
  known(set, 0, 0, *mesh, state);
  batch.add(set.flows[0], mesh, state);
  std::vector<lamp::Heads> heads;
  model.refiner.predict(batch, {beta}, heads);
  return heads[0];
}

Model train(const FlowSet &set, bool demonstrated, int updates) {
  const std::string keys =
      "{policy: {hidden: 8, layers: 1, batch: 3, samples_per_start: 4, horizon: 2, reach: 1, largest_trade_off: 0.9}}";
  const learn::PolicyConfig config = learn::LampConfig::parse(test::keys(keys), learn::PlaneWorld::limits()).policy;
  Model model{Evolution(4, 1, false), Refiner(8, 1, false)};  // evolution: all weights zero, nothing changes
  learn::Rng rng(1);
  model.refiner.network().initialise([&] { return rng.uniform(); }, .3);
  ActorCritic learner(config, set);
  Adam adam(model.refiner.network().size());
  std::vector<float> gradient(adam.first.size());
  for (int i = 0; i < updates; ++i) {
    std::fill(gradient.begin(), gradient.end(), 0.f);
    learner.gradient(model, demonstrated, rng, gradient);
    clipNorm(gradient, 2);
    adam.step(model.refiner.network().weights().data(), gradient.data(), 4e-3);
  }
  return model;
}

TEST(Lamp2dToy, KeepsWhatMatters) {
  const FlowSet set = still();
  for (const bool demonstrated : {true, false}) {
    const Model model = train(set, demonstrated, demonstrated ? 200 : 500);
    const MeshPtr mesh = TriangleMesh::uniform(set.grid, 1);
    const lamp::Heads heads = first(model, set, mesh, .5);
    std::vector<int> free;
    mesh->coarsenable({}, free);
    const int hill = *std::find_if(free.begin(), free.end(), [&](int v) { return mesh->point(v) == kHill; });
    double others = 0;
    for (const int v : free)
      if (v != hill)
        others += static_cast<double>(heads.logits.coarsen[static_cast<std::size_t>(v)]) /
                  static_cast<double>(free.size() - 1);
    EXPECT_LT(heads.logits.coarsen[static_cast<std::size_t>(hill)], others - .3) << demonstrated;
    const Action action = lamp::best(*mesh, heads.logits, lamp::CountRule::expectation);
    EXPECT_GT(action.coarsen.size(), 3u) << demonstrated;
    EXPECT_EQ(std::count(action.coarsen.begin(), action.coarsen.end(), hill), 0) << demonstrated;
  }
}

TEST(Lamp2dEvolution, LearnsOnTheSolversMeshes) {
  const char *learner =
      "{evolution: {updates: 60, hidden: 8, layers: 2, batch: 3, bundles: 3, meshes: truth, learning_rate: 0.01}, "
      "validation: 1}";
  const auto a = planeLearner(learner, 1),
             b = planeLearnerWith(", solver: [{threshold: 0.1}, {indicator: none}]", learner, 1);
  const double before = a->evaluate().details.at("solver");
  EXPECT_EQ(b->evaluate().details.at("solver"), before);
  for (int i = 0; i < 60; ++i) a->iterate(), b->iterate();
  EXPECT_LT(a->evaluate().details.at("solver"), .5 * before);
  const Evaluation both = b->evaluate();
  const double own = both.details.at("solver"), other = both.details.at("solver2");
  EXPECT_LT(own, .5 * before);
  EXPECT_NE(own, other);
  EXPECT_NEAR(both.score, 1e4 * std::sqrt(own * other), 1e-9 * both.score);
  test::expectParts(test::messageOf([&] { planeLearnerWith(", solver: []", learner, 1); }), {"solver", "at least one"});
}

constexpr const char *kLearner =
    "{evolution: {updates: 6, hidden: 6, layers: 2, batch: 2, bundles: 2}, "
    "policy: {hidden: 5, layers: 1, batch: 2, samples_per_start: 2, horizon: 2}, "
    "refining: {updates: 20, policy: 3, evolution: 2}, validation: 1}";

TEST(Lamp2d, CheckpointsAreExact) {
  const std::string path = test::temporary("lamp2d.state");
  const auto a = planeLearner(kLearner, 3), b = planeLearner(kLearner, 4);
  for (int i = 0; i < 10; ++i) {  // both phases, both kinds of update, in the midst of roll-outs that go on
    a->save(path);
    b->load(path);
    for (int k = 0; k < 2; ++k) a->iterate(), b->iterate();
    EXPECT_EQ(weights(*a), weights(*b)) << i;
    EXPECT_EQ(a->evaluate().details, b->evaluate().details);
    b->iterate();
  }
  std::remove(path.c_str());
}

TEST(Lamp2d, PolicyFilesHoldBothNetworks) {
  const auto a = planeLearner(kLearner, 3);
  for (int i = 0; i < 9; ++i) a->iterate();
  const std::string path = test::temporary("lamp2d.h5");
  Policy policy = a->policy();
  policy.provenance = {"test: true\n", 1, 2, "test", "none", {}};
  writePolicy(path, policy);
  const auto b = planeLearner(kLearner, 5);
  b->loadWeights(readPolicy(path, "refiner").network);
  EXPECT_EQ(weights(*a), weights(*b));
  std::remove(path.c_str());
  policy.network.parameters["ring"] = "false";
  test::expectParts(test::messageOf([&] { Model::read(policy, "f"); }), {"f: /network", "ring", "unknown parameter"});
  test::expectParts(test::messageOf([] { planeLearner("{evolution: {bundles: 7}}", 1); }), {"steps", "bundles, 7"});
  test::expectParts(test::messageOf([] { planeLearner("{evolution: {meshes: thinned}}", 1); }), {"meshes", "uniform"});
}

}  // namespace
