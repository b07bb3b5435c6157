// PetRLRefiner: private state.
#pragma once

#include <petrlrefiner.h>
#include <petsc/private/petscimpl.h>
#include <petscdmplex.h>
#include <petscsf.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/package.hpp"
#include "mesh/forest.hpp"
#include "mesh/halo.hpp"
#include "mesh/plex_base.hpp"
#include "policy/policy_object.hpp"
#include "refine/device_prediction.hpp"
#include "refine/refinement_policy.hpp"
#include "refine/thresholds.hpp"
#include "refine/training.hpp"

namespace petrl {

/// A mesh, and what decisions and transfers need to know of it.
struct RefinerMesh {
  DM dm = NULL;
  DM ghosted = NULL;  ///< with ghost cells beyond the boundary, where the TS's DM has them
  CellMesh cells;
  std::vector<PetscInt> points;  ///< of the cells in the DM
  Halo halo;
  int finest = 0;  ///< highest level, over all ranks

  RefinerMesh() = default;
  ~RefinerMesh() {
    (void)DMDestroy(&ghosted);
    (void)DMDestroy(&dm);
  }
  RefinerMesh(const RefinerMesh &) = delete;
  RefinerMesh &operator=(const RefinerMesh &) = delete;
};

/// How values get from the mesh before to the one after.
struct Passage {
  /// What the cells after are made of, still where they were made; empty for the first mesh.
  Lineage lineage;
  VertexLineage vertices;
  std::vector<double> centre;  ///< of those cells
  std::vector<int> level;
  std::vector<int> corner;  ///< their vertices
  PetscSF moved = NULL;     ///< to other ranks, if they were: roots are those cells, leaves the cells after
  /// From the program's own mesh to the first one: roots are its points, leaves the cells after.
  PetscSF arrival = NULL;
  bool nested = true;  ///< cells after are parts or unions of cells before

  Passage() = default;
  ~Passage() {
    (void)PetscSFDestroy(&moved);
    (void)PetscSFDestroy(&arrival);
  }
  Passage(const Passage &) = delete;
  Passage &operator=(const Passage &) = delete;
};

/// Where the unknowns of a DM are.
struct FieldLayout {
  bool vertices = false;     ///< else in cells
  PetscInt width = 0;        ///< unknowns at each
  bool constrained = false;  ///< DMAddBoundary()
  /// Real numbers at each: the two parts of a complex unknown are components of their own.
  PetscInt reals() const { return width * kReals; }
  static constexpr PetscInt kReals = PetscDefined(USE_COMPLEX) ? 2 : 1;
};

/// Unknowns of a DM that was looked at: as long as it is the same, so are they.
struct KnownUnknowns {
  PetscObjectId dm = 0, section = 0;  ///< 0: none
  FieldLayout layout;
  std::vector<PetscInt> offset;  ///< of owned cells' unknowns in the array of a Vec, where they are in cells
};

/// A refiner in a TS.
struct RefinedTS {
  PetscObjectId id = 0;  ///< of the TS, 0: none
  bool started = false;
  bool frozen = false;  ///< steps ask for no decisions
  bool ghosts = false;  ///< the TS\'s DM is a mesh with ghost cells (DMPlexConstructGhostCells())
  PetscErrorCode (*prestep)(TS) = NULL, (*poststep)(TS) = NULL;  ///< the program's own
  Vec last = NULL;                                               ///< the solution one step before the decision
  PetscReal last_time = 0;
  // From one mesh to the next.
  PetscReal atol = 0, rtol = 0;
  Vec vatol = NULL, vrtol = NULL;
  DM next = NULL;       ///< the TS's from now on
  Vec solution = NULL;  ///< on the mesh before; of the TS
};

struct RefinerData : PolicyObject {
  RefinerData() : PolicyObject("refiner") {}

  // What the user said.
  DM base = NULL;
  RefinementCosts costs;
  PetscInt interval = 20, max_level = 4, max_cells = 1 << 26, initial_rounds = -1;
  PetscReal imbalance = 1.1;
  bool skip = true;
  double gate = 0;       ///< of the policy: see RefinementPolicy::setGate()
  int stable_steps = 1;  ///< the smallest cell limits the step
  bool stable_steps_set = false;
  std::vector<PetscInt> components;
  PetRLRefinerMethod method = PETRL_REFINER_HIERARCHY;
  PetRLRefinerResetFunction reset = NULL;
  void *reset_context = NULL;
  PetRLRefinerInitialFunction initial = NULL;
  void *initial_context = NULL;
  PetRLRefinerIndicator indicator = PETRL_REFINER_NONE;  ///< decides in the place of a policy
  RefinementThresholds thresholds;
  RefinerTrainingOptions training;

