// What re-meshing costs, part by part, and which share of a run it takes. CSV on standard output, microseconds for each
// cell of the resulting mesh on a rank: wall clock, and user time of the process (where others use the machine, too).
//
//   bench_remesh [-squares 48] [-levels 3] [-rounds 8] [-policy refiner.h5]            parts
//   bench_remesh -run ssp|rosw|beuler [-squares 24] [-levels 3] [options of TS, SNES]   share of a run
#include <petrl.h>
#include <petscdmplex.h>
#include <sys/resource.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "base/error.hpp"
#include "base/package.hpp"
#include "mesh/halo.hpp"
#include "mesh/plex_build.hpp"
#include "mesh/plex_cells.hpp"
#include "problems/conservation/cases.hpp"
#include "support/plex_conservation.hpp"

using namespace petrl;
using namespace petrl::conservation;

namespace {

double userTime() {
  rusage u;
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec) + 1e-6 * static_cast<double>(u.ru_utime.tv_usec);
}

struct Cost {
  double wall = 0, user = 0, cells = 0;
};
std::map<std::string, Cost> costs;

template <typename Do>
void measure(const std::string &part, const Do &what, const std::function<double()> &cells) {
  MPI_Barrier(PETSC_COMM_WORLD);
  const double wall = MPI_Wtime(), user = userTime();
  what();
  Cost &c = costs[part];
  c.wall += MPI_Wtime() - wall;
  c.user += userTime() - user;
  c.cells += cells();
}

void print(const char *part) {
  Cost c = costs[part];
  double sums[3] = {c.wall, c.user, c.cells};
  MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  PetscPrintf(PETSC_COMM_WORLD, "%s,%.4g,%.4g\n", part, 1e6 * sums[0] / sums[2], 1e6 * sums[1] / sums[2]);
}

double eventTime(PetscLogEvent event) {
  PetscEventPerfInfo info;
  PetRLThrow(PetscLogEventGetPerfInfo(0, event, &info));
  return info.time;
}

// A ring that moves: cells on it are refined, others coarsened.
std::vector<signed char> ring(const CellMesh &m, double shift, int max_level) {
  std::vector<signed char> marks(m.owned, 0);
  for (int c = 0; c < m.owned; ++c) {
    const double r = std::hypot(m.centre[2 * c] - 1 - shift, m.centre[2 * c + 1] - 1), h = std::sqrt(m.volume[c]);
    const bool on = std::fabs(r - 0.6) < 0.06 + h;
    marks[c] = static_cast<signed char>(on ? m.level[c] < max_level : -1);
  }
  return marks;
}

void averages(PetRLRefiner refiner, TS ts, const FlowCase &flow, Vec *u) {
  DM dm;
  PetRLThrow(PetRLRefinerGetDM(refiner, &dm));
  PetRLThrow(plexConservation(ts, dm, flow.law, flow.boundary, {}));
  PetRLThrow(TSGetDM(ts, &dm));
  PetRLThrow(DMCreateGlobalVector(dm, u));
  PetRLThrow(plexConservationAverages(ts, *flow.truth, 0, *u));
}

PetRLRefiner makeRefiner(const FlowCase &flow, int squares, int levels) {
  char policy[PETSC_MAX_PATH_LEN] = "refiner.h5";
  PetRLThrow(PetscOptionsGetString(NULL, NULL, "-policy", policy, sizeof(policy), NULL));
  const Forest base(flow.base(squares), PETSC_COMM_WORLD);
  DM dm = createPlex(base, false);
  PetRLRefiner refiner;
  PetRLThrow(PetRLRefinerCreate(PETSC_COMM_WORLD, &refiner));
  PetRLThrow(PetRLRefinerSetDM(refiner, dm));
  PetRLThrow(PetRLRefinerSetPolicy(refiner, policy));
  PetRLThrow(PetRLRefinerSetMaxLevel(refiner, levels));
  PetRLThrow(PetRLRefinerSetFromOptions(refiner));
  PetRLThrow(PetRLRefinerSetUp(refiner));
  PetRLThrow(DMDestroy(&dm));
  return refiner;
}

