// Where classical methods refine: error indicators and thresholds.
#pragma once

#include <vector>

#include "base/api.hpp"
#include "mesh/cell_mesh.hpp"
#include "policy/backend.hpp"

namespace petrl {

/// One value a cell (owned), units of u. h: volume^(1/dim).
enum class RefinementIndicator {
  gradient,  ///< h |grad u|, least-squares gradient
  jump,      ///< largest difference to a neighbour
  recovery   ///< Zienkiewicz and Zhu: h |recovered - own gradient|, the recovered one the average over the corners of
             ///< volume-weighted means around each vertex
};

/// u: cells; gradient: cells x dim, not limited; of ghosts, too.
PETRL_API void indicate(RefinementIndicator kind, const CellMesh &mesh, const double *u, const double *gradient,
                        std::vector<double> &eta);

/// A threshold rule; all of it is to be tuned.
struct RefinementThresholds {
  double refine = 0.1;    ///< refine where eta > refine (times the largest eta, unless absolute)
  double coarsen = 0.25;  ///< coarsen where eta < coarsen * refine: the hysteresis, below 1/2 or marks flicker
  bool absolute = false;
  int buffer = 1;     ///< layers of neighbours refined along with a refined cell
  int max_level = 6;  ///< no cell of this level is refined
};

/// marks: one an owned cell; priority: eta, for limits on the number of cells. Buffer cells are brought up to the level
/// that refinement gives the cell they protect, not beyond it, and are never coarsened. exchange: needed where the mesh
/// has ghosts (see GraphBackend::evaluate), and then the rule must be absolute. Collective where exchange is.
PETRL_API void markByThreshold(const CellMesh &mesh, const std::vector<double> &eta, const RefinementThresholds &rule,
                               std::vector<signed char> &marks, std::vector<float> &priority,
                               const GraphBackend::Exchange &exchange = {});

}  // namespace petrl
