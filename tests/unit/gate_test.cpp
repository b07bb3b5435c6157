// Policies for meshes that look only where something happens.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "refine/refinement_policy.hpp"
#include "support/cells.hpp"
#include "support/forests.hpp"

namespace petrl {
namespace {

constexpr int kReach = 2;

RefinementPolicy policy() {
  GraphNetwork net({RefinementObservation::kNode, RefinementObservation::kEdge, 16, kReach, 2, false});
  std::mt19937 rng(3);
  std::uniform_real_distribution<double> uniform(0, 1);
  net.initialise([&] { return uniform(rng); });
  return RefinementPolicy(net);
}

/// A front that stands in one place, and a field that is flat but for a bump elsewhere.
struct Fields {
  CellMesh mesh;
  std::vector<double> front, bump, zero, slope, rate;

  explicit Fields(CellMesh cells) : mesh(std::move(cells)) {
    const auto n = static_cast<std::size_t>(mesh.cells);
    zero.assign(n, 0.), slope.assign(n * static_cast<std::size_t>(mesh.dim), 0.), rate = zero;
    for (std::size_t c = 0; c < n; ++c) {
      const double x = mesh.centre[c * static_cast<std::size_t>(mesh.dim)];
      front.push_back(x < .3 ? 0 : 1);
      bump.push_back(std::fabs(x - .8) < .04 ? 3 : 0);
      slope[c * static_cast<std::size_t>(mesh.dim)] = std::sin(9 * x);
    }
  }
  std::vector<RefinementPolicy::Field> both() const {
    return {{{front.data(), rate.data(), slope.data()}, 1}, {{bump.data(), zero.data(), slope.data()}, 3}};
  }
  /// Cells where a field differs from that in a neighbour, and kReach layers around them.
  std::vector<bool> near() const {
    std::vector<bool> found(front.size(), false);
    const auto neighbours = [&](int c, const auto &what) {
      for (int s = 0; s < mesh.slots(); ++s) {
        const int j = mesh.neighbour[c * mesh.slots() + s];
        if (j >= 0) what(j);
      }
    };
    for (int c = 0; c < mesh.cells; ++c)
      neighbours(c, [&](int j) {
        if (front[j] != front[c] || bump[j] != bump[c]) found[c] = true;
      });
    for (int layer = 0; layer < kReach; ++layer) {
      const std::vector<bool> before = found;
      for (int c = 0; c < mesh.cells; ++c) neighbours(c, [&](int j) { found[c] = found[c] || before[j]; });
    }
    return found;
  }
};

std::vector<CellMesh> meshes() {
  const double lower[2] = {0, 0}, upper[2] = {1, 1};
  Forest forest(BaseMesh::box(24, 6, lower, upper, false, false), PETSC_COMM_SELF);
  forest.adapt(test::randomMarks(forest.leaves(), 5, .3, 0), ForestLimits{});
  return {forest.mesh(), test::lineCells(60, 1, false)};
}

}  // namespace

TEST(Gate, OpenEverywhereItChangesNoBit) {
  for (const CellMesh &mesh : meshes()) {
    Fields f(mesh);
    f.rate.assign(f.rate.size(), .1);
    RefinementPolicy plain = policy(), gated = policy();
    gated.setGate(1e-12);
    EXPECT_EQ(plain.predict(mesh, f.both(), .2, {}), gated.predict(mesh, f.both(), .2, {}));
    EXPECT_EQ(gated.looked().asked, mesh.cells);
    gated.setGate(0);
    EXPECT_EQ(plain.predict(mesh, f.both(), .2, {}), gated.predict(mesh, f.both(), .2, {}));
  }
}

TEST(Gate, PredictsWhereSomethingHappensWhatItWouldWithoutIt) {
  for (const CellMesh &mesh : meshes()) {
    const Fields f(mesh);
    const std::vector<bool> near = f.near();
    const auto asked = std::count(near.begin(), near.end(), true);
    ASSERT_GT(asked, 0);
    ASSERT_LT(asked, mesh.cells);
    RefinementPolicy plain = policy(), gated = policy();
    gated.setGate(.5);
    const std::vector<float> expected = plain.predict(mesh, f.both(), .2, {}),
                             found = gated.predict(mesh, f.both(), .2, {});
    EXPECT_EQ(gated.looked().asked, asked);
    EXPECT_LT(gated.looked().seen, mesh.cells);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], near[i / 2] ? expected[i] : 0.f) << i;
  }
}

TEST(Gate, WhereNothingHappensCellsAreCoarsened) {
  const CellMesh mesh = meshes().front();
  const Fields f(mesh);
  RefinementPolicy gated = policy();
  RefinementCosts costs;
  RefinementDecision decision;
  costs.measure = 1, costs.finest = 2;
  gated.setGate(2);  // more than the range
  gated.decide(mesh, f.both(), .2, costs, {}, {}, decision);
  EXPECT_EQ(gated.looked().seen, 0);
  for (int c = 0; c < mesh.cells; ++c) EXPECT_EQ(decision.mark[c], mesh.level[c] > 0 ? -1 : 0);
  // A rate brings something along that is not there yet.
  Fields moving = f;
  moving.rate[7] = 11;
  gated.predict(mesh, moving.both(), .2, {});
  EXPECT_GT(gated.looked().asked, 1);
  EXPECT_LE(gated.looked().asked, 1 + 3 + 6);
}

}  // namespace petrl
