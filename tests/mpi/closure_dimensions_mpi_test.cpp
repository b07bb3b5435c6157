// Closures in one, two and three dimensions, any boundaries, any number of ranks: the same answer; walls.
#include <gtest/gtest.h>
#include <petrl.h>

#include <cmath>

#include "closure/periodic.hpp"
#include "closure_support.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

const DMBoundaryType kBoundaries[] = {DM_BOUNDARY_PERIODIC, DM_BOUNDARY_NONE, DM_BOUNDARY_GHOSTED};

// Sizes that no number of ranks divides, with and without what periodic grids need.
GridSize sizeOf(int dimensions) {
  if (dimensions == 1) return {37};
  return dimensions == 2 ? GridSize{23, 17} : GridSize{13, 11, 10};
}

/// A DMDA of any dimension with one Vec on it, and its values on every rank.
struct AnyGrid {
  DM da = NULL;
  Vec x = NULL;
  int dimensions;
  GridSize size;
  PetscInt dof;

  AnyGrid(MPI_Comm comm, int d, const std::vector<std::string> &names, const std::vector<DMBoundaryType> &b)
      : dimensions(d), size(sizeOf(d)), dof(static_cast<PetscInt>(names.size())) {
    PetRLThrow(DMDACreate(comm, &da));
    PetRLThrow(DMSetDimension(da, d));
    PetRLThrow(DMDASetSizes(da, size.nx, size.ny, size.nz));
    PetRLThrow(DMDASetBoundaryType(da, b[0], d > 1 ? b[1] : DM_BOUNDARY_NONE, d > 2 ? b[2] : DM_BOUNDARY_NONE));
    PetRLThrow(DMDASetDof(da, dof));
    PetRLThrow(DMDASetStencilWidth(da, 1));
    PetRLThrow(DMSetUp(da));
    for (PetscInt c = 0; c < dof; c++) PetRLThrow(DMDASetFieldName(da, c, names[static_cast<std::size_t>(c)].c_str()));
    PetRLThrow(DMCreateGlobalVector(da, &x));
  }
  ~AnyGrid() {
    VecDestroy(&x);
    DMDestroy(&da);
  }
  AnyGrid(const AnyGrid &) = delete;
  AnyGrid &operator=(const AnyGrid &) = delete;

