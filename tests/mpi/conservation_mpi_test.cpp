// Finite volumes on a DMPlex: what the plain ones compute, on any number of ranks.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "mesh/forest.hpp"
#include "mesh/plex_build.hpp"
#include "problems/conservation/cases.hpp"
#include "support/plex_conservation.hpp"

using namespace petrl;
using namespace petrl::conservation;

namespace {

constexpr double kPi = 3.14159265358979323846;

struct Problem {
  std::string name;
  FlowCase flow;
  FiniteVolumeSettings settings;
};

class Waves : public Truth {
 public:
  explicit Waves(int dim, double length) : dim_(dim), k_(2 * kPi / length) {}
  void values(double, int n, const double *x, double *out) const override {
    for (int i = 0; i < n; ++i)
      out[i] = 0.2 + std::sin(k_ * x[dim_ * i]) * (dim_ == 2 ? std::cos(k_ * x[2 * i + 1]) : 1);
  }
  double sharpness(double, const double *, double) const override { return 0.3 / k_; }

 private:
  int dim_;
  double k_;
};

std::vector<Problem> problems() {
  std::vector<Problem> all(5);
  all[0].name = "advection", all[0].flow.law = Law::advection(1, -0.6);
  all[1].name = "viscous burgers", all[1].flow.law = Law::burgers(0.8, 0.5, 0.02);
  all[1].settings.limiter = Limiter::smooth;
  all[2].name = "rotation in a box", all[2].flow.law = Law::rotation(1, 1, 2), all[2].flow.periodic = false;
  for (const int label : {1, 3})
    all[2].flow.boundary.push_back({label, [](double t, const double *x) { return std::sin(t) + x[0]; }});
  all[3].name = "unlimited", all[3].flow.law = Law::burgers(0.8, 0.5), all[3].settings.limiter = Limiter::none;
  all[4].name = "on a line", all[4].flow.law = Law::burgers(1, 0, 0.05), all[4].flow.dim = 1;
  for (Problem &p : all) p.flow.truth = std::make_shared<Waves>(p.flow.dim, p.flow.length);
  return all;
}

// The same adapted mesh whatever the ranks: marks depend on where the leaves are.
Forest adapted(const FlowCase &flow, MPI_Comm comm) {
  Forest forest(flow.base(flow.dim == 2 ? 6 : 24), comm);
  Forest serial(flow.base(flow.dim == 2 ? 6 : 24), PETSC_COMM_SELF);
  for (int round = 0; round < 2; ++round) {
    // All ranks know the whole mesh; each finds its leaves in it by their place in the order.
    const CellMesh mesh = serial.mesh();
    std::vector<signed char> marks(mesh.cells);
    for (int c = 0; c < mesh.cells; ++c) marks[c] = mesh.centre[flow.dim * c] < 0.4 * flow.length ? 1 : 0;
    int leaves = forest.leaves(), before = 0;
    MPI_Exscan(&leaves, &before, 1, MPI_INT, MPI_SUM, comm);
    forest.adapt(std::vector<signed char>(marks.begin() + before, marks.begin() + before + leaves), {});
    serial.adapt(marks, {});
  }
  return forest;
}

// A mesh as an application might make it: all of it on rank 0, no labels.
DM users(MPI_Comm comm, int n) {
  std::vector<PetscInt> cells;
  std::vector<PetscReal> points;
  int rank;
  MPI_Comm_rank(comm, &rank);
  for (int j = 0; rank == 0 && j <= n; ++j) {
    for (int i = 0; i <= n; ++i) {
      points.push_back(2. * i / n + (i > 0 && i < n ? 0.1 * std::sin(5. * j) / n : 0));
      points.push_back(2. * j / n);
      if (i == n || j == n) continue;
      const PetscInt v = j * (n + 1) + i;
      for (const PetscInt w : {v, v + 1, v + n + 2, v, v + n + 2, v + n + 1}) cells.push_back(w);
    }
  }
  DM dm;
  PetRLThrow(DMPlexCreateFromCellListPetsc(comm, 2, static_cast<PetscInt>(cells.size() / 3),
                                           static_cast<PetscInt>(points.size() / 2), 3, PETSC_TRUE, cells.data(), 2,
                                           points.data(), &dm));
  return dm;
}

struct Solver {
  TS ts = nullptr;
  Vec u = nullptr;
  DM dm = nullptr;

