// Linear finite elements on nested meshes, the benchmark's loads and references.
#include <gtest/gtest.h>
#include <petscksp.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "base/error.hpp"
#include "problems/poisson/reference.hpp"

using namespace petrl;
using namespace petrl::poisson;

namespace {

constexpr double kPi = 3.14159265358979323846;

/// Some cells near a random point, again and again.
Forest scattered(int rounds, NestedSolver *solver = nullptr) {
  Forest forest(BaseMesh::lShape(4), PETSC_COMM_SELF);
  if (solver) solver->add(std::make_shared<P1>(forest.mesh()), {});
  std::mt19937_64 random(3);
  for (int k = 0; k < rounds; ++k) {
    std::vector<signed char> marks(static_cast<std::size_t>(forest.leaves()));
    for (signed char &m : marks) m = random() % 4 == 0;
    ForestLimits limits;
    limits.max_level = 60;
    forest.adapt(marks, limits);
    if (solver) solver->add(std::make_shared<P1>(forest.mesh()), forest.vertexLineage());
  }
  return forest;
}

std::vector<double> randomVector(int n, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<double> x(static_cast<std::size_t>(n));
  for (double &v : x) v = static_cast<double>(random() >> 11) * 0x1p-53 - .5;
  return x;
}

GaussianLoad oneGaussian(double x, double y, double deviation) {
  GaussianLoad load;
  const double mean[2] = {x, y}, deviations[2] = {deviation, deviation};
  load.add(1, mean, deviations, 0);
  return load;
}

}  // namespace

TEST(P1, IsSymmetricAndKnowsLinearFunctions) {
  const CellMesh mesh = scattered(4).mesh();
  const P1 matrix(mesh);
  const auto n = static_cast<std::size_t>(mesh.vertices);
  std::vector<double> x = randomVector(mesh.vertices, 1), y = randomVector(mesh.vertices, 2), ax(n), ay(n);
  matrix.multiply(x.data(), ax.data());
  matrix.multiply(y.data(), ay.data());
  const double xay = std::inner_product(x.begin(), x.end(), ay.begin(), 0.);
  EXPECT_NEAR(xay, std::inner_product(y.begin(), y.end(), ax.begin(), 0.), 1e-12 * std::fabs(xay) + 1e-12);
  // Rows away from the boundary: nothing is done to linear functions.
  std::vector<double> linear(n), result(n);
  std::vector<char> inside(n, 1);
  for (std::size_t i = 0; i < mesh.vertex.size(); ++i)
    linear[static_cast<std::size_t>(mesh.vertex[i])] = 2 - 3 * mesh.corner[2 * i] + mesh.corner[2 * i + 1];
  for (std::size_t c = 0; c < static_cast<std::size_t>(mesh.owned); ++c) {
    bool touches = false;
    for (std::size_t k = 0; k < 3; ++k) touches = touches || matrix.onBoundary(mesh.vertex[3 * c + k]);
    for (std::size_t k = 0; touches && k < 3; ++k) inside[static_cast<std::size_t>(mesh.vertex[3 * c + k])] = 0;
  }
  matrix.multiply(linear.data(), result.data());
  int checked = 0;
  for (std::size_t v = 0; v < n; ++v) {
    if (!inside[v]) continue;
    EXPECT_NEAR(result[v], 0, 1e-12);
    ++checked;
  }
  EXPECT_GT(checked, 10);
}

