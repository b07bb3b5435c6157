// Finite volumes of a gas: Euler's equations on triangles and intervals.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/yaml.hpp"
#include "policy/shared_policy.hpp"
#include "problems/conservation/adaptive_run.hpp"
#include "problems/conservation/environment.hpp"
#include "problems/conservation/shock.hpp"
#include "support/cell_values.hpp"
#include "support/cells.hpp"
#include "support/riemann.hpp"

using namespace petrl;
using namespace petrl::conservation;
using namespace petrl::test;

namespace {

constexpr double kPi = 3.14159265358979323846, kGamma = 1.4;
using State = Gas<double>;

/// state: of a point; one component after the other.
template <class StateAt>
std::vector<double> gasOn(const CellMesh &m, StateAt state) {
  std::vector<double> u(4 * m.cells);
  for (int c = 0; c < m.cells; ++c) {
    const auto q =
        contentsOf<double>(m.dim == 2 ? state(m.centre[2 * c], m.centre[2 * c + 1]) : state(m.centre[c], 0), kGamma);
    u[c] = q.mass, u[m.cells + c] = q.x, u[2 * m.cells + c] = q.y, u[3 * m.cells + c] = q.energy;
  }
  return u;
}

State at(const CellMesh &m, const std::vector<double> &u, int c) {
  return gasOf<double>({u[c], u[m.cells + c], u[2 * m.cells + c], u[3 * m.cells + c]}, kGamma);
}

double total(const CellMesh &m, const std::vector<double> &u, int component) {
  return std::inner_product(m.volume.begin(), m.volume.end(), u.begin() + component * m.cells, 0.);
}

/// Errors of density, velocity and pressure against Riemann's solution, the diaphragm in the middle of a line.
void riemannErrors(const Riemann::State &left, const Riemann::State &right, double end, int cells, double (&error)[3],
                   bool first_order = false) {
  const CellMesh m = lineCells(cells, 1, false);
  FiniteVolumeSettings settings;
  settings.first_order = first_order;
  FiniteVolume fv(m, Law::gas(), {}, settings);
  auto u = gasOn(m, [&](double x, double) { return x < .5 ? left : right; });
  fv.advance(u.data(), 0, end, .4);
  const Riemann exact(left, right);
  std::fill(std::begin(error), std::end(error), 0.);
  for (int c = 0; c < m.cells; ++c) {
    const State is = at(m, u, c), is_to_be = exact.at((m.centre[c] - .5) / end);
    error[0] += m.volume[c] * std::fabs(is.rho - is_to_be.rho);
    error[1] += m.volume[c] * std::fabs(is.vx - is_to_be.vx);
    error[2] += m.volume[c] * std::fabs(is.p - is_to_be.p);
  }
}

constexpr State kSodLeft{1, 0, 0, 1}, kSodRight{.125, 0, 0, .1};

/// A pressure wave from the middle of a periodic box.
State blast(double x, double y) {
  const double r = std::hypot(x - 1, y - 1);
  return {1, 0, 0, r < .3 ? 10. : .1};
}

class BlastTruth : public Truth {
 public:
  int components() const override { return 4; }
  void values(double t, int n, const double *x, double *out) const override { component(0, t, n, x, out); }
  void component(int k, double, int n, const double *x, double *out) const override {
    for (int i = 0; i < n; ++i) {
      const auto q = contentsOf<double>(blast(x[2 * i], x[2 * i + 1]), kGamma);
      out[i] = k == 0 ? q.mass : k == 1 ? q.x : k == 2 ? q.y : q.energy;
    }
  }
  double sharpness(double, const double *, double) const override { return .02; }
};

}  // namespace