  // From the set-up on.
  bool ready = false;                         ///< the mesh is there
  std::unique_ptr<RefinementPolicy> decider;  ///< if there is a policy
  const RefinerRule *rule = NULL;             ///< that a training has set
  std::unique_ptr<Forest> forest;
  BaseOrigin origin;
  std::vector<int> vertex;  ///< of the DM, for each of the forest's; empty: the same
  double measure = 0, largest = 0;
  std::shared_ptr<RefinerMesh> before, mesh;
  std::shared_ptr<Passage> passage;
  RefinementDecision decision;
  DMLabel decided = NULL;                                  ///< the label that `decision` became; kept until the next
  std::vector<std::vector<double>> value, rate, gradient;  ///< components
  std::vector<double> rows;
  KnownUnknowns known;  ///< of the last solution or rate
  // Where the solution lives on a device.
  std::unique_ptr<DevicePrediction> device;  ///< null: it lives on the host
  std::shared_ptr<RefinerMesh> device_mesh;
  device::Array<PetscInt> places;  ///< of the cells' values
  PetscObjectId placed = 0;        ///< of the section that says so
  bool device_rates = false;
  std::vector<float> observed, predicted;  ///< what came from there

  PetscInt remeshes = 0;
  double looked[3] = {0, 0,
                      0};  ///< with a gate: cells decided about, predicted for, looked at; of all decisions and ranks
  PetscReal time = 0;      ///< of the solution, for boundary values
  bool said_coarsening = false, said_rates = false, said_labels = false, said_outside = false;
  RefinedTS ts;
};

}  // namespace petrl

struct _PetRLRefinerOps {
  void *none;
};

struct _p_PetRLRefiner {
  PETSCHEADER(struct _PetRLRefinerOps);
  petrl::RefinerData *data;
};

