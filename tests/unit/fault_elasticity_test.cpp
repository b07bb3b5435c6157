// Stiffness and damping of the fault: closed forms, FFT against dense matrices, square roots, bounds, cache, errors.
#include "support/fault_elasticity.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>

#include "base/error.hpp"
#include "problems/fault/eigen.hpp"
#include "problems/fault/elasticity.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

namespace {

const std::vector<Kernel> kernels = {Kernel::full, Kernel::mirror, Kernel::half};

std::string messageOf(const ElasticityParameters &p) {
  try {
    Elasticity e(PETSC_COMM_SELF, p);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

Numbers times(const Numbers &matrix, const Numbers &x) {
  Numbers y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j) y[i] += matrix[i * x.size() + j] * x[j];
  return y;
}

// f(K) x by eigendecomposition.
template <class F>
Numbers function(const Elasticity &e, F f, const Numbers &x) {
  const std::size_t n = x.size();
  Numbers v = test::dense(e);
  const Numbers values = eigendecompose(v, static_cast<std::ptrdiff_t>(n));
  Numbers y(n);
  for (std::size_t q = 0; q < n; ++q) {
    double c = 0;
    for (std::size_t i = 0; i < n; ++i) c += v[q * n + i] * x[i];
    for (std::size_t i = 0; i < n; ++i) y[i] += f(values[q]) * c * v[q * n + i];
  }
  return y;
}

}  // namespace

TEST(FaultKernel, HasTheReferenceValues) {
  const KernelParameters p{1, 0.25, 1, 1};
  const double full[][3] = {{0, 0, 1.050369},  {1, 0, -0.178472}, {0, 1, -0.088998}, {1, 1, -0.041326},
                            {2, 0, -0.017937}, {0, 2, -0.007530}, {3, 2, -0.002373}};
  for (const auto &f : full) EXPECT_NEAR(fullSpace(p, f[0], f[1]), f[2], 6e-7);
  const double surface[] = {0.934939, -0.207610, -0.028318};
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(fault::stiffness(Kernel::half, p, i, 0.5, 0.5), surface[i], 6e-7);
}

TEST(FaultKernel, GivesThePapersFaultOfOneCell) {
  const double expected[] = {9.453e13, 8.652e13, 8.415e13};
  for (std::size_t i = 0; i < 3; ++i)
    for (const Damping damping : {Damping::exact, Damping::symbol}) {
      ElasticityParameters p;
      p.kernel = kernels[i];
      p.damping = damping;
      Elasticity e(PETSC_COMM_SELF, p);
      EXPECT_DOUBLE_EQ(e.mass(), 6.75e13);
      const double k = on(e, {1}, [&](Vec x, Vec y) { e.stiffness(x, y); })[0];
      EXPECT_NEAR(k, expected[i], 1e-3 * expected[i]);
      EXPECT_NEAR(on(e, {2}, [&](Vec x, Vec y) { e.damping(x, y); })[0], 4 * 0.27 * std::sqrt(6.75e13 * k), 1e-2);
      const double a = e.mass() / 0.3 + 2 * 0.27 * std::sqrt(6.75e13 * k) + 0.3 * k;
      EXPECT_NEAR(on(e, {1}, [&](Vec x, Vec y) { e.apply(1 / 0.3, 1, 0.3, x, y); })[0] / a, 1, 1e-14);
      EXPECT_NEAR(on(e, {a}, [&](Vec x, Vec y) { e.precondition(1 / 0.3, 1, 0.3, x, y); })[0], 1, 1e-14);
      double lo, hi;
      e.bounds(&lo, &hi);
      EXPECT_DOUBLE_EQ(lo, k);
      EXPECT_DOUBLE_EQ(hi, k);
    }
}

TEST(FaultKernel, NamesAreChecked) {
  for (const Kernel k : kernels) EXPECT_EQ(kernelFromName(kernelName(k)), k);
  for (const Damping d : {Damping::exact, Damping::symbol}) EXPECT_EQ(dampingFromName(test::dampingName(d)), d);
  try {
    kernelFromName("okada");
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "fault: kernel: found \"okada\", expected full, mirror or half");
  }
  EXPECT_THROW(dampingFromName("none"), Error);
}