TEST(Riemann, KnowsTheBookOfToro) {
  // Table 4.3: pressure and velocity between the waves.
  const Riemann sod(kSodLeft, kSodRight), apart({1, -2, 0, .4}, {1, 2, 0, .4}), blasts({1, 0, 0, 1000}, {1, 0, 0, .01});
  EXPECT_NEAR(sod.pressure(), .30313, 1e-5);
  EXPECT_NEAR(sod.velocity(), .92745, 1e-5);
  EXPECT_NEAR(apart.pressure(), .00189, 1e-5);
  EXPECT_NEAR(blasts.pressure(), 460.894, 1e-3);
  EXPECT_NEAR(blasts.velocity(), 19.5975, 1e-4);
  EXPECT_NEAR(sod.at(.5).rho, .42632, 1e-5);
  EXPECT_NEAR(sod.at(1.2).rho, .26557, 1e-5);
}

TEST(Gas, FluxesOfContactsAndShocksAreExact) {
  const double nx = .6, ny = -.8;
  // One state on both sides: its own flux.
  const State g{.7, 1.2, -.4, 2};
  const double un = g.vx * nx + g.vy * ny;
  const auto f = hllc(g, g, nx, ny, kGamma), c = contentsOf(g, kGamma);
  EXPECT_NEAR(f.mass, c.mass * un, 1e-14);
  EXPECT_NEAR(f.x, c.x * un + g.p * nx, 1e-14);
  EXPECT_NEAR(f.y, c.y * un + g.p * ny, 1e-14);
  EXPECT_NEAR(f.energy, (c.energy + g.p) * un, 1e-14);
  // A contact, and one that shears, at rest: pressure alone passes.
  const auto rest = hllc<double>({1, .8, .6, 3}, {.1, -.8, -.6, 3}, nx, ny, kGamma);
  EXPECT_NEAR(rest.mass, 0, 1e-14);
  EXPECT_NEAR(rest.x, 3 * nx, 1e-14);
  EXPECT_NEAR(rest.energy, 0, 1e-14);
  // A shock of any strength at rest: what comes leaves.
  for (const double mach : {1.1, 2.5, 20.}) {
    PlanarShock shock;
    shock.mach = mach, shock.direction[0] = nx, shock.direction[1] = ny;
    State behind = shock.behind(), ahead = shock.ahead;
    for (State *s : {&behind, &ahead}) s->vx -= shock.speed() * nx, s->vy -= shock.speed() * ny;
    const auto between = hllc(behind, ahead, nx, ny, kGamma), comes = hllc(ahead, ahead, nx, ny, kGamma);
    EXPECT_NEAR(between.mass, comes.mass, 1e-12 * std::fabs(comes.mass));
    EXPECT_NEAR(between.x, comes.x, 1e-12 * std::fabs(comes.x));
    EXPECT_NEAR(between.energy, comes.energy, 1e-12 * std::fabs(comes.energy));
  }
}

TEST(Gas, SolvesSodsProblem) {
  double first[3], coarse[3], fine[3];
  riemannErrors(kSodLeft, kSodRight, .2, 200, first, true);
  riemannErrors(kSodLeft, kSodRight, .2, 200, coarse);
  riemannErrors(kSodLeft, kSodRight, .2, 800, fine);
  EXPECT_LT(coarse[0], .004);
  EXPECT_LT(coarse[1], .006);
  EXPECT_LT(coarse[2], .004);
  for (int k = 0; k < 3; ++k) {
    EXPECT_LT(coarse[k], .5 * first[k]) << k;
    // Shocks are of order 1, contacts of less.
    EXPECT_GT(std::log2(coarse[k] / fine[k]) / 2, .75) << k;
  }
}

TEST(Gas, SolvesSodsProblemOnTriangles) {
  const double end = .4;
  double error[2];
  for (int k = 0; k < 2; ++k) {
    const CellMesh m = boxCells(32 << k, 2, false, .2);
    FiniteVolume fv(m, Law::gas());
    auto u = gasOn(m, [](double x, double) { return x < 1 ? kSodLeft : kSodRight; });
    fv.advance(u.data(), 0, end, .4);
    const Riemann exact(kSodLeft, kSodRight);
    error[k] =
        distance(m, {u.begin(), u.begin() + m.cells}, [&](double x, double) { return exact.at((x - 1) / end).rho; }) /
        4;
  }
  EXPECT_LT(error[1], .014);
  EXPECT_GT(std::log2(error[0] / error[1]), .65);  // contacts: 2/3
}

