// Closures on triangulations, on any number of ranks.
#include <petscdmplex.h>
#include <petscfv.h>

#include <array>
#include <map>
#include <random>

#include "closure/cell_flux.hpp"
#include "closure/record.hpp"
#include "mpi/closure_support.hpp"
#include "policy/native/graph_network.hpp"

namespace petrl::test {
namespace {

/// The unit square, irregular, of triangles (or quadrilaterals), with unknowns in cells (or vertices).
struct MeshOf {
  DM dm = NULL;
  Vec x = NULL;
  struct About {
    int corners = 3, overlap = 1, depth = 2, refine = 0;  // depth: of the points that have unknowns
    bool petsc = false;                                   // as PETSc's own finite volumes have them
    bool silent = false;                                  // the section does not say how many components its field has
    std::vector<std::string> names{"h", "hu", "hv"};
  };

  MeshOf(MPI_Comm comm, const About &about) {
    constexpr int nx = 6, ny = 5;
    std::vector<PetscInt> corners;
    std::vector<PetscReal> at;
    for (int j = 0; j <= ny && rankOf(comm) == 0; ++j) {
      for (int i = 0; i <= nx; ++i) {
        const PetscReal a = static_cast<PetscReal>(i) / nx, b = static_cast<PetscReal>(j) / ny;
        at.push_back(a + .05 * std::sin(7 * a + 11 * b));
        at.push_back(b + .05 * std::cos(9 * a - 5 * b));
      }
    }
    for (int j = 0; j < ny && rankOf(comm) == 0; ++j) {
      for (int i = 0; i < nx; ++i) {
        const PetscInt a = j * (nx + 1) + i, b = a + 1, c = a + nx + 1, d = c + 1;
        if (about.corners == 3)
          corners.insert(corners.end(), {a, b, d, a, d, c});
        else
          corners.insert(corners.end(), {a, b, d, c});
      }
    }
    EXPECT_EQ(DMPlexCreateFromCellListPetsc(comm, 2, (PetscInt)corners.size() / about.corners, (PetscInt)at.size() / 2,
                                            about.corners, PETSC_TRUE, corners.data(), 2, at.data(), &dm),
              0);
    DM distributed = NULL;
    DMSetBasicAdjacency(dm, PETSC_TRUE, PETSC_FALSE);
    PetscPartitioner partitioner;
    DMPlexGetPartitioner(dm, &partitioner);
    PetscPartitionerSetFromOptions(partitioner);
    DMPlexDistribute(dm, about.overlap, NULL, &distributed);
    if (distributed) DMDestroy(&dm), dm = distributed;
    for (int level = 0; level < about.refine; ++level) {
      DM fine;
      DMRefine(dm, comm, &fine);
      DMDestroy(&dm);
      dm = fine;
    }
    if (about.petsc)
      finiteVolumes(about);
    else
      section(about);
    DMCreateGlobalVector(dm, &x);
  }

  // With ghost cells beyond the boundary.
  void finiteVolumes(const About &about) {
    PetscFV fv;
    DM ghosted;
    PetscFVCreate(PetscObjectComm((PetscObject)dm), &fv);
    PetscFVSetSpatialDimension(fv, 2);
    PetscFVSetNumComponents(fv, (PetscInt)about.names.size());
    for (std::size_t k = 0; k < about.names.size(); ++k)
      PetscFVSetComponentName(fv, (PetscInt)k, about.names[k].c_str());
    EXPECT_EQ(DMPlexConstructGhostCells(dm, NULL, NULL, &ghosted), 0);
    DMDestroy(&dm);
    dm = ghosted;
    DMAddField(dm, NULL, (PetscObject)fv);
    DMCreateDS(dm);
    PetscFVDestroy(&fv);
  }

  void section(const About &about) {
    const MPI_Comm comm = PetscObjectComm((PetscObject)dm);
    PetscSection s;
    PetscInt start, end, first, last;
    DMPlexGetChart(dm, &start, &end);
    DMPlexGetDepthStratum(dm, about.depth, &first, &last);
    PetscSectionCreate(comm, &s);
    PetscSectionSetNumFields(s, 1);
    const auto n = static_cast<PetscInt>(about.names.size());
    if (!about.silent) PetscSectionSetFieldComponents(s, 0, n);
    for (PetscInt k = 0; k < n && !about.silent; ++k)
      PetscSectionSetComponentName(s, 0, k, about.names[static_cast<std::size_t>(k)].c_str());
    PetscSectionSetChart(s, start, end);
    for (PetscInt p = first; p < last; ++p) PetscSectionSetDof(s, p, n), PetscSectionSetFieldDof(s, p, 0, n);
    PetscSectionSetUp(s);
    DMSetLocalSection(dm, s);
    PetscSectionDestroy(&s);
  }
  ~MeshOf() {
    VecDestroy(&x);
    DMDestroy(&dm);
  }
  MeshOf(const MeshOf &) = delete;
  MeshOf &operator=(const MeshOf &) = delete;

