// What refinement policies see, what they decide, and what their files must hold.
#include "refine/refinement_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "support/cells.hpp"
#include "support/forests.hpp"
#include "support/policies.hpp"

namespace petrl {
namespace {

using test::boxCells;
using test::expectParts;
using test::messageOf;

RefinementCosts costs(const CellMesh &mesh, double tradeoff) {
  RefinementCosts c;
  c.tradeoff = tradeoff;
  c.steps = 20, c.remesh = 5, c.unit = 1e-6, c.max_level = 8;
  c.measure = test::totalVolume(mesh);
  c.finest = *std::max_element(mesh.level.begin(), mesh.level.end());
  return c;
}

/// Relative differences over many orders of magnitude; coarsening loses more than refining gains.
std::vector<float> differences(int cells, unsigned seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> uniform(-6, 0);
  std::vector<float> out;
  for (int i = 0; i < cells; ++i) {
    const double gain = uniform(rng);
    out.push_back(static_cast<float>(std::pow(10, gain)));
    out.push_back(static_cast<float>(std::pow(10, .7 * gain)));
  }
  return out;
}

double cellsAfter(const RefinementDecision &d) {
  double n = 0;
  for (const signed char m : d.mark) n += m > 0 ? 4 : m < 0 ? .25 : 1;
  return n;
}

GraphNetwork network(unsigned seed) {
  GraphNetwork net({RefinementObservation::kNode, RefinementObservation::kEdge, 6, 2, 2, false});
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  net.initialise([&] { return uniform(rng); });
  return net;
}

/// A field on the leaves of an adapted mesh, as it is or as seen from elsewhere: turned, moved, stretched, in other
/// units.
struct View {
  double angle, scale, shift, unit, offset;
};

struct Seen {
  CellMesh mesh;
  std::vector<double> u, rate, gradient;
  std::vector<std::pair<double, double>> place;  ///< of each cell, where the field is written down
  RefinementObservation observed;