TEST(Gas, StaysPositiveInStrongCases) {
  // Nearly a vacuum between two rarefactions; a shock of pressure 1e5 times that ahead.
  double apart[3], blasts[3];
  riemannErrors({1, -2, 0, .4}, {1, 2, 0, .4}, .15, 400, apart);
  EXPECT_LT(apart[0], .01);
  EXPECT_LT(apart[2], .01);
  riemannErrors({1, 0, 0, 1000}, {1, 0, 0, .01}, .012, 400, blasts);
  EXPECT_LT(blasts[0], .15);
  EXPECT_LT(blasts[2], 5);
  // In two dimensions, with limiters that do not keep bounds themselves; no step may be refused.
  for (const Limiter limiter : {Limiter::none, Limiter::smooth, Limiter::sharp}) {
    const CellMesh m = boxCells(24, 2, true, .2);
    FiniteVolumeSettings settings;
    settings.limiter = limiter;
    FiniteVolume fv(m, Law::gas(), {}, settings);
    auto u = gasOn(m, [](double x, double y) {
      return State{std::hypot(x - 1, y - 1) < .3 ? 1. : .01, 0, 0, std::hypot(x - 1, y - 1) < .3 ? 1000. : .001};
    });
    const Advance done = fv.advance(u.data(), 0, .02, .4);
    for (int c = 0; c < m.cells; ++c) EXPECT_TRUE(at(m, u, c).rho > 0 && at(m, u, c).p > 0);
    EXPECT_LT(done.rescued, done.steps / 4) << static_cast<int>(limiter);
  }
}

TEST(Gas, SmoothFlowsAreOfOrderTwo) {
  // The isentropic vortex (Shu 1998), which a flow carries along unchanged, on a periodic box.
  const double length = 10, end = 1, strength = 5, vx = 1, vy = .5;
  const auto vortex = [&](double t) {
    return [=](double x, double y) {
      const double px = x - vx * t - 4, py = y - vy * t - 4.5, grow = std::exp(.5 * (1 - px * px - py * py));
      const double temperature = 1 - (kGamma - 1) * strength * strength / (8 * kGamma * kPi * kPi) * grow * grow;
      const double rho = std::pow(temperature, 1 / (kGamma - 1));
      return State{rho, vx - strength / (2 * kPi) * grow * py, vy + strength / (2 * kPi) * grow * px,
                   rho * temperature};
    };
  };
  for (const Limiter limiter : {Limiter::none, Limiter::smooth, Limiter::sharp}) {
    double error[2];
    for (int k = 0; k < 2; ++k) {
      const CellMesh m = boxCells(32 << k, length, true, .15);
      FiniteVolumeSettings settings;
      settings.limiter = limiter;
      FiniteVolume fv(m, Law::gas(), {}, settings);
      auto u = gasOn(m, vortex(0));
      fv.advance(u.data(), 0, end, .4);
      error[k] =
          distance(m, {u.begin(), u.begin() + m.cells}, [&](double x, double y) { return vortex(end)(x, y).rho; });
    }
    EXPECT_GT(std::log2(error[0] / error[1]), limiter == Limiter::sharp ? 1.6 : 1.8) << static_cast<int>(limiter);
  }
}

TEST(Gas, UniformStatesStay) {
  const State g{.7, 1.2, -.4, 2};
  const CellMesh m = boxCells(12, 2, false, .3);
  const auto beyond = [&](double, const double *, double *u) {
    const auto c = contentsOf(g, kGamma);
    u[0] = c.mass, u[1] = c.x, u[2] = c.y, u[3] = c.energy;
  };
  FiniteVolume fv(m, Law::gas(), {{1, {}, beyond}, {4, {}, beyond}});  // outflow elsewhere
  const auto before = gasOn(m, [&](double, double) { return g; });
  auto u = before;
  fv.advance(u.data(), 0, .5, .4);
  for (std::size_t i = 0; i < u.size(); ++i) EXPECT_NEAR(u[i], before[i], 1e-12);
}

