// A fault where the state lives on a device, here an emulated one: the same event, attempt by attempt, as on the host.
#include <gtest/gtest.h>

#include <cmath>

#include "problems/fault/fault.hpp"
#include "support/fault_elasticity.hpp"
#include "support/fault_runs.hpp"
#include "support/test_device.hpp"

using namespace petrl;
using namespace petrl::fault;
using namespace petrl::test;

namespace {

constexpr double kTolerance = 1e-10;

// Faults that are made meanwhile keep their state there.
class OnDevice {
 public:
  OnDevice() { PetRLThrow(PetscOptionsSetValue(nullptr, "-vec_type", kEmulated)); }
  OnDevice(const OnDevice &) = delete;
  OnDevice &operator=(const OnDevice &) = delete;
  ~OnDevice() { (void)PetscOptionsClearValue(nullptr, "-vec_type"); }
};

int ranks() {
  int size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  return size;
}

// Depth-dependent strength and an uneven start: cells stop one after the other.
Scenario uneven(PetscInt nx, PetscInt nz, Kernel kernel, Damping damping) {
  Scenario s = faultScenario(nx, nz, kernel);
  s.elasticity.damping = damping;
  s.normal_stress.profile = NormalStress::Profile::linear;
  s.perturbation = 0.3;
  s.final_time = 8;
  return s;
}

void near(double found, double expected, double scale) {
  EXPECT_NEAR(found, expected, kTolerance * scale);
}

// What is copied in the run itself: bytes.
void compare(const Scenario &s, const std::string &controller, const std::string &where, bool copies) {
  SCOPED_TRACE(where + ", " + controller);
  EmulatedDevice device;
  // Jacobi's set-up at the start of an integration has PETSc look at the diagonal on the host, where it is let in.
  PetRLThrow(PetscOptionsSetValue(nullptr, "-ts_bathe_mass_pc_type", "none"));
  Fault host(PETSC_COMM_WORLD, s);
  const FaultRun expected = simulate(host, faultController(controller));
  EXPECT_EQ(device.kernels(), 0);
  const OnDevice there;
  Fault fault(PETSC_COMM_WORLD, s);
  EXPECT_NE(fault.elasticity().describe().find(where), std::string::npos) << fault.elasticity().describe();
  const std::size_t before = device.toHost(), set = device.toDevice();
  const long kernels = device.kernels();
  const FaultRun run = simulate(fault, faultController(controller));
  const bool cells = fault.elasticity().localSize() > 0;
  EXPECT_EQ(device.kernels() > kernels + 100, cells);
  EXPECT_EQ(device.toHost() > before, copies && cells);
  EXPECT_EQ(device.toDevice() > set, copies && cells);

  EXPECT_TRUE(run.finished) << run.reason;
  EXPECT_GT(expected.slip, 1e-4);
  EXPECT_EQ(run.linear, expected.linear);
  ASSERT_EQ(run.attempts.size(), expected.attempts.size());
  for (std::size_t i = 0; i < expected.attempts.size(); ++i) {
    const RecordedAttempt &a = expected.attempts[i], &b = run.attempts[i];
    EXPECT_EQ(b.attempt.iterations, a.attempt.iterations) << i;
    EXPECT_EQ(b.attempt.accepted, a.attempt.accepted) << i;
    near(b.attempt.t, a.attempt.t, s.final_time);
    near(b.velocity, a.velocity, expected.peak_velocity);
    near(b.slip, a.slip, expected.slip);
  }
  for (const auto &[there_field, here] : {std::pair{fault.displacement(), host.displacement()},
                                          {fault.velocity(), host.velocity()},
                                          {fault.history(), host.history()}}) {
    const OpenMemory open;
    const Numbers found = numbersOf(there_field), right = numbersOf(here);
    double largest = 1e-300;
    for (const double x : right) largest = std::max(largest, std::fabs(x));
    for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(found[i], right[i], kTolerance * largest) << i;
  }
  // Observables.
  near(fault.energy(), host.energy(), 1);
  EXPECT_EQ(fault.sliding(), host.sliding());
  near(fault.maxVelocity(), host.maxVelocity(), expected.peak_velocity);
  if (std::isfinite(host.currentCriticalStep()))
    near(fault.currentCriticalStep(), host.currentCriticalStep(), host.currentCriticalStep());
}

}  // namespace

TEST(FaultDevice, EventIsThatOfTheHost) {
  const bool several = ranks() > 1;
  const std::string fft =
      several ? "FFTW on the host (copied there: more than one rank)" : "FFTs by FFTW on the device";
  for (const Kernel kernel : {Kernel::mirror, Kernel::full})
    compare(uneven(9, 7, kernel, Damping::symbol), "heuristic", fft, several);
  compare(uneven(8, 6, Kernel::mirror, Damping::symbol), "event", fft, several);
}