TEST(FaultElasticity, FourierEqualsDense) {
  const PetscInt grids[][2] = {{7, 5}, {1, 4}, {4, 1}, {2, 2}, {16, 9}, {19, 3}, {3, 20}};
  for (const Kernel kernel : kernels)
    for (const auto &grid : grids) {
      SCOPED_TRACE(std::string(kernelName(kernel)) + " " + std::to_string(grid[0]) + " x " + std::to_string(grid[1]));
      ElasticityParameters p = faultOf(grid[0], grid[1], kernel);
      p.damping = Damping::symbol;
      p.k_scale = 0.7;
      Elasticity e(PETSC_COMM_SELF, p);
      const Numbers x = randomNumbers(e.size(), 3), y = on(e, x, [&](Vec a, Vec b) { e.stiffness(a, b); });
      EXPECT_LT(difference(y, times(test::dense(e), x)), 1e-13);
      // Again: nothing is left over from the first time.
      EXPECT_EQ(on(e, x, [&](Vec a, Vec b) { e.stiffness(a, b); }), y);
    }
}

TEST(FaultElasticity, IsSymmetricPositiveDefinite) {
  for (const Kernel kernel : kernels)
    for (const Damping damping : {Damping::exact, Damping::symbol}) {
      ElasticityParameters p = faultOf(7, 6, kernel);
      p.damping = damping;
      Elasticity e(PETSC_COMM_SELF, p);
      const auto n = static_cast<std::size_t>(e.size());
      const std::vector<std::function<void(Vec, Vec)>> operators = {
          [&](Vec x, Vec y) { e.stiffness(x, y); }, [&](Vec x, Vec y) { e.damping(x, y); },
          [&](Vec x, Vec y) { e.apply(3, 1, 0.3, x, y); }, [&](Vec x, Vec y) { e.precondition(3, 1, 0.3, x, y); }};
      for (const auto &op : operators) {
        Numbers a;
        for (std::size_t j = 0; j < n; ++j) {
          Numbers unit(n);
          unit[j] = 1;
          const Numbers column = on(e, unit, op);
          a.insert(a.end(), column.begin(), column.end());
        }
        double asymmetry = 0;
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t j = 0; j < i; ++j) asymmetry = std::max(asymmetry, std::abs(a[i * n + j] - a[j * n + i]));
        EXPECT_LT(asymmetry, 1e-14 * a[0]);
        EXPECT_GT(eigendecompose(a, e.size())[0], 0);
      }
    }
}

TEST(FaultElasticity, DampingIsTheSquareRootOfStiffness) {
  for (const Kernel kernel : kernels)
    for (const PetscInt nx : {1, 6, 9}) {
      ElasticityParameters p = faultOf(nx, 7, kernel);
      p.k_scale = 0.6;
      Elasticity e(PETSC_COMM_SELF, p);
      const auto h = [&](Vec x, Vec y) { e.damping(x, y); };
      const Numbers x = randomNumbers(e.size(), 5), hx = on(e, x, h);
      const double zeta = p.damping_ratio, m = e.mass();
      EXPECT_LT(difference(hx, function(
                                   e, [&](double k) { return 2 * zeta * std::sqrt(m * k); }, x)),
                1e-12);
      Numbers kx = on(e, x, [&](Vec a, Vec b) { e.stiffness(a, b); });
      for (double &v : kx) v *= 4 * zeta * zeta * m;
      EXPECT_LT(difference(on(e, hx, h), kx), 1e-12);
    }
}

TEST(FaultElasticity, LanczosAgreesWithDenseDamping) {
  for (const Kernel kernel : kernels)
    for (const auto &grid : {std::array<PetscInt, 2>{19, 16}, {40, 8}, {3, 2}, {1, 5}}) {
      SCOPED_TRACE(std::string(kernelName(kernel)) + " " + std::to_string(grid[0]) + " x " + std::to_string(grid[1]));
      ElasticityParameters p = faultOf(grid[0], grid[1], kernel);
      p.k_scale = 0.6;
      Elasticity dense(PETSC_COMM_SELF, p);
      p.dense_limit = 0;
      Elasticity lanczos(PETSC_COMM_SELF, p);
      const auto h = [&](Vec a, Vec b) { lanczos.damping(a, b); };
      const Numbers x = randomNumbers(dense.size(), 7), y = on(lanczos, x, h);
      EXPECT_LT(difference(y, on(dense, x, [&](Vec a, Vec b) { dense.damping(a, b); })), 2e-9);
      const Numbers zero(x.size());
      EXPECT_EQ(on(lanczos, zero, h), zero);
      EXPECT_EQ(on(lanczos, x, h), y);
      Numbers bad = x;
      bad[0] = NAN;
      EXPECT_THROW(on(lanczos, bad, h), Error);
    }
}

