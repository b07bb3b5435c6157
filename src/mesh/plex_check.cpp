#include "mesh/plex_check.hpp"

#include <string>

#include "base/compat.hpp"
#include "base/error.hpp"

namespace petrl {

namespace {

/// Coordinates of vertices, or of cells, that are no simplex's corners and nothing else; empty if they are.
std::string coordinateComplaint(DM dm, PetscInt dim) {
  PetscSection section;
  PetscInt start, end, first = 0, last = 0, dof;
  Vec vertices, cells;
  PetRLThrow(DMGetCoordinatesLocalNoncollective(dm, &vertices));
  PetRLThrow(DMGetCellCoordinatesLocalNoncollective(dm, &cells));
  if (!vertices) return "a DMPlex without coordinates";
  const auto check = [&](PetscInt corners, const char *what, bool all) -> std::string {
    PetRLThrow(PetscSectionGetChart(section, &start, &end));
    if (all && first < last && (start > first || end < last))
      return std::string("a DMPlex without coordinates of some ") + what;
    for (PetscInt p = start; p < end; ++p) {
      const bool here = p >= first && p < last;
      PetRLThrow(PetscSectionGetDof(section, p, &dof));
      if (dof == (here ? dim * corners : 0) || (dof == 0 && !all)) continue;
      return "a DMPlex with " + std::to_string(dof) + " coordinates at point " + std::to_string(p) + ", expected " +
             (here ? std::to_string(dim * corners) + " at each of the " + what : "none there") +
             " (curved cells? Read a mesh file with -dm_plex_gmsh_highorder 0, or write it with straight cells)";
    }
    return "";
  };
  PetRLThrow(DMGetCoordinateSection(dm, &section));
  PetRLThrow(DMPlexGetDepthStratum(dm, 0, &first, &last));
  std::string text = check(1, "vertices", true);
  if (!text.empty() || !cells) return text;
  PetRLThrow(DMGetCellCoordinateSection(dm, &section));
  PetRLThrow(DMPlexGetHeightStratum(dm, 0, &first, &last));
  return check(dim + 1, "cells", false);
}

/// What is wrong with this rank's part; empty if nothing is.
std::string complaint(DM dm, bool without_ghosts) {
  PetscBool plex = PETSC_FALSE;
  PetRLThrow(PetscObjectTypeCompareAny(reinterpret_cast<PetscObject>(dm), &plex, DMPLEX, ""));
  if (!plex) {
    DMType type;
    PetRLThrow(DMGetType(dm, &type));
    return std::string("a DM of type ") + (type ? type : "(none)") + ", expected " DMPLEX;
  }
  PetscInt dim, space, depth, start, end;
  PetRLThrow(DMGetDimension(dm, &dim));
  if (dim < 1 || dim > 3) return "a DMPlex of dimension " + std::to_string(dim) + ", expected 1, 2 or 3";
  PetRLThrow(DMGetCoordinateDim(dm, &space));
  if (space != dim)
    return "a DMPlex of dimension " + std::to_string(dim) + " with coordinates of dimension " + std::to_string(space) +
           ", expected the same";
  PetRLThrow(plexCells(dm, without_ghosts, &start, &end));
  PetRLThrow(DMPlexGetDepth(dm, &depth));
  if (end > start && depth != dim)
    return "a DMPlex of depth " + std::to_string(depth) + ", expected an interpolated one (DMPlexInterpolate)";
  for (PetscInt c = start; c < end; ++c) {
    PetscInt size;
    DMPolytopeType type;
    PetRLThrow(DMPlexGetConeSize(dm, c, &size));
    if (size == dim + 1) continue;
    PetRLThrow(DMPlexGetCellType(dm, c, &type));
    return "cell " + std::to_string(c) + " of the DMPlex is a " + DMPolytopeTypes[type] + " (" + std::to_string(size) +
           " faces), expected " + (dim == 1 ? "segments" : dim == 2 ? "triangles" : "tetrahedra");
  }
  return coordinateComplaint(dm, dim);
}

}  // namespace

PetscErrorCode plexCells(DM dm, bool without_ghosts, PetscInt *start, PetscInt *end) {
  PetscInt ghosts = -1;
  PetscFunctionBegin;
  PetscCall(DMPlexGetHeightStratum(dm, 0, start, end));
  if (without_ghosts) PetscCall(PETRL_PLEX_GHOST_CELLS(dm, &ghosts, NULL));
  if (ghosts >= 0) *end = ghosts;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void checkSimplexPlex(DM dm, bool without_ghosts) {
  const MPI_Comm comm = PetscObjectComm(reinterpret_cast<PetscObject>(dm));
  PetscMPIInt rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  PetscBool plex;
  PetRLThrow(PetscObjectTypeCompare(reinterpret_cast<PetscObject>(dm), DMPLEX, &plex));
  if (plex) PetRLThrow(DMGetCoordinatesLocalSetUp(dm));
  std::string text;
  try {  // what goes wrong on one rank is an error on all
    text = complaint(dm, without_ghosts);
  } catch (const std::exception &error) {
    text = error.what();
  }
  if (size > 1) {
    int who = text.empty() ? size : rank;
    MPI_Allreduce(MPI_IN_PLACE, &who, 1, MPI_INT, MPI_MIN, comm);
    if (who == size) return;
    int length = static_cast<int>(text.size());
    MPI_Bcast(&length, 1, MPI_INT, who, comm);
    text.resize(static_cast<std::size_t>(length));
    MPI_Bcast(&text[0], length, MPI_CHAR, who, comm);
  }
  if (!text.empty()) throw Error(text, PETSC_ERR_SUP);
}

}  // namespace petrl