  explicit Seen(const View &view) {
    const double lower[2] = {0, 0}, upper[2] = {1, 1};
    BaseMesh base = BaseMesh::box(4, 4, lower, upper, false, false);
    const double c = view.scale * std::cos(view.angle), s = view.scale * std::sin(view.angle);
    for (std::size_t i = 0; i < base.corner.size(); i += 2) {
      const double x = base.corner[i], y = base.corner[i + 1];
      base.corner[i] = c * x - s * y + view.shift;
      base.corner[i + 1] = s * x + c * y - 2 * view.shift;
    }
    const auto back = [&](const double *at) {
      const double px = at[0] - view.shift, py = at[1] + 2 * view.shift;
      return std::pair<double, double>((c * px + s * py) / (view.scale * view.scale),
                                       (c * py - s * px) / (view.scale * view.scale));
    };
    // How cells are numbered is not the same: marks go by place.
    Forest forest(base, PETSC_COMM_SELF);
    for (int round = 0; round < 3; ++round) {
      const CellMesh now = forest.mesh();
      std::vector<signed char> marks;
      for (int i = 0; i < now.cells; ++i) {
        const auto [x, y] = back(&now.centre[2 * i]);
        marks.push_back(std::hypot(x - .4, y - .3) < .33 - .08 * round ? 1 : 0);
      }
      forest.adapt(marks, ForestLimits{});
    }
    mesh = forest.mesh();
    double low = 1e300, high = -1e300;
    for (int i = 0; i < mesh.cells; ++i) {
      const auto [x, y] = back(&mesh.centre[2 * i]);
      place.emplace_back(x, y);
      const double gx = std::cos(5 * x) * 5, gy = -3 * std::sin(3 * y);
      u.push_back(view.unit * (std::sin(5 * x) + std::cos(3 * y)) + view.offset);
      rate.push_back(-view.unit * (.7 * gx - .2 * gy));
      gradient.push_back(view.unit * (c * gx - s * gy) / (view.scale * view.scale));
      gradient.push_back(view.unit * (s * gx + c * gy) / (view.scale * view.scale));
      low = std::min(low, u.back()), high = std::max(high, u.back());
    }
    observed.compute(mesh, {u.data(), rate.data(), gradient.data()}, high - low, .1);
  }
};

}  // namespace

TEST(RefinementObservation, KnowsNeitherPlaceNorDirectionNorUnits) {
  const Seen plain({0, 1, 0, 1, 0});
  for (const View &view : {View{.7, 1, 0, 1, 0}, View{0, 1, 3, 1, 0}, View{0, 40, 0, 1, 0}, View{0, 1, 0, 250, -30},
                           View{-2.1, .03, 1, 1e-4, 1e-3}}) {
    const Seen other(view);
    ASSERT_EQ(plain.mesh.cells, other.mesh.cells);
    // Which cell is which, and which face.
    std::vector<int> same;
    for (const auto &[x, y] : plain.place) {
      const auto at = std::find_if(other.place.begin(), other.place.end(), [x = x, y = y](const auto &p) {
        return std::hypot(p.first - x, p.second - y) < 1e-9;
      });
      ASSERT_NE(at, other.place.end());
      same.push_back(static_cast<int>(at - other.place.begin()));
    }
    const auto near = [](const float *a, const float *b, int n) {
      for (int k = 0; k < n; ++k) EXPECT_NEAR(a[k], b[k], 2e-5f * (1 + std::fabs(a[k]))) << k;
    };
    constexpr int kNode = RefinementObservation::kNode, kEdge = RefinementObservation::kEdge;
    for (int i = 0; i < plain.mesh.cells; ++i) {
      near(&plain.observed.node()[i * kNode], &other.observed.node()[same[i] * kNode], kNode);
      for (int s = 0; s < 3; ++s) {
        const int j = plain.mesh.neighbour[3 * i + s];
        if (j < 0) continue;
        int t = 0;
        while (t < 3 && other.mesh.neighbour[3 * same[i] + t] != same[j]) ++t;
        ASSERT_LT(t, 3);
        near(&plain.observed.edge()[(3 * i + s) * kEdge], &other.observed.edge()[(3 * same[i] + t) * kEdge], kEdge);
      }
    }
  }
}

TEST(RefinementObservation, AConstantFieldIsNothingToSee) {
  const CellMesh mesh = boxCells(5, 1, true);
  const std::vector<double> u(mesh.cells, 3.), zero(2 * mesh.cells, 0.);
  RefinementObservation seen;
  seen.compute(mesh, {u.data(), zero.data(), zero.data()}, 0, .1);
  for (const auto *values : {&seen.node(), &seen.edge()})
    for (const float v : *values) ASSERT_TRUE(std::isfinite(v));
  for (const float v : seen.edge()) ASSERT_EQ(v, 0);
}

TEST(Decision, FewerCellsWhereTheyCostMore) {
  CellMesh mesh = boxCells(12, 1, true);
  for (int i = 0; i < mesh.cells; ++i) mesh.level[i] = i % 3 * 2;
  for (const bool stable : {true, false}) {
    const auto predicted = differences(mesh.cells, 1);
    double before = 1e300;
    for (const double odds : {1e-6, 1e-3, 1e-2, .1, 1., 10., 1e2, 1e5}) {
      RefinementCosts c = costs(mesh, odds / (1 + odds));
      c.stable_steps = stable;
      RefinementDecision d;
      weigh(mesh, predicted.data(), c, d);
      const double after = cellsAfter(d);
      EXPECT_LE(after, before) << odds;
      before = after;
      EXPECT_EQ(d.refined, std::count(d.mark.begin(), d.mark.end(), 1));
      EXPECT_EQ(d.coarsened, std::count(d.mark.begin(), d.mark.end(), -1));
      for (int i = 0; i < mesh.cells; ++i) {
        EXPECT_LE(mesh.level[i] + 2 * d.mark[i], c.max_level);
        EXPECT_TRUE(d.mark[i] >= 0 || mesh.level[i] > 0);
      }
    }
  }
}

TEST(Decision, WithLocalStepsACellPaysForItself) {
  CellMesh mesh = boxCells(6, 1, true);
  std::fill(mesh.level.begin(), mesh.level.end(), 2);
  RefinementCosts c = costs(mesh, .5);
  c.local_steps = true;
  std::vector<double> steps(mesh.cells, 10.);
  steps[0] = 40;
  c.own_steps = steps.data();
  // Refined: four cells that take twice the steps; coarsened: a quarter of one that takes half of them.
  const double share = mesh.volume[0] / c.measure;
  const double up = c.price() * ((2 * 40 + 5) * 4 - (40 + 5)) / share, down = c.price() * (45 - 25 / 4.) / share;
  const double up_others = c.price() * (25 * 4 - 15) / share, down_others = c.price() * (15 - 10 / 4.) / share;
  for (const double near : {.999, 1.001}) {
    std::vector<float> predicted;
    for (int i = 0; i < mesh.cells; ++i) {
      predicted.push_back(static_cast<float>(near * (i > 0 ? up_others : up)));
      predicted.push_back(static_cast<float>(2 * (i > 0 ? down_others : down)));
    }
    // Nothing to gain in others, which lose much: they do not count for the first cell.
    RefinementDecision all, alone;
    weigh(mesh, predicted.data(), c, all);
    EXPECT_EQ(all.refined, near > 1 ? mesh.cells : 0);
    EXPECT_EQ(all.coarsened, 0);
    for (int i = 1; i < mesh.cells; ++i) predicted[2 * i] = 0, predicted[2 * i + 1] = 1;
    weigh(mesh, predicted.data(), c, alone);
    EXPECT_EQ(alone.refined, near > 1 ? 1 : 0);
    EXPECT_EQ(alone.mark[0], all.mark[0]);
    for (int i = 0; i < mesh.cells; ++i)
      predicted[2 * i] = 0, predicted[2 * i + 1] = static_cast<float>(near * (i > 0 ? down_others : down));
    weigh(mesh, predicted.data(), c, all);
    EXPECT_EQ(all.coarsened, near < 1 ? mesh.cells : 0);
  }
  // Without the solver's word levels say what steps are: 20 on the finest, which is the second.
  c.own_steps = nullptr;
  mesh.level[0] = 0;
  EXPECT_EQ(c.stepsOf(mesh, 0), 10);
  EXPECT_EQ(c.stepsOf(mesh, 1), 20);
}

TEST(Decision, Limits) {
  CellMesh mesh = boxCells(6, 1, true);
  const auto predicted = differences(mesh.cells, 2);
  RefinementDecision d;
  // Next to nothing to pay: refine wherever it is allowed.
  weigh(mesh, predicted.data(), costs(mesh, 1e-12), d);
  EXPECT_EQ(d.refined, mesh.cells);
  EXPECT_TRUE(d.worthwhile);
  RefinementCosts c = costs(mesh, 1e-12);
  c.max_level = 1;
  weigh(mesh, predicted.data(), c, d);
  EXPECT_EQ(d.refined, 0);
  // Computation alone counts: coarsen what can be coarsened.
  weigh(mesh, predicted.data(), costs(mesh, 1 - 1e-12), d);
  EXPECT_EQ(d.refined + d.coarsened, 0);
  std::fill(mesh.level.begin(), mesh.level.end(), 4);
  weigh(mesh, predicted.data(), costs(mesh, 1 - 1e-12), d);
  EXPECT_EQ(d.coarsened, mesh.cells);
  // Without anything to gain or lose there is no reason for cells, and none to refine.
  const std::vector<float> nothing(predicted.size(), 0.f);
  weigh(mesh, nothing.data(), costs(mesh, .5), d);
  EXPECT_EQ(d.refined, 0);
  EXPECT_EQ(d.coarsened, mesh.cells);
}

TEST(Decision, ThePriceOfReMeshingSparesCells) {
  const CellMesh mesh = boxCells(10, 1, true);
  const auto predicted = differences(mesh.cells, 3);
  RefinementDecision cheap, dear;
  RefinementCosts c = costs(mesh, .3);
  c.remesh = 0;
  weigh(mesh, predicted.data(), c, cheap);
  c.remesh = 1e4;
  weigh(mesh, predicted.data(), c, dear);
  EXPECT_LE(cellsAfter(dear), cellsAfter(cheap));
  EXPECT_TRUE(cheap.worthwhile);
  EXPECT_FALSE(dear.worthwhile);
}

TEST(Decision, TheSumOverRanksDecidesTheLevel) {
  const CellMesh mesh = boxCells(8, 1, true);
  const auto predicted = differences(mesh.cells, 4);
  RefinementDecision alone, twice;
  RefinementCosts c = costs(mesh, .2);
  weigh(mesh, predicted.data(), c, alone);
  // Two ranks with the same half each see what one sees of all.
  weigh(
      mesh, predicted.data(), c, [](double *v, int n) { std::for_each(v, v + n, [](double &x) { x *= 2; }); }, twice);
  EXPECT_EQ(alone.mark, twice.mark);
  EXPECT_NEAR(twice.gain, 2 * alone.gain, 1e-12 * std::fabs(alone.gain));
}

TEST(RefinementScale, ThereAndBack) {
  for (const float x : {0.f, 1e-4f, 1e-2f, .3f, 1.f})
    EXPECT_NEAR(RefinementScale::difference(RefinementScale::output(x)), x, 1e-5f + 1e-5f * x);
}

TEST(RefinementPolicy, FileThereAndBack) {
  const GraphNetwork net = network(5);
  Policy policy = RefinementPolicy::specification(net);
  policy.provenance.config = "test: true\n";
  policy.provenance.version = "test", policy.provenance.libraries = "none";
  const std::string path = test::temporary("refiner.h5");
  writePolicy(path, policy);
  RefinementPolicy written(net), read(readPolicy(path, "refiner"), path);
  EXPECT_EQ(GraphNetwork(readPolicy(path).network, path).weights(), net.weights());
  const Seen seen({0, 1, 0, 1, 0});
  const std::vector<RefinementPolicy::Field> fields = {{{seen.u.data(), seen.rate.data(), seen.gradient.data()}, 4}};
  EXPECT_EQ(written.predict(seen.mesh, fields, .1, {}), read.predict(seen.mesh, fields, .1, {}));
  EXPECT_NE(messageOf([&] { readPolicy(path, "closure"); }).find("refiner"), std::string::npos);
  std::remove(path.c_str());
}

// A network that looks at some observables, in any order, decides as one that looks at all and ignores the others.
TEST(RefinementPolicy, SeesWhatItNames) {
  const std::vector<std::string> nodes = {"roughness", "change"}, edges = {"alignment", "difference", "level"};
  GraphNetwork all = network(7);
  GraphNetwork some({2, 3, 6, 2, 2, false});
  const auto rows = [](GraphNetwork &net, const std::string &name) {
    for (const auto &part : net.parts())
      if (part.name == name) return &net.weights()[part.offset];
    return static_cast<float *>(nullptr);
  };
  for (const auto &part : some.parts()) {
    const bool node = part.name == "encoder0/weight", edge = part.name.find("/edge") != std::string::npos;
    float *to = rows(some, part.name), *from = rows(all, part.name);
    if (!node && !edge) {
      std::copy_n(from, part.rows * part.columns, to);
      continue;
    }
    const auto &known = node ? RefinementObservation::nodeNames() : RefinementObservation::edgeNames();
    const auto &named = node ? nodes : edges;
    for (std::size_t k = 0; k < known.size(); ++k, from += part.columns) {
      const auto at = std::find(named.begin(), named.end(), known[k]);
      if (at == named.end())
        std::fill_n(from, part.columns, 0.f);
      else
        std::copy_n(from, part.columns, to + (at - named.begin()) * part.columns);
    }
  }
  const Seen seen({0, 1, 0, 1, 0});
  const std::vector<RefinementPolicy::Field> fields = {{{seen.u.data(), seen.rate.data(), seen.gradient.data()}, 4}};
  RefinementPolicy wide(all), narrow(RefinementPolicy::specification(some, nodes, edges), "narrow");
  const std::vector<float> expected = wide.predict(seen.mesh, fields, .1, {});
  const std::vector<float> found = narrow.predict(seen.mesh, fields, .1, {});
  ASSERT_EQ(expected.size(), found.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 1e-5f * (1 + std::fabs(expected[i]))) << i;
}

TEST(RefinementPolicy, RefusesWhatItCannotUse) {
  const Policy good = RefinementPolicy::specification(network(6));
  const auto refused = [&](const Policy &p, const std::vector<std::string> &parts) {
    expectParts(messageOf([&] { RefinementPolicy(p, "file.h5"); }), parts);
  };
  EXPECT_EQ(messageOf([&] { RefinementPolicy(good, "file.h5"); }), "no error");
  Policy p = good;
  p.observation.names[1] = "speed";
  refused(p, {"file.h5", "/observation/names", "change, tendency", "'speed'"});
  p = good, p.observation.scale[2] = 2;
  refused(p, {"file.h5", "/observation/scale", "'2'"});
  p = good, p.action.transform = "additive";
  refused(p, {"/action/transform", "'gain-loss'", "'additive'"});
  p = good, p.action.parameters["edges"] = "difference wind";
  refused(p, {"/action/edges", "approach", "'wind'"});
  p = good, p.action.parameters.erase("edges");
  refused(p, {"/action/edges", "approach", "found none"});
  p = good, p.action.parameters["edges"] = "difference";
  refused(p, {"/network/edge_inputs", "'1'", "'5'"});
  p = good, p.observation.names.resize(3);
  refused(p, {"/network/node_inputs", "'3'", "'5'"});
  p = good, p.network = {};
  p.network.architecture = "lamp";
  refused(p, {"file.h5", "lamp runs in `petrl evaluate` only", "expected gnn"});
  p = good, p.action.parameters.erase("floor");
  refused(p, {"/action/floor", "found ''"});
  p = good, p.kind = "closure";
  refused(p, {"refiner", "closure"});
  GraphNetwork narrow({RefinementObservation::kNode, 3, 6, 2, 2, false});
  p = good, p.network = narrow.spec();
  refused(p, {"/network/edge_inputs", "'5'", "'3'"});
  GraphNetwork single({RefinementObservation::kNode, RefinementObservation::kEdge, 6, 2, 1, false});
  p = good, p.network = single.spec();
  refused(p, {"/network/outputs", "'2'", "'1'"});
}

}  // namespace petrl
