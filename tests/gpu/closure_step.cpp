// The step of a closure on DMDAs of several sizes, on a device and on one core of the host: the same answers, the time of
// each, what is copied between them, and what a device's memory and arithmetic would allow. One line of CSV a case.
#include <petrlclosure.h>
#include <petscdmda.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/error.hpp"
#include "gpu/count.hpp"
#include "gpu/timing.hpp"
#include "policy/native/fcn_device.hpp"
#include "support/closures.hpp"
#include "support/test_device.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

struct Case {
  const char *name;
  std::size_t dimensions;
  const char *transform;
  FcnShape shape;
  int half_width;
};

// The second and the third are as policies that ship: advection-closure-ppo-flux,
// burgers-closure-ppo.
const Case kCases[] = {
    {"2D flux, small network", 2, "flux", {{3, 6, 14}, {3, 1}, {1, 1}}, 3},
    {"2D flux", 2, "flux", {{3, 16, 16, 10}, {3, 3, 3}, {1, 1, 1}}, 2},
    {"2D additive-rate", 2, "additive-rate", {{2, 16, 16, 2}, {3, 3, 3}, {1, 1, 1}}, 0},
    {"3D flux", 3, "flux", {{4, 8, 8, 15}, {3, 3, 1}, {1, 1, 1}}, 2},
    {"3D additive-rate", 3, "additive-rate", {{3, 8, 8, 3}, {3, 3, 1}, {1, 1, 1}}, 0},
};

Policy policyOf(const Case &c) {
  static const std::vector<std::string> all{"q", "u", "v", "w"};
  const std::size_t fields = c.shape.channels.front();
  const bool fluxes = std::string(c.transform) == "flux";
  const std::vector<std::string> names(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(fields));
  Policy p = closurePolicy(names, c.shape.channels.back(), c.transform, -1e-3, 1e-3);
  FcnShape shape = c.shape;
  shape.dimensions = c.dimensions;
  p.network = randomFcn(shape, "relu", "linear", 1);
  if (fluxes) {
    p.action.parameters = {{"components", "q"}, {"half_width", std::to_string(c.half_width)}};
    for (std::size_t a = 0; a < c.dimensions; ++a) p.action.parameters["velocity"] += (a ? " " : "") + all[a + 1];
  }
  return p;
}

// What a step is timed on: a state of a type, and its closure.
struct Program {
  DM da = nullptr;
  Vec x = nullptr;
  PetRLClosure closure = nullptr;

  Program(const Case &c, PetscInt n, VecType type, const std::string &file) {
    const auto dof = static_cast<PetscInt>(c.shape.channels.front());
    const DMBoundaryType b = DM_BOUNDARY_PERIODIC;
    const char *const names[] = {"q", "u", "v", "w"};
    PetscScalar *values;
    PetscInt size;
    if (c.dimensions == 2)
      PetRLThrow(DMDACreate2d(PETSC_COMM_SELF, b, b, DMDA_STENCIL_BOX, n, n, 1, 1, dof, 1, nullptr, nullptr, &da));
    else
      PetRLThrow(DMDACreate3d(PETSC_COMM_SELF, b, b, b, DMDA_STENCIL_BOX, n, n, n, 1, 1, 1, dof, 1, nullptr, nullptr,
                              nullptr, &da));
    PetRLThrow(DMSetVecType(da, type));
    PetRLThrow(DMSetUp(da));
    for (PetscInt d = 0; d < dof; ++d) PetRLThrow(DMDASetFieldName(da, d, names[d]));
    PetRLThrow(DMCreateGlobalVector(da, &x));
    PetRLThrow(VecGetLocalSize(x, &size));
    {
      const OpenMemory open(x);
      PetRLThrow(VecGetArrayWrite(x, &values));
      for (PetscInt i = 0; i < size; ++i) values[i] = static_cast<double>(i * 7919 % 1013) / 1013 - 0.4;
      PetRLThrow(VecRestoreArrayWrite(x, &values));
    }
    const PetscReal h[] = {1, 1, 1};
    PetRLThrow(PetRLClosureCreate(PETSC_COMM_SELF, &closure));
    PetRLThrow(PetRLClosureSetDM(closure, da));
    PetRLThrow(PetRLClosureSetPolicy(closure, file.c_str()));
    PetRLThrow(PetRLClosureSetGridSpacing(closure, static_cast<PetscInt>(c.dimensions), h));
  }
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;
  ~Program() {
    (void)PetRLClosureDestroy(&closure);
    (void)VecDestroy(&x);
    (void)DMDestroy(&da);
  }
  void step() const { PetRLThrow(PetRLClosureCorrect(closure, 0.1, x)); }
};