// DMAdaptLabel() on a comparable refinement of the same mesh.
void plainPetsc(DM dm, const std::vector<signed char> &marks) {
  DMLabel label;
  DM fine;
  PetRLThrow(DMLabelCreate(PETSC_COMM_SELF, "adapt", &label));
  for (std::size_t c = 0; c < marks.size(); ++c)
    if (marks[c] > 0) PetRLThrow(DMLabelSetValue(label, static_cast<PetscInt>(c), DM_ADAPT_REFINE));
  PetscInt start, end;
  measure(
      "DMAdaptLabel refine_sbr", [&] { PetRLThrow(DMAdaptLabel(dm, label, &fine)); },
      [&] {
        PetRLThrow(DMPlexGetHeightStratum(fine, 0, &start, &end));
        return static_cast<double>(end - start);
      });
  PetRLThrow(DMDestroy(&fine));
  PetRLThrow(DMLabelDestroy(&label));
}

void parts(const FlowCase &flow, int squares, int levels, int rounds) {
  PetRLRefiner refiner = makeRefiner(flow, squares, levels);
  Forest forest(flow.base(squares), PETSC_COMM_WORLD);
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  const ForestLimits limits{2 * levels, 1 << 26};
  DM dm = createPlex(forest, size > 1);
  CellMesh mesh = cellMeshFromPlex(dm);
  const auto withLevels = [&] { std::copy(forest.levels().begin(), forest.levels().end(), mesh.level.begin()); };
  for (int i = 0; i < levels + 1; ++i) {
    forest.adapt(ring(mesh, 0, 2 * levels), limits);
    std::vector<double> none;
    forest.balance(none, 0);
    PetRLThrow(DMDestroy(&dm));
    dm = createPlex(forest, size > 1);
    mesh = cellMeshFromPlex(dm);
    withLevels();
  }
  const auto cells = [&] { return static_cast<double>(forest.leaves()); };
  for (int i = 0; i < rounds; ++i) {
    const std::vector<signed char> marks = ring(mesh, 0.02 * (i + 1), 2 * levels);
    plainPetsc(dm, marks);
    PetRLThrow(DMDestroy(&dm));
    measure(
        "forest adapt", [&] { forest.adapt(marks, limits); }, cells);
    measure(
        "balance",
        [&] {
          std::vector<double> none;
          if (forest.imbalance() > 1.1) forest.balance(none, 0);
        },
        cells);
    measure(
        "DMPlex (overlap)", [&] { dm = createPlex(forest, size > 1); }, cells);
    std::vector<PetscInt> points;
    measure(
        "cells", [&] { mesh = cellMeshFromPlex(dm, &points); }, cells);
    if (size == 1)
      measure(
          "cells (one rank)", [&] { mesh = forest.mesh(); }, cells);
    withLevels();
    Halo halo;
    measure(
        "halo", [&] { PetRLThrow(halo.setUp(dm, points, mesh.owned, true)); }, cells);
    TS ts;
    PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
    PetRLThrow(TSSetType(ts, TSSSP));
    measure(
        "finite volumes (section, cells, weights)",
        [&] { PetRLThrow(plexConservation(ts, dm, flow.law, flow.boundary, {})); }, cells);
    Vec u;
    DM own;
    PetRLThrow(TSGetDM(ts, &own));
    measure(
        "Vec (global section)", [&] { PetRLThrow(DMCreateGlobalVector(own, &u)); }, cells);
    PetRLThrow(plexConservationAverages(ts, *flow.truth, 0, u));
    PetRLThrow(TSSetSolution(ts, u));
    PetRLThrow(TSSetTimeStep(ts, 1e-4));
    PetRLThrow(TSSetMaxSteps(ts, 100));
    PetRLThrow(TSStep(ts));
    measure(
        "explicit step (TSSSP rks2)",
        [&] {
          PetRLThrow(TSStep(ts));
          PetRLThrow(TSStep(ts));
        },
        [&] { return 2 * cells(); });
    PetRLThrow(VecDestroy(&u));
    PetRLThrow(TSDestroy(&ts));
  }
  PetRLThrow(DMDestroy(&dm));

  // The refiner itself, on a mesh of the same kind.
  TS ts;
  Vec u, rate;
  PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
  PetRLThrow(TSSetType(ts, TSSSP));
  averages(refiner, ts, flow, &u);
  for (int i = 0; i < levels + 1 + rounds; ++i) {
    const bool counts = i > levels;
    PetRLThrow(PetRLRefinerGetDM(refiner, &dm));
    const CellMesh *now;
    PetRLThrow(plexConservationMesh(ts, &now));
    CellMesh here = *now;
    DMLabel label;
    const double each = here.owned;
    if (counts) {
      PetRLThrow(VecDuplicate(u, &rate));
      PetRLThrow(TSComputeRHSFunction(ts, 0, u, rate));
      const double before[3] = {eventTime(PetRL_Observe), eventTime(PetRL_Infer), eventTime(PetRL_Act)};
      measure(
          "decision, all of it", [&] { PetRLThrow(PetRLRefinerDecide(refiner, u, rate, 0.01, &label)); },
          [&] { return each; });
      const char *const names[3] = {"observe", "infer", "decide and label"};
      const PetscLogEvent events[3] = {PetRL_Observe, PetRL_Infer, PetRL_Act};
      for (int k = 0; k < 3; ++k) {
        costs[names[k]].wall += eventTime(events[k]) - before[k];
        costs[names[k]].cells += each;
      }
      PetRLThrow(DMLabelDestroy(&label));
      PetRLThrow(VecDestroy(&rate));
    }
    // Levels are not the finite volumes' matter: by volume.
    for (int c = 0; c < here.owned; ++c)
      here.level[c] = static_cast<int>(std::lround(std::log2(2. / (squares * squares) / here.volume[c])));
    const std::vector<signed char> marks = ring(here, counts ? 0.02 * (i - levels) : 0, 2 * levels);
    PetRLThrow(DMLabelCreate(PETSC_COMM_SELF, "adapt", &label));
    for (int c = 0; c < here.owned; ++c)
      if (marks[c]) PetRLThrow(DMLabelSetValue(label, c, marks[c] > 0 ? DM_ADAPT_REFINE : DM_ADAPT_COARSEN));
    DM next;
    Vec v;
    PetscInt n = 0;
    const auto result = [&] { return static_cast<double>(n); };
    const auto adapt = [&] {
      PetRLThrow(PetRLRefinerAdapt(refiner, label, &next));
      if (!next) throw Error("the bench's mesh did not change");
    };
    if (counts) {
      MPI_Barrier(PETSC_COMM_WORLD);
      const double wall = MPI_Wtime(), user = userTime();
      adapt();
      Cost &c = costs["PetRLRefinerAdapt"];
      c.wall += MPI_Wtime() - wall, c.user += userTime() - user;
      measure(
          "PetRLRefinerTransfer (section, Vec)", [&] { PetRLThrow(PetRLRefinerTransfer(refiner, u, &v)); },
          [&] {
            PetRLThrow(VecGetLocalSize(v, &n));
            return result();
          });
      c.cells += n;
    } else {
      adapt();
      PetRLThrow(PetRLRefinerTransfer(refiner, u, &v));
    }
    PetRLThrow(DMLabelDestroy(&label));
    PetRLThrow(DMDestroy(&next));
    PetRLThrow(VecDestroy(&v));
    PetRLThrow(VecDestroy(&u));
    PetRLThrow(TSReset(ts));
    averages(refiner, ts, flow, &u);
  }
  PetscInt n;
  PetRLThrow(VecGetSize(u, &n));
  PetscPrintf(PETSC_COMM_WORLD, "# %d ranks, %d cells\npart,wall_us_per_cell,user_us_per_cell\n", size,
              static_cast<int>(n));
  for (const auto &entry : costs) print(entry.first.c_str());
  PetRLThrow(VecDestroy(&u));
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(PetRLRefinerDestroy(&refiner));
}