  /// f(centre, volume, values) for each own cell.
  void each(Vec v, const std::function<void(const PetscReal *, PetscReal, PetscScalar *)> &f) const {
    PetscSection s;
    PetscInt start, end, first, place;
    PetscScalar *a;
    DMGetGlobalSection(dm, &s);
    DMPlexGetHeightStratum(dm, 0, &start, &end);
    VecGetOwnershipRange(v, &first, NULL);
    VecGetArray(v, &a);
    for (PetscInt c = start; c < end; ++c) {
      PetscReal centre[3], volume;
      DMPolytopeType type;
      DMPlexGetCellType(dm, c, &type);
      if (type != DM_POLYTOPE_TRIANGLE) continue;
      PetscSectionGetOffset(s, c, &place);
      if (place < 0) continue;
      DMPlexComputeCellGeometryFVM(dm, c, &volume, centre, NULL);
      f(centre, volume, a + place - first);
    }
    VecRestoreArray(v, &a);
  }
};

void waves(const PetscReal *c, PetscReal, PetscScalar *q) {
  q[0] = 1 + .3 * std::sin(5 * c[0] + 3 * c[1]);
  q[1] = .2 * std::cos(4 * c[1] - 6 * c[0]);
  q[2] = .3 * std::sin(8 * c[0] * c[1]);
}

Policy policyOf(const CellUnknowns &unknowns) {
  Policy p;
  p.kind = "closure";
  p.observation.names = CellFlux::inputs(unknowns);
  p.observation.offset.assign(p.observation.names.size(), 0.f);
  p.observation.scale.assign(p.observation.names.size(), 1.f);
  p.action.transform = "cell-flux";
  p.action.parameters = CellFlux::parameters(unknowns);
  p.action.low.assign(static_cast<std::size_t>(CellFlux::outputs(unknowns)), -.4);
  p.action.high.assign(p.action.low.size(), .4);
  GraphShape shape;
  shape.node_inputs = static_cast<int>(p.observation.names.size());
  shape.edge_inputs = CellFlux::kEdgeInputs;
  shape.hidden = 8;
  shape.layers = 2;
  shape.outputs = static_cast<int>(p.action.low.size());
  GraphNetwork network(shape);
  std::mt19937 random(3);
  network.initialise([&] { return std::uniform_real_distribution<double>()(random); });
  p.network = network.spec();
  return p;
}

Policy shallowWater() {
  CellUnknowns unknowns;
  unknowns.names = {"h", "hu", "hv"};
  unknowns.vector[0] = 1, unknowns.vector[1] = 2;
  return policyOf(unknowns);
}

TEST(ClosureOnCells, IsTheSameOnAnyNumberOfRanksAndKeepsTheIntegral) {
  const SharedFile file(shallowWater());
  MeshOf::About about;
  const auto corrections = [&](MPI_Comm comm,
                               const std::function<void(const PetscReal *, PetscReal, PetscScalar *)> &f) {
    const MeshOf mesh(comm, about);
    const ClosureOn closure(mesh.dm, file.path);
    Vec A;
    VecDuplicate(mesh.x, &A);
    mesh.each(mesh.x, waves);
    EXPECT_EQ(PetRLClosureApply(closure, mesh.x, .1, A), 0);
    mesh.each(A, f);
    VecDestroy(&A);
  };
  std::map<std::pair<long, long>, std::array<double, 3>> alone;
  const auto key = [](const PetscReal *c) { return std::make_pair(std::lround(1e6 * c[0]), std::lround(1e6 * c[1])); };
  corrections(PETSC_COMM_SELF, [&](const PetscReal *c, PetscReal, PetscScalar *a) {
    alone[key(c)] = {a[0], a[1], a[2]};
  });
  for (const bool petsc : {false, true}) {
    SCOPED_TRACE(petsc ? "PetscFV, ghost cells" : "a section");
    about.petsc = petsc;
    double sums[5] = {0, 0, 0, 0, 0};  // integrals, number of cells, size
    corrections(PETSC_COMM_WORLD, [&](const PetscReal *c, PetscReal volume, PetscScalar *a) {
      const auto found = alone.find(key(c));
      ASSERT_NE(found, alone.end());
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_NEAR(a[k], found->second[k], 1e-6);
        sums[k] += volume * a[k];
        sums[4] += volume * std::fabs(a[k]);
      }
      sums[3] += 1;
    });
    MPI_Allreduce(MPI_IN_PLACE, sums, 5, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
    EXPECT_EQ(sums[3], 60);
    EXPECT_GT(sums[4], 1e-4);
    for (int k = 0; k < 3; ++k) EXPECT_LT(std::fabs(sums[k]), 1e-15);
  }
}

TEST(ClosureOnCells, SaysWhatItCannotDo) {
  const SharedFile file(shallowWater());
  const auto setUp = [&](const MeshOf::About &about, const std::string &policy, const std::vector<std::string> &parts) {
    const MeshOf mesh(PETSC_COMM_WORLD, about);
    const ClosureOn closure(mesh.dm, policy);
    expectError([&] { return PetRLClosureSetUp(closure); }, parts);
  };
  MeshOf::About about;
  about.depth = 0;
  setUp(about, file.path, {"for unknowns in cells (finite volumes)", "3 unknowns at a vertex"});
  about = {};
  about.corners = 4;
  setUp(about, file.path, {"for triangles in a plane: found cell", "quadrilateral", "expected triangles"});
  about = {};
  about.names = {"h", "hu", "hw"};
  setUp(about, file.path, {file.path, "for the unknowns h, hu, hv, the DMPlex has h, hu, hw"});
  about = {};
  about.silent = true;
  setUp(about, file.path, {"fields have 1 components, a cell has 3 unknowns", "PetscSectionSetFieldComponents()"});
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  about = {};
  about.overlap = 0;
  if (size > 1) setUp(about, file.path, {"-dm_distribute_overlap 1"});

  const SharedFile grid(constantClosure({"h", "hu", "hv"}, "additive-rate", -1, 1, {0.1f}));
  about = {};
  setUp(about, grid.path, {grid.path, "for a grid (DMDA", "cell-flux"});
  const Grid da(PETSC_COMM_WORLD, 12, 12, {"h", "hu", "hv"});
  const ClosureOn closure(da.da, file.path);
  expectError([&] { return PetRLClosureSetUp(closure); }, {file.path, "for the cells of a mesh", "cell-flux"});
}

// Recorded on a finer mesh, known on the coarse one: means of what is linear are the values at the centres.
TEST(ClosureOnCells, RecordsMeans) {
  const SharedFile truth("truth.h5", [](const std::string &) {});
  MeshOf::About about;
  about.refine = 2;
  about.names = {"u"};
  const MeshOf fine(PETSC_COMM_WORLD, about);
  about.refine = 1;
  const MeshOf of_another(PETSC_COMM_WORLD, about);
  PetRLClosure closure;
  PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
  PetRLClosureSetDM(closure, fine.dm);
  PetRLClosureRecordSetFile(closure, truth.path.c_str());
  PetRLClosureRecordSetCoarsening(closure, 3, PETRL_CLOSURE_AVERAGE);
  expectError([&] { return PetRLClosureRecordBegin(closure); }, {"-closure_record_coarsen: found 3", "power of two"});
  PetRLClosureRecordSetCoarsening(closure, 8, PETRL_CLOSURE_AVERAGE);
  expectError([&] { return PetRLClosureRecordBegin(closure); }, {"-closure_record_coarsen 8", "-dm_refine 3"});
  PetRLClosureRecordSetCoarsening(closure, 4, PETRL_CLOSURE_AVERAGE);
  for (int run = 0; run < 2; ++run) {
    ASSERT_EQ(PetRLClosureRecordBegin(closure), 0);
    expectError([&] { return PetRLClosureRecordState(closure, 0, of_another.x); },
                {"-closure_record: found a state of"});
    for (int t = 0; t < 3; ++t) {
      fine.each(fine.x, [t](const PetscReal *c, PetscReal, PetscScalar *u) { u[0] = 2 * c[0] - c[1] + t; });
      ASSERT_EQ(PetRLClosureRecordState(closure, .1 * t, fine.x), 0);
    }
    ASSERT_EQ(PetRLClosureRecordEnd(closure), 0);
  }
  PetRLClosureDestroy(&closure);
  if (rankOf(PETSC_COMM_WORLD) != 0) return;
  const Record record(truth.path);
  ASSERT_EQ(record.runs(), 2);
  EXPECT_EQ(record.layout().grid(), "60 cells");
  const std::vector<double> &at = record.layout().centres;
  std::vector<double> u(60);
  record.state(1, 2, u.data());
  for (std::size_t c = 0; c < 60; ++c) EXPECT_NEAR(u[c], 2 * at[2 * c] - at[2 * c + 1] + 2, 1e-12);
}

// Diffusion, of which the coarse solver does not know, is found.
constexpr PetscReal kStep = .05, kDiffusion = 2e-3;

struct Diffusion {
  MeshOf mesh;
  explicit Diffusion(const MeshOf::About &about) : mesh(PETSC_COMM_WORLD, about) {}
  void step(Vec X) const {
    std::vector<PetscReal> centre, volume;
    mesh.each(X, [&](const PetscReal *c, PetscReal v, PetscScalar *) {
      centre.insert(centre.end(), {c[0], c[1]}), volume.push_back(v);
    });
    std::vector<PetscScalar> change(volume.size(), 0.);
    PetscScalar *u;
    PetscInt start, end;
    VecGetArray(X, &u);
    DMPlexGetHeightStratum(mesh.dm, 1, &start, &end);
    for (PetscInt f = start; f < end; ++f) {
      PetscInt n;
      const PetscInt *s;
      PetscReal area, x[3];
      DMPlexGetSupportSize(mesh.dm, f, &n);
      DMPlexGetSupport(mesh.dm, f, &s);
      if (n < 2) continue;
      DMPlexComputeCellGeometryFVM(mesh.dm, f, &area, x, NULL);
      const PetscReal flux = kDiffusion * area / .15 * (u[s[0]] - u[s[1]]);
      change[static_cast<std::size_t>(s[0])] -= kStep * flux / volume[static_cast<std::size_t>(s[0])];
      change[static_cast<std::size_t>(s[1])] += kStep * flux / volume[static_cast<std::size_t>(s[1])];
    }
    for (std::size_t i = 0; i < change.size(); ++i) u[i] += change[i];
    VecRestoreArray(X, &u);
  }
};

PetscErrorCode Nothing(PetRLClosure, PetscInt, PetscReal, PetscReal, Vec, PetscBool *failed, void *) {
  *failed = PETSC_FALSE;
  return 0;
}

TEST(ClosureOnCells, LearnsDiffusion) {
  const SharedFile truth("truth.h5", [](const std::string &) {}), save("my.h5", [](const std::string &) {});
  PetscMPIInt size;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  MeshOf::About about;
  about.names = {"u"};
  const Diffusion program(about);
  const MeshOf &mesh = program.mesh;
  PetRLClosure closure;
  PetRLClosureCreate(PETSC_COMM_WORLD, &closure);
  PetRLClosureSetDM(closure, mesh.dm);
  const char *const records[] = {truth.path.c_str()};
  PetscBool learned = PETSC_FALSE;
  PetRLClosureTrainSetStep(closure, NULL, Nothing, NULL);
  PetRLClosureTrainSetFiles(closure, 1, records, save.path.c_str());
  PetRLClosureTrainSetBudget(closure, 1, 20);
  if (size > 1) {
    PetRLClosureTrainSetForm(closure, PETRL_CLOSURE_FLUX);
    expectError([&] { return PetRLClosureTrain(closure, kStep, mesh.x, &learned); },
                {"-closure_train", "ranks, expected one"});
    PetRLClosureDestroy(&closure);
    return;
  }
  expectError([&] { return PetRLClosureTrain(closure, kStep, mesh.x, &learned); },
              {"-closure_form: found additive-rate, expected flux"});
  PetRLClosureTrainSetForm(closure, PETRL_CLOSURE_FLUX);
  PetRLClosureRecordSetFile(closure, truth.path.c_str());
  const auto start = [&](int run) {
    mesh.each(mesh.x, [run](const PetscReal *c, PetscReal, PetscScalar *u) {
      u[0] = std::sin((6 + run) * c[0] + run) + std::cos((9 - run) * c[1] + 2 * run) +
             .5 * scattered((PetscInt)(1e4 * c[0]), (PetscInt)(1e4 * c[1]), run);
    });
  };
  for (int run = 0; run < 4; ++run) {
    start(run);
    ASSERT_EQ(PetRLClosureRecordBegin(closure), 0);
    for (int t = 0; t < 8; ++t) {
      ASSERT_EQ(PetRLClosureRecordState(closure, t * kStep, mesh.x), 0);
      program.step(mesh.x);
    }
    ASSERT_EQ(PetRLClosureRecordEnd(closure), 0);
  }
  ASSERT_EQ(PetRLClosureTrain(closure, kStep, mesh.x, &learned), 0);
  ASSERT_TRUE(learned);
  // One step of a state that it has not seen.
  Vec A, B;
  VecDuplicate(mesh.x, &A);
  VecDuplicate(mesh.x, &B);
  start(7);
  VecCopy(mesh.x, B);
  program.step(B);
  VecAYPX(B, -1, mesh.x);
  ASSERT_EQ(PetRLClosureApply(closure, mesh.x, kStep, A), 0);
  PetscReal all, off;
  VecNorm(B, NORM_2, &all);
  VecAXPY(A, -1, B);
  VecNorm(A, NORM_2, &off);
  EXPECT_LT(off, .15 * all);
  VecDestroy(&A);
  VecDestroy(&B);
  PetRLClosureDestroy(&closure);
}

}  // namespace
}  // namespace petrl::test
