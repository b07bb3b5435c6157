// PetRLClosure on a DMPlex: unknowns in the cells of a triangulation.
#pragma once

#include <petscdmplex.h>

#include <memory>
#include <string>
#include <vector>

#include "closure/cell_flux.hpp"
#include "mesh/halo.hpp"
#include "policy/backend.hpp"

typedef struct _p_PetRLClosure *PetRLClosure;

namespace petrl {

struct RecordLayout;

/// The cells of a DMPlex, and where their unknowns are in its global Vecs.
struct ClosureCells {
  CellMesh mesh;
  std::vector<PetscInt> points;  ///< of the mesh, in the DMPlex
  std::vector<PetscInt> place;   ///< of an owned cell's first unknown, in this rank's part of a Vec
  PetscInt dof = 0;
  double spacing = 0;  ///< root of the mean area
  Halo halo;

  /// Owned cells and ghosts: cells x unknowns. Collective.
  PetscErrorCode Fetch(Vec X, std::vector<double> &u);
};

/// Finds them. An error for meshes of other cells, unknowns elsewhere, ranks that do not see beyond their own cells.
/// `ghosts`: they are needed. Collective.
PetscErrorCode ClosureFindCells(DM dm, bool ghosts, ClosureCells &cells);
/// Names of the unknowns: as fields and components of the section are called, or component<k>.
PetscErrorCode ClosureCellNames(DM dm, std::vector<std::string> &names);
/// Whether the DM is a DMPlex.
PetscErrorCode ClosureIsMesh(DM dm, bool *mesh);

/// What a closure on a mesh has instead of what it has on a grid.
struct CellClosure {
  ClosureCells cells;
  std::unique_ptr<CellFlux> flux;
  std::unique_ptr<GraphBackend> network;
  std::vector<double> u, sides, change;
  std::vector<float> node, output;

  /// Makes flux and network of a policy. Throws petrl::Error naming `source`.
  void make(const Policy &policy, const std::string &source);
  /// The network's inputs at a state. Collective.
  PetscErrorCode Observe(Vec X);
  /// The network's output there. Collective; what goes wrong here is thrown.
  void infer();
  /// The correction, owned cells x unknowns, for that output. factor: see CellFlux. Collective.
  PetscErrorCode Act(const float *output, double factor);
  /// What Act() found into a Vec like the state; not used: zero.
  PetscErrorCode Write(bool use, Vec A) const;
};

/// What a record over this mesh has in common; the centres on the first rank, rank by rank. Collective.
PetscErrorCode ClosureCellLayout(PetRLClosure closure, RecordLayout &layout);
/// Makes what brings the states of this mesh to that which it was refined from. Collective.
PetscErrorCode ClosureCoarsenCells(PetRLClosure closure);
/// The centres of all owned cells, rank by rank, on the first one. Collective.
PetscErrorCode ClosureGatherCentres(MPI_Comm comm, const std::vector<double> &own, std::vector<double> &all);

/// The set-up of a closure whose DM is a DMPlex: with the policy of its file, or one in memory. Collective.
PetscErrorCode ClosureSetUpCells(PetRLClosure closure, const Policy *given);
/// What PetRLClosureApply() does there. Collective.
PetscErrorCode ClosureApplyCells(PetRLClosure closure, Vec X, PetscReal dt, Vec A);

}  // namespace petrl
