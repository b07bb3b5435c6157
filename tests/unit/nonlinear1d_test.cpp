// The one-dimensional benchmark: its solvers against known answers, its data set, its metric.
#include <gtest/gtest.h>
#include <petrl.h>
#include <unistd.h>

#include <cmath>
#include <complex>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

#include "base/error.hpp"
#include "problems/nonlinear1d/adaptive.hpp"
#include "problems/nonlinear1d/dataset.hpp"
#include "problems/nonlinear1d/fast.hpp"
#include "problems/nonlinear1d/transfer.hpp"
#include "problems/nonlinear1d/truth.hpp"
#include "support/floor.hpp"

using namespace petrl;
using namespace petrl::nonlinear1d;

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kWave = 2 * kPi / kLength;
using Field = std::vector<double>;

Nonlinear1DCase unforced(double viscosity) {
  Nonlinear1DCase pde;
  pde.viscosity = viscosity;
  return pde;
}

double distance(const Field &a, const Field &b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::fabs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

// Means over the cells of something whose primitive is known.
template <typename Primitive>
Field cellMeans(int n, Primitive primitive) {
  const double h = kLength / n;
  Field out;
  for (int i = 0; i < n; ++i) out.push_back((primitive((i + .5) * h) - primitive((i - .5) * h)) / h);
  return out;
}

Field solve(const Nonlinear1DCase &pde, Field u, double end, double tolerance = 1e-10) {
  DormandPrince(pde, static_cast<int>(u.size()), true, tolerance, tolerance).advance(0, end, u.data());
  return u;
}

// Inviscid flow from f(x) = a + b sin(k x), by characteristics x = y + t f(y): u dx = (f + t f f') dy.
Field inviscid(int n, double a, double b, double t) {
  return cellMeans(n, [&](double x) {
    double y = x;
    for (int i = 0; i < 60; ++i) {
      const double f = a + b * std::sin(kWave * y);
      y -= (y + t * f - x) / (1 + t * b * kWave * std::cos(kWave * y));
    }
    const double f = a + b * std::sin(kWave * y);
    return a * y - b / kWave * std::cos(kWave * y) + t * f * f / 2;
  });
}

// Viscous flow by Cole and Hopf: u = -2 nu (log p)_x, p = 2 + exp(-nu k^2 t) cos(k x).
Field viscous(int n, double nu, double t) {
  const double k = 3 * kWave;
  return cellMeans(n, [&](double x) { return -2 * nu * std::log(2 + std::exp(-nu * k * k * t) * std::cos(k * x)); });
}

TEST(Nonlinear1D, FifthOrderBeforeTheShock) {
  // One flow to the right, one with sonic points of both kinds.
  for (const double a : {1., 0.}) {
    const double t = 2, b = .5;  // the shock forms at time 1 / (b k) = 5.1
    double error[2];
    for (int i = 0; i < 2; ++i) {
      const int n = 80 << i;
      error[i] = distance(solve(unforced(0), inviscid(n, a, b, 0), t), inviscid(n, a, b, t));
    }
    EXPECT_GT(std::log2(error[0] / error[1]), 4.6) << error[0] << " " << error[1];
    EXPECT_LT(error[1], 1e-6);
  }
}

TEST(Nonlinear1D, ViscousFlow) {
  const double nu = .2, t = 4;
  double error[2];
  for (int i = 0; i < 2; ++i) {
    const int n = 50 << i;
    error[i] = distance(solve(unforced(nu), viscous(n, nu, 0), t), viscous(n, nu, t));
  }
  EXPECT_GT(std::log2(error[0] / error[1]), 3.7) << error[0] << " " << error[1];
  EXPECT_LT(error[1], 1e-4);
}

TEST(Nonlinear1D, ForcedModeHasItsAmplitude) {
  // So small that it is linear: u' = -nu k^2 u + A exp(i (omega t + phi)), u(0) = A exp(i phi).
  Nonlinear1DCase pde = unforced(.2);
  pde.A[2] = 1e-7, pde.omega[2] = .4, pde.phi[2] = 1, pde.l[2] = 2;
  const double k = 2 * kWave, rate = pde.viscosity * k * k;
  const std::complex<double> i(0, 1), drive = pde.A[2] * std::exp(i * pde.phi[2]);
  const std::complex<double> forced = drive / (i * pde.omega[2] + rate);
  const std::complex<double> u =
      forced * std::exp(i * pde.omega[2] * kTime) + (drive - forced) * std::exp(-rate * kTime);
  Field trajectory(static_cast<std::size_t>(kLevels) * kFinePoints);
  solveTrajectory(pde, kFinePoints, false, 1e-8, 1e-14, trajectory.data());
  const double *last = &trajectory[static_cast<std::size_t>(kLevels - 1) * kFinePoints];
  for (int p = 0; p < kFinePoints; ++p) {
    const double exact = std::imag(u * std::exp(i * k * (p * kLength / kFinePoints)));
    EXPECT_NEAR(last[p], exact, 1e-5 * std::abs(u));
  }
}

TEST(Nonlinear1D, ConservesAndShifts) {
  Nonlinear1DCase pde = drawCase(3, 5, Split::train);
  pde.viscosity = 1e-3;  // shocks
  const int n = 64, shift = 11;
  Nonlinear1DCase moved = pde;
  for (int j = 0; j < kWaves; ++j) moved.phi[j] -= 2 * kPi * pde.l[j] * shift / n;
  const auto run = [&](const Nonlinear1DCase &which) {
    Field u(n);
    Forcing<double>(which, n, true).evaluate(0, u.data());
    return solve(which, u, kTime, 1e-9);
  };
  const Field u = run(pde), v = run(moved);
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    sum += u[static_cast<std::size_t>(i)];
    EXPECT_NEAR(v[static_cast<std::size_t>((i + shift) % n)], u[static_cast<std::size_t>(i)],
                1e-5);  // at shocks rounding decides about steps, and weights switch
  }
  EXPECT_NEAR(sum, 0, 1e-11);
}

