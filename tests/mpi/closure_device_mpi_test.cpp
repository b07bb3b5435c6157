// Closures whose state lives on a device, emulated or not: nothing is touched by the host, and the answers are
// those of the host.
#include <gtest/gtest.h>
#include <petrlclosure.h>
#include <petscdmda.h>

#include <cmath>
#include <csignal>
#include <cstdio>

#include "base/error.hpp"
#include "closure/device_closure.hpp"
#include "support/closures.hpp"
#include "support/fisher.hpp"
#include "support/parity.hpp"
#include "support/policies.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

struct Grid {
  int dimensions;
  DMBoundaryType boundary;
  PetscInt n[3];
  PetscInt dof;
};

DM makeGrid(const Grid &g) {
  DM da;
  const DMBoundaryType b = g.boundary;
  if (g.dimensions == 1) PetRLThrow(DMDACreate1d(PETSC_COMM_WORLD, b, g.n[0], g.dof, 1, nullptr, &da));
  if (g.dimensions == 2)
    PetRLThrow(DMDACreate2d(PETSC_COMM_WORLD, b, b, DMDA_STENCIL_BOX, g.n[0], g.n[1], PETSC_DECIDE, PETSC_DECIDE, g.dof,
                            1, nullptr, nullptr, &da));
  if (g.dimensions == 3)
    PetRLThrow(DMDACreate3d(PETSC_COMM_WORLD, b, b, b, DMDA_STENCIL_BOX, g.n[0], g.n[1], g.n[2], PETSC_DECIDE,
                            PETSC_DECIDE, PETSC_DECIDE, g.dof, 1, nullptr, nullptr, nullptr, &da));
  PetRLThrow(DMSetUp(da));
  PetRLThrow(DMDASetUniformCoordinates(da, 0, 1, 0, 1, 0, 1));
  const char *const names[] = {"q", "u", "v", "w"};
  for (PetscInt c = 0; c < g.dof; ++c) PetRLThrow(DMDASetFieldName(da, c, names[c]));
  return da;
}

// A state that has no symmetry, of a type.
Vec makeState(DM da, VecType type) {
  Vec x;
  PetscScalar *values;
  PetscInt first, last;
  PetRLThrow(DMSetVecType(da, type));
  PetRLThrow(DMCreateGlobalVector(da, &x));
  PetRLThrow(VecGetOwnershipRange(x, &first, &last));
  const OpenMemory open(x);
  PetRLThrow(VecGetArrayWrite(x, &values));
  for (PetscInt i = first; i < last; ++i) values[i - first] = std::sin(1.3 * static_cast<double>(i)) + 0.2;
  PetRLThrow(VecRestoreArrayWrite(x, &values));
  return x;
}

Policy makePolicy(const Grid &g, const std::string &transform, const FcnShape &like, bool local) {
  const std::vector<std::string> all{"q", "u", "v", "w"};
  const std::vector<std::string> names(all.begin(), all.begin() + g.dof);
  FcnShape shape = like;
  const auto dimensions = static_cast<std::size_t>(g.dimensions);
  const std::size_t actions = transform == "flux" ? dimensions * 5 : 2;
  shape.channels.front() = names.size(), shape.channels.back() = actions;
  shape.dimensions = dimensions;
  Policy p = closurePolicy(names, actions, transform, -0.3, 0.5);
  p.network = randomFcn(shape, "tanh", "linear", 7);
  for (std::size_t c = 0; c < names.size(); ++c)
    if (!local) p.observation.offset[c] = 0.1f * static_cast<float>(c), p.observation.scale[c] = 0.7f;
  if (local) p.observation.normalise.assign(names.size(), "local"), p.observation.radius = 1;
  if (transform == "flux") {
    p.action.parameters = {{"components", "q"},
                           {"half_width", "2"},
                           {"floor", "0.01"},
                           {"faces", local ? "mean" : "left"},
                           {"shear", "0.1"}};
    for (std::size_t a = 0; a < dimensions; ++a) p.action.parameters["velocity"] += (a ? " " : "") + all[a + 1];
  }
  return p;
}

using Values = std::vector<double>;  // of this rank

