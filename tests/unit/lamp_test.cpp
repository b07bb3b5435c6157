// LAMP without learning: vertex meshes, the distribution over decisions, gradients of both networks, policy files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include "problems/nonlinear1d/lamp/edge_choices.hpp"
#include "problems/nonlinear1d/lamp/meshes.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"
#include "support/policies.hpp"

namespace {

using namespace petrl;
using namespace petrl::lamp;
using namespace petrl::nonlinear1d;

std::function<double()> uniform(unsigned seed) {
  return [rng = std::mt19937_64(seed)]() mutable { return std::uniform_real_distribution<double>(0, 1)(rng); };
}

Logits randomLogits(int edges, unsigned seed) {
  Logits logits(edges, edges);
  const auto u = uniform(seed);
  for (auto *list : {&logits.split, &logits.coarsen}) {
    for (float &x : *list) x = static_cast<float>(4 * u() - 2);
  }
  for (float &x : logits.split_count) x = static_cast<float>(2 * u() - 1);
  for (float &x : logits.coarsen_count) x = static_cast<float>(2 * u() - 1);
  return logits;
}

/// All ordered choices of so many among the eligible; coarsening rules out.
void orders(const Choices &choices, const std::vector<int> &eligible, int count, bool coarsen, std::vector<int> &chosen,
            const std::function<void()> &each) {
  if (static_cast<int>(chosen.size()) == count) return each();
  std::vector<char> gone(static_cast<std::size_t>(std::max(choices.splits(), choices.coarsens())), 0);
  for (const int e : chosen) coarsen ? choices.rule(e, gone) : void(gone[static_cast<std::size_t>(e)] = 1);
  for (const int e : eligible) {
    if (gone[static_cast<std::size_t>(e)]) continue;
    chosen.push_back(e);
    orders(choices, eligible, count, coarsen, chosen, each);
    chosen.pop_back();
  }
}

/// All ordered decisions that a mesh allows.
std::vector<Action> enumerate(const Choices &choices) {
  std::vector<Action> all;
  std::vector<int> splittable, coarsenable, split, coarsen;
  choices.splittable(splittable);
  for (int k = 0; k < kCounts && choices.number(k) <= static_cast<int>(splittable.size()); ++k) {
    orders(choices, splittable, choices.number(k), false, split, [&] {
      choices.coarsenable(split, coarsenable);
      const int most = choices.mostCoarsened(static_cast<int>(coarsenable.size()), static_cast<int>(split.size()));
      const std::vector<int> eligible = coarsenable;
      for (int m = 0; m < kCounts && choices.number(m) <= std::max(most, 0); ++m)
        orders(choices, eligible, choices.number(m), true, coarsen, [&] { all.push_back({split, coarsen}); });
    });
  }
  return all;
}

TEST(LampDecision, ProbabilitiesOfAllDecisionsAddUpToOne) {
  const VertexMesh chain({0, 30, 60, 99}, false), ring({0, 20, 40, 60, 80}, true), full({0, 1, 2, 3, 40, 99}, false);
  for (const VertexMesh *mesh : {&chain, &ring, &full}) {
    const Logits logits = randomLogits(mesh->edges(), 3);
    const EdgeChoices choices(*mesh);
    const auto all = enumerate(choices);
    EXPECT_GT(all.size(), 10u);
    double sum = 0, entropy = 0, expected = 0;
    for (const Action &a : all) {
      const Likelihood l = likelihood(choices, logits, a);
      const double p = std::exp(l.log_probability);
      sum += p, entropy -= p * l.log_probability, expected += p * l.entropy;
      for (const int e : a.split) EXPECT_TRUE(mesh->splits(e));
      for (const int e : a.coarsen) {
        EXPECT_TRUE(mesh->coarsens(e));
        EXPECT_EQ(std::count(a.split.begin(), a.split.end(), e), 0);
        for (const int f : a.coarsen) {
          const int apart = std::abs(e - f), round = mesh->edges() - apart;
          EXPECT_TRUE(e == f || (apart > 1 && (!mesh->ring() || round > 1)));
        }
      }
      const VertexMesh after = mesh->changed(a.split, a.coarsen);
      EXPECT_EQ(after.vertices(),
                mesh->vertices() + static_cast<int>(a.split.size()) - static_cast<int>(a.coarsen.size()));
    }
    EXPECT_NEAR(sum, 1, 1e-9);
    EXPECT_NEAR(entropy, expected, 1e-9);  // chain rule
  }
}

TEST(LampDecision, DrawsFollowTheProbabilities) {
  const VertexMesh mesh({0, 30, 60, 99}, false);
  const EdgeChoices choices(mesh);
  const Logits logits = randomLogits(3, 5);
  const auto u = uniform(1);
  const int draws = 20000;
  std::map<std::pair<std::vector<int>, std::vector<int>>, double> counts;
  for (int i = 0; i < draws; ++i) {
    const Action a = draw(choices, logits, u);
    counts[{a.split, a.coarsen}] += 1. / draws;
  }
  for (const Action &a : enumerate(choices)) {
    const double p = std::exp(likelihood(choices, logits, a).log_probability);
    EXPECT_NEAR((counts[{a.split, a.coarsen}]), p, 5 * std::sqrt(p / draws));
  }
}

TEST(LampDecision, GradientsAreThoseOfDifferences) {
  const VertexMesh mesh = VertexMesh::uniform(8, true);
  const EdgeChoices choices(mesh);
  Logits logits = randomLogits(mesh.edges(), 7);
  logits.split[3] = 30;  // what is left when it is chosen is little
  Action action;
  for (unsigned seed = 0; action.split.size() < 3 || action.coarsen.size() < 2; ++seed)
    action = draw(choices, logits, uniform(seed));
  // Equal weights of all factors: log p and the entropy themselves.
  const auto same = [&](double w) {
    return Factors{w, w, std::vector<double>(action.split.size(), w), std::vector<double>(action.coarsen.size(), w)};
  };
  const double a = .7, h = -.3;
  const Factors weight = same(a), entropy = same(h);
  Logits gradient(choices);
  likelihood(choices, logits, action, &weight, &entropy, &gradient);
  const auto value = [&](const Logits &x) {
    const Likelihood l = likelihood(choices, x, action);
    return a * l.log_probability + h * l.entropy;
  };
  const auto check = [&](auto member) {
    for (std::size_t i = 0; i < member(gradient).size(); ++i) {
      Logits up = logits, down = logits;
      member(up)[i] += 1e-2f, member(down)[i] -= 1e-2f;
      const double step = static_cast<double>(member(up)[i]) - static_cast<double>(member(down)[i]);
      EXPECT_NEAR(member(gradient)[i], (value(up) - value(down)) / step, 2e-4);
    }
  };
  check([](Logits & l) -> auto & { return l.split; });
  check([](Logits & l) -> auto & { return l.coarsen; });
  check([](Logits & l) -> auto & { return l.split_count; });
  check([](Logits & l) -> auto & { return l.coarsen_count; });
}

TEST(LampDecision, TheBestTakesTheLargestLogits) {
  const VertexMesh mesh = VertexMesh::uniform(10, true);
  const EdgeChoices choices(mesh);
  Logits logits(choices);
  logits.split_count[2] = 9, logits.split[3] = 2, logits.split[7] = 3;
  logits.coarsen_count[1] = 9, logits.coarsen[7] = 5, logits.coarsen[1] = 4;
  for (const CountRule rule : {CountRule::argmax, CountRule::expectation}) {
    const Action a = best(choices, logits, rule);
    EXPECT_EQ(a.split, (std::vector<int>{7, 3}));
    EXPECT_EQ(a.coarsen, std::vector<int>{1});  // 7 is being split
  }
  logits.split_count.fill(0);  // eleven numbers are possible, 0 ... 10
  EXPECT_EQ(best(choices, logits, CountRule::argmax).split.size(), 0u);
  EXPECT_EQ(best(choices, logits, CountRule::expectation).split.size(), 5u);
}

TEST(LampMesh, ChangesKeepTheLimits) {
  const VertexMesh chain = VertexMesh::uniform(4, false);
  EXPECT_EQ(chain.vertices(), 26);
  EXPECT_FALSE(chain.coarsens(0));
  EXPECT_TRUE(chain.coarsens(25 - 1));
  const VertexMesh changed = chain.changed({0, 3}, {1, 24});
  EXPECT_EQ(changed.list().front(), 0);
  EXPECT_EQ(changed.list().back(), 99);
  const auto has = [&](int v) { return std::binary_search(changed.list().begin(), changed.list().end(), v); };
  EXPECT_TRUE(has(2) && has(14) && !has(4) && !has(96));
  VertexMesh fine = VertexMesh::uniform(4, true);
  for (int i = 0; i < 5; ++i) {
    std::vector<int> all(static_cast<std::size_t>(fine.edges()));
    std::iota(all.begin(), all.end(), 0);
    fine = fine.changed(all, {});
  }
  EXPECT_EQ(fine.vertices(), kPoints);  // down to the labels' spacing
  for (int i = 0; i < 9; ++i) {
    std::vector<int> all(static_cast<std::size_t>(fine.edges()));
    std::iota(all.begin(), all.end(), 0);
    fine = fine.changed({}, all);
  }
  EXPECT_EQ(fine.vertices(), VertexMesh::kFewest);
  const Action a = draw(EdgeChoices(fine), Logits(fine.edges(), fine.edges()), uniform(2));
  EXPECT_TRUE(a.coarsen.empty());
}

TEST(LampMesh, AdaptedMeshesFollowTheKinks) {
  std::vector<float> level(kPoints, 0.f);
  for (int j = 50; j < 54; ++j) level[static_cast<std::size_t>(j)] = static_cast<float>(j - 49);
  for (int j = 54; j < kPoints; ++j) level[static_cast<std::size_t>(j)] = 4 - 4 * static_cast<float>(j - 54) / 46;
  const VertexMesh m = adaptedMesh(VertexMesh::uniform(4, true), level.data(), 29);
  EXPECT_EQ(m.vertices(), 29);
  const auto has = [&](int v) { return std::binary_search(m.list().begin(), m.list().end(), v); };
  EXPECT_TRUE(has(49) && has(50) && has(54));
}

/// Two roll-outs as Evolution sees them.
struct Flow {
  Nonlinear1DSet set;
  Flow() {
    for (int t = 0; t < 2; ++t) set.cases.push_back(drawCase(5, t, Split::train));
    set.label.resize(2u * kLevels * kPoints);
    for (std::size_t i = 0; i < set.label.size(); ++i)
      set.label[i] = std::sin(.13f * static_cast<float>(i % kPoints) + .01f * static_cast<float>(i / kPoints));
  }
};

TEST(LampEvolution, GradientsThroughTwoBundles) {
  const Flow flow;
  for (const bool ours : {true, false}) {
    const ModelOptions options{ours, ours, ours};
    Evolution model(options, 6, 2, !ours);
    model.network().initialise(uniform(9), 1);
    const VertexMesh first[] = {VertexMesh::uniform(10, ours), VertexMesh::uniform(7, ours)};
    const VertexMesh second[] = {first[0].changed({1, 4}, {7}), first[1].changed({0}, {3, 9})};
    Batch batch[2];
    GraphNetwork::Record record[2];
    std::vector<Bundle> next[2];
    const auto loss = [&] {
      double sum = 0;
      for (int b = 0; b < 2; ++b) {
        batch[b].clear();
        for (std::size_t i = 0; i < 2; ++i) {
          const int t = static_cast<int>(i);
          model.add(batch[b], flow.set.cases[i], 40 + 25 * b, b == 0 ? first[i] : second[i],
                    b == 0 ? sampled(flow.set, t, 40, first[i]) : next[0][i]);
        }
        model.forward(batch[b], record[b], next[b]);
        for (int i = 0; i < 2; ++i) sum += bundleError(flow.set, i, 40 + 25 * b, next[b][static_cast<std::size_t>(i)]);
      }
      return sum;
    };
    loss();
    std::vector<float> gradient(model.network().size(), 0.f);
    std::vector<Bundle> slope(2), back;
    for (int b = 1; b >= 0; --b) {
      for (std::size_t i = 0; i < 2; ++i) {
        slope[i] = b == 1 ? Bundle(kPoints * kBundle, 0.f) : back[i];
        for (int m = 0; m < kBundle; ++m) {
          const float *truth = flow.set.at(static_cast<int>(i), 41 + 25 * b + m);
          for (int j = 0; j < kPoints; ++j) {
            const auto at = static_cast<std::size_t>(j * kBundle + m);
            slope[i][at] += 2 * (next[b][i][at] - truth[j]) / kPoints;
          }
        }
      }
      model.backward(batch[b], record[b], slope, gradient, b == 1 ? &back : nullptr);
    }
    const auto u = uniform(2);
    for (int k = 0; k < 40; ++k) {
      float &w = model.network().weights()[static_cast<std::size_t>(u() * static_cast<double>(gradient.size()))];
      const float before = w;
      const float g = gradient[static_cast<std::size_t>(&w - model.network().weights().data())];
      w = before + 2e-2f;
      const double up = loss();
      w = before - 2e-2f;
      const double down = loss();
      w = before;
      EXPECT_NEAR(g, (up - down) / 4e-2, 2e-2 * std::fabs(g) + 2e-2);
    }
  }
}

TEST(LampRefiner, GradientsOfAllHeads) {
  const Flow flow;
  const ModelOptions options;
  const Evolution evolution(options, 4, 1, false);
  Refiner refiner(options, 6, 2, false);
  refiner.network().initialise(uniform(3), 1);
  Batch batch;
  const VertexMesh meshes[] = {VertexMesh::uniform(10, true), VertexMesh::uniform(7, true)};
  for (std::size_t i = 0; i < 2; ++i)
    evolution.add(batch, flow.set.cases[i], 40, meshes[i], sampled(flow.set, static_cast<int>(i), 40, meshes[i]));
  const std::vector<double> beta{.1, .4};
  Refiner::Record record;
  std::vector<Heads> heads, predicted, slope(2);
  refiner.forward(batch, beta, record, heads);
  refiner.predict(batch, beta, predicted);
  EXPECT_NEAR(heads[1].value(.4), predicted[1].value(.4), 1e-5);
  std::vector<Action> action;
  const auto value = [&] {
    refiner.predict(batch, beta, predicted);
    double sum = 0;
    for (std::size_t i = 0; i < 2; ++i)
      sum += likelihood(EdgeChoices(meshes[i]), predicted[i].logits, action[i]).log_probability +
             3 * predicted[i].value(beta[i]);
    return sum;
  };
  for (std::size_t i = 0; i < 2; ++i) {
    action.push_back(draw(EdgeChoices(meshes[i]), heads[i].logits, uniform(static_cast<unsigned>(i))));
    const Factors one{1, 1, std::vector<double>(action[i].split.size(), 1.),
                      std::vector<double>(action[i].coarsen.size(), 1.)};
    slope[i].logits = Logits(meshes[i].edges(), meshes[i].edges());
    likelihood(EdgeChoices(meshes[i]), heads[i].logits, action[i], &one, nullptr, &slope[i].logits);
    slope[i].value_error = 3, slope[i].value_cost = 3 * beta[i];
  }
  std::vector<float> gradient(refiner.network().size(), 0.f);
  refiner.backward(batch, record, slope, gradient);
  for (std::size_t k = 0; k < gradient.size(); k += 37) {
    float &w = refiner.network().weights()[k];
    const float before = w;
    w = before + 1e-2f;
    const double up = value();
    w = before - 1e-2f;
    const double down = value();
    w = before;
    EXPECT_NEAR(gradient[k], (up - down) / 2e-2, 2e-2 * std::fabs(gradient[k]) + 1e-2) << k;
  }
}

TEST(LampModel, PolicyFilesHoldBothNetworks) {
  Model model{{ModelOptions{}, 6, 2, false}, {ModelOptions{}, 5, 1, false}};
  model.evolution.network().initialise(uniform(1), .1);
  model.refiner.network().initialise(uniform(2), 1);
  model.count = CountRule::argmax;
  const std::string path = test::temporary("lamp.h5");
  Policy policy = model.policy();
  policy.provenance = {"test: true\n", 1, 2, "test", "none", {}};
  writePolicy(path, policy);
  const Model again = Model::read(readPolicy(path, "refiner"), path);
  std::remove(path.c_str());
  EXPECT_EQ(again.count, CountRule::argmax);
  const Flow flow;
  const VertexMesh start = VertexMesh::uniform(4, true);
  const Remeshing remeshing{Remeshing::Kind::policy, .2, 0, 0};
  const auto a = rollOut(model, flow.set, 0, 2, start, remeshing), b = rollOut(again, flow.set, 0, 2, start, remeshing);
  ASSERT_EQ(a[0].mesh.size(), static_cast<std::size_t>(kBundles));
  EXPECT_EQ(a[1].bundle.back(), b[1].bundle.back());
  EXPECT_EQ(a[1].mesh.back().list(), b[1].mesh.back().list());
  Policy other = policy;
  other.network.parameters["ring"] = "false";
  test::expectParts(test::messageOf([&] { Model::read(other, "f"); }), {"f: /network/evolution", "expected 30", "29"});
  other = policy;
  other.action.parameters.erase("count");
  test::expectParts(test::messageOf([&] { Model::read(other, "f"); }), {"/action", "'count' is missing"});
}

}  // namespace
