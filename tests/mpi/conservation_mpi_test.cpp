// Finite volumes on a DMPlex: what the plain ones compute, on any number of ranks.
#include <gtest/gtest.h>

#include "support/conservation_runs.hpp"

using namespace petrl;
using namespace petrl::conservation;

namespace {

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
  Solver a(p, many, VECSTANDARD);
  PetRLThrow(TSSetType(a.ts, TSSSP));
  a.solve(0.01, 0.2);
  const auto found = a.gather(a.u);
  if (rank != 0) return;
  Solver b(p, one, VECSTANDARD);
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