// A file that all ranks read.
std::string writeShared(const Policy &policy) {
  PetscMPIInt rank;
  char name[PETSC_MAX_PATH_LEN] = "";
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank == 0) {
    std::snprintf(name, sizeof name, "%s", temporary("device.h5").c_str());
    writePolicy(name, policy);
  }
  MPI_Bcast(name, sizeof name, MPI_CHAR, 0, PETSC_COMM_WORLD);
  return name;
}

// Three corrections of a state of a type; `field`: that of a Vec with one more field, "v".
Values correct(const Grid &g, const Policy &policy, VecType type, VecType answer = nullptr, VecType field = nullptr) {
  PetRLClosure closure;
  DM da = makeGrid(g), single = nullptr;
  Vec x = makeState(da, type), a = nullptr, v = nullptr;
  const std::string file = writeShared(policy);

  PetRLThrow(PetRLClosureCreate(PETSC_COMM_WORLD, &closure));
  PetRLThrow(PetRLClosureSetDM(closure, da));
  PetRLThrow(PetRLClosureSetPolicy(closure, file.c_str()));
  if (field) {
    PetRLThrow(DMDACreateCompatibleDMDA(da, 1, &single));
    v = makeState(single, field);
    PetRLThrow(PetRLClosureSetField(closure, "v", v, 0));
  }
  if (answer) {
    PetRLThrow(DMSetVecType(da, answer));
    PetRLThrow(DMCreateGlobalVector(da, &a));
  }
  for (int step = 0; step < 3; ++step) {
    if (!a) {
      PetRLThrow(PetRLClosureCorrect(closure, 0.01, x));
      continue;
    }
    PetRLThrow(PetRLClosureApply(closure, x, 0.01, a));
    const Values change = valuesOf(a);  // a sum of two types of Vec is the test's
    PetscScalar *values;
    const OpenMemory open(x);
    PetRLThrow(VecGetArray(x, &values));
    for (std::size_t i = 0; i < change.size(); ++i) values[i] -= change[i];
    PetRLThrow(VecRestoreArray(x, &values));
  }
  const Values run = valuesOf(x);
  PetRLThrow(PetRLClosureDestroy(&closure));
  PetRLThrow(VecDestroy(&a));
  PetRLThrow(VecDestroy(&v));
  PetRLThrow(VecDestroy(&x));
  PetRLThrow(DMDestroy(&single));
  PetRLThrow(DMDestroy(&da));
  return run;
}

constexpr double kAllowed = 1e-5;  // networks are of single precision

const FcnShape kNarrow{{0, 6, 5, 0}, {3, 1, 3}, {1, 1, 2}};

TEST(ClosureOnDevice, AnswersAreThoseOfTheHost) {
  TestDevice device;
  const std::size_t held = device.held();
  const struct {
    const char *transform;
    bool local;
  } kinds[] = {{"additive", true}, {"additive-rate", false}, {"flux", true}, {"flux", false}};
  for (const int dimensions : {1, 2, 3}) {
    for (const DMBoundaryType boundary : {DM_BOUNDARY_PERIODIC, DM_BOUNDARY_NONE}) {
      for (const auto &kind : kinds) {
        const PetscInt n = dimensions == 1 ? 80 : dimensions == 2 ? 29 : 15;
        const Grid g{dimensions, boundary, {n, n + 2, n + 1}, dimensions + 1};
        const std::string what = std::to_string(dimensions) + "D, " + kind.transform + ", " +
                                 (boundary == DM_BOUNDARY_PERIODIC ? "periodic" : "walls");
        SCOPED_TRACE(what);
        const Policy policy = makePolicy(g, kind.transform, kNarrow, kind.local);
        const std::size_t before = device.toHost();
        const Values on_device = correct(g, policy, device.vecType());
        EXPECT_GT(device.toHost(), before);  // what fields reach: it was there
        expectSame("closure, " + what, on_device, correct(g, policy, VECSTANDARD), kAllowed);
      }
    }
  }
  EXPECT_EQ(device.held(), held);
}