TEST(FaultDevice, SquareRootsAreThoseOfTheHost) {
  const bool several = ranks() > 1;
  compare(uneven(9, 6, Kernel::mirror, Damping::exact), "constant:h=0.4",
          several ? "dense square root on the host" : "dense square root on the device", several);
  Scenario s = uneven(6, 5, Kernel::mirror, Damping::exact);
  s.elasticity.dense_limit = 1;
  s.final_time = 2;
  compare(s, "constant:h=0.5", "Lanczos", several);
}

TEST(FaultDevice, HalfSpaceIsCopied) {
  compare(uneven(6, 5, Kernel::half, Damping::symbol), "constant:h=0.4",
          "FFTW on the host (copied there: the half space)", true);
}

TEST(FaultDevice, OneCellNeedsNoFFT) {
  if (ranks() > 1) GTEST_SKIP() << "no rank may be without a cell";
  compare(faultScenario(1, 1), "heuristic", "one cell", false);
}

TEST(FaultDevice, OtherLawsAreThoseOfTheHost) {
  Scenario s = uneven(5, 4, Kernel::mirror, Damping::symbol);
  s.friction = std::make_shared<LinearWeakening>(0.5, 0.1, 0.1, 5.);
  s.far_field_velocity = 1e-3;
  compare(s, "constant:h=0.4", "FFTW", ranks() > 1);
  s.initial_velocity = 1e-3;
  s.friction = std::make_shared<RateAndState>(0.6, 0.015, 0.04, 1e-6, 0.005, s.initial_velocity);
  s.final_time = 2;
  compare(s, "constant:h=0.25", "FFTW", ranks() > 1);
}

// Every operator on grids of all shapes, and -fault_fftw_measure, whose planning writes to the arrays.
TEST(FaultDevice, OperatorsAreThoseOfTheHost) {
  EmulatedDevice device;
  for (const Kernel kernel : {Kernel::full, Kernel::mirror})
    for (const auto &[nx, nz] : {std::pair<PetscInt, PetscInt>{9, 8}, {7, 5}, {12, 2}, {5, 1}, {1, 6}, {2, 3}}) {
      SCOPED_TRACE(std::string(kernelName(kernel)) + " " + std::to_string(nx) + " x " + std::to_string(nz));
      ElasticityParameters p = faultOf(nx, nz, kernel);
      Elasticity host(PETSC_COMM_WORLD, p);
      const OnDevice there;
      if (nx == 7) PetRLThrow(PetscOptionsSetValue(nullptr, "-fault_fftw_measure", "true"));
      Elasticity on_device(PETSC_COMM_WORLD, p);
      PetRLThrow(PetscOptionsClearValue(nullptr, "-fault_fftw_measure"));
      Vec x[2], y[2];
      for (int i = 0; i < 2; ++i) {
        Elasticity &e = i == 0 ? host : on_device;
        x[i] = e.createVector(), y[i] = e.createVector();
      }
      const Numbers numbers = randomNumbers(host.size(), 5);
      const auto compare = [&](const char *name, const std::function<void(Elasticity &, Vec, Vec)> &op) {
        SCOPED_TRACE(name);
        Numbers result[2];
        for (int i = 0; i < 2; ++i) {
          {
            const OpenMemory open;
            PetscScalar *a;
            PetscInt first, end;
            PetRLThrow(VecGetOwnershipRange(x[i], &first, &end));
            PetRLThrow(VecGetArrayWrite(x[i], &a));
            std::copy(numbers.begin() + first, numbers.begin() + end, a);
            PetRLThrow(VecRestoreArrayWrite(x[i], &a));
          }
          op(i == 0 ? host : on_device, x[i], y[i]);
          const OpenMemory open;
          result[i] = numbersOf(y[i]);
        }
        if (result[0].empty()) return;
        EXPECT_LT(difference(result[1], result[0]), 1e-13);
      };
      for (int again = 0; again < 2; ++again) {
        compare("stiffness", [](Elasticity &e, Vec a, Vec b) { e.stiffness(a, b); });
        compare("damping", [](Elasticity &e, Vec a, Vec b) { e.damping(a, b); });
        compare("all", [](Elasticity &e, Vec a, Vec b) { e.apply(3, 1, 0.3, a, b); });
        compare("inverse", [](Elasticity &e, Vec a, Vec b) { e.precondition(3, 1, 0.3, a, b); });
      }
      for (Vec *v : {&x[0], &x[1], &y[0], &y[1]}) PetRLThrow(VecDestroy(v));
    }
}