TEST(P1, SecondOrder) {
  // -laplace u = f with u = sin(pi x) sin(pi y) on the unit square; L2 by the sides' midpoints.
  const double lower[2] = {0, 0}, upper[2] = {1, 1};
  double error[3], slope[3];
  Forest forest(BaseMesh::box(4, 4, lower, upper, false, false), PETSC_COMM_SELF);
  NestedSolver solver;
  solver.add(std::make_shared<P1>(forest.mesh()), {});
  const auto exact = [](double x, double y) { return std::sin(kPi * x) * std::sin(kPi * y); };
  for (int k = 0; k < 3; ++k) {
    ForestLimits limits;
    limits.max_level = 60;
    forest.adapt(std::vector<signed char>(static_cast<std::size_t>(forest.leaves()), 1), limits);
    const CellMesh mesh = forest.mesh();
    solver.add(std::make_shared<P1>(mesh), forest.vertexLineage());
    std::vector<double> b(static_cast<std::size_t>(mesh.vertices), 0), u(b), g;
    const auto sides = [&](auto &&use) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(mesh.owned); ++c) {
        for (std::size_t s = 0; s < 3; ++s) {
          const std::size_t i = 3 * c + s, j = 3 * c + (s + 1) % 3;
          use(mesh.volume[c] / 3, static_cast<std::size_t>(mesh.vertex[i]), static_cast<std::size_t>(mesh.vertex[j]),
              .5 * (mesh.corner[2 * i] + mesh.corner[2 * j]), .5 * (mesh.corner[2 * i + 1] + mesh.corner[2 * j + 1]));
        }
      }
    };
    sides([&](double w, std::size_t i, std::size_t j, double x, double y) {
      b[i] += .5 * w * 2 * kPi * kPi * exact(x, y), b[j] += .5 * w * 2 * kPi * kPi * exact(x, y);
    });
    solver.solve(b, u);
    error[k] = 0;
    sides([&](double w, std::size_t i, std::size_t j, double x, double y) {
      error[k] += w * std::pow(.5 * (u[i] + u[j]) - exact(x, y), 2);
    });
    cellGradients(mesh, u, g);
    slope[k] = 0;
    for (std::size_t c = 0; c < g.size() / 2; ++c) {
      const double x = mesh.centre[2 * c], y = mesh.centre[2 * c + 1];
      slope[k] += mesh.volume[c] * (std::pow(g[2 * c] - kPi * std::cos(kPi * x) * std::sin(kPi * y), 2) +
                                    std::pow(g[2 * c + 1] - kPi * std::sin(kPi * x) * std::cos(kPi * y), 2));
    }
  }
  for (int k = 0; k < 2; ++k) {
    EXPECT_NEAR(.5 * std::log2(error[k] / error[k + 1]), 2, .1);
    EXPECT_GT(.5 * std::log2(slope[k] / slope[k + 1]), .9);
  }
}

