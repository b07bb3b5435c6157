// The steps of our solvers, on DMDAs and on DMPlexes of several sizes, on a device and on one core of the host: the same
// answers, the time of each, what is copied between them. One line of CSV a case.
#include <algorithm>
#include <cmath>
#include <memory>

#include "gpu/timing.hpp"
#include "mesh/base_mesh.hpp"
#include "mesh/forest.hpp"
#include "mesh/plex_build.hpp"
#include "support/distributed.hpp"
#include "support/plex_conservation.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

// A TS that has its first state; `step` brings it one further, as often as it is asked.
struct Program {
  virtual ~Program() = default;
  virtual TS ts() const = 0;
  virtual Vec state() const = 0;
  void step() const { PetRLThrow(TSStep(ts())); }
};

struct OnGrid : Program {
  std::unique_ptr<grid2d::DistributedProblem> problem;
  OnGrid(const grid2d::Scheme &scheme, bool prescribed, PetscInt n, VecType type) {
    PetRLThrow(PetscOptionsSetValue(nullptr, "-dm_vec_type", type));
    const std::vector<std::string> fields =
        prescribed ? std::vector<std::string>{"psi"} : std::vector<std::string>{"u", "v"};
    problem = std::make_unique<grid2d::DistributedProblem>(PETSC_COMM_SELF, scheme, fields, prescribed, n,
                                                           0.1 / static_cast<double>(n));
    PetRLThrow(PetscOptionsClearValue(nullptr, "-dm_vec_type"));
    std::vector<double> values;
    const auto points = static_cast<std::size_t>(n * n);
    for (std::size_t i = 0; i < points * fields.size(); ++i) values.push_back(value(i));
    problem->setState(values);
    for (std::size_t i = values.size(); i < 2 * points; ++i) values.push_back(value(i));
    if (prescribed) problem->setVelocity(values);
    PetRLThrow(TSSetMaxSteps(ts(), 1 << 30));
    PetRLThrow(TSSetMaxTime(ts(), PETSC_MAX_REAL));
  }
  static double value(std::size_t i) { return static_cast<double>(i * 7919 % 1013) / 1013 - 0.4; }
  TS ts() const override { return problem->ts(); }
  Vec state() const override { return problem->state(); }
};

struct OnMesh : Program {
  DM dm = nullptr;
  TS own = nullptr;
  Vec u = nullptr;
  // Twice n x n triangles of a square, periodic.
  OnMesh(const conservation::Law &law, conservation::Limiter limiter, PetscInt n, VecType type) {
    conservation::FiniteVolumeSettings settings;
    settings.limiter = limiter;
    const double low[] = {0, 0}, high[] = {1, 1};
    DM clone;
    PetscInt size;
    PetscReal dt;
    const auto squares = static_cast<int>(n);
    dm = createPlex(Forest(BaseMesh::box(squares, squares, low, high, true, true), PETSC_COMM_SELF), false);
    PetRLThrow(DMSetVecType(dm, type));
    PetRLThrow(TSCreate(PETSC_COMM_SELF, &own));
    PetRLThrow(TSSetType(own, TSSSP));
    PetRLThrow(conservation::plexConservation(own, dm, law, {}, settings));
    PetRLThrow(TSGetDM(own, &clone));
    PetRLThrow(DMCreateGlobalVector(clone, &u));
    PetRLThrow(VecGetLocalSize(u, &size));
    {
      const OpenMemory open(u);
      PetscScalar *values;
      PetRLThrow(VecGetArrayWrite(u, &values));
      for (PetscInt i = 0; i < size; ++i) values[i] = OnGrid::value(static_cast<std::size_t>(i));
      PetRLThrow(VecRestoreArrayWrite(u, &values));
    }
    PetRLThrow(TSSetSolution(own, u));
    PetRLThrow(conservation::plexConservationStableStep(own, u, &dt));
    PetRLThrow(TSSetTimeStep(own, 0.3 * dt));
    PetRLThrow(TSSetMaxSteps(own, 1 << 30));
    PetRLThrow(TSSetMaxTime(own, PETSC_MAX_REAL));
    PetRLThrow(TSSetExactFinalTime(own, TS_EXACTFINALTIME_STEPOVER));
    TSAdapt adapt;
    PetRLThrow(TSGetAdapt(own, &adapt));
    PetRLThrow(TSAdaptSetType(adapt, TSADAPTNONE));
  }
  OnMesh(const OnMesh &) = delete;
  OnMesh &operator=(const OnMesh &) = delete;
  ~OnMesh() override {
    (void)VecDestroy(&u);
    (void)TSDestroy(&own);
    (void)DMDestroy(&dm);
  }
  TS ts() const override { return own; }
  Vec state() const override { return u; }
};

struct Case {
  const char *name;
  bool mesh;
  std::function<std::unique_ptr<Program>(PetscInt n, VecType type)> make;
};

