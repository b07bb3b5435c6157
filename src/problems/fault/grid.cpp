#include "problems/fault/grid.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace petrl::fault {

namespace {

PetscMPIInt ranksOf(MPI_Comm comm) {
  PetscMPIInt ranks = 1;
  check(static_cast<PetscErrorCode>(MPI_Comm_size(comm, &ranks)), "MPI_Comm_size");
  return ranks;
}

// How many ranks share a row: as few as leave a row for each of the others, so that Fourier transforms move little.
PetscInt ranksAlongStrike(PetscInt ranks, PetscInt nx, PetscInt nz) {
  for (PetscInt along = 1; along <= std::min(ranks, nx); ++along) {
    if (ranks % along == 0 && ranks / along <= nz) return along;
  }
  throw Error("fault: found " + std::to_string(ranks) + " ranks for " + std::to_string(nx) + " x " +
                  std::to_string(nz) + " cells, expected a number of ranks that is a product of at most " +
                  std::to_string(nx) + " along strike and at most " + std::to_string(nz) + " along depth",
              PETSC_ERR_ARG_SIZ);
}

void setUp(DM grid) {
  PetscInt nx, nz, along, down;
  PetRLThrow(DMDAGetInfo(grid, nullptr, &nx, &nz, nullptr, &along, &down, nullptr, nullptr, nullptr, nullptr, nullptr,
                         nullptr, nullptr));
  const PetscInt ranks = ranksOf(PetscObjectComm(reinterpret_cast<PetscObject>(grid)));
  if (ranks == 1) {
    along = down = 1;  // whatever the options say: nothing is cut
  } else if (along == PETSC_DECIDE && down == PETSC_DECIDE) {
    along = ranksAlongStrike(ranks, nx, nz);
    down = ranks / along;
  } else if (along == PETSC_DECIDE) {
    along = ranks / down;
  } else if (down == PETSC_DECIDE) {
    down = ranks / along;
  }
  if (along * down != ranks || along > nx || down > nz)
    throw Error("fault: -da_processors_x, -da_processors_y: found " + std::to_string(along) + " x " +
                    std::to_string(down) + " for " + std::to_string(ranks) + " ranks and " + std::to_string(nx) +
                    " x " + std::to_string(nz) + " cells, expected a product of " + std::to_string(ranks) +
                    " and at least one cell for each",
                PETSC_ERR_ARG_SIZ);
  PetRLThrow(DMDASetNumProcs(grid, along, down, PETSC_DECIDE));
  PetRLThrow(DMSetUp(grid));
}

// Cell centres. (DMDASetUniformCoordinates() divides by zero where there is one cell in a direction.)
void setCoordinates(DM grid, double dx, double dz) {
  DM points;
  Vec centres;
  PetscScalar *x;
  PetscInt first_x, first_z, width, height;
  PetRLThrow(DMGetCoordinateDM(grid, &points));
  PetRLThrow(DMCreateGlobalVector(points, &centres));
  PetRLThrow(DMDAGetCorners(grid, &first_x, &first_z, nullptr, &width, &height, nullptr));
  PetRLThrow(VecGetArray(centres, &x));
  for (PetscInt k = 0, at = 0; k < height; ++k) {
    for (PetscInt i = 0; i < width; ++i) {
      x[at++] = (static_cast<double>(first_x + i) + .5) * dx;
      x[at++] = (static_cast<double>(first_z + k) + .5) * dz;
    }
  }
  PetRLThrow(VecRestoreArray(centres, &x));
  PetRLThrow(DMSetCoordinates(grid, centres));
  PetRLThrow(VecDestroy(&centres));
}

}  // namespace