  /// f(point, component); points are numbered x fastest.
  template <typename F>
  void fill(Vec v, const F &f) const {
    PetscInt s[3], n[3];
    PetscScalar *a;
    PetRLThrow(DMDAGetCorners(da, &s[0], &s[1], &s[2], &n[0], &n[1], &n[2]));
    PetRLThrow(VecGetArray(v, &a));
    PetscScalar *at = a;
    for (PetscInt k = s[2]; k < s[2] + n[2]; k++)
      for (PetscInt j = s[1]; j < s[1] + n[1]; j++)
        for (PetscInt i = s[0]; i < s[0] + n[0]; i++)
          for (PetscInt c = 0; c < dof; c++) *at++ = f((k * size.ny + j) * size.nx + i, c);
    PetRLThrow(VecRestoreArray(v, &a));
  }
  /// Component by component, on all ranks.
  std::vector<double> planar(Vec v) const {
    Vec natural, all;
    VecScatter scatter;
    const PetscScalar *a;
    std::vector<double> out(static_cast<std::size_t>(dof) * size.points());
    PetRLThrow(DMDACreateNaturalVector(da, &natural));
    PetRLThrow(DMDAGlobalToNaturalBegin(da, v, INSERT_VALUES, natural));
    PetRLThrow(DMDAGlobalToNaturalEnd(da, v, INSERT_VALUES, natural));
    PetRLThrow(VecScatterCreateToAll(natural, &scatter, &all));
    PetRLThrow(VecScatterBegin(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
    PetRLThrow(VecScatterEnd(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
    PetRLThrow(VecGetArrayRead(all, &a));
    for (std::size_t i = 0; i < size.points(); ++i)
      for (std::size_t c = 0; c < static_cast<std::size_t>(dof); ++c)
        out[c * size.points() + i] = PetscRealPart(a[i * static_cast<std::size_t>(dof) + c]);
    PetRLThrow(VecRestoreArrayRead(all, &a));
    PetRLThrow(VecScatterDestroy(&scatter));
    PetRLThrow(VecDestroy(&all));
    PetRLThrow(VecDestroy(&natural));
    return out;
  }
};

double value(PetscInt point, PetscInt component) {
  return scattered(point, 3 * point, component);
}

const std::vector<std::string> kNames{"psi", "u", "v", "w"};

std::vector<std::string> names(int dimensions) {
  return {kNames.begin(), kNames.begin() + 1 + dimensions};
}

enum class Form { rate, velocity, step };

// Two layers that see two points far, on the fields psi and the velocity; psi is changed (or psi and u).
Policy policyOf(int dimensions, Form form) {
  const std::vector<std::string> seen = names(dimensions);
  const std::size_t d = static_cast<std::size_t>(dimensions), actions = form == Form::rate       ? 2
                                                                        : form == Form::velocity ? d * 5
                                                                                                 : d * 3;
  Policy p = closurePolicy(seen, actions, form == Form::rate ? "additive-rate" : "flux", -0.4, 0.5);
  p.action.parameters["components"] = form == Form::rate ? "psi u" : "psi";
  if (form != Form::rate) p.action.parameters["half_width"] = "2";
  if (form == Form::step) p.action.parameters["speed"] = "step";
  if (form == Form::velocity) {
    std::string velocity;
    for (std::size_t a = 1; a <= d; ++a) velocity += (a > 1 ? " " : "") + seen[a];
    p.action.parameters["velocity"] = velocity;
  }
  p.network = randomFcn({{seen.size(), 5, actions}, {3, 3}, {1, 1}, d}, "relu", "tanh", 11);
  return p;
}

constexpr double kStep = 0.02, kSpacing[3] = {0.1, 0.05, 0.2};

// How a program writes down the same flow: psi x factor + offset, other units of length and time.
struct Units {
  double factor = 1, offset = 0, length = 1, time = 1, own_step = 0;
};

// A, as the object has it.
std::vector<double> applied(MPI_Comm comm, int dimensions, const std::string &file,
                            const std::vector<DMBoundaryType> &boundary, const Units &units = {},
                            double (*psi)(PetscInt) = nullptr) {
  const AnyGrid grid(comm, dimensions, names(dimensions), boundary);
  grid.fill(grid.x, [&](PetscInt i, PetscInt c) {
    if (c > 0) return value(i, c) * units.length / units.time;
    return units.offset + units.factor * (psi != nullptr ? psi(i) : value(i, c));
  });
  const ClosureOn closure(grid.da, file);
  PetscReal h[3];
  for (int a = 0; a < 3; ++a) h[a] = units.length * kSpacing[a];
  PetRLThrow(PetRLClosureSetGridSpacing(closure, dimensions, h));
  if (units.own_step > 0) PetRLThrow(PetRLClosureSetOwnStep(closure, units.own_step));
  Vec a;
  PetRLThrow(VecDuplicate(grid.x, &a));
  PetRLThrow(PetRLClosureApply(closure, grid.x, kStep * units.time, a));
  std::vector<double> out = grid.planar(a);
  PetRLThrow(VecDestroy(&a));
  return out;
}

double largest(const std::vector<double> &x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::fabs(v));
  return most;
}

}  // namespace

TEST(ClosureDimensionsMpi, TheSameOnAnyNumberOfRanks) {
  for (int dimensions = 1; dimensions <= 3; ++dimensions) {
    for (const Form form : {Form::rate, Form::velocity, Form::step}) {
      const Policy policy = policyOf(dimensions, form);
      const SharedFile file(policy);
      for (const DMBoundaryType b : kBoundaries) {
        SCOPED_TRACE(std::to_string(dimensions) + " " + policy.action.transform + " " + DMBoundaryTypes[b]);
        // Periodic in one direction and not in another, too.
        const std::vector<DMBoundaryType> boundary{b, kBoundaries[0], b};
        const auto all = applied(PETSC_COMM_WORLD, dimensions, file.path, boundary);
        const auto one = applied(PETSC_COMM_SELF, dimensions, file.path, boundary);
        const double most = largest(one);
        EXPECT_GT(most, 1e-4);
        for (std::size_t i = 0; i < one.size(); ++i) ASSERT_NEAR(all[i], one[i], 1e-13 * most) << i;
        if (b != DM_BOUNDARY_PERIODIC) continue;
        // And on plain arrays.
        const GridSize size = sizeOf(dimensions);
        std::vector<std::vector<double>> fields(names(dimensions).size());
        std::vector<const double *> pointers;
        for (std::size_t c = 0; c < fields.size(); ++c) {
          for (std::size_t i = 0; i < size.points(); ++i)
            fields[c].push_back(value(static_cast<PetscInt>(i), static_cast<PetscInt>(c)));
          pointers.push_back(fields[c].data());
        }
        PeriodicClosure plain(policy);
        CorrectionStep step{size.nx, size.ny, kStep, kSpacing[0], kSpacing[1]};
        step.nz = size.nz;
        step.hz = kSpacing[2];
        std::vector<double> change(plain.components().size() * size.points());
        plain.compute(pointers, step, change.data());
        for (std::size_t i = 0; i < change.size(); ++i) ASSERT_NEAR(all[i], change[i], 1e-13 * most) << i;
      }
    }
  }
}

// Nothing passes a wall: in a closed box the sum stays what it is.
TEST(ClosureDimensionsMpi, NoMassPassesAWall) {
  for (int dimensions = 1; dimensions <= 3; ++dimensions) {
    for (const Form form : {Form::velocity, Form::step}) {
      const SharedFile file(policyOf(dimensions, form));
      for (const DMBoundaryType b : kBoundaries) {
        const auto a = applied(PETSC_COMM_WORLD, dimensions, file.path, {b, b, b});
        double sum = 0, size = 0;
        for (std::size_t i = 0; i < sizeOf(dimensions).points(); ++i) sum += a[i], size += std::fabs(a[i]);
        EXPECT_GT(size, 0.01);
        EXPECT_LT(std::fabs(sum), 1e-14 * size) << dimensions << " " << DMBoundaryTypes[b];
      }
    }
  }
}

// Values on the boundary are the solver's business, unless the policy says otherwise.
TEST(ClosureDimensionsMpi, NothingIsAddedOnTheBoundary) {
  for (int dimensions = 1; dimensions <= 3; ++dimensions) {
    for (const std::string word : {"", "fixed", "free"}) {
      Policy policy = closurePolicy(names(dimensions), 1, "additive-rate", -1, 1);
      policy.action.parameters["components"] = "u";
      if (!word.empty()) policy.action.parameters["boundary"] = word;
      // It sees one point only: nothing is exchanged.
      policy.network =
          randomFcn({{names(dimensions).size(), 1}, {1}, {1}, static_cast<std::size_t>(dimensions)}, "relu", "tanh", 3);
      const SharedFile file(policy);
      const auto a =
          applied(PETSC_COMM_WORLD, dimensions, file.path, {DM_BOUNDARY_NONE, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_NONE});
      const GridSize size = sizeOf(dimensions);
      for (int i = 0; i < static_cast<int>(size.points()); ++i) {
        const int x = i % size.nx, z = i / size.nx / size.ny;
        const bool edge = x == 0 || x == size.nx - 1 || (dimensions > 2 && (z == 0 || z == size.nz - 1));
        EXPECT_EQ(a[static_cast<std::size_t>(i) + size.points()] == 0, edge && word != "free") << i << " " << word;
      }
    }
  }
}

// Inputs normalised by what is around: what psi is multiplied with multiplies the correction, a number added to it
// changes nothing, nor do other units of length and time. The same on any number of ranks, too.
TEST(ClosureDimensionsMpi, InvariantByConstruction) {
  for (int dimensions = 1; dimensions <= 3; ++dimensions) {
    for (const Form form : {Form::velocity, Form::step}) {
      Policy policy = policyOf(dimensions, form);
      policy.observation.normalise.assign(names(dimensions).size(), "local");
      policy.observation.radius = 1;
      policy.validity.saw("step", 1.25 * kStep);  // of the training
      const SharedFile file(policy);
      for (const DMBoundaryType b : kBoundaries) {
        const std::vector<DMBoundaryType> boundary{b, b, b};
        const auto run = [&](const Units &units, MPI_Comm comm = PETSC_COMM_WORLD) {
          return applied(comm, dimensions, file.path, boundary, units);
        };
        const std::vector<double> plain = run({}), alone = run({}, PETSC_COMM_SELF);
        const double most = largest(plain);
        EXPECT_GT(most, 1e-4);
        for (std::size_t i = 0; i < plain.size(); ++i) ASSERT_NEAR(plain[i], alone[i], 1e-13 * most);
        const auto compare = [&](const char *what, double factor, const std::vector<double> &other) {
          for (std::size_t i = 0; i < plain.size(); ++i)
            ASSERT_NEAR(other[i], factor * plain[i], 2e-6 * factor * most) << what << " " << dimensions << " " << i;
        };
        compare("x 100", 100, run({100, 0, 1, 1, 0}));
        compare("+ 7", 1, run({1, 7, 1, 1, 0}));
        compare("x 1e-12, - 3e-12", 1e-12, run({1e-12, -3e-12, 1, 1, 0}));
        compare("length", 1, run({1, 0, 1000, 1, 0}));
        // With speeds of the fields nobody need be told of other units of time.
        compare("units", 1, run({1, 0, 1000, 60, form == Form::step ? 1.25 * kStep * 60 : 0}));
      }
    }
  }
}

// A constant field is zero to the network, and is left alone; so is one that is constant but for a part far away.
TEST(ClosureDimensionsMpi, ConstantFieldsAreLeftAlone) {
  Policy policy = policyOf(2, Form::step);
  policy.observation.normalise.assign(3, "local");
  const SharedFile file(policy);
  const std::vector<DMBoundaryType> walls(3, DM_BOUNDARY_NONE);
  for (const double v : applied(PETSC_COMM_WORLD, 2, file.path, walls, {1, 7, 1, 1, 0}, [](PetscInt) { return 0.; }))
    EXPECT_EQ(v, 0);
  const auto front = [](PetscInt i) { return i % 23 < 4 ? 1. : 0.; };
  const auto a = applied(PETSC_COMM_WORLD, 2, file.path, walls, {1, 7, 1, 1, 0}, front);
  double most = 0;
  for (std::size_t i = 0; i < 23 * 17; ++i) {
    most = std::max(most, std::fabs(a[i]));
    if (i % 23 > 10) {
      EXPECT_EQ(a[i], 0);
    }
  }
  EXPECT_GT(most, 1e-3);
}

// A network that is minus the Laplacian, exactly, in a program whose right-hand side is nothing: a wave decays by the
// number that the stencil has for it, in each step and along all directions of the grid.
TEST(ClosureDimensionsMpi, HeatByTheClosureAlone) {
  constexpr double kNu = 0.1, kBound = 8;
  constexpr int kSteps = 10;
  for (int dimensions = 1; dimensions <= 3; ++dimensions) {
    const auto d = static_cast<std::size_t>(dimensions);
    std::size_t taps = 1;
    for (std::size_t a = 0; a < d; ++a) taps *= 3;
    Policy policy = closurePolicy({"psi"}, 1, "additive-rate", -kBound, kBound);
    std::vector<std::size_t> shape{1, 1};
    shape.insert(shape.end(), d, 3);
    Tensor stencil{shape, std::vector<float>(taps, 0.f)};
    const auto tap = [&](std::size_t at) -> float & { return stencil.data[at]; };
    tap(taps / 2) = static_cast<float>(2 * dimensions * kNu / kBound);
    for (std::size_t a = 0, stride = 1; a < d; ++a, stride *= 3)
      tap(taps / 2 - stride) = tap(taps / 2 + stride) = static_cast<float>(-kNu / kBound);
    policy.network.weights = {{"layer0/weight", stencil}, {"layer0/bias", {{1}, {0.f}}}};
    policy.network.parameters["dimensions"] = std::to_string(dimensions);
    const SharedFile file(policy);
    const std::vector<DMBoundaryType> periodic(3, DM_BOUNDARY_PERIODIC);
    const AnyGrid grid(PETSC_COMM_WORLD, dimensions, {"psi"}, periodic);
    // Five waves along x, two along y, one along z.
    const auto wave = [&grid](PetscInt i) {
      const double angle[] = {10 * PETSC_PI * static_cast<double>(i % grid.size.nx) / grid.size.nx,
                              4 * PETSC_PI * static_cast<double>(i / grid.size.nx % grid.size.ny) / grid.size.ny,
                              2 * PETSC_PI * static_cast<double>(i / grid.size.nx / grid.size.ny) / grid.size.nz};
      return std::sin(angle[0]) * std::cos(angle[1]) * std::cos(angle[2]);
    };
    double rate = 0;
    for (int a = 0; a < dimensions; ++a)
      rate += 2 * kNu * (1 - std::cos((a == 0 ? 10 : a == 1 ? 4 : 2) * PETSC_PI / grid.size.along(a)));
    for (const PetRLClosureMode mode : {PETRL_CLOSURE_BEFORE_STEP, PETRL_CLOSURE_FORCING}) {
      grid.fill(grid.x, [&](PetscInt i, PetscInt) { return wave(i); });
      TS ts, inner;
      PetRLClosure closure;
      PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
      PetRLThrow(TSSetDM(ts, grid.da));
      PetRLThrow(TSSetRHSFunction(
          ts, NULL, [](TS, PetscReal, Vec, Vec F, void *) { return VecSet(F, 0); }, NULL));
      PetRLThrow(TSSetType(ts, TSCLOSURE));
      PetRLThrow(TSClosureGetTS(ts, &inner));
      PetRLThrow(TSSetType(inner, TSEULER));
      PetRLThrow(TSClosureGetClosure(ts, &closure));
      PetRLThrow(PetRLClosureSetPolicy(closure, file.path.c_str()));
      PetRLThrow(TSClosureSetMode(ts, mode));
      PetRLThrow(TSSetTimeStep(ts, 0.5));
      PetRLThrow(TSSetMaxSteps(ts, kSteps));
      PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_STEPOVER));
      PetRLThrow(TSSolve(ts, grid.x));
      PetRLThrow(TSDestroy(&ts));
      const double factor = std::pow(1 - 0.5 * rate, kSteps);
      EXPECT_LT(factor, 0.9);
      const auto found = grid.planar(grid.x);
      for (std::size_t i = 0; i < found.size(); ++i)
        ASSERT_NEAR(found[i], factor * wave(static_cast<PetscInt>(i)), 2e-6) << dimensions << " " << i;
    }
  }
}