grid2d::Scheme schemeOf(const char *advection, double viscosity) {
  grid2d::Scheme s;
  s.advection = advection, s.integrator = "rk4", s.viscosity = viscosity;
  return s;
}

grid2d::Scheme extended() {
  grid2d::Scheme s = schemeOf("upwind5", 1e-4);
  s.diffusion_order = 6, s.modified = 1e-4, s.fine_dt = 1e-5, s.extended = true;
  return s;
}

std::vector<Case> cases() {
  using conservation::Law;
  using conservation::Limiter;
  const auto grid = [](const grid2d::Scheme &s, bool prescribed) {
    return [=](PetscInt n, VecType type) { return std::make_unique<OnGrid>(s, prescribed, n, type); };
  };
  const auto mesh = [](const Law &law, Limiter limiter) {
    return [=](PetscInt n, VecType type) { return std::make_unique<OnMesh>(law, limiter, n, type); };
  };
  return {{"advection, central2, rk4", false, grid(schemeOf("central2", 0), true)},
          {"advection, weno5, rk4", false, grid(schemeOf("weno5", 0), true)},
          {"Burgers, upwind5, rk4", false, grid(schemeOf("upwind5", 1e-4), false)},
          {"Burgers, extended, rk4", false, grid(extended(), false)},
          {"finite volumes, advection, sharp limiter, rks2", true, mesh(Law::advection(1, 0.6), Limiter::sharp)},
          {"finite volumes, viscous Burgers, smooth limiter, rks2", true,
           mesh(Law::burgers(0.8, 0.5, 1e-4), Limiter::smooth)}};
}

// Whether device and host agree after two steps.
bool run(const Case &c, PetscInt n, double seconds) {
  const TestDevice device;
  const bool timed = !TestDevice::emulated();
  double ms[2] = {}, apart = 0, copied[2] = {};
  std::vector<double> after[2];
  for (const bool there : {false, true}) {
    const auto program = c.make(n, there ? TestDevice::vecType() : VECSTANDARD);
    for (int s = 0; s < 2; ++s) program->step();
    after[there] = valuesOf(program->state());
    const std::size_t before[] = {device.toHost(), device.toDevice()};
    for (int s = 0; s < 4; ++s) program->step();
    if (there) copied[0] = static_cast<double>(device.toHost() - before[0]) / 4;
    if (there) copied[1] = static_cast<double>(device.toDevice() - before[1]) / 4;
    if (timed) ms[there] = timeOf([&] { program->step(); }, seconds);
  }
  for (std::size_t i = 0; i < after[0].size(); ++i) {
    const double one = std::abs(after[0][i] - after[1][i]);
    apart = one <= apart ? apart : one;  // NaN stays
  }
  const bool good = apart <= 1e-12;
  std::printf("\"%s\",%" PetscInt_FMT ",%zu,%s,%s,%s,%s,%.0f,%.0f,%s,%s\n", c.name, n, after[0].size(),
              TestDevice::vecType(), number(ms[0]).c_str(), number(ms[1]).c_str(),
              number(ms[1] > 0 ? ms[0] / ms[1] : 0).c_str(), copied[0], copied[1],
              number(std::max(apart, 1e-300), "%.1e").c_str(), good ? "yes" : "NO");
  std::fflush(stdout);
  return good;
}

bool all() {
  PetscInt sizes[2][8] = {{256, 512, 1024, 2048}, {48, 96, 192, 384}}, count[2] = {8, 8};
  PetscReal seconds = 1;
  PetscBool set;
  const char *const names[] = {"-sizes_grid", "-sizes_mesh"};
  for (int i = 0; i < 2; ++i) {
    PetRLThrow(PetscOptionsGetIntArray(nullptr, nullptr, names[i], sizes[i], &count[i], &set));
    if (!set) count[i] = 4;
  }
  PetRLThrow(PetscOptionsGetReal(nullptr, nullptr, "-seconds", &seconds, nullptr));
  std::printf(
      "case,n,values,device,host ms,device ms,times faster,bytes to the host a step,bytes to the device a step,"
      "largest difference,same\n");
  bool good = true;
  for (const Case &c : cases())
    for (int k = 0; k < count[c.mesh]; ++k) good = run(c, sizes[c.mesh][k], seconds) && good;
  return good;
}

}  // namespace

int main(int argc, char **argv) {
  static const char help[] =
      "Times the steps of our solvers on a device and on one core.\n"
      "  -sizes_grid, -sizes_mesh <n,...>  points, or squares of two triangles, along each side\n"
      "  -seconds <s>                      for each measurement, if three take less\n";
  PetscCall(PetscInitialize(&argc, &argv, nullptr, help));
  bool good = false;
  try {
    good = all();
  } catch (const std::exception &e) {
    std::fprintf(stderr, "solver_step: %s\n", e.what());
    return 1;
  }
  PetscCall(PetscFinalize());
  return good ? 0 : 1;
}