TEST(FaultElasticity, SymbolDampingIsClose) {
  for (const Kernel kernel : kernels) {
    ElasticityParameters p = faultOf(20, 18, kernel);
    Elasticity exact(PETSC_COMM_SELF, p);
    p.damping = Damping::symbol;
    Elasticity symbol(PETSC_COMM_SELF, p);
    const Numbers x = randomNumbers(exact.size(), 9);
    const double off = difference(on(symbol, x, [&](Vec a, Vec b) { symbol.damping(a, b); }),
                                  on(exact, x, [&](Vec a, Vec b) { exact.damping(a, b); }));
    EXPECT_LT(off, 0.05) << kernelName(kernel);
    EXPECT_GT(off, 1e-6) << kernelName(kernel);
  }
}

TEST(FaultElasticity, AppliesTheSumOfItsParts) {
  for (const Kernel kernel : kernels)
    for (const Damping damping : {Damping::exact, Damping::symbol}) {
      ElasticityParameters p = faultOf(8, 5, kernel);
      p.damping = damping;
      p.k_scale = 0;
      Elasticity e(PETSC_COMM_SELF, p);
      const Numbers x = randomNumbers(e.size(), 11), hx = on(e, x, [&](Vec a, Vec b) { e.damping(a, b); }),
                    kx = on(e, x, [&](Vec a, Vec b) { e.stiffness(a, b); });
      for (const auto &c : {std::array<double, 3>{2, 1, 0.5}, {-3, 0.2, 0}, {0, 1, -4}, {1, 0, 1}, {2, 0, 0}}) {
        Numbers sum(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) sum[i] = c[0] * e.mass() * x[i] + c[1] * hx[i] + c[2] * kx[i];
        EXPECT_LT(difference(on(e, x, [&](Vec a, Vec b) { e.apply(c[0], c[1], c[2], a, b); }), sum), 1e-13);
      }
    }
}

TEST(FaultElasticity, HasTheMeshConsistentScale) {
  const double full[] = {0.522, 0.505, 0.500}, mirror[] = {0.577, 0.561, 0.556};
  for (PetscInt i = 0; i < 3; ++i)
    for (const Kernel kernel : {Kernel::full, Kernel::mirror}) {
      ElasticityParameters p;
      p.nx = p.nz = 10 * (i + 1);
      p.kernel = kernel;
      p.damping = Damping::symbol;
      p.k_scale = 0;
      Elasticity e(PETSC_COMM_SELF, p);
      EXPECT_NEAR(e.scale(), (kernel == Kernel::full ? full : mirror)[i], 6e-4) << kernelName(kernel) << p.nx;
      double lo, hi;
      e.bounds(&lo, &hi);
      p.nx = p.nz = 1;
      p.k_scale = 1;
      Elasticity one(PETSC_COMM_SELF, p);
      const double k1 = on(one, {1}, [&](Vec a, Vec b) { one.stiffness(a, b); })[0];
      EXPECT_NEAR(lo / e.cellArea(), k1 / one.cellArea(), 1e-9 * k1 / one.cellArea());
    }
}

TEST(FaultElasticity, BoundsAreTheExtremeEigenvalues) {
  for (const Kernel kernel : kernels)
    for (const auto &grid : {std::array<PetscInt, 2>{12, 9}, {1, 9}, {9, 1}, {2, 1}, {1, 2}}) {
      ElasticityParameters p = faultOf(grid[0], grid[1], kernel);
      p.damping = Damping::symbol;
      Elasticity e(PETSC_COMM_SELF, p);
      double lo, hi;
      e.bounds(&lo, &hi);
      Numbers k = test::dense(e);
      const Numbers values = eigendecompose(k, e.size());
      EXPECT_NEAR(lo, values.front(), 0.01 * values.front()) << kernelName(kernel) << grid[0] << "x" << grid[1];
      EXPECT_NEAR(hi, values.back(), 0.01 * values.back()) << kernelName(kernel) << grid[0] << "x" << grid[1];
    }
}

TEST(FaultElasticity, PreconditionedCgNeedsFewIterations) {
  for (const Kernel kernel : kernels)
    for (const auto &[alpha, most] : {std::pair<double, int>{0.025, 4}, {0.25, 7}, {2.5, 13}}) {
      ElasticityParameters p;
      p.nx = p.nz = 20;
      p.kernel = kernel;
      Elasticity e(PETSC_COMM_SELF, p);
      const int iterations = cg(e, 1 / alpha, 1, alpha, randomNumbers(e.size(), 13), 1e-10);
      EXPECT_LE(iterations, most) << kernelName(kernel) << " alpha " << alpha;
    }
}