TEST(Nonlinear1D, ToleranceIsMet) {
  const Nonlinear1DCase pde = drawCase(0, 1, Split::train);
  Field u(100);
  Forcing<double>(pde, 100, true).evaluate(0, u.data());
  const Field reference = solve(pde, u, kTime, 1e-12);
  EXPECT_LT(distance(solve(pde, u, kTime, 1e-5), reference), 1e-4);
  EXPECT_LT(distance(solve(pde, u, kTime, 1e-8), reference), 1e-7);
}

template <typename T>
Field fast(const Nonlinear1DCase &pde, const Field &u, const FastOptions &options) {
  const std::vector<T> start(u.begin(), u.end());
  std::vector<T> out(start.size() * kBundle);
  FastWeno<T> solver(pde, static_cast<int>(u.size()), options);
  solver.start(0, start.data());
  for (int bundle = 0; bundle < 6; ++bundle) solver.advance(kBundle, out.data());
  // A level between two steps, not the last one.
  return Field(out.begin() + static_cast<std::ptrdiff_t>(10 * start.size()),
               out.begin() + static_cast<std::ptrdiff_t>(11 * start.size()));
}

TEST(Nonlinear1D, FastStepsFollowTheTruth) {
  const Nonlinear1DCase pde = drawCase(0, 2, Split::train);
  const int n = 50;
  Field u(n);
  Forcing<double>(pde, n, true).evaluate(0, u.data());
  const Field reference = solve(pde, u, levelTime(5 * kBundle + 11));
  for (const Stepper stepper : {Stepper::ssprk3, Stepper::rk4}) {
    const double order = stepper == Stepper::ssprk3 ? 3 : 4;
    const double coarse = distance(fast<double>(pde, u, {stepper, .4, false, true}), reference);
    const double fine = distance(fast<double>(pde, u, {stepper, .1, false, true}), reference);
    EXPECT_LT(fine, 2e-5);
    EXPECT_GT(std::log2(coarse / fine) / 2, order - .7);
    EXPECT_LT(distance(fast<double>(pde, u, {stepper, .4, true, true}), reference), 1e-4);
    // The largest stable step is stable; single precision is enough.
    EXPECT_LT(distance(fast<double>(pde, u, {stepper, 1, false, true}), reference), 2e-2);
    EXPECT_LT(distance(fast<float>(pde, u, {stepper, .1, false, true}), reference), 3e-5);
  }
}