  Solver(const Problem &p, const Forest &forest) : Solver(p, createPlex(forest, true), true) {}
  Solver(const Problem &p, DM mesh, bool) : dm(mesh) {
    PetRLThrow(TSCreate(PetscObjectComm(reinterpret_cast<PetscObject>(dm)), &ts));
    PetRLThrow(plexConservation(ts, dm, p.flow.law, p.flow.boundary, p.settings));
    DM own;
    PetRLThrow(TSGetDM(ts, &own));
    PetRLThrow(DMCreateGlobalVector(own, &u));
    PetRLThrow(plexConservationAverages(ts, *p.flow.truth, 0, u));
    PetRLThrow(TSSetSolution(ts, u));
    PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
    TSAdapt adapt;
    PetRLThrow(TSGetAdapt(ts, &adapt));
    PetRLThrow(TSAdaptSetType(adapt, TSADAPTNONE));
  }
  ~Solver() {
    (void)VecDestroy(&u);
    (void)TSDestroy(&ts);
    (void)DMDestroy(&dm);
  }
  void solve(double dt, double end) {
    PetRLThrow(TSSetTimeStep(ts, dt));
    PetRLThrow(TSSetMaxTime(ts, end));
    PetRLThrow(TSSetMaxSteps(ts, 1000000));
    PetRLThrow(TSSolve(ts, u));
  }
  // All values with their cells' centres, in the order of the centres; on every rank.
  std::vector<std::array<double, 3>> gather(Vec of) const {
    const CellMesh *mesh;
    PetRLThrow(plexConservationMesh(ts, &mesh));
    std::vector<double> mine;
    const PetscScalar *values;
    PetRLThrow(VecGetArrayRead(of, &values));
    for (int c = 0; c < mesh->owned; ++c) {
      const auto folded = [](double x) { return std::round(1e7 * (x - 2 * std::floor(x / 2 + 1e-9))); };
      mine.push_back(folded(mesh->centre[mesh->dim * c]));
      mine.push_back(mesh->dim == 2 ? folded(mesh->centre[2 * c + 1]) : 0);
      mine.push_back(values[c]);
    }
    PetRLThrow(VecRestoreArrayRead(of, &values));
    MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(ts));
    int size, count = static_cast<int>(mine.size());
    MPI_Comm_size(comm, &size);
    std::vector<int> counts(size), offsets(size, 0);
    MPI_Allgather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, comm);
    for (int r = 1; r < size; ++r) offsets[r] = offsets[r - 1] + counts[r - 1];
    std::vector<std::array<double, 3>> all((offsets.back() + counts.back()) / 3);
    MPI_Allgatherv(mine.data(), count, MPI_DOUBLE, all.data()->data(), counts.data(), offsets.data(), MPI_DOUBLE, comm);
    std::sort(all.begin(), all.end());
    return all;
  }
};

double difference(const std::vector<std::array<double, 3>> &a, const std::vector<std::array<double, 3>> &b) {
  double most = a.size() == b.size() ? 0 : 1e300;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i][0] != b[i][0] || a[i][1] != b[i][1]) return 1e200;
    most = std::max(most, std::fabs(a[i][2] - b[i][2]));
  }
  return most;
}

}  // namespace

TEST(PlexConservation, ExplicitIsThePlainOneOnAnyRanks) {
  for (const Problem &p : problems()) {
    Solver many(p, adapted(p.flow, PETSC_COMM_WORLD)), one(p, adapted(p.flow, PETSC_COMM_SELF));
    const CellMesh *mesh;
    PetRLThrow(plexConservationMesh(one.ts, &mesh));
    FiniteVolume plain(*mesh, p.flow.law, p.flow.boundary, p.settings);
    std::vector<double> u(mesh->cells);
    p.flow.truth->cellAverages(*mesh, 0, u.data());
    const double dt = 0.3 * plain.stableStep(u.data());
    PetscReal same;
    PetRLThrow(plexConservationStableStep(many.ts, many.u, &same));
    EXPECT_NEAR(0.3 * same, dt, 1e-14) << p.name;
    for (Solver *s : {&many, &one}) {
      PetRLThrow(TSSetType(s->ts, TSSSP));
      PetRLThrow(TSSSPSetType(s->ts, TSSSPRKS2));
      PetRLThrow(TSSSPSetNumStages(s->ts, 2));
      s->solve(dt, 10 * dt);
    }
    std::vector<double> rate(u.size()), stage(u.size());
    for (int k = 0; k < 10; ++k) {
      plain.rhs(k * dt, u.data(), rate.data());
      for (std::size_t i = 0; i < u.size(); ++i) stage[i] = u[i] + dt * rate[i];
      plain.rhs((k + 1) * dt, stage.data(), rate.data());
      for (std::size_t i = 0; i < u.size(); ++i) u[i] = 0.5 * (u[i] + stage[i] + dt * rate[i]);
    }
    const PetscScalar *values;
    PetRLThrow(VecGetArrayRead(one.u, &values));
    for (std::size_t i = 0; i < u.size(); ++i) ASSERT_NEAR(values[i], u[i], 1e-12) << p.name;
    PetRLThrow(VecRestoreArrayRead(one.u, &values));
    EXPECT_LT(difference(many.gather(many.u), one.gather(one.u)), 1e-12) << p.name;
  }
}

