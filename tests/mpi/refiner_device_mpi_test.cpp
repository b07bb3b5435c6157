// Refiners whose solution lives on a device, here one that is emulated: the host touches nothing while they decide, and
// decisions and solutions are those of the host.
#include <petrlrefiner.h>
#include <petscdmplex.h>
#include <petscts.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "policy/native/graph_device.hpp"
#include "support/parity.hpp"
#include "support/refiners.hpp"

using namespace petrl;
using namespace petrl::test;

namespace {

constexpr int kWidth = 2;

double field(const double *x, int dim, int component, double time) {
  const double y = dim > 1 ? x[1] : 0.3;
  return component == 0 ? std::tanh(30 * (x[0] + 0.3 * y - 0.5 - time)) : std::sin(3 * x[0]) * std::cos(2 * y);
}

/// Both components at a time, wherever unknowns are, of the DM's type of Vec.
Vec makeState(DM dm, bool vertices, double time) {
  Vec u;
  PetscSection section;
  PetscInt first, start, end, offset;
  std::vector<PetscInt> points;
  const CellMesh m = cellMeshFromPlex(dm, &points);
  PetRLThrow(DMCreateGlobalVector(dm, &u));
  PetRLThrow(DMGetGlobalSection(dm, &section));
  PetRLThrow(VecGetOwnershipRange(u, &first, nullptr));
  PetRLThrow(DMPlexGetDepthStratum(dm, 0, &start, &end));
  const OpenMemory open;
  PetscScalar *a;
  PetRLThrow(VecGetArray(u, &a));
  const auto put = [&](PetscInt point, const double *x) {
    PetRLThrow(PetscSectionGetOffset(section, point, &offset));
    for (int k = 0; k < kWidth && offset >= 0; ++k) a[offset - first + k] = field(x, m.dim, k, time);
  };
  for (int c = 0; c < m.cells; ++c) {
    if (!vertices) put(points[c], &m.centre[c * m.dim]);
    for (int k = c * m.slots(); vertices && k < (c + 1) * m.slots(); ++k)
      put(start + m.vertex[k], &m.corner[k * m.dim]);
  }
  PetRLThrow(VecRestoreArray(u, &a));
  return u;
}

struct Outcome {
  std::vector<PetscInt> marks;  // of each cell of this rank, of all decisions
  std::vector<double> values;   // that were transferred
  std::size_t to_host = 0;      // of the last decision
  PetscInt cells = 0;
  long kernels = 0;
};

/// A front moves; five decisions, and meshes made after them.
Outcome follow(const BaseMesh &base, bool vertices, VecType type) {
  EmulatedDevice device;
  Outcome result;
  PetRLRefiner refiner = refinerOf(base, PETSC_COMM_WORLD);
  DM dm;
  PetRLThrow(PetRLRefinerSetPolicy(refiner, "refiner.h5"));
  PetRLThrow(PetRLRefinerSetMaxLevel(refiner, 2));
  PetRLThrow(PetRLRefinerSetTradeoff(refiner, 0.5));
  PetRLThrow(PetRLRefinerSetInterval(refiner, 10));
  PetRLThrow(PetRLRefinerSetSkip(refiner, PETSC_FALSE));
  PetRLThrow(PetRLRefinerSetUp(refiner));
  PetRLThrow(PetRLRefinerGetDM(refiner, &dm));
  setSection(dm, vertices ? 0 : base.dim, kWidth);
  PetRLThrow(DMSetVecType(dm, type));
  for (int round = 0; round < 5; ++round) {
    DMLabel label;
    DM next;
    Vec u = makeState(dm, vertices, 0.05 * round), rate = makeState(dm, vertices, 0.05 * round + 1e-3), v;
    PetRLThrow(VecAXPY(rate, -1, u));
    PetRLThrow(VecScale(rate, 1e3));
    const std::size_t before = device.toHost();
    PetRLThrow(PetRLRefinerDecide(refiner, u, rate, 0.05, &label));
    result.to_host = device.toHost() - before;
    std::vector<PetscInt> points;
    const CellMesh m = cellMeshFromPlex(dm, &points);
    result.cells = m.owned;
    for (int c = 0; c < m.owned; ++c) {
      PetscInt value = DM_ADAPT_KEEP;
      if (label) PetRLThrow(DMLabelGetValue(label, points[c], &value));
      result.marks.push_back(value);
    }
    PetRLThrow(PetRLRefinerAdapt(refiner, label, &next));
    if (next) {
      PetRLThrow(PetRLRefinerTransfer(refiner, u, &v));
      const std::vector<double> some = valuesOf(v);
      result.values.insert(result.values.end(), some.begin(), some.end());
      PetRLThrow(VecDestroy(&v));
      PetRLThrow(PetRLRefinerGetDM(refiner, &dm));
    }
    PetRLThrow(DMDestroy(&next));
    PetRLThrow(DMLabelDestroy(&label));
    PetRLThrow(VecDestroy(&rate));
    PetRLThrow(VecDestroy(&u));
  }
  result.kernels = device.kernels();
  PetRLThrow(PetRLRefinerDestroy(&refiner));
  return result;
}

void expectSame(const BaseMesh &base, bool vertices) {
  const Outcome host = follow(base, vertices, VECSTANDARD), there = follow(base, vertices, kEmulated);
  EXPECT_EQ(host.kernels, 0);
  EXPECT_GT(there.kernels, 0);
  const double marked = static_cast<double>(host.marks.size()) -
                        static_cast<double>(std::count(host.marks.begin(), host.marks.end(), DM_ADAPT_KEEP));
  EXPECT_GT(total(PETSC_COMM_WORLD, marked), 20);
  ASSERT_EQ(host.marks, there.marks);
  EXPECT_EQ(host.values, there.values);
  // The fifth decision: what is predicted, two floats a cell, and what two fields and their rates reach.
  EXPECT_EQ(there.to_host, 2 * sizeof(float) * there.cells + (there.cells > 0 ? 2 * kWidth * 3 * sizeof(double) : 0));
}

TEST(RefinerDevice, DecidesAsOnTheHostWithUnknownsInCells) {
  expectSame(BaseMesh::box(12, 6, kLow, kHigh, false, false), false);
  expectSame(BaseMesh::interval(40, 0, 2, false), false);
}

TEST(RefinerDevice, DecidesAsOnTheHostWithUnknownsAtVertices) {
  expectSame(BaseMesh::box(12, 6, kLow, kHigh, false, false), true);
}

// --- a program that has nothing but operations on Vecs ---
PetscErrorCode Decay(TS, PetscReal, Vec u, Vec f, void *) {
  PetscFunctionBeginUser;
  PetscCall(VecCopy(u, f));
  PetscCall(VecScale(f, -1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

struct Solved {
  PetscInt steps = 0, cells = 0;
  std::vector<double> values;
};

Solved integrate(VecType type) {
  const EmulatedDevice device;
  Solved run;
  PetRLRefiner refiner = refinerOf(BaseMesh::box(12, 6, kLow, kHigh, false, false), PETSC_COMM_WORLD);
  TS ts;
  DM dm;
  PetRLThrow(PetRLRefinerSetPolicy(refiner, "refiner.h5"));
  PetRLThrow(PetRLRefinerSetMaxLevel(refiner, 2));
  PetRLThrow(PetRLRefinerSetInterval(refiner, 3));
  PetRLThrow(PetRLRefinerSetUp(refiner));
  PetRLThrow(PetRLRefinerGetDM(refiner, &dm));
  setSection(dm, 2, kWidth);
  PetRLThrow(DMSetVecType(dm, type));
  Vec u = makeState(dm, false, 0);
  PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
  PetRLThrow(TSSetDM(ts, dm));
  PetRLThrow(TSSetRHSFunction(ts, nullptr, Decay, nullptr));
  PetRLThrow(TSSetType(ts, TSRK));
  PetRLThrow(TSSetTimeStep(ts, 0.02));
  PetRLThrow(TSSetMaxTime(ts, 0.3));
  PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetRLThrow(PetRLRefinerAttachTS(refiner, ts));
  PetRLThrow(TSSetFromOptions(ts));
  PetRLThrow(TSSetSolution(ts, u));
  PetRLThrow(VecDestroy(&u));
  PetRLThrow(TSSolve(ts, nullptr));
  PetRLThrow(TSGetSolution(ts, &u));
  PetRLThrow(TSGetStepNumber(ts, &run.steps));
  PetRLThrow(VecGetSize(u, &run.cells));
  run.values = valuesOf(u);
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(PetRLRefinerDestroy(&refiner));
  return run;
}

TEST(RefinerDevice, ProgramRunsAsOnTheHost) {
  const Solved host = integrate(VECSTANDARD), there = integrate(kEmulated);
  EXPECT_EQ(host.steps, there.steps);
  EXPECT_NE(host.cells, 12 * 6 * 2 * kWidth);  // the mesh has changed
  ASSERT_EQ(host.cells, there.cells);
  ASSERT_EQ(host.values.size(), there.values.size());
  for (std::size_t i = 0; i < host.values.size(); ++i) EXPECT_NEAR(host.values[i], there.values[i], 1e-13);
}

// --- the network alone, wider than any that ships ---
TEST(RefinerDevice, NetworkOfAnyWidth) {
  for (const int hidden : {5, 32, 200}) {
    EmulatedDevice device;
    GraphNetwork network({3, 2, hidden, 2, 2, false});
    unsigned state = 1;
    const auto uniform = [&] { return static_cast<double>((state = state * 1664525u + 1013904223u) >> 8) / (1 << 24); };
    network.initialise(uniform);
    const int n = 70;
    std::vector<int> source;
    std::vector<float> node(3 * n), edge(2 * 2 * n), expected(2 * n), found(2 * n);
    for (int i = 0; i < n; ++i) source.push_back(i - 1), source.push_back(i + 1 < n ? i + 1 : -1);
    for (float &x : node) x = static_cast<float>(2 * uniform() - 1);
    for (float &x : edge) x = static_cast<float>(2 * uniform() - 1);
    network.evaluate({n, n, 2, source.data()}, node.data(), edge.data(), expected.data());
    device::Array<int> there_source;
    device::Array<float> there_node, there_edge, out;
    PetRLThrow(there_source.resize(device::Space::device, source.size()));
    PetRLThrow(there_source.set(source.data()));
    PetRLThrow(there_node.resize(device::Space::device, node.size()));
    PetRLThrow(there_node.set(node.data()));
    PetRLThrow(there_edge.resize(device::Space::device, edge.size()));
    PetRLThrow(there_edge.set(edge.data()));
    PetRLThrow(out.resize(device::Space::device, found.size()));
    GraphDevice there(network);
    PetRLThrow(there.setUp(device::Space::device));
    PetRLThrow(there.evaluate({n, n, 2, there_source.data()}, there_node.data(), there_edge.data(), out.data(), {}));
    PetRLThrow(out.get(found.data()));
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 2e-5 * (1 + std::fabs(expected[i])));
  }
}

}  // namespace
