// Refiners on boxes, without a TS: unknowns, and labels of one's own.
#pragma once

#include <gtest/gtest.h>
#include <petrlrefiner.h>
#include <petscdmplex.h>

#include <cmath>
#include <vector>

#include "base/compat.hpp"
#include "mesh/plex_build.hpp"
#include "mesh/plex_cells.hpp"

namespace petrl::test {

inline constexpr double kLow[2] = {0, 0}, kHigh[2] = {2, 1};

inline double total(MPI_Comm comm, double x) {
  MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, comm);
  return x;
}

inline PetRLRefiner refinerOf(const BaseMesh &base, MPI_Comm comm) {
  PetRLRefiner refiner;
  DM dm = createPlex(Forest(base, comm), false);
  PetRLRefinerCreate(comm, &refiner);
  PetRLRefinerSetDM(refiner, dm);
  DMDestroy(&dm);
  EXPECT_EQ(PetRLRefinerSetUp(refiner), 0);
  return refiner;
}

/// `width` unknowns at each point of this depth.
inline void setSection(DM dm, int depth, int width) {
  PetscSection s;
  PetscInt start, end;
  PetscSectionCreate(PetscObjectComm((PetscObject)dm), &s);
  DMPlexGetChart(dm, &start, &end);
  PetscSectionSetChart(s, start, end);
  DMPlexGetDepthStratum(dm, depth, &start, &end);
  for (PetscInt p = start; p < end; ++p) PetscSectionSetDof(s, p, width);
  PetscSectionSetUp(s);
  DMSetLocalSection(dm, s);
  PetscSectionDestroy(&s);
}

/// Something moves over the mesh.
inline DMLabel somewhere(DM dm, int round) {
  DMLabel label;
  std::vector<PetscInt> points;
  const CellMesh m = cellMeshFromPlex(dm, &points);
  DMLabelCreate(PETSC_COMM_SELF, "adapt", &label);
  for (int c = 0; c < m.owned; ++c) {
    const double x = m.centre[c * m.dim], y = m.dim > 1 ? m.centre[c * m.dim + 1] : 0.45;
    const double r = std::fabs(x - 0.4 - 0.15 * round) + std::fabs(y - 0.45);
    if (r < 0.3 && round < 5) DMLabelSetValue(label, points[c], DM_ADAPT_REFINE);
    if (r > (round < 5 ? 0.5 : 0.1)) DMLabelSetValue(label, points[c], DM_ADAPT_COARSEN);
  }
  return label;
}

}  // namespace petrl::test