TEST(Gas, MirrorsGiveMirrorImages) {
  const int n = 24;
  const CellMesh m = boxCells(n, 2, true);
  FiniteVolume fv(m, Law::gas());
  auto u = gasOn(m, blast);
  fv.advance(u.data(), 0, .15, .4);
  double moved = 0;
  for (int c = 0; c < m.cells; ++c) {
    // The mirror image of a cell by x -> 2 - x.
    int image = -1;
    for (int d = 0; d < m.cells && image < 0; ++d)
      if (std::fabs(m.centre[2 * c] + m.centre[2 * d] - 2) < 1e-9 &&
          std::fabs(m.centre[2 * c + 1] - m.centre[2 * d + 1]) < 1e-9)
        image = d;
    ASSERT_GE(image, 0);
    const State a = at(m, u, c), b = at(m, u, image);
    EXPECT_NEAR(a.rho, b.rho, 1e-9);
    EXPECT_NEAR(a.vx, -b.vx, 1e-9);
    EXPECT_NEAR(a.vy, b.vy, 1e-9);
    moved = std::max(moved, a.vx);
  }
  EXPECT_GT(moved, .5);
}

TEST(Gas, PlanarShocksRunThroughBoxesInAnyDirection) {
  PlanarShock shock;
  shock.mach = 2, shock.direction[0] = std::cos(.4), shock.direction[1] = std::sin(.4), shock.front = .6;
  const auto beyond = [&](double t, const double *x, double *u) { shock.state(t, x, u); };
  const CellMesh m = boxCells(48, 2, false, .2);
  FiniteVolume fv(m, Law::gas(), {{1, {}, beyond}, {2, {}, beyond}, {3, {}, beyond}, {4, {}, beyond}});
  const auto density = [&](double t) {
    return [&, t](double x, double y) {
      const double p[2] = {x, y};
      double u[4];
      shock.state(t, p, u);
      return u[0];
    };
  };
  auto u = gasOn(m, [&](double x, double y) {
    const double p[2] = {x, y};
    return shock.passed(0, p) ? shock.behind() : shock.ahead;
  });
  const double end = 1.2 / shock.speed();
  fv.advance(u.data(), 0, end, .4);
  // A jump of 1.67 along a front of length 2.17, smeared over less than a square's side of .042.
  EXPECT_LT(distance(m, {u.begin(), u.begin() + m.cells}, density(end)), 1.67 * 2.17 * .042);
}

TEST(Gas, ReferencesAgreeWithFiniteVolumes) {
  CaseOptions options;
  options.reference = 128;
  const FlowCase flow = drawCase("shockbubble", Split::train, 3, 0, options);
  double error[2];
  for (int k = 0; k < 2; ++k) {
    Forest forest(flow.base(24 << k), PETSC_COMM_SELF);
    AdaptiveRun run(forest, flow, AdaptiveSettings{});
    run.advanceTo(flow.samples[3]);
    ErrorMeter meter(flow.truth, 2, flow.length, 128);
    error[k] = run.errors(meter).l1;
  }
  EXPECT_LT(error[1], .05);
  EXPECT_GT(error[0] / error[1], 1.5);
}