TEST(ClosureDimensionsMpi, WhatDoesNotFitIsSaid) {
  const SharedFile volume(policyOf(3, Form::velocity)), line(policyOf(1, Form::velocity));
  const std::vector<DMBoundaryType> periodic(3, DM_BOUNDARY_PERIODIC);
  const AnyGrid grid(PETSC_COMM_WORLD, 2, names(3), periodic), thin(PETSC_COMM_WORLD, 1, names(1), periodic);
  const ClosureOn other(grid.da, volume.path), spaced(thin.da, line.path);
  expectError([&] { return PetRLClosureSetUp(other); }, {"is for grids of 3 dimensions, the DMDA has 2"});
  expectError([&] { return PetRLClosureSetUp(spaced); }, {"distances of the grid's points", "not known"});
  EXPECT_EQ(PetRLClosureSetSpacing(spaced, 1, 1), 0);
  expectError([&] { return PetRLClosureSetUp(spaced); }, {"-closure_spacing: expected 1 number, one a direction"});
  const PetscReal h[3] = {1, 1, -1};
  expectError([&] { return PetRLClosureSetGridSpacing(spaced, 3, h); }, {"found -1., expected positive"});
  expectError([&] { return PetRLClosureSetGridSpacing(spaced, 4, h); }, {"found 4 numbers, expected 1 to 3"});
  expectError([&] { return PetRLClosureSetOwnStep(spaced, 0); }, {"-closure_own_step: found 0."});
  // Coordinates say it as well.
  EXPECT_EQ(DMDASetUniformCoordinates(thin.da, 0, 1, 0, 1, 0, 1), 0);
  const ClosureOn known(thin.da, line.path);
  EXPECT_EQ(PetRLClosureSetUp(known), 0);
}