TEST(PlexConservation, JacobianOfTheFirstOrderScheme) {
  for (Problem p : problems()) {
    p.settings.first_order = true;
    if (p.flow.dim == 2) p.flow.law.viscosity = 0;  // cross diffusion is left to the right-hand side
    Solver s(p, adapted(p.flow, PETSC_COMM_WORLD));
    DM dm;
    Mat J;
    Vec v, product, a, b;
    PetRLThrow(TSGetDM(s.ts, &dm));
    PetRLThrow(DMCreateMatrix(dm, &J));
    PetRLThrow(MatSetOption(J, MAT_NEW_NONZERO_ALLOCATION_ERR, PETSC_TRUE));
    for (Vec *x : {&v, &product, &a, &b}) PetRLThrow(VecDuplicate(s.u, x));
    PetRLThrow(TSComputeRHSJacobian(s.ts, 0.3, s.u, J, J));
    PetRLThrow(VecSetRandom(v, nullptr));
    PetRLThrow(MatMult(J, v, product));
    const double e = 1e-6;
    PetRLThrow(VecAXPY(s.u, e, v));
    PetRLThrow(TSComputeRHSFunction(s.ts, 0.3, s.u, a));
    PetRLThrow(VecAXPY(s.u, -2 * e, v));
    PetRLThrow(TSComputeRHSFunction(s.ts, 0.3, s.u, b));
    PetRLThrow(VecAXPY(a, -1, b));
    PetRLThrow(VecAXPY(product, -1 / (2 * e), a));
    PetscReal norm, size;
    PetRLThrow(VecNorm(product, NORM_INFINITY, &norm));
    PetRLThrow(VecNorm(a, NORM_INFINITY, &size));
    EXPECT_LT(norm, 2e-5 * size / (2 * e)) << p.name;
    for (Vec *x : {&v, &product, &a, &b}) PetRLThrow(VecDestroy(x));
    PetRLThrow(MatDestroy(&J));
  }
}

TEST(PlexConservation, ImplicitMethodsAgree) {
  const Problem p = problems()[1];
  const Forest forest = adapted(p.flow, PETSC_COMM_WORLD);
  Solver reference(p, forest);
  PetRLThrow(TSSetType(reference.ts, TSSSP));
  PetscReal stable;
  PetRLThrow(plexConservationStableStep(reference.ts, reference.u, &stable));
  const double end = 8 * stable;
  reference.solve(0.1 * stable, end);
  const auto exact = reference.gather(reference.u);
  for (const std::string type : {"rosw", "bdf", "beuler"}) {
    double error[2];
    for (int k = 0; k < 2; ++k) {
      Solver s(p, forest);
      PetRLThrow(TSSetType(s.ts, type.c_str()));
      SNES snes;
      PetRLThrow(TSGetSNES(s.ts, &snes));
      PetRLThrow(SNESSetTolerances(snes, 1e-9, 1e-7, 1e-12, 200, 10000));
      s.solve((k == 0 ? 1 : 0.5) * stable, end);
      error[k] = difference(s.gather(s.u), exact);
    }
    EXPECT_LT(error[0], type == "beuler" ? 0.1 : 0.02) << type;
    EXPECT_LT(error[1], (type == "beuler" ? 0.65 : 0.5) * error[0]) << type;
  }
}

