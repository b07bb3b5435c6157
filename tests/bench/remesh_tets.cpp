// What re-meshing costs in space, part by part: CSV on standard output, microseconds for each cell of the resulting mesh
// on a rank: wall clock, and user time of the process (where others use the machine, too).
//
//   bench_remesh_tets [-cubes 16] [-levels 3] [-rounds 3]
#include <petscdmplex.h>
#include <sys/resource.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "mesh/cell_gradient.hpp"
#include "mesh/plex_build.hpp"
#include "mesh/plex_cells.hpp"

using namespace petrl;

namespace {

double userTime() {
  rusage u;
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec) + 1e-6 * static_cast<double>(u.ru_utime.tv_usec);
}

struct Cost {
  double wall = 0, user = 0, cells = 0;
};

/// Parts in the order in which they are measured first.
class Costs {
 public:
  template <typename Do>
  void measure(const std::string &part, const Forest &forest, const Do &what) {
    MPI_Barrier(PETSC_COMM_WORLD);
    const double wall = MPI_Wtime(), user = userTime();
    what();
    Cost &c = of(part);
    c.wall += MPI_Wtime() - wall;
    c.user += userTime() - user;
    c.cells += forest.leaves();
  }
  void print() const {
    for (const auto &[part, c] : all_) {
      double sums[3] = {c.wall, c.user, c.cells};
      MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
      PetscPrintf(PETSC_COMM_WORLD, "%s,%.4g,%.4g\n", part.c_str(), 1e6 * sums[0] / sums[2], 1e6 * sums[1] / sums[2]);
    }
  }

 private:
  Cost &of(const std::string &part) {
    for (auto &[name, cost] : all_)
      if (name == part) return cost;
    all_.emplace_back(part, Cost{});
    return all_.back().second;
  }
  std::vector<std::pair<std::string, Cost>> all_;
};

// A sphere that moves: cells on it are refined, others coarsened.
std::vector<signed char> sphere(const std::vector<double> &centre, const std::vector<double> &volume,
                                const std::vector<int> &level, double shift, int max_level) {
  std::vector<signed char> marks(level.size(), 0);
  for (std::size_t c = 0; c < marks.size(); ++c) {
    const double *const x = &centre[3 * c];
    const double r = std::hypot(x[0] - 0.45 - shift, x[1] - 0.5, x[2] - 0.5), h = std::cbrt(volume[c]);
    const bool on = std::fabs(r - 0.3) < 0.02 + h;
    marks[c] = static_cast<signed char>(on ? level[c] < max_level : -1);
  }
  return marks;
}

void bench(int cubes, int levels, int rounds) {
  const double low[3] = {0, 0, 0}, high[3] = {1, 1, 1};
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  const ForestLimits limits{3 * levels, 1 << 26};
  Forest forest(BaseMesh::box(cubes, cubes, cubes, low, high), PETSC_COMM_WORLD);
  Costs costs;
  for (int i = -levels - 1; i < rounds; ++i) {
    const bool counts = i >= 0;
    DM dm = createPlex(forest, size > 1);
    CellMesh mesh = cellMeshFromPlex(dm);
    PetRLThrow(DMDestroy(&dm));
    mesh.level = forest.levels();
    const auto marks = sphere(mesh.centre, mesh.volume, forest.levels(), counts ? 0.02 * (i + 1) : 0, 3 * levels);
    std::vector<double> none;
    if (!counts) {
      forest.adapt(marks, limits);
      forest.balance(none, 0);
      continue;
    }
    Lineage lineage;
    costs.measure("forest adapt", forest, [&] { lineage = forest.adapt(marks, limits); });
    if (size == 1) {
      const VertexLineage vertices = forest.vertexLineage();
      CellMesh next;
      costs.measure("cells (one rank)", forest, [&] { next = forest.mesh(); });
      std::vector<double> u(mesh.cells, 1), g(3 * mesh.cells), work, v(next.cells), p(mesh.vertices, 1),
          q(next.vertices);
      costs.measure("limited gradient and averages, one field", forest, [&] {
        limitedGradient(mesh, u.data(), g.data(), work);
        transferAverages(mesh, next, lineage, 1, u.data(), g.data(), v.data());
      });
      costs.measure("vertex values, one field", forest,
                    [&] { transferVertexValues(mesh, vertices, 1, p.data(), q.data()); });
    }
    costs.measure("balance", forest, [&] {
      if (forest.imbalance() > 1.1) forest.balance(none, 0);
    });
    costs.measure("DMPlex (overlap)", forest, [&] { dm = createPlex(forest, size > 1); });
    costs.measure("cells of the DMPlex", forest, [&] { mesh = cellMeshFromPlex(dm); });
    PetRLThrow(DMDestroy(&dm));
  }
  const auto cells = static_cast<long long>(forest.globalLeaves());
  PetscPrintf(PETSC_COMM_WORLD, "# %d ranks, %lld cells\npart,wall_us_per_cell,user_us_per_cell\n", size, cells);
  costs.print();
}

}  // namespace

int main(int argc, char **argv) {
  PetscInt cubes = 16, levels = 3, rounds = 3;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  try {
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-cubes", &cubes, NULL));
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-levels", &levels, NULL));
    PetRLThrow(PetscOptionsGetInt(NULL, NULL, "-rounds", &rounds, NULL));
    bench(static_cast<int>(cubes), static_cast<int>(levels), static_cast<int>(rounds));
  } catch (const std::exception &e) {
    PetscPrintf(PETSC_COMM_SELF, "%s\n", e.what());
    return 1;
  }
  return PetscFinalize();
}