namespace petrl {

/// Forgets what the set-up made. Collective.
PetscErrorCode RefinerReset(PetRLRefiner refiner);
/// Whether somebody gave a DM unknowns; asking PETSc would make some up.
bool RefinerHasUnknowns(DM dm);
/// Refuses unknowns that cannot be transferred; `what` is for messages. Collective.
PetscErrorCode RefinerLayout(DM dm, const char what[], FieldLayout *layout);
/// Whether both DMs are the same mesh (clones).
bool RefinerSameMesh(DM a, DM b);
/// The same, or `mesh` has as many cells as `dm` has beside ghost cells and the TS's DM has such.
bool RefinerFits(PetRLRefiner refiner, DM dm, DM mesh);
/// Whether a DM has ghost cells (DMPlexConstructGhostCells()) on any rank. Collective.
PetscErrorCode RefinerHasGhosts(DM dm, bool *has);
/// Whether `mesh` has the cells of `dm` in the same order, beside ghost cells. Collective.
PetscErrorCode RefinerSameCells(DM dm, DM mesh, bool *same);
/// The mesh's DM with ghost cells, to be referenced; its fields are those of the DM. Collective.
PetscErrorCode RefinerGhosted(PetRLRefiner refiner, RefinerMesh &mesh, DM *ghosted);
/// A Vec of the mesh becomes one of the DM with ghost cells, which are no unknowns. Collective.
PetscErrorCode RefinerToGhosted(DM ghosted, Vec *u);
/// Where adjacency is: of the DM and of each field.
PetscErrorCode RefinerCopyAdjacency(DM from, DM to);
/// The DM that a Vec's unknowns are numbered by, on one of the refiner's meshes.
PetscErrorCode RefinerVecDM(PetRLRefiner refiner, Vec u, const RefinerMesh &mesh, const char what[], DM *dm);
/// Gives `to` the unknowns of `from` and what else does not depend on the mesh. Collective.
PetscErrorCode RefinerCopyDM(PetRLRefiner refiner, DM from, DM to, const FieldLayout &layout);
/// Unknowns of owned cells, `width` real numbers each.
PetscErrorCode RefinerGetCells(DM dm, Vec u, const RefinerMesh &mesh, PetscInt width, double *values);
PetscErrorCode RefinerSetCells(DM dm, Vec u, const RefinerMesh &mesh, PetscInt width, const double *values);
/// Unknowns of all vertices, `width` real numbers each. Constrained ones have their boundary values, or the rates of these.
/// Collective.
PetscErrorCode RefinerGetVertices(PetRLRefiner refiner, DM dm, Vec u, PetscInt width, bool rate,
                                  std::vector<double> &values);
PetscErrorCode RefinerSetVertices(DM dm, Vec u, PetscInt width, const std::vector<double> &values);
/// Means over cells, of all cells.
void RefinerMeans(const CellMesh &mesh, PetscInt width, const std::vector<double> &vertices, double *cells);
/// The mesh that the forest's leaves are. Collective.
PetscErrorCode RefinerBuildMesh(PetRLRefiner refiner, std::shared_ptr<RefinerMesh> &mesh);
/// Means over the cells of `mesh`, all components side by side; ghosts have none where unknowns are in cells. Collective.
PetscErrorCode RefinerCellValues(PetRLRefiner refiner, const RefinerMesh &mesh, Vec u, bool rate, FieldLayout *layout,
                                 std::vector<double> &values);
/// Numbers, of `width` unknowns, of the components that count: real numbers.
PetscErrorCode RefinerComponents(PetRLRefiner refiner, PetscInt width, std::vector<PetscInt> &components);
/// Values, rates and gradients of all cells, of the components that count, into the refiner. range: one a component,
/// over all ranks; finite: on all ranks. Collective.
PetscErrorCode RefinerObserve(PetRLRefiner refiner, Vec u, Vec udot, FieldLayout &layout, std::vector<double> &range,
                              bool *finite);
/// The rate has as many unknowns as the solution.
PetscErrorCode RefinerSameWidth(PetRLRefiner refiner, const FieldLayout &solution, const FieldLayout &rate);
/// Of smallest and largest values on this rank, and whether all is finite here: ranges and the same on all. Collective.
PetscErrorCode RefinerJoinRanges(PetRLRefiner refiner, const std::vector<double> &reached, std::vector<double> &range,
                                 bool *finite);
/// Decides where to observe and infer: r.device is where the solution lives, if there. Collective.
PetscErrorCode RefinerFollowState(PetRLRefiner refiner, const RefinementPolicy *policy, Vec u);
/// As RefinerObserve(), then field by field what the policy sees and predicts, by r.device. Collective.
PetscErrorCode RefinerObserveOnDevice(PetRLRefiner refiner, Vec u, Vec udot, FieldLayout &layout,
                                      std::vector<double> &range, bool *finite);
PetscErrorCode RefinerObserveFieldOnDevice(PetRLRefiner refiner, std::size_t field, double range, PetscReal interval);
PetscErrorCode RefinerInferOnDevice(PetRLRefiner refiner);
/// A label of marks. Not collective.
PetscErrorCode RefinerMakeLabel(const RefinerMesh &mesh, const std::vector<signed char> &mark, DMLabel *label);
/// Limited linear reconstruction of averages: owned cells x width x dim; rows: of all cells.
PetscErrorCode RefinerGradients(const RefinerMesh &mesh, int width, const std::vector<double> &rows,
                                std::vector<double> &result);
/// Whether somebody decides: a policy, thresholds or a training.
inline bool RefinerDecides(const RefinerData &r) {
  return !r.file.empty() || r.indicator != PETRL_REFINER_NONE || r.rule;
}
/// Decides; `label` is NULL if the mesh is to be kept. Collective.
PetscErrorCode RefinerDecide(PetRLRefiner refiner, Vec u, Vec udot, PetscReal interval, bool initial, DMLabel *label);
/// A DM that somebody else made as a mesh: levels from volumes. Collective.
PetscErrorCode RefinerPlainMesh(PetRLRefiner refiner, DM dm, RefinerMesh &mesh);
/// New values at vertices by interpolation in old cells.
PetscErrorCode RefinerInterpolateVertices(PetRLRefiner refiner, PetscInt width, const std::vector<double> &old_values,
                                          std::vector<double> &new_values);
/// DMAdaptLabel() in the place of the hierarchy. Collective.
PetscErrorCode RefinerAdaptLabel(PetRLRefiner refiner, DMLabel label, DM *newdm);

/// From one mesh to the next in the hierarchy; `balance`: cells may move to other ranks. Collective.
PetscErrorCode RefinerAdaptHierarchy(PetRLRefiner refiner, const std::vector<signed char> &marks,
                                     const std::vector<float> &priority, const ForestLimits &limits, bool balance,
                                     DM *newdm);
/// Centres of the forest's leaves, leaves x dim: in one tree they lie beside each other.
void RefinerLeafCentres(const Forest &forest, std::vector<double> &centre);

// In a TS: see refiner_ts.cpp, refiner_move.cpp.
/// The rate of the solution, to be destroyed, or NULL. Collective.
PetscErrorCode RefinerRate(PetRLRefiner refiner, TS ts, Vec u, Vec *rate);
/// Time until the next decision.
PetscErrorCode RefinerInterval(PetRLRefiner refiner, TS ts, PetscReal *interval);
/// Transfers the tolerances, which TSReset() forgets, to the mesh after; they are the refiner's until RefinerSettle(). Collective.
PetscErrorCode RefinerTakeTolerances(PetRLRefiner refiner, TS ts);
/// The TS goes on with another mesh that the refiner has made. Collective.
PetscErrorCode RefinerMoveTS(PetRLRefiner refiner, TS ts, DM dm, bool initial);
/// After TSReset(): with this DM and this solution, and the tolerances that the refiner keeps. Collective.
PetscErrorCode RefinerSettle(PetRLRefiner refiner, TS ts, DM dm, Vec u);
/// Decisions before the first step; `initial`: the initial condition is known on any mesh. Collective.
PetscErrorCode RefinerRounds(PetRLRefiner refiner, TS ts, bool initial);
/// Learns to decide: see refiner_train.cpp. Collective.
PetscErrorCode RefinerTrain(PetRLRefiner refiner, TS ts);

/// An option as messages name it.
std::string RefinerOption(PetRLRefiner refiner, const char option[]);

}  // namespace petrl