// The TS around any other, on a line and in a volume; fields from files.
TEST(ClosureDimensionsMpi, InATsWithFieldsFromAFile) {
  for (const int dimensions : {1, 3}) {
    for (const std::string end : {".bin", ".h5"}) {
      if (end == ".h5" && !PetscDefined(HAVE_HDF5)) continue;
      Policy policy = policyOf(dimensions, Form::velocity);
      const SharedFile file(policy);
      const std::vector<DMBoundaryType> periodic(3, DM_BOUNDARY_PERIODIC);
      const AnyGrid all(PETSC_COMM_WORLD, dimensions, names(dimensions), periodic);
      const AnyGrid psi(PETSC_COMM_WORLD, dimensions, {"psi"}, periodic);
      std::vector<std::string> wind = names(dimensions);
      wind.erase(wind.begin());
      const AnyGrid velocity(PETSC_COMM_WORLD, dimensions, wind, periodic),
          single(PETSC_COMM_WORLD, dimensions, {"one"}, periodic);
      psi.fill(psi.x, value);
      velocity.fill(velocity.x, [](PetscInt i, PetscInt c) { return value(i, c + 1); });
      const SharedFile fields("wind" + end, [](const std::string &) {});
      PetscViewer viewer;
      if (end == ".bin") {
        PetRLThrow(PetscViewerBinaryOpen(PETSC_COMM_WORLD, fields.path.c_str(), FILE_MODE_WRITE, &viewer));
        PetRLThrow(VecView(velocity.x, viewer));
      } else {
        PetRLThrow(PetscViewerHDF5Open(PETSC_COMM_WORLD, fields.path.c_str(), FILE_MODE_WRITE, &viewer));
        for (std::size_t c = 0; c < wind.size(); ++c) {
          single.fill(single.x, [c](PetscInt i, PetscInt) { return value(i, static_cast<PetscInt>(c) + 1); });
          PetRLThrow(PetscObjectSetName((PetscObject)single.x, wind[c].c_str()));
          PetRLThrow(VecView(single.x, viewer));
        }
      }
      PetRLThrow(PetscViewerDestroy(&viewer));
      std::string spacing;
      for (int a = 0; a < dimensions; ++a) spacing += (a > 0 ? "," : "") + std::to_string(kSpacing[a]);
      PetRLThrow(PetscOptionsSetValue(NULL, "-closure_auxiliary", fields.path.c_str()));
      PetRLThrow(PetscOptionsSetValue(NULL, "-closure_spacing", spacing.c_str()));
      PetRLThrow(PetscOptionsSetValue(NULL, "-closure_policy", file.path.c_str()));
      TS ts;
      PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
      PetRLThrow(TSSetDM(ts, psi.da));
      PetRLThrow(TSSetRHSFunction(
          ts, NULL, [](TS, PetscReal, Vec, Vec F, void *) { return VecSet(F, 0); }, NULL));
      PetRLThrow(TSSetType(ts, TSCLOSURE));
      PetRLThrow(TSSetTimeStep(ts, kStep));
      PetRLThrow(TSSetMaxSteps(ts, 1));
      PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_STEPOVER));
      PetRLThrow(TSSetFromOptions(ts));
      PetRLThrow(TSSolve(ts, psi.x));
      PetRLThrow(TSDestroy(&ts));
      for (const char *option : {"-closure_auxiliary", "-closure_spacing", "-closure_policy"})
        PetRLThrow(PetscOptionsClearValue(NULL, option));
      const auto expected = applied(PETSC_COMM_WORLD, dimensions, file.path, periodic);
      const auto found = psi.planar(psi.x);
      for (std::size_t i = 0; i < found.size(); ++i)
        ASSERT_NEAR(found[i], value(static_cast<PetscInt>(i), 0) - expected[i], 1e-14);
    }
  }
}