// Gigabytes a second of a copy within the device: what its memory reaches at best here.
double bandwidth(VecType type, double seconds) {
  Vec x, y;
  constexpr PetscInt n = 1 << 26;
  PetRLThrow(VecCreate(PETSC_COMM_SELF, &x));
  PetRLThrow(VecSetSizes(x, n, n));
  PetRLThrow(VecSetType(x, type));
  PetRLThrow(VecSet(x, 1));
  PetRLThrow(VecDuplicate(x, &y));
  PetRLThrow(VecCopy(x, y));
  const double ms = timeOf([&] { PetRLThrow(VecCopy(x, y)); }, seconds);
  PetRLThrow(VecDestroy(&y));
  PetRLThrow(VecDestroy(&x));
  return 2. * 8 * n / ms * 1e-6;
}

// Of the network by itself.
double timeOfNetwork(const Case &c, int n, const Policy &policy, double seconds) {
  FcnDevice network(policy.network, "random");
  const int beyond = std::string(c.transform) == "flux" ? 1 : 0, dimensions = static_cast<int>(c.dimensions);
  const GridSize own{n, n, c.dimensions == 3 ? n : 1}, wanted = own.grown(around(dimensions, beyond));
  device::Array<float> in, out;
  const std::size_t inputs = wanted.grown(around(dimensions, network.reach())).points() * c.shape.channels.front();
  PetRLThrow(network.setUp(device::Space::device, wanted));
  PetRLThrow(in.resize(device::Space::device, inputs));
  PetRLThrow(in.set(std::vector<float>(inputs, 0.1f).data()));
  PetRLThrow(out.resize(device::Space::device, wanted.points() * c.shape.channels.back()));
  PetRLThrow(network.evaluate(in.data(), out.data()));
  return timeOf([&] { PetRLThrow(network.evaluate(in.data(), out.data())); }, seconds);
}

Count countOf(const Case &c, const Policy &policy) {
  const bool fluxes = std::string(c.transform) == "flux";
  FcnDevice network(policy.network, "random");
  PetRLThrow(network.setUp(device::Space::host, {64, 64, c.dimensions == 3 ? 64 : 1}));
  return countStep(readConvolutions(policy.network, "random"), static_cast<int>(c.shape.channels.front()),
                   fluxes ? 1 : static_cast<int>(c.shape.channels.back()), fluxes, network.tile());
}

struct Options {
  std::vector<PetscInt> sizes[2];
  bool device = true, host = true;
  double seconds = 3;
  std::string scratch = ".";
};

// Whether device and host agree.
bool run(const Case &c, PetscInt n, const Options &o, double copy_speed) {
  const Policy policy = policyOf(c);
  const std::string file = o.scratch + "/closure_step-" + std::to_string(getpid()) + ".h5";
  const TestDevice device;
  const bool timed = !device.emulated();
  const auto points =
      static_cast<double>(n) * static_cast<double>(n) * (c.dimensions == 3 ? static_cast<double>(n) : 1);
  double host_ms = 0, device_ms = 0, network_ms = 0, to_host = 0, to_device = 0, apart = -1;
  std::vector<double> after[2];
  writePolicy(file, policy);
  if (o.host) {
    const Program program(c, n, VECSTANDARD, file);
    for (int s = 0; s < 2; ++s) program.step();
    after[0] = valuesOf(program.x);
    if (timed || !o.device) host_ms = timeOf([&] { program.step(); }, o.seconds);
  }
  if (o.device) {
    const Program program(c, n, TestDevice::vecType(), file);
    for (int s = 0; s < 2; ++s) program.step();
    after[1] = valuesOf(program.x);
    const std::size_t before[] = {device.toHost(), device.toDevice()};
    for (int s = 0; s < 4; ++s) program.step();
    to_host = static_cast<double>(device.toHost() - before[0]) / 4;
    to_device = static_cast<double>(device.toDevice() - before[1]) / 4;
    if (timed) device_ms = timeOf([&] { program.step(); }, o.seconds);
  }
  if (o.device && timed) network_ms = timeOfNetwork(c, static_cast<int>(n), policy, o.seconds);
  for (std::size_t i = 0; o.host && o.device && i < after[0].size(); ++i) {
    const double one = std::abs(after[0][i] - after[1][i]);
    apart = one <= apart ? apart : one;  // NaN stays
  }
  std::remove(file.c_str());
  const Count count = countOf(c, policy);
  const bool good = apart <= 1e-6 || !o.device || !o.host;
  std::printf(
      "\"%s\",%" PetscInt_FMT ",%.0f,%s,%s,%s,%s,%s,%s,%s,%s,%.0f,%.0f,%s,%s\n", c.name, n, points,
      o.device ? TestDevice::vecType() : "host", number(count.multiply_adds, "%.0f").c_str(),
      number(count.must_bytes, "%.0f").c_str(), number(host_ms).c_str(), number(device_ms).c_str(),
      number(network_ms).c_str(), number(device_ms > 0 ? host_ms / device_ms : 0).c_str(),
      number(device_ms > 0 && copy_speed > 0 ? count.must_bytes * points / device_ms * 1e-6 / copy_speed : 0).c_str(),
      to_host, to_device, apart < 0 ? "" : number(std::max(apart, 1e-300), "%.1e").c_str(),
      apart < 0 ? ""
      : good    ? "yes"
                : "NO");
  std::fflush(stdout);
  return good;
}