struct RunContext {
  const FlowCase *flow;
  double cfl;
  double seconds = 0, user = 0;
};

PetscErrorCode reset(TS ts, DM dm, void *data) {
  auto *c = static_cast<RunContext *>(data);
  PetscReal dt;
  Vec u;
  PetscFunctionBegin;
  const double start = MPI_Wtime();
  PetscCall(plexConservation(ts, dm, c->flow->law, c->flow->boundary, {}));
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(plexConservationStableStep(ts, u, &dt));
  PetscCall(TSSetTimeStep(ts, c->cfl * dt));
  c->seconds += MPI_Wtime() - start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void run(const std::string &type, const FlowCase &flow, int squares, int levels) {
  PetRLRefiner refiner = makeRefiner(flow, squares, levels);
  TS ts;
  Vec u;
  RunContext context{&flow, type == "ssp" ? 0.45 : 4};
  PetRLThrow(PetscOptionsGetReal(NULL, NULL, "-cfl", &context.cfl, NULL));
  PetRLThrow(TSCreate(PETSC_COMM_WORLD, &ts));
  PetRLThrow(TSSetType(ts, type.c_str()));
  averages(refiner, ts, flow, &u);
  PetRLThrow(PetRLRefinerSetResetFunction(refiner, reset, &context));
  PetRLThrow(PetRLRefinerAttachTS(refiner, ts));
  TSAdapt adapt;
  PetRLThrow(TSGetAdapt(ts, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTNONE));
  PetRLThrow(TSSetMaxTime(ts, flow.end));
  PetRLThrow(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscReal dt;
  PetRLThrow(plexConservationStableStep(ts, u, &dt));
  PetRLThrow(TSSetTimeStep(ts, context.cfl * dt));
  PetRLThrow(TSSetFromOptions(ts));
  PetRLThrow(TSSetSolution(ts, u));
  PetRLThrow(VecDestroy(&u));
  const double wall = MPI_Wtime(), user = userTime();
  PetRLThrow(TSSolve(ts, NULL));
  const double seconds = MPI_Wtime() - wall, cpu = userTime() - user;
  PetscInt steps, n, decisions, remeshes;
  PetRLThrow(TSGetSolution(ts, &u));
  PetRLThrow(VecGetSize(u, &n));
  PetRLThrow(TSGetStepNumber(ts, &steps));
  PetRLThrow(PetRLRefinerGetStatistics(refiner, &decisions, &remeshes, NULL));
  const double observe = eventTime(PetRL_Observe), infer = eventTime(PetRL_Infer), act = eventTime(PetRL_Act),
               remesh = eventTime(PetRL_Remesh);
  PetscPrintf(PETSC_COMM_WORLD,
              "type,cells_at_end,steps,decisions,remeshes,wall_s,user_s,observe,infer,act,remesh,of_it_finite_volumes,"
              "share\n%s,%d,%d,%d,%d,%.3f,%.3f,%.4f,%.4f,%.4f,%.4f,%.4f,%.3f\n",
              type.c_str(), static_cast<int>(n), static_cast<int>(steps), static_cast<int>(decisions),
              static_cast<int>(remeshes), seconds, cpu, observe, infer, act, remesh, context.seconds,
              (observe + infer + act + remesh) / seconds);
  PetRLThrow(TSDestroy(&ts));
  PetRLThrow(PetRLRefinerDestroy(&refiner));
}

}  // namespace

int main(int argc, char **argv) {
  PetscInt squares = 48, levels = 3, rounds = 8;
  char type[64];
  PetscBool set;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  try {
    PetRLThrow(PetscLogDefaultBegin());
    PetRLThrow(PetscOptionsGetString(NULL, NULL, "-run", type, sizeof(type), &set));
    if (set) squares = 24;
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-squares", &squares, NULL));
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-levels", &levels, NULL));
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-rounds", &rounds, NULL));
    PetRLThrow(PetscOptionsInsertString(NULL, "-dm_plex_transform_type refine_sbr"));
    const FlowCase flow = drawCase("gaussian", Split::test, 0, 1);
    if (set)
      run(type, flow, static_cast<int>(squares), static_cast<int>(levels));
    else
      parts(flow, static_cast<int>(squares), static_cast<int>(levels), static_cast<int>(rounds));
  } catch (const std::exception &e) {
    PetscPrintf(PETSC_COMM_SELF, "%s\n", e.what());
    return 1;
  }
  return PetscFinalize();
}