TEST(Nonlinear1D, TransfersKeepSmoothFields) {
  const double box = kLength / kFinePoints * kBox;
  const auto primitive = [](double x) { return -std::cos(3 * kWave * x) / (3 * kWave); };
  std::vector<float> label(kPoints);
  for (int p = 0; p < kPoints; ++p) {
    label[static_cast<std::size_t>(p)] =
        static_cast<float>((primitive(labelPoint(p) + box / 2) - primitive(labelPoint(p) - box / 2)) / box);
  }
  for (const int n : {25, 38, 50, 100}) {
    const Field exact = cellMeans(n, primitive);
    std::vector<float> cells(static_cast<std::size_t>(n)), back(kPoints), simple(kPoints);
    projectLabels(n, 5).apply(label.data(), cells.data());
    for (int i = 0; i < n; ++i)
      EXPECT_NEAR(cells[static_cast<std::size_t>(i)], exact[static_cast<std::size_t>(i)], 2e-3);
    const std::vector<float> means(exact.begin(), exact.end());
    averageCells(n, 5).apply(means.data(), back.data());
    double worst = 0;
    for (std::size_t p = 0; p < kPoints; ++p) worst = std::max(worst, std::fabs(double(back[p]) - label[p]));
    EXPECT_LT(worst, n == 25 ? 5e-3 : 5e-4);
  }
}

TEST(Nonlinear1D, AdaptiveVolumesConserveAndConverge) {
  Nonlinear1DCase pde = drawCase(0, 4, Split::train);
  Nonlinear1DOptions options;
  std::vector<float> label(static_cast<std::size_t>(kLevels) * kPoints), field(kPoints);
  labelTrajectory(pde, options, label.data());
  double error[2];
  int cells[2];
  for (int i = 0; i < 2; ++i) {
    AdaptiveOptions adaptive;
    adaptive.threshold = i == 0 ? .3 : .05;
    AdaptiveVolumes volumes(pde, adaptive);
    volumes.start(49, &label[49 * kPoints]);
    const double mass = volumes.integral();
    error[i] = 0;
    for (int bundle = 0; bundle < 8; ++bundle) {
      volumes.remesh(kBundle);
      EXPECT_NEAR(volumes.integral(), mass, 1e-10);
      volumes.advance(kBundle);
      EXPECT_NEAR(volumes.integral(), mass, 1e-10);
      for (int k = 0; k < kBundle; ++k) {
        volumes.label(k, field.data());
        error[i] += levelError(field.data(), &label[static_cast<std::size_t>((50 + bundle * kBundle + k) * kPoints)]);
      }
    }
    cells[i] = volumes.cells();
  }
  EXPECT_LT(error[0], 3);
  EXPECT_LT(error[1], error[0] / 2);
  EXPECT_LT(cells[0], cells[1]);
  EXPECT_LT(cells[1], 200);
}

TEST(Nonlinear1D, BestChainFindsTheKinks) {
  // Piecewise linear with kinks at 0, 13, 57, 99: four vertices do, three do not.
  std::vector<float> label(2 * kPoints), kink = {1, -2, 3, 0};
  const std::vector<int> place = {0, 13, 57, 99};
  LinearMesh(place, Closure::chain).interpolate(kink.data(), label.data());
  for (int p = 0; p < kPoints; ++p)
    label[static_cast<std::size_t>(kPoints + p)] = 2 * label[static_cast<std::size_t>(p)];
  std::vector<int> mesh;
  const std::vector<double> error = bestChain(2, label.data(), 4, &mesh);
  EXPECT_EQ(mesh, place);
  EXPECT_LT(error[4], 1e-10);
  EXPECT_GT(error[3], .1);
  EXPECT_NEAR(uniformFloor(2, label.data(), kPoints), 0, 1e-10);
  EXPECT_THROW(uniformFloor(2, label.data(), 33), Error);
}

TEST(Nonlinear1D, MetricInterpolatesAlongTheMesh) {
  std::vector<int> vertex = {0, 10, 99};
  const float values[] = {1, 3, 5};
  std::vector<float> field(kPoints);
  LinearMesh(vertex, Closure::chain).interpolate(values, field.data());
  EXPECT_FLOAT_EQ(field[0], 1);
  EXPECT_FLOAT_EQ(field[5], 2);
  EXPECT_FLOAT_EQ(field[99], 5);
  vertex = {2, 10, 92};
  LinearMesh(vertex, Closure::periodic).interpolate(values, field.data());
  EXPECT_FLOAT_EQ(field[97], 3);  // half way from 92 through the seam to 2
  EXPECT_FLOAT_EQ(field[2], 1);
  std::vector<float> label(2 * kPoints, 1);
  const float constant[] = {2, 2, 2, 1, 1, 1};
  EXPECT_DOUBLE_EQ(meshError(LinearMesh(vertex, Closure::periodic), 3, 2, constant, label.data()), 1);
  EXPECT_THROW(LinearMesh(vertex, Closure::chain), Error);
  EXPECT_THROW(LinearMesh({3, 3}, Closure::periodic), Error);
}

