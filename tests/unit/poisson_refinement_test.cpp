// Where finite elements should be refined: paired solves, estimators, and what a learner is told.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "base/error.hpp"
#include "problems/poisson/environment.hpp"
#include "problems/poisson/estimators.hpp"
#include "support/cells.hpp"

using namespace petrl;
using namespace petrl::poisson;

namespace {

GaussianLoad oneGaussian(double x, double y, double deviation) {
  GaussianLoad load;
  const double mean[2] = {x, y}, deviations[2] = {deviation, deviation};
  load.add(1, mean, deviations, 0);
  return load;
}

GraphNetwork randomNetwork() {
  GraphNetwork network({RefinementObservation::kNode, RefinementObservation::kEdge, 8, 2, 2, false});
  std::mt19937_64 random(5);
  network.initialise([&] { return static_cast<double>(random() >> 11) * 0x1p-53; });
  return network;
}

}  // namespace

TEST(Lookahead, NothingToGainWhereTheSolutionIsLinear) {
  // No load: the solution is zero, there is nothing to see.
  std::vector<double> gain;
  AdaptivePoisson zero(BaseMesh::lShape(4), GaussianLoad());
  lookahead(zero, GainKind::dual, gain);
  EXPECT_EQ(*std::max_element(gain.begin(), gain.end()), 0);
  // Far from the load and the corner the solution is almost linear (harmonic and smooth).
  AdaptivePoisson now(BaseMesh::lShape(4), oneGaussian(.25, .75, .02));
  for (int k = 0; k < 2; ++k) now.refineAll();
  for (const GainKind kind : {GainKind::value, GainKind::energy, GainKind::dual}) {
    lookahead(now, kind, gain);
    double near = 0, far = 0;
    for (std::size_t c = 0; c < gain.size(); ++c) {
      EXPECT_GE(gain[c], 0);
      const double *x = &now.mesh().centre[2 * c];
      if (std::hypot(x[0] - .25, x[1] - .75) < .05) near = std::max(near, gain[c]);
      if (x[0] > .8) far = std::max(far, gain[c]);
    }
    EXPECT_GT(near, 50 * far);
  }
}

TEST(Lookahead, SharesAddUp) {
  // The shares' sum bounds the mean difference, and does so closely: few signs differ.
  AdaptivePoisson now(BaseMesh::lShape(4), drawLoad(Split::train, 0, 3));
  now.refineAll();
  std::vector<double> dual, value;
  lookahead(now, GainKind::dual, dual);
  lookahead(now, GainKind::value, value);
  const auto sum = [&](const std::vector<double> &g) {
    return std::inner_product(g.begin(), g.end(), now.mesh().volume.begin(), 0.) / now.measure();
  };
  EXPECT_GT(sum(dual), .9 * sum(value));
  EXPECT_LT(sum(dual), 3 * sum(value));
  EXPECT_THROW(gainKind("magic"), Error);
}

TEST(Oracles, TheReentrantCornerAttractsRefinement) {
  // A smooth load far from the corner.
  AdaptivePoisson now(BaseMesh::lShape(4), oneGaussian(.25, .25, .12));
  std::vector<double> gain;
  RefinementDecision decision;
  for (int round = 0; round < 6; ++round) {
    lookahead(now, GainKind::dual, gain);
    decide(gain, now, 2e-6, 12, decision);
    if (decision.refined == 0) break;
    ForestLimits limits;
    limits.max_level = 12;
    now.refine(decision.mark, limits, decision.priority);
  }
  const CellMesh &mesh = now.mesh();
  const auto finest = [&](double x, double y) {
    int level = 0;
    for (std::size_t c = 0; c < static_cast<std::size_t>(mesh.owned); ++c) {
      if (std::hypot(mesh.centre[2 * c] - x, mesh.centre[2 * c + 1] - y) < .05) level = std::max(level, mesh.level[c]);
    }
    return level;
  };
  EXPECT_GE(finest(.5, .5), finest(.95, .05) + 4);
  EXPECT_GE(finest(.5, .5), finest(.05, .95) + 4);
  EXPECT_GE(finest(.5, .5), finest(.25, .25));
}