// What is between the layers of a wide network fits into no team's memory.
TEST(ClosureOnDevice, WideNetworksTakeAKernelALayer) {
  TestDevice device;
  const Grid g{2, DM_BOUNDARY_PERIODIC, {24, 23, 1}, 2};
  const FcnShape wide{{0, 97, 6, 0}, {3, 3, 1}, {1, 1, 1}};
  for (const bool narrow : {true, false}) {
    const Policy policy = makePolicy(g, "additive", narrow ? kNarrow : wide, false);
    FcnDevice network(policy.network, "test");
    PetRLThrow(network.setUp(device::Space::device, {24, 23, 1}));
    EXPECT_EQ(network.describe(), narrow ? "one kernel, tiles of 32 x 16" : "a kernel a layer");
    expectSame("network, " + network.describe(), correct(g, policy, device.vecType()), correct(g, policy, VECSTANDARD),
               kAllowed);
  }
}

// As a device has it: a tile's points and a plane's parts are shared out among lanes that wait for each other.
TEST(ClosureOnDevice, TeamsOfSeveralLanes) {
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  if (size > 1) GTEST_SKIP() << "threads that wait for each other take their time";
  TestDevice device;
  device.setLanes(4);
  const Grid g{2, DM_BOUNDARY_NONE, {29, 31, 1}, 3};
  const Policy policy = makePolicy(g, "flux", kNarrow, true);
  expectSame("closure, 2D, lanes", correct(g, policy, device.vecType()), correct(g, policy, VECSTANDARD), kAllowed);
}

// A host Vec for the correction, and the reverse: what must be copied is, nothing else.
TEST(ClosureOnDevice, MixedMemory) {
  TestDevice device;
  const Grid g{2, DM_BOUNDARY_PERIODIC, {32, 31, 1}, 2};
  const Policy policy = makePolicy(g, "additive", kNarrow, false);
  const Values host = correct(g, policy, VECSTANDARD);
  expectSame("closure, answer on the host", correct(g, policy, device.vecType(), VECSTANDARD), host, kAllowed);
  expectSame("closure, answer on the device", correct(g, policy, VECSTANDARD, device.vecType()), host, kAllowed);
}

// A field that the policy observes beside the state, on the host and the state on the device, and the reverse.
TEST(ClosureOnDevice, MixedMemoryOfFields) {
  TestDevice device;
  const Grid g{2, DM_BOUNDARY_NONE, {32, 31, 1}, 2};
  Grid observed = g;
  observed.dof = 3;
  const Policy policy = makePolicy(observed, "additive", kNarrow, true);
  const Values host = correct(g, policy, VECSTANDARD, nullptr, VECSTANDARD);
  for (VecType state : {static_cast<VecType>(VECSTANDARD), device.vecType()})
    for (VecType field : {static_cast<VecType>(VECSTANDARD), device.vecType()})
      expectSame(std::string("closure, state ") + state + ", field " + field, correct(g, policy, state, nullptr, field),
                 host, kAllowed);
}

// One step needs what fields reach and whether all is finite on the host: numbers that do not grow with the grid.
TEST(ClosureOnDevice, NothingIsCopiedThatGrowsWithTheGrid) {
  TestDevice device;
  std::size_t to_host[2], to_device[2];
  for (const int i : {0, 1}) {
    const Grid g{2, DM_BOUNDARY_PERIODIC, {32 << i, 32 << i, 1}, 2};
    const Policy policy = makePolicy(g, "additive", kNarrow, false);
    const std::size_t before[] = {device.toHost(), device.toDevice()};
    correct(g, policy, device.vecType());
    to_host[i] = device.toHost() - before[0];
    to_device[i] = device.toDevice() - before[1];
  }
  EXPECT_EQ(to_host[0], to_host[1]);
  EXPECT_EQ(to_host[0], 3 * 4 * 3 * sizeof(double));  // steps x (two fields, two changes) x (low, high, sum)
  EXPECT_TRUE(!device.emulated() || to_device[0] == to_device[1]);  // the network's weights; PETSc may set up its Vecs
}

