// The same finite volumes for PETSc: a TS on a DMPlex, on any number of ranks.
#pragma once

#include <petscdmplex.h>
#include <petscts.h>

#include <vector>

#include "mesh/cell_mesh.hpp"
#include "problems/conservation/finite_volume.hpp"
#include "problems/conservation/truth.hpp"

namespace petrl::conservation {

/// Makes `ts` integrate the law on a DMPlex of triangles or intervals, one cell average a cell. Collective.
///
/// The DM: interpolated; on several ranks with an overlap of at least one layer of cells that share a vertex with an
/// owned one (plexDistribute() makes it so), or the limiter would see less at the seams. Boundary faces carry their
/// labels in the DMLabel "Face Sets"; values for the labels, and what the settings are: see FiniteVolume. The DM
/// itself is left as it is: the TS works on a clone of it (TSGetDM()), with a section and the adjacency of finite
/// volumes.
///
/// Sets the TS's DM, right-hand side and its Jacobian: that of the first-order upwind scheme, an AIJ matrix of cells
/// that share a face, exact with settings.first_order and no cross diffusion. Explicit types (TSSSP, TSRK) as they
/// are; of the implicit ones W-methods (TSROSW ra34pw2) are made for a Jacobian like this, Newton's method (TSBEULER,
/// TSBDF) converges linearly with it. The result is that of FiniteVolume to rounding, on any number of ranks.
///
/// The right-hand side is computed where the solution lives; Vecs of the TS's DM are of the DM's type (-dm_vec_type cuda).
/// Then nothing is copied in a step but, when they change, values given at the boundary, one number a face. The Jacobian
/// is put together on the host.
///
/// Options (with the TS's prefix): -conservation_limiter none | sharp | smooth, -conservation_first_order.
///
/// What it needs it keeps with the TS. Calling it again, with another DM, replaces it: after re-meshing call TSReset()
/// first. Errors: PETSC_ERR_ARG_WRONG for a DM that does not fit.
PetscErrorCode plexConservation(TS ts, DM dm, const Law &law, const std::vector<BoundaryValue> &boundary,
                                const FiniteVolumeSettings &defaults);

/// The cells behind a TS that plexConservation() has set up: owned ones in the order of the TS's Vecs. The mesh lives
/// as long as the TS or until the next call.
PetscErrorCode plexConservationMesh(TS ts, const CellMesh **mesh);

/// Step at Courant number 1 for this state (FiniteVolume::stableStep), the same on all ranks. Collective.
PetscErrorCode plexConservationStableStep(TS ts, Vec u, PetscReal *dt);

/// u: averages of the truth at time t.
PetscErrorCode plexConservationAverages(TS ts, const Truth &truth, PetscReal t, Vec u);

/// Distributes a DMPlex with the overlap that plexConservation() asks for; *dm is replaced where there are several
/// ranks. Collective.
PetscErrorCode plexDistribute(DM *dm);

}  // namespace petrl::conservation