TEST(PlexConservation, AnotherMeshOnTheSameTS) {
  const Problem p = problems()[0];
  Solver s(p, Forest(p.flow.base(4), PETSC_COMM_WORLD));
  PetRLThrow(TSSetType(s.ts, TSSSP));
  s.solve(0.01, 0.05);
  PetRLThrow(TSReset(s.ts));
  const Forest finer = adapted(p.flow, PETSC_COMM_WORLD);
  DM dm = createPlex(finer, true), own;
  Vec u;
  PetRLThrow(plexConservation(s.ts, dm, p.flow.law, p.flow.boundary, p.settings));
  PetRLThrow(TSGetDM(s.ts, &own));
  PetRLThrow(DMCreateGlobalVector(own, &u));
  PetRLThrow(plexConservationAverages(s.ts, *p.flow.truth, 0, u));
  PetRLThrow(TSSetTime(s.ts, 0));
  PetRLThrow(TSSetStepNumber(s.ts, 0));
  PetRLThrow(TSSetTimeStep(s.ts, 0.01));
  PetRLThrow(TSSetMaxTime(s.ts, 0.05));
  PetRLThrow(TSSolve(s.ts, u));
  Solver fresh(p, finer);
  PetRLThrow(TSSetType(fresh.ts, TSSSP));
  fresh.solve(0.01, 0.05);
  EXPECT_LT(difference(s.gather(u), fresh.gather(fresh.u)), 1e-14);
  PetRLThrow(VecDestroy(&u));
  PetRLThrow(DMDestroy(&dm));
}

TEST(PlexConservation, MeshesOfUsers) {
  Problem p = problems()[1];
  p.flow.law.viscosity = 0;
  p.flow.boundary.push_back({1, [](double, const double *x) { return std::sin(x[0]); }});
  DM many = users(PETSC_COMM_WORLD, 10), one = users(PETSC_COMM_SELF, 10);
  int rank;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank != 0) {  // the list is on the first rank alone
    PetRLThrow(DMDestroy(&one));
  }
  PetRLThrow(plexDistribute(&many));
  Solver a(p, many, true);
  PetRLThrow(TSSetType(a.ts, TSSSP));
  a.solve(0.01, 0.2);
  const auto found = a.gather(a.u);
  if (rank != 0) return;
  Solver b(p, one, true);
  PetRLThrow(TSSetType(b.ts, TSSSP));
  b.solve(0.01, 0.2);
  EXPECT_LT(difference(found, b.gather(b.u)), 1e-12);
}

TEST(PlexConservation, Options) {
  const Problem p = problems()[0];
  Problem first = p;
  first.settings.first_order = true;
  const Forest forest(p.flow.base(6), PETSC_COMM_WORLD);
  Solver expected(first, forest);
  PetRLThrow(PetscOptionsSetValue(nullptr, "-conservation_first_order", nullptr));
  PetRLThrow(PetscOptionsSetValue(nullptr, "-conservation_limiter", "smooth"));
  Solver s(p, forest);
  for (const char *o : {"-conservation_first_order", "-conservation_limiter"})
    PetRLThrow(PetscOptionsClearValue(nullptr, o));
  Vec a, b;
  PetRLThrow(VecDuplicate(s.u, &a));
  PetRLThrow(VecDuplicate(s.u, &b));
  PetRLThrow(TSComputeRHSFunction(s.ts, 0, s.u, a));
  PetRLThrow(TSComputeRHSFunction(expected.ts, 0, expected.u, b));
  PetscBool equal;
  PetRLThrow(VecEqual(a, b, &equal));
  EXPECT_TRUE(equal);
  PetRLThrow(VecDestroy(&a));
  PetRLThrow(VecDestroy(&b));
}

TEST(PlexConservation, SaysWhatIsMissing) {
  PetscPushErrorHandler(PetscReturnErrorHandler, nullptr);
  const Problem p = problems()[0];
  const Forest forest(p.flow.base(4), PETSC_COMM_WORLD);
  DM dm = createPlex(forest, false);
  TS ts;
  const CellMesh *mesh;
  int size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
  EXPECT_EQ(plexConservationMesh(ts, &mesh), PETSC_ERR_ARG_WRONGSTATE);
  const PetscErrorCode code = plexConservation(ts, dm, p.flow.law, {}, {});
  EXPECT_EQ(code, size > 1 ? PETSC_ERR_ARG_WRONG : 0);
  PetscPopErrorHandler();
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(DMDestroy(&dm));
}