// A program that integrates with a TS, the closure before each step or as a forcing, or that is told to by options.
Values integrate(VecType type, const char *file, const char *how) {
  DM da;
  TS ts;
  Vec u;
  PetRLClosure closure = nullptr;
  fisherState(type, &da, &u);
  PetRLThrow(DMDASetUniformCoordinates(da, 0, 1, 0, 1, 0, 1));
  PetRLThrow(DMDASetFieldName(da, 0, "q"));
  PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
  PetRLThrow(TSSetDM(ts, da));
  PetRLThrow(TSSetRHSFunction(ts, nullptr, FisherRightHandSide, nullptr));
  PetRLThrow(TSSetTimeStep(ts, 2e-3));
  PetRLThrow(TSSetMaxTime(ts, 0.04));
  PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  if (std::string(how) == "type") {
    PetRLThrow(PetscOptionsSetValue(nullptr, "-ts_type", TSCLOSURE));
    PetRLThrow(PetscOptionsSetValue(nullptr, "-closure_policy", file));
    PetRLThrow(TSSetFromOptions(ts));
    for (const char *name : {"-ts_type", "-closure_policy"}) PetRLThrow(PetscOptionsClearValue(nullptr, name));
  } else {
    PetRLThrow(TSSetType(ts, TSEULER));
    PetRLThrow(PetRLClosureCreate(PETSC_COMM_WORLD, &closure));
    PetRLThrow(PetRLClosureSetDM(closure, da));
    PetRLThrow(PetRLClosureSetPolicy(closure, file));
    PetRLThrow(PetRLClosureAttachTS(closure, ts,
                                    std::string(how) == "forcing" ? PETRL_CLOSURE_FORCING : PETRL_CLOSURE_BEFORE_STEP));
  }
  PetRLThrow(TSSolve(ts, u));
  const Values end = valuesOf(u);
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(PetRLClosureDestroy(&closure));
  PetRLThrow(VecDestroy(&u));
  PetRLThrow(DMDestroy(&da));
  return end;
}

TEST(ClosureOnDevice, WholeProgramsStayThere) {
  TestDevice device;
  const Grid g{1, DM_BOUNDARY_PERIODIC, {64, 1, 1}, 1};
  Policy policy = makePolicy(g, "additive-rate", kNarrow, false);
  policy.action.low.assign(1, -3), policy.action.high.assign(1, 5);
  FcnShape shape = kNarrow;
  shape.channels.front() = shape.channels.back() = 1;
  shape.dimensions = 1;
  policy.network = randomFcn(shape, "tanh", "linear", 3);
  const std::string file = writeShared(policy);
  for (const char *how : {"before", "forcing", "type"}) {
    SCOPED_TRACE(how);
    const std::size_t before = device.toHost();
    const Values on_device = integrate(device.vecType(), file.c_str(), how);
    EXPECT_LT(device.toHost() - before, 2000u);
    EXPECT_GT(device.toHost(), before);
    expectSame(std::string("program, closure ") + how, on_device, integrate(VECSTANDARD, file.c_str(), how), kAllowed);
  }
}

// The emulation would notice: an access of the host's.
TEST(ClosureOnDevice, AHostAccessIsCaught) {
  TestDevice device;
  if (!device.emulated()) GTEST_SKIP() << "there PETSc copies";
  Vec v;
  const PetscScalar *values;
  PetscMemType type;
  PetRLThrow(VecCreate(PETSC_COMM_SELF, &v));
  PetRLThrow(VecSetSizes(v, 10, PETSC_DECIDE));
  PetRLThrow(VecSetType(v, device.vecType()));
  PetRLThrow(VecSet(v, 2));
  PetRLThrow(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
  EXPECT_NE(VecGetArrayRead(v, &values), 0);
  PetRLThrow(PetscPopErrorHandler());
  PetRLThrow(VecGetArrayReadAndMemType(v, &values, &type));
  EXPECT_TRUE(PetscMemTypeDevice(type));
  EXPECT_EXIT(
      {
        signal(SIGSEGV, SIG_DFL);
        std::printf("%g", static_cast<double>(PetscRealPart(values[3])));
      },
      ::testing::KilledBySignal(SIGSEGV), "");
  PetRLThrow(VecRestoreArrayReadAndMemType(v, &values));
  PetRLThrow(VecDestroy(&v));
}

}  // namespace