TEST(Estimators, FollowTheErrorAndMark) {
  const GaussianLoad load = drawLoad(Split::valid, 0, 2);
  const auto total = [](const std::vector<double> &eta) {
    return std::sqrt(std::inner_product(eta.begin(), eta.end(), eta.begin(), 0.));
  };
  const auto shared = std::make_shared<ReferenceMesh>(4, 6);
  const PoissonReference reference(shared, load);
  AdaptivePoisson now(BaseMesh::lShape(4), load);
  for (int k = 0; k < 4; ++k) now.refineAll();
  const double h1 = reference.measure(now.mesh(), now.u()).h1;
  std::vector<double> eta;
  estimate(now, "zz", eta);
  EXPECT_NEAR(total(eta) / h1, 1, .25);
  estimate(now, "residual", eta);
  EXPECT_GT(total(eta), h1);
  EXPECT_LT(total(eta), 12 * h1);
  EXPECT_THROW(estimate(now, "guess", eta), Error);

  CellMesh mesh = test::boxCells(2, 1, false);
  mesh.owned = 4;
  mesh.level = {0, 0, 12, 0};
  const std::vector<double> known = {1, 3, 100, 2};
  std::vector<signed char> marks;
  mark("maximum", .5, 1, mesh, 12, known, marks);
  EXPECT_EQ(marks, (std::vector<signed char>{0, 1, 0, 1}));
  mark("doerfler", .6, 1, mesh, 12, known, marks);
  EXPECT_EQ(marks, (std::vector<signed char>{0, 1, 0, 0}));
  mark("threshold", .1, 5, mesh, 12, known, marks);
  EXPECT_EQ(marks, (std::vector<signed char>{1, 1, 0, 1}));
  EXPECT_THROW(mark("dice", 1, 1, mesh, 12, known, marks), Error);
}

TEST(PoissonEnvironment, EpisodesAreDeterministicAndStrictlyConfigured) {
  const std::string text = "name: poisson\nrounds: 3\nmax_cells: 400\nvalidation: {cases: 1, odds: [10]}\n";
  PoissonEnvironment environment(YamlMap::parse(text, "test"));
  RefinementPolicy policy(randomNetwork());
  std::vector<MeshSample> samples, again;
  std::map<std::string, double> metrics;
  for (std::uint64_t seed = 1; seed < 4; ++seed) environment.episode(seed, policy, .5, samples, metrics);
  for (std::uint64_t seed = 1; seed < 4; ++seed) environment.episode(seed, policy, .5, again, metrics);
  ASSERT_EQ(samples.size(), again.size());
  EXPECT_EQ(metrics["decisions"], 2 * static_cast<double>(samples.size()));
  EXPECT_LE(metrics["reward"], metrics["best reward"] + 1e-9);
  for (std::size_t k = 0; k < samples.size(); ++k) {
    const MeshSample &s = samples[k];
    EXPECT_EQ(s.node, again[k].node);
    ASSERT_EQ(s.target.size(), 2 * static_cast<std::size_t>(s.nodes));
    for (std::size_t i = 0; i < s.target.size(); i += 2) {
      EXPECT_TRUE(std::isfinite(s.target[i]));
      EXPECT_TRUE(std::isnan(s.target[i + 1]));
    }
  }
  const Evaluation found = environment.evaluate(policy), best = environment.evaluateLookahead();
  EXPECT_TRUE(std::isfinite(found.score));
  EXPECT_LT(best.details.at("log error"), -.5);
  for (const char *wrong :
       {"name: poisson\nsquares: 3\n", "name: poisson\ngain: most\n", "name: poisson\nodds: [2, 1]\n",
        "name: poisson\nround: 3\n", "name: poisson\nvalidation: {reference: 3}\n"})
    EXPECT_THROW(PoissonEnvironment(YamlMap::parse(wrong, "test")), Error) << wrong;
}