// What a card with these could reach: gigabytes and 10^12 operations (single precision) a second. A multiprocessor of
// compute capability 9.0 has 227 KiB for teams of 256 threads, 8 at most.
void allowed(double gigabytes, double teraflops) {
  std::printf(
      "case,points,multiply-adds a point,of tiles over that,bytes a point at least,bytes a point by the kernels,at "
      "least ms,"
      "3 x ms,kernels' bytes ms,arithmetic ms,KiB of a tile,teams that fit\n");
  for (const Case &c : kCases) {
    const Policy policy = policyOf(c);
    const Count count = countOf(c, policy);
    const double points = 4096. * 4096, bytes = points / (gigabytes * 1e6);
    std::printf("\"%s\",%.0f,%.0f,%.2f,%.0f,%.0f,%.3f,%.3f,%.3f,%.3f,%.1f,%d\n", c.name, points, count.multiply_adds,
                count.halo, count.must_bytes, count.moved_bytes, count.must_bytes * bytes, 3 * count.must_bytes * bytes,
                count.moved_bytes * bytes, 2 * count.halo * count.multiply_adds * points / (teraflops * 1e9),
                count.scratch / 1024, std::min(8, static_cast<int>(227 * 1024 / (count.scratch + 1024))));
  }
}

bool all() {
  PetscBool set = PETSC_FALSE, host = PETSC_FALSE;
  PetscReal card[2] = {4800, 60};
  char scratch[PETSC_MAX_PATH_LEN] = ".";
  PetscInt two = 2, sizes[2][8] = {{512, 1024, 2048, 4096}, {64, 128, 192, 256}}, count[2] = {8, 8};
  Options o;
  PetRLThrow(PetscOptionsGetRealArray(nullptr, nullptr, "-count", card, &two, &set));
  if (set) {
    allowed(card[0], card[1]);
    return true;
  }
  PetRLThrow(PetscOptionsHasName(nullptr, nullptr, "-host", &host));
  o.device = !host;
  PetRLThrow(PetscOptionsGetString(nullptr, nullptr, "-scratch", scratch, sizeof scratch, nullptr));
  o.scratch = scratch;
  PetRLThrow(PetscOptionsGetReal(nullptr, nullptr, "-seconds", &o.seconds, nullptr));
  const char *const names[] = {"-sizes_2d", "-sizes_3d"};
  for (int i = 0; i < 2; ++i) {
    PetRLThrow(PetscOptionsGetIntArray(nullptr, nullptr, names[i], sizes[i], &count[i], &set));
    o.sizes[i].assign(sizes[i], sizes[i] + (set ? count[i] : 4));
  }
  double copy_speed = 0;
  if (o.device && !TestDevice::emulated()) copy_speed = bandwidth(TestDevice::vecType(), o.seconds);
  std::printf("# a copy within the device's memory: %s GB/s\n",
              copy_speed > 0 ? number(copy_speed).c_str() : "not measured");
  std::printf(
      "case,n,points,device,multiply-adds a point,bytes a point at least,host ms,device ms,network alone ms,"
      "times faster,share of a copy's bandwidth,bytes to the host a step,bytes to the device a step,"
      "largest difference,same\n");
  bool good = true;
  for (const Case &c : kCases)
    for (const PetscInt n : o.sizes[c.dimensions - 2]) good = run(c, n, o, copy_speed) && good;
  return good;
}

}  // namespace

int main(int argc, char **argv) {
  static const char help[] =
      "Times the step of a closure on a device and on one core.\n"
      "  -sizes_2d, -sizes_3d <n,...>  points along each side\n"
      "  -seconds <s>                  for each measurement, if three take less\n"
      "  -host                         the host alone\n"
      "  -scratch <folder>             for a file of a moment (here)\n"
      "  -count <GB/s,TFLOP/s>         count what a step must do, and how long such a card needs for it at least\n";
  PetscCall(PetscInitialize(&argc, &argv, nullptr, help));
  bool good = false;
  try {
    good = all();
  } catch (const std::exception &e) {
    std::fprintf(stderr, "closure_step: %s\n", e.what());
    return 1;
  }
  PetscCall(PetscFinalize());
  return good ? 0 : 1;
}