// The same by PETSc: conjugate gradients with a preconditioner of this type.
static void solveKSP(const P1 &matrix, const std::vector<double> &b, std::vector<double> &u, double tolerance,
                     PCType preconditioner) {
  const PetscInt n = matrix.size();
  std::vector<double> right(b);
  for (PetscInt i = 0; i < n; ++i) {
    if (matrix.onBoundary(static_cast<int>(i))) right[static_cast<std::size_t>(i)] = 0;
  }
  Mat m;
  PetRLThrow(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, 32, nullptr, &m));
  std::vector<double> unit(static_cast<std::size_t>(n), 0), column(unit);
  for (PetscInt j = 0; j < n; ++j) {
    unit[static_cast<std::size_t>(j)] = 1;
    matrix.multiply(unit.data(), column.data());
    unit[static_cast<std::size_t>(j)] = 0;
    for (PetscInt i = 0; i < n; ++i) {
      const double value = column[static_cast<std::size_t>(i)];
      if (value != 0) PetRLThrow(MatSetValue(m, i, j, value, INSERT_VALUES));
    }
  }
  PetRLThrow(MatAssemblyBegin(m, MAT_FINAL_ASSEMBLY));
  PetRLThrow(MatAssemblyEnd(m, MAT_FINAL_ASSEMBLY));
  Vec x, y;
  KSP ksp;
  PC pc;
  PetRLThrow(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, n, right.data(), &y));
  PetRLThrow(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, n, u.data(), &x));
  PetRLThrow(KSPCreate(PETSC_COMM_SELF, &ksp));
  PetRLThrow(KSPSetOperators(ksp, m, m));
  PetRLThrow(KSPSetType(ksp, KSPCG));
  PetRLThrow(KSPGetPC(ksp, &pc));
  PetRLThrow(PCSetType(pc, preconditioner));
  PetRLThrow(KSPSetTolerances(ksp, tolerance, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  PetRLThrow(KSPSetErrorIfNotConverged(ksp, PETSC_TRUE));
  PetRLThrow(KSPSetInitialGuessNonzero(ksp, PETSC_TRUE));
  PetRLThrow(KSPSolve(ksp, y, x));
  PetRLThrow(KSPDestroy(&ksp));
  PetRLThrow(VecDestroy(&x));
  PetRLThrow(VecDestroy(&y));
  PetRLThrow(MatDestroy(&m));
}

TEST(NestedSolver, AgreesWithPetscInFewIterations) {
  NestedSolver solver;
  const CellMesh mesh = scattered(7, &solver).mesh();
  EXPECT_GT(mesh.vertices, 1000);
  std::vector<double> b = randomVector(mesh.vertices, 4), u(b.size(), 0), v(b.size(), 0);
  EXPECT_LE(solver.solve(b, u, 1e-11), 40);
  for (const char *preconditioner : {PCICC, PCJACOBI}) {
    std::fill(v.begin(), v.end(), 0.);
    solveKSP(solver.matrix(), b, v, 1e-11, preconditioner);
    for (std::size_t i = 0; i < u.size(); ++i) ASSERT_NEAR(u[i], v[i], 1e-8) << preconditioner;
  }
  // Who starts at the solution is done.
  EXPECT_LE(solver.solve(b, u, 1e-9), 1);
  // A lineage of another mesh.
  EXPECT_THROW(solver.add(std::make_shared<P1>(scattered(1).mesh()), {}), Error);
}

TEST(GaussianLoad, IntegralsDoNotDependOnTheMesh) {
  for (int index = 0; index < 4; ++index) {
    const GaussianLoad load = drawLoad(Split::test, 0, index);
    ASSERT_EQ(load.components().size(), 3u);
    LoadMoments whole[2];
    double moment[2] = {0, 0};
    Forest forest(BaseMesh::lShape(2), PETSC_COMM_SELF);
    for (int k = 0; k < 2; ++k) {
      const CellMesh mesh = forest.mesh();
      for (std::size_t c = 0; c < static_cast<std::size_t>(mesh.owned); ++c) {
        const LoadMoments m = load.moments(&mesh.corner[6 * c]);
        whole[k].hat[0] += m.total(), whole[k].square += m.square;
        for (std::size_t s = 0; s < 3; ++s) moment[k] += m.hat[s] * mesh.corner[6 * c + 2 * s];
      }
      for (int round = 0; k == 0 && round < 7; ++round)
        forest.adapt(std::vector<signed char>(static_cast<std::size_t>(forest.leaves()), 1), {60});
    }
    EXPECT_NEAR(whole[0].hat[0] / whole[1].hat[0], 1, 1e-4);
    EXPECT_NEAR(whole[0].square / whole[1].square, 1, 1e-3);
    EXPECT_NEAR(moment[0] / moment[1], 1, 1e-4);
    EXPECT_LE(whole[1].hat[0], 1.0001);
    EXPECT_GE(whole[1].hat[0], .5);  // weights sum to one; some lies outside
  }
  const double corner[6] = {.2, .2, .3, .2, .2, .3};
  EXPECT_NEAR(oneGaussian(.25, .75, .01).moments(corner).total(), 0, 1e-12);
  const double wide[6] = {-10, -10, 10, -10, -10, 10};
  EXPECT_NEAR(oneGaussian(-3, -3, .02).moments(wide).total(), 1, 1e-4);
}

TEST(PoissonReference, MeasuresWhatTheMeshesHold) {
  const auto shared = std::make_shared<ReferenceMesh>(4, 4);
  const GaussianLoad load = drawLoad(Split::valid, 0, 1);
  const PoissonReference reference(shared, load);
  AdaptivePoisson now(BaseMesh::lShape(4), load);
  PoissonErrors before{1e30, 1e30};
  for (int k = 0; k < 4; ++k) {
    std::vector<double> parts;
    const PoissonErrors e = reference.measure(now.mesh(), now.u(), &parts);
    EXPECT_LT(e.l1, before.l1);
    EXPECT_LT(e.h1, before.h1);
    EXPECT_NEAR(std::accumulate(parts.begin(), parts.end(), 0.) / now.measure(), e.l1, 1e-14);
    EXPECT_NEAR(now.measure(), .75, 1e-12);
    before = e;
    now.refineAll();
  }
  // The mesh of the reference, solved on its own.
  const PoissonErrors e = reference.measure(now.mesh(), now.u());
  EXPECT_LT(e.l1, 1e-7 * now.range());
  EXPECT_LT(e.h1, 1e-6);
  // Nothing at all: the mean of the reference itself; any mesh sees every part of the domain once.
  double mean[2];
  for (int k = 0; k < 2; ++k) {
    Forest forest = scattered(k == 0 ? 0 : 2);
    const CellMesh mesh = forest.mesh();
    mean[k] = reference.measure(mesh, std::vector<double>(static_cast<std::size_t>(mesh.vertices), 0)).l1;
  }
  EXPECT_NEAR(mean[0], mean[1], 1e-14);
}