Nonlinear1DOptions small() {
  Nonlinear1DOptions options;
  options.trajectories = {3, 1, 1};
  options.relative = options.absolute = 1e-5;
  return options;
}

std::string scratch(const char *name) {
  return (std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + name)).string();
}

std::string messageOf(const std::function<void()> &call) {
  try {
    call();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

TEST(Nonlinear1D, CasesAreDrawnFromTheirRanges) {
  double largest_viscosity = 0, largest_amplitude = 0;
  int seen[kModes] = {};
  for (int i = 0; i < 400; ++i) {
    const Nonlinear1DCase pde = drawCase(1, i, Split::valid);
    largest_viscosity = std::max(largest_viscosity, pde.viscosity);
    for (int j = 0; j < kWaves; ++j) {
      ++seen[pde.l[j] - 1];
      largest_amplitude = std::max(largest_amplitude, std::fabs(pde.A[j]));
      EXPECT_LE(drawCase(1, i, Split::valid, 2).l[j], 2);
    }
  }
  EXPECT_NEAR(largest_viscosity, .2, .01);
  EXPECT_NEAR(largest_amplitude, .5, .01);
  for (const int count : seen) EXPECT_NEAR(count, 2000 / kModes, 100);
  EXPECT_NE(drawCase(1, 0, Split::valid).A[0], drawCase(1, 0, Split::train).A[0]);
  EXPECT_NE(drawCase(1, 0, Split::valid).A[0], drawCase(2, 0, Split::valid).A[0]);
}

TEST(Nonlinear1D, DataSetIsKept) {
  const std::string path = scratch("_nonlinear1d.h5");
  std::vector<std::string> said;
  const auto say = [&](const std::string &line) { said.push_back(line); };
  const auto make = [&] { return Nonlinear1DDataset::cached(small(), path, PETSC_COMM_SELF, say); };
  const auto first = make();
  ASSERT_EQ(first.train().label.size(), 3u * kLevels * kPoints);
  // The label is a box mean of the ground truth, here of the initial state.
  const Nonlinear1DCase &pde = first.test().cases[0];
  double mean = 0;
  for (int k = -2; k <= 2; ++k) {
    for (int j = 0; j < kWaves; ++j)
      mean += pde.A[j] * std::sin(kWave * pde.l[j] * (2 * 7 + k) * kLength / kFinePoints + pde.phi[j]) / kBox;
  }
  EXPECT_NEAR(first.test().at(0, 0)[7], mean, 1e-6);
  said.clear();
  const auto second = make();
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(first.train().label, second.train().label);
  EXPECT_EQ(first.test().label, second.test().label);

  // Other options: refused, the file is left alone.
  Nonlinear1DOptions other = small();
  other.modes = 2;
  EXPECT_NE(messageOf([&] { Nonlinear1DDataset::cached(other, path, PETSC_COMM_SELF); }).find("option 'modes'"),
            std::string::npos);
  EXPECT_EQ(Nonlinear1DDataset::read(path, small()).valid().label, first.valid().label);

  // Damage: reading refuses it, the cache says so and starts again.
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100000).put('?');
  }
  EXPECT_NE(messageOf([&] { Nonlinear1DDataset::read(path, small()); }).find("is damaged"), std::string::npos);
  EXPECT_EQ(make().train().label, first.train().label);
  ASSERT_FALSE(said.empty());
  EXPECT_NE(said[0].find("is damaged"), std::string::npos);
  EXPECT_EQ(Nonlinear1DDataset::read(path, small()).train().label, first.train().label);

  // Somebody else's file is not overwritten.
  std::ofstream(path) << "dear diary";
  EXPECT_NE(messageOf([&] { make(); }).find("no HDF5 file"), std::string::npos);
  std::remove(path.c_str());
}

}  // namespace
