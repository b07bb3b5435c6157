// Advection and Burgers' equation on a DMDA whose state lives on a device, emulated or not: the host touches nothing while
// they step, nothing is copied, and the values are those of the host.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "problems/burgers/burgers.hpp"
#include "problems/grid2d/random.hpp"
#include "support/distributed.hpp"
#include "support/parity.hpp"

using namespace petrl;
using namespace petrl::grid2d;
using namespace petrl::test;

namespace {

constexpr double kAllowed = 1e-12;

// Problems that are made meanwhile have their Vecs there.
class VecsOf {
 public:
  explicit VecsOf(VecType type) { PetRLThrow(PetscOptionsSetValue(nullptr, "-dm_vec_type", type)); }
  VecsOf(const VecsOf &) = delete;
  VecsOf &operator=(const VecsOf &) = delete;
  ~VecsOf() { (void)PetscOptionsClearValue(nullptr, "-dm_vec_type"); }
};

// Both at random: no symmetry hides anything.
struct Start {
  PetscInt n = 30;
  std::vector<double> state, velocity;
  Start(std::size_t components, bool prescribed) {
    grid2d::Random random(1);
    for (std::size_t i = 0; i < components * 900; ++i) state.push_back(random.uniform(-1, 1));
    for (int i = 0; prescribed && i < 1800; ++i) velocity.push_back(random.uniform(-1, 1));
  }
};

/// Three steps, of which the last two copy nothing.
std::vector<double> run(const TestDevice &device, const Scheme &scheme, const std::vector<std::string> &fields,
                        bool prescribed, VecType type) {
  const VecsOf vecs(type);
  const Start start(fields.size(), prescribed);
  DistributedProblem problem(PETSC_COMM_WORLD, scheme, fields, prescribed, start.n, 0.002);
  problem.setState(start.state);
  if (prescribed) problem.setVelocity(start.velocity);
  problem.solve(1);
  const std::size_t before = device.toHost() + device.toDevice();
  const long kernels = device.kernels();
  problem.solve(2);
  EXPECT_EQ(device.toHost() + device.toDevice(), before);
  const bool there = type == device.vecType() && TestDevice::emulated();
  EXPECT_EQ(device.kernels() - kernels, there ? scheme.integrator == "rk4" ? 8 : 2 : 0);
  return valuesOf(problem.state());
}

void compare(const TestDevice &device, const Scheme &scheme, const std::vector<std::string> &fields, bool prescribed,
             const std::string &what) {
  SCOPED_TRACE(what);
  expectSame(what, run(device, scheme, fields, prescribed, device.vecType()),
             run(device, scheme, fields, prescribed, VECSTANDARD), kAllowed);
}

std::vector<Scheme> schemes(double viscosity) {
  std::vector<Scheme> all;
  for (const auto &name : advectionSchemes()) {
    Scheme s;
    s.advection = name, s.viscosity = viscosity, s.integrator = "rk4";
    all.push_back(s);
  }
  Scheme s;
  s.advection = "upwind1", s.transported = true, s.viscosity = viscosity;
  all.push_back(s);
  return all;
}

std::string nameOf(const Scheme &s) {
  return s.advection + (s.transported ? " (transported)" : "") + (s.viscosity > 0 ? ", viscous" : "");
}

TEST(TransportOnDevice, AdvectionIsThatOfTheHost) {
  const TestDevice device;
  for (const double viscosity : {0., 1e-3}) {
    for (const Scheme &s : schemes(viscosity)) {
      compare(device, s, {"psi"}, true, "advection, " + nameOf(s));
      if (s.advection == "weno5")
        compare(device, s, {"psi", "chi", "phi"}, true, "advection, three fields, " + nameOf(s));
    }
  }
}

TEST(TransportOnDevice, BurgersIsThatOfTheHost) {
  const TestDevice device;
  for (const double viscosity : {0., 1e-3})
    for (const Scheme &s : schemes(viscosity)) compare(device, s, {"u", "v"}, false, "Burgers, " + nameOf(s));
  const burgers::BurgersModel model;
  Scheme s;
  s.advection = "upwind5", s.integrator = "rk4", s.viscosity = burgers::kViscosity;
  s.diffusion_order = 6, s.modified = model.fineSpacing(), s.fine_dt = model.fineTimeStep();
  s.extended = true, s.dissipation = 0.3;
  compare(device, s, {"u", "v"}, false, "Burgers, extended");
}

// Its auxiliary Vec is on the host: it is brought there, and nothing else.
TEST(TransportOnDevice, VelocityElsewhere) {
  const TestDevice device;
  const Start start(1, true);
  std::vector<double> values[2];
  for (const bool there : {false, true}) {
    const VecsOf vecs(there ? device.vecType() : VECSTANDARD);
    DistributedProblem problem(PETSC_COMM_WORLD, {}, {"psi"}, true, start.n, 0.002);
    DM velocities;
    Vec w;
    PetRLThrow(VecGetDM(problem.velocity(), &velocities));
    PetRLThrow(DMClearGlobalVectors(velocities));
    PetRLThrow(DMSetVecType(velocities, VECSTANDARD));
    PetRLThrow(DMCreateGlobalVector(velocities, &w));
    problem.setVelocity(start.velocity);
    PetRLThrow(VecSet(w, 0.3));
    PetRLThrow(DMSetAuxiliaryVec(problem.dm(), nullptr, 0, 0, w));
    problem.setState(start.state);
    problem.solve(1);
    const std::size_t before = device.toDevice();
    PetscInt size;
    PetRLThrow(VecGetLocalSize(w, &size));
    problem.solve(1);
    EXPECT_EQ(device.toDevice() - before, there ? static_cast<std::size_t>(size) * sizeof(double) : 0);
    values[there ? 1 : 0] = valuesOf(problem.state());
    PetRLThrow(VecDestroy(&w));
  }
  expectSame("advection, velocity on the host", values[1], values[0], kAllowed);
}

}  // namespace
