// Problems for finite volumes on a DMPlex, and programs that solve them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "mesh/forest.hpp"
#include "mesh/plex_build.hpp"
#include "problems/conservation/cases.hpp"
#include "support/plex_conservation.hpp"
#include "support/test_device.hpp"

namespace petrl::conservation {

inline constexpr double kPi = 3.14159265358979323846;

struct Problem {
  std::string name;
  FlowCase flow;
  FiniteVolumeSettings settings;
};

class Waves : public Truth {
 public:
  explicit Waves(int dim, double length) : dim_(dim), k_(2 * kPi / length) {}
  void values(double, int n, const double *x, double *out) const override {
    for (int i = 0; i < n; ++i)
      out[i] = 0.2 + std::sin(k_ * x[dim_ * i]) * (dim_ == 2 ? std::cos(k_ * x[2 * i + 1]) : 1);
  }
  double sharpness(double, const double *, double) const override { return 0.3 / k_; }

 private:
  int dim_;
  double k_;
};

inline std::vector<Problem> problems() {
  std::vector<Problem> all(5);
  all[0].name = "advection", all[0].flow.law = Law::advection(1, -0.6);
  all[1].name = "viscous burgers", all[1].flow.law = Law::burgers(0.8, 0.5, 0.02);
  all[1].settings.limiter = Limiter::smooth;
  all[2].name = "rotation in a box", all[2].flow.law = Law::rotation(1, 1, 2), all[2].flow.periodic = false;
  for (const int label : {1, 3})
    all[2].flow.boundary.push_back({label, [](double t, const double *x) { return std::sin(t) + x[0]; }});
  all[3].name = "unlimited", all[3].flow.law = Law::burgers(0.8, 0.5), all[3].settings.limiter = Limiter::none;
  all[4].name = "on a line", all[4].flow.law = Law::burgers(1, 0, 0.05), all[4].flow.dim = 1;
  for (Problem &p : all) p.flow.truth = std::make_shared<Waves>(p.flow.dim, p.flow.length);
  return all;
}

// The same adapted mesh whatever the ranks: marks depend on where the leaves are.
inline Forest adapted(const FlowCase &flow, MPI_Comm comm) {
  Forest forest(flow.base(flow.dim == 2 ? 6 : 24), comm);
  Forest serial(flow.base(flow.dim == 2 ? 6 : 24), PETSC_COMM_SELF);
  for (int round = 0; round < 2; ++round) {
    // All ranks know the whole mesh; each finds its leaves in it by their place in the order.
    const CellMesh mesh = serial.mesh();
    std::vector<signed char> marks(mesh.cells);
    for (int c = 0; c < mesh.cells; ++c) marks[c] = mesh.centre[flow.dim * c] < 0.4 * flow.length ? 1 : 0;
    int leaves = forest.leaves(), before = 0;
    MPI_Exscan(&leaves, &before, 1, MPI_INT, MPI_SUM, comm);
    forest.adapt(std::vector<signed char>(marks.begin() + before, marks.begin() + before + leaves), {});
    serial.adapt(marks, {});
  }
  return forest;
}

struct Solver {
  TS ts = nullptr;
  Vec u = nullptr;
  DM dm = nullptr;

  Solver(const Problem &p, const Forest &forest, VecType type = VECSTANDARD)
      : Solver(p, createPlex(forest, true), type) {}
  Solver(const Problem &p, DM mesh, VecType type) : dm(mesh) {
    PetRLThrow(DMSetVecType(dm, type));
    PetRLThrow(TSCreate(PetscObjectComm(reinterpret_cast<PetscObject>(dm)), &ts));
    PetRLThrow(plexConservation(ts, dm, p.flow.law, p.flow.boundary, p.settings));
    DM own;
    PetRLThrow(TSGetDM(ts, &own));
    PetRLThrow(DMCreateGlobalVector(own, &u));
    PetRLThrow(plexConservationAverages(ts, *p.flow.truth, 0, u));
    PetRLThrow(TSSetSolution(ts, u));
    PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
    TSAdapt adapt;
    PetRLThrow(TSGetAdapt(ts, &adapt));
    PetRLThrow(TSAdaptSetType(adapt, TSADAPTNONE));
  }
  Solver(const Solver &) = delete;
  Solver &operator=(const Solver &) = delete;
  ~Solver() {
    (void)VecDestroy(&u);
    (void)TSDestroy(&ts);
    (void)DMDestroy(&dm);
  }
  void solve(double dt, double end) {
    PetRLThrow(TSSetTimeStep(ts, dt));
    PetRLThrow(TSSetMaxTime(ts, end));
    PetRLThrow(TSSetMaxSteps(ts, 1000000));
    PetRLThrow(TSSolve(ts, u));
  }
  // All values with their cells' centres, in the order of the centres; on every rank.
  std::vector<std::array<double, 3>> gather(Vec of) const {
    const CellMesh *mesh;
    PetRLThrow(plexConservationMesh(ts, &mesh));
    std::vector<double> mine;
    const std::vector<double> values = test::valuesOf(of);
    for (int c = 0; c < mesh->owned; ++c) {
      const auto folded = [](double x) { return std::round(1e7 * (x - 2 * std::floor(x / 2 + 1e-9))); };
      mine.push_back(folded(mesh->centre[mesh->dim * c]));
      mine.push_back(mesh->dim == 2 ? folded(mesh->centre[2 * c + 1]) : 0);
      mine.push_back(values[c]);
    }
    MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(ts));
    int size, count = static_cast<int>(mine.size());
    MPI_Comm_size(comm, &size);
    std::vector<int> counts(size), offsets(size, 0);
    MPI_Allgather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, comm);
    for (int r = 1; r < size; ++r) offsets[r] = offsets[r - 1] + counts[r - 1];
    std::vector<std::array<double, 3>> all((offsets.back() + counts.back()) / 3);
    MPI_Allgatherv(mine.data(), count, MPI_DOUBLE, all.data()->data(), counts.data(), offsets.data(), MPI_DOUBLE, comm);
    std::sort(all.begin(), all.end());
    return all;
  }
};

inline double difference(const std::vector<std::array<double, 3>> &a, const std::vector<std::array<double, 3>> &b) {
  double most = a.size() == b.size() ? 0 : 1e300;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i][0] != b[i][0] || a[i][1] != b[i][1]) return 1e200;
    most = std::max(most, std::fabs(a[i][2] - b[i][2]));
  }
  return most;
}

}  // namespace petrl::conservation