TEST(FaultElasticity, CacheGivesTheSameAndSurvivesDamage) {
  ElasticityParameters p = faultOf(5, 4, Kernel::half);
  const auto damped = [](const ElasticityParameters &q) {
    Elasticity e(PETSC_COMM_SELF, q);
    return on(e, randomNumbers(e.size(), 15), [&](Vec x, Vec y) { e.damping(x, y); });
  };
  const Numbers plain = damped(p);
  TemporaryFolder folder;
  p.cache = folder.path + "/deeper/roots";
  EXPECT_EQ(damped(p), plain);
  const std::vector<std::string> files = folder.files("deeper/roots");
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(damped(p), plain);
  // Factors are not part of what is kept: no second file.
  ElasticityParameters stiffer = p;
  stiffer.shear_modulus *= 4;
  stiffer.k_scale = 0.25;
  EXPECT_LT(difference(damped(stiffer), plain), 1e-14);
  EXPECT_EQ(folder.files("deeper/roots").size(), 1u);
  // Another fault gets another file.
  ElasticityParameters other = p;
  other.lx *= 1.5;
  EXPECT_GT(difference(damped(other), plain), 1e-3);
  EXPECT_EQ(folder.files("deeper/roots").size(), 2u);
  // A flipped byte, a truncated file, and the file of another fault in its place: computed anew and written again.
  const std::string good = contents(files[0]);
  std::string flipped = good;
  flipped[flipped.size() - 100] ^= 1;
  std::string foreign;
  for (const std::string &file : folder.files("deeper/roots"))
    if (file != files[0]) foreign = contents(file);
  for (const std::string &bad : {flipped, good.substr(0, good.size() / 2), std::string(), foreign}) {
    std::ofstream(files[0], std::ios::binary) << bad;
    EXPECT_EQ(damped(p), plain);
    EXPECT_EQ(contents(files[0]), good);
  }
  // A folder that cannot be made costs the cache only.
  p.cache = files[0] + "/below/a/file";
  EXPECT_EQ(damped(p), plain);
}

TEST(FaultElasticity, ParametersAreChecked) {
  const auto with = [](auto change) {
    ElasticityParameters p;
    change(p);
    return messageOf(p);
  };
  EXPECT_EQ(with([](auto &p) { p.nx = 0; }), "fault: nx: found 0, expected 1 to 1048576 cells");
  EXPECT_EQ(with([](auto &p) { p.nz = -2; }), "fault: nz: found -2, expected 1 to 1048576 cells");
  EXPECT_NE(with([](auto &p) { p.nx = p.nz = 1 << 20; }), "");
  EXPECT_EQ(with([](auto &p) { p.lx = -1; }), "fault: lx: found -1, expected a positive number");
  EXPECT_EQ(with([](auto &p) { p.ly = 0; }), "fault: ly: found 0, expected a positive number");
  EXPECT_EQ(with([](auto &p) { p.lz = NAN; }), "fault: lz: found nan, expected a positive number");
  EXPECT_EQ(with([](auto &p) { p.shear_modulus = INFINITY; }),
            "fault: shear_modulus: found inf, expected a positive number");
  EXPECT_EQ(with([](auto &p) { p.density = 0; }), "fault: density: found 0, expected a positive number");
  EXPECT_EQ(with([](auto &p) { p.poisson = 0.5; }), "fault: poisson: found 0.5, expected a number in [0, 0.5)");
  EXPECT_EQ(with([](auto &p) { p.damping_ratio = -1; }),
            "fault: damping_ratio: found -1, expected a number that is not negative");
  EXPECT_EQ(with([](auto &p) { p.k_scale = -1; }),
            "fault: k_scale: found -1, expected a positive number, or 0 for the mesh-consistent value");
  EXPECT_EQ(with([](auto &p) { p.dense_limit = -1; }), "fault: dense_limit: found -1, expected 0 to 16384 cells");
  Elasticity e(PETSC_COMM_SELF, faultOf(3, 2, Kernel::full)), larger(PETSC_COMM_SELF, faultOf(3, 3, Kernel::full));
  EXPECT_THROW(on(larger, Numbers(9), [&](Vec x, Vec y) { e.stiffness(x, y); }), Error);
  EXPECT_THROW(on(e, Numbers(6), [&](Vec x, Vec y) { e.precondition(0, 0, 0, x, y); }), Error);
  EXPECT_THROW(on(e, Numbers(6), [&](Vec x, Vec y) { e.precondition(1, -1, 0, x, y); }), Error);
}