DM createGrid(MPI_Comm comm, ElasticityParameters &p) {
  DM grid;
  PetscBool given;
  char type[256];
  PetRLThrow(DMDACreate2d(comm, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, p.nx, p.nz, PETSC_DECIDE,
                          PETSC_DECIDE, 1, 1, nullptr, nullptr, &grid));
  try {
    // Values are those of cells: refinement cuts them in two.
    PetRLThrow(DMDASetInterpolationType(grid, DMDA_Q0));
    PetRLThrow(PetscOptionsGetString(nullptr, nullptr, "-vec_type", type, sizeof type, &given));
    if (given) PetRLThrow(DMSetVecType(grid, type));
    PetRLThrow(DMSetFromOptions(grid));
    setUp(grid);
    PetRLThrow(DMDAGetInfo(grid, nullptr, &p.nx, &p.nz, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                           nullptr, nullptr, nullptr));
    PetRLThrow(DMDASetFieldName(grid, 0, "displacement"));
    setCoordinates(grid, p.lx / static_cast<double>(p.nx), p.lz / static_cast<double>(p.nz));
  } catch (...) {
    (void)DMDestroy(&grid);
    throw;
  }
  return grid;
}

DM cloneGrid(DM grid) {
  DM clone;
  VecType type;
  // DMClone() of a DMDA that has coordinates recurses without end in PETSc 3.18 when these are asked for.
  PetRLThrow(DMDACreateCompatibleDMDA(grid, 1, &clone));
  PetRLThrow(DMGetVecType(grid, &type));
  PetRLThrow(DMSetVecType(clone, type));
  PetRLThrow(DMDASetInterpolationType(clone, DMDA_Q0));
  PetRLThrow(DMDASetFieldName(clone, 0, "displacement"));
  return clone;
}

Rows::Rows(DM grid) : grid_(grid) {
  PetscInt nx, nz, along;
  PetRLThrow(DMDAGetInfo(grid, nullptr, &nx, &nz, nullptr, &along, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                         nullptr, nullptr));
  PetRLThrow(DMDAGetCorners(grid, nullptr, &first_, nullptr, nullptr, &count_, nullptr));
  PetRLThrow(PetscObjectReference(reinterpret_cast<PetscObject>(grid)));
  if (along > 1) scatterRows(nx, nz);
}

Rows::~Rows() {
  // Destructors cannot throw, and memory is all that is at stake.
  (void)VecScatterDestroy(&scatter_);
  (void)VecDestroy(&x_);
  (void)VecDestroy(&y_);
  (void)DMDestroy(&grid_);
}

void Rows::scatterRows(PetscInt nx, PetscInt nz) {
  MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(grid_));
  PetscInt end = 0;
  Vec cells;
  VecType type;
  AO order;
  IS from;
  count_ = PETSC_DECIDE;
  PetRLThrow(PetscSplitOwnership(comm, &count_, &nz));
  check(static_cast<PetscErrorCode>(MPI_Scan(&count_, &end, 1, MPIU_INT, MPI_SUM, comm)), "MPI_Scan");
  first_ = end - count_;
  PetRLThrow(DMGetVecType(grid_, &type));
  PetRLThrow(VecCreate(comm, &x_));
  PetRLThrow(VecSetSizes(x_, count_ * nx, nx * nz));
  PetRLThrow(VecSetType(x_, type));
  PetRLThrow(VecDuplicate(x_, &y_));
  std::vector<PetscInt> index(static_cast<std::size_t>(count_ * nx));
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = first_ * nx + static_cast<PetscInt>(i);
  PetRLThrow(DMDAGetAO(grid_, &order));
  PetRLThrow(AOApplicationToPetsc(order, static_cast<PetscInt>(index.size()), index.data()));
  PetRLThrow(ISCreateGeneral(comm, static_cast<PetscInt>(index.size()), index.data(), PETSC_COPY_VALUES, &from));
  PetRLThrow(DMGetGlobalVector(grid_, &cells));
  PetRLThrow(VecScatterCreate(cells, from, x_, nullptr, &scatter_));
  PetRLThrow(DMRestoreGlobalVector(grid_, &cells));
  PetRLThrow(ISDestroy(&from));
}

Vec Rows::createVector() const {
  Vec v;
  if (own())
    PetRLThrow(DMCreateGlobalVector(grid_, &v));
  else
    PetRLThrow(VecDuplicate(x_, &v));
  return v;
}

void Rows::move(Vec from, Vec to, ScatterMode mode) {
  PetRLThrow(VecScatterBegin(scatter_, from, to, INSERT_VALUES, mode));
  PetRLThrow(VecScatterEnd(scatter_, from, to, INSERT_VALUES, mode));
}

}  // namespace petrl::fault