TEST(Gas, MeshesThatFollowItConserveAllOfIt) {
  FlowCase flow;
  flow.law = Law::gas(), flow.end = .2, flow.truth = std::make_shared<BlastTruth>();
  for (const std::vector<int> &components : {std::vector<int>{0}, std::vector<int>{0, 3}}) {
    AdaptiveSettings settings;
    settings.limits.max_level = 6;
    settings.components = components;
    Forest forest(flow.base(6), PETSC_COMM_SELF);
    RefinementThresholds rule;
    rule.refine = .02, rule.max_level = 6;
    ThresholdMarker marker(RefinementIndicator::jump, rule);
    AdaptiveRun run(forest, flow, settings);
    for (int k = 0; k < 4; ++k) run.decide(marker, .01, k);
    run.advanceTo(.01);
    double before[4];
    for (int k = 0; k < 4; ++k) before[k] = total(run.mesh(), run.u(), k);
    for (int k = 2; k <= 20; ++k) {
      run.decide(marker, .01);
      run.advanceTo(.01 * k);
    }
    EXPECT_GT(run.remeshes(), 10);
    EXPECT_GT(run.mostCells(), 400);
    EXPECT_EQ(run.rescued(), 0);
    for (int k = 0; k < 4; ++k) EXPECT_NEAR(total(run.mesh(), run.u(), k), before[k], 1e-11) << k;
    for (int c = 0; c < run.mesh().cells; ++c) EXPECT_GT(at(run.mesh(), run.u(), c).p, 0);
  }
}

TEST(Gas, SlopesInTwoHalvesAreTheSame) {
  const CellMesh m = boxCells(8, 2, true, .3);
  FiniteVolume fv(m, Law::gas());
  const auto u = gasOn(m, blast);
  std::vector<double> a(u.size()), b(u.size()), slopes(static_cast<std::size_t>(fv.slopeWidth() * m.cells));
  fv.rhs(0, u.data(), a.data());
  fv.slopes(0, u.data(), slopes.data());
  fv.rhsFromSlopes(0, u.data(), slopes.data(), b.data());
  EXPECT_EQ(a, b);
}

TEST(Gas, EpisodesHaveASampleOfEachComponentThatCounts) {
  RefinementPolicy policy(loadPolicy("refiner.h5", "refiner"), "refiner.h5");
  const std::string keys =
      "{families: [shockbubble], name: conservation, squares: [4, 4], halvings: [1, 1], steps: [5, 9]";
  std::vector<MeshSample> one, two;
  for (auto *samples : {&one, &two}) {
    ConservationEnvironment environment(
        YamlMap::parse(keys + (samples == &one ? "}" : ", components: [0, 3]}"), "a.yaml"));
    std::map<std::string, double> metrics;
    environment.episode(5, policy, .1, *samples, metrics);
    EXPECT_GT(metrics["decisions"], 2);
    EXPECT_EQ(samples->size(), (samples == &one ? 1 : 2) * metrics["decisions"]);
  }
  EXPECT_EQ(two[0].nodes, two[1].nodes);
  EXPECT_NE(two[0].node, two[1].node);
  for (const char *wrong : {", time_stepping: local}", ", components: [4]}", ", components: []}"})
    EXPECT_THROW(ConservationEnvironment(YamlMap::parse(keys + wrong, "a.yaml")), Error) << wrong;
  EXPECT_THROW(ConservationEnvironment(YamlMap::parse(
                   "{families: [shockbubble, mixed], name: conservation, components: [0, 3]}", "a.yaml")),
               Error);
}

TEST(Gas, SaysWhatIsWrong) {
  const CellMesh m = boxCells(8, 2, true);
  FiniteVolumeSettings local;
  local.time_stepping = TimeStepping::local;
  EXPECT_THROW(FiniteVolume(m, Law::gas(), {}, local), Error);
  EXPECT_THROW(FiniteVolume(m, Law::gas(), {{1, [](double, const double *) { return 1.; }}}), Error);
  Law sticky = Law::gas();
  sticky.viscosity = .1;
  EXPECT_THROW(FiniteVolume(m, sticky), Error);
  FiniteVolume fv(m, Law::gas());
  auto u = gasOn(m, blast);
  u[3 * m.cells + 5] = 0;  // no energy
  EXPECT_THROW(fv.advance(u.data(), 0, .1, .4), Error);
  const FlowCase flow = drawCase("shockbubble", Split::train, 0, 0);
  const Forest forest(flow.base(4), PETSC_COMM_SELF);
  AdaptiveSettings settings;
  settings.components = {4};
  EXPECT_THROW(AdaptiveRun(forest, flow, settings), Error);
}
