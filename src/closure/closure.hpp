// PetRLClosure: private state.
#pragma once

#include <petrlclosure.h>
#include <petsc/private/petscimpl.h>
#include <petscdmda.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/package.hpp"
#include "closure/correction.hpp"
#include "closure/device_closure.hpp"
#include "closure/fields.hpp"
#include "closure/learning.hpp"
#include "closure/recording.hpp"
#include "closure/training.hpp"
#include "policy/backend.hpp"
#include "policy/policy_object.hpp"

namespace petrl {

struct CellClosure;

/// A Vec on the closure's grid that channels are taken from, and its ghosted copy.
struct FieldSource {
  std::string what;  // for messages and views
  Vec vec = NULL;    // NULL: the state, which comes with each call
  DM ghosted = NULL;
  Vec local = NULL;
  PetscInt dof = 0;
  PetscObjectState seen = -1;  // parameters that did not change since are not fetched again
  bool fresh = true;           // fetched since the network was evaluated
};

/// One channel of the policy's observation.
struct Channel {
  std::size_t source;
  PetscInt component;
};

/// A field that somebody offers by name.
struct NamedField {
  std::string name, what;
  Vec vec;
  PetscInt component;
};

/// What a closure took the place of in a TS. Shared with the DM's right-hand side, which may outlive the closure.
struct Attached {
  ~Attached() { (void)DMDestroy(&kept); }
  PetRLClosure closure = NULL;  // NULL: it forces no more
  PetRLClosureMode mode = PETRL_CLOSURE_BEFORE_STEP;
  PetscErrorCode (*prestep)(TS) = NULL;
  PetscReal from = 0, dt = 0;  // the step that a correction was for; dt = 0: none since the last look
  bool warned = false;
  TSRHSFunction rhs = NULL;
  void *rhs_context = NULL;
  DM kept = NULL;  // holds a reference to what frees that context
};

struct Closure : PolicyObject {
  Closure() : PolicyObject("closure") {}

  // What the user said.
  DM dm = NULL;
  std::string auxiliary;
  std::vector<std::string> state_names, auxiliary_names;
  std::vector<NamedField> fields;
  PetscReal spacing[3] = {0, 0, 0};  // 0: from the coordinates
  PetscReal given_step = 0;          // that the policy's actions are for; 0: as the policy says

  // From the set-up on.
  std::unique_ptr<GridBackend> backend;
  std::unique_ptr<Correction> correction;
  std::unique_ptr<FieldInput> input;
  std::vector<FieldSource> sources;  // the first is the state
  std::vector<Channel> channels;
  std::map<PetscInt, DM> grids;         // ghosted grids by number of components
  std::vector<Vec> read;                // from the auxiliary file
  std::vector<std::string> read_names;  // of its components
  Vec followed = NULL;                  // the DM's auxiliary Vec, if channels come from it
  PetscInt dim = 2;                     // of the grid
  PetscInt nx = 0, ny = 0, nz = 1;      // own points; 1 in directions that the grid does not have
  PetscInt ghost = 0;                   // how many around them, in those that it has
  PetscInt inside[6] = {};              // of the patch with its surrounding: what lies on the grid (x0, x1, y0, ...)
  std::array<bool, 6> wall = {};        // own points end where the grid does (left, right, below, ...)
  PetscReal h[3] = {0, 0, 0};           // 0: not known
  PetscReal own_step = 0;               // that the policy's actions are for
  Vec work = NULL;
  bool sees_state = true;   // the network does; else its answer is that to the parameters
  bool sees_step = false;   // it does: Courant numbers
  PetscInt inferences = 0;  // how often it was evaluated
  PetscReal answered = 0;   // the latest time for this step, if that matters to it
  std::vector<double> planes, change, told;
  std::vector<double> reached;  // by the fields on the whole grid: smallest and largest value of each
  Surroundings surroundings;
  ClosureUse use;
  bool error_if_outside = false;
  std::vector<float> output;
  Fields view;
  std::string state_type;                 // of the latest state's Vec
  std::unique_ptr<DeviceClosure> device;  // not null: the state is on a device, and so is all that is done with it

  std::shared_ptr<CellClosure> cells;  // not null: the DM is a DMPlex, and this takes the place of the grid's things

  std::map<PetscObjectId, std::shared_ptr<Attached>> attached;  // what the TS did by themselves
  Recording recording;
  ClosureTrainOptions training;
  PetscErrorCode (*train_before)(PetRLClosure, PetscInt, PetscReal, Vec, void *) = NULL;
  PetscErrorCode (*train_step)(PetRLClosure, PetscInt, PetscReal, PetscReal, Vec, PetscBool *, void *) = NULL;
  void *train_context = NULL;

  GridSize own() const { return {static_cast<int>(nx), static_cast<int>(ny), static_cast<int>(nz)}; }
  /// n points to either side, in the directions that the grid has.
  GridSize around(PetscInt n) const { return petrl::around(static_cast<int>(dim), static_cast<int>(n)); }
};

}  // namespace petrl

struct _PetRLClosureOps {
  void *none;
};

struct _p_PetRLClosure {
  PETSCHEADER(struct _PetRLClosureOps);
  petrl::Closure *data;
};

namespace petrl {

/// Points, ranks, boundaries of a DMDA along each of its directions; 1, 1, periodic along those that it does not have.
struct GridShape {
  PetscInt dim = 2, n[3] = {1, 1, 1}, ranks[3] = {1, 1, 1}, dof = 1;
  DMBoundaryType boundary[3] = {DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC};
  const PetscInt *parts[3] = {};  // points of each rank
  bool periodic(PetscInt d) const { return boundary[d] == DM_BOUNDARY_PERIODIC; }
  /// "64 x 32"
  std::string text() const;
};
PetscErrorCode ClosureGridShape(DM da, GridShape *shape);
/// "64 x 32", of the first `dim` numbers.
std::string ClosureProduct(PetscInt dim, const PetscInt n[]);
/// What a correction for a step of dt needs to know.
CorrectionStep ClosureStep(const Closure &closure, PetscReal dt);
/// Forgets what the set-up made. Collective.
PetscErrorCode ClosureReset(PetRLClosure closure);
/// Reads -closure_auxiliary; the names of its components are `names`, unless the user gave some. Collective.
PetscErrorCode ClosureReadAuxiliary(PetRLClosure closure, const std::vector<std::string> &names);
/// Names of the state's components: the user's, the DMDA's, or component<number>.
PetscErrorCode ClosureStateNames(PetRLClosure closure, std::vector<std::string> &names);
/// All fields that are offered beside the state. A name may come more than once: the first counts.
PetscErrorCode ClosureOfferedFields(PetRLClosure closure, std::vector<NamedField> &offered);
/// Whether a field lies on the state's grid, and how many components its Vec has. Collective.
PetscErrorCode ClosureFieldFits(PetRLClosure closure, const NamedField &field, bool *fits, PetscInt *dof);
/// The distances of the points: the user's, or those of uniform coordinates; 0 where they are not known. Collective.
PetscErrorCode ClosureSpacing(PetRLClosure closure, PetscReal h[3]);
/// What a record over this grid has in common. Collective.
PetscErrorCode ClosureLayout(PetRLClosure closure, RecordLayout &layout);
/// A grid like the state's with these components and so many points around each part.
PetscErrorCode ClosureGhostedGrid(PetRLClosure closure, PetscInt dof, PetscInt width, DM *grid);
/// The change that was computed, or none, into a Vec of the state.
PetscErrorCode ClosureWriteChange(PetRLClosure closure, bool use, Vec A);
/// The set-up with a policy in memory. Collective.
PetscErrorCode ClosureSetUpWith(PetRLClosure closure, const Policy &policy);
/// Options that are lists of names, and those of recording and training. Within PetscObjectOptionsBegin().
PetscErrorCode ClosureGetNames(PETRL_OPTION_ITEMS PetscOptionsObject, PetRLClosure closure, const char option[],
                               const char text[], std::vector<std::string> &result);
PetscErrorCode ClosureLearnOptions(PETRL_OPTION_ITEMS PetscOptionsObject, PetRLClosure closure);
/// Forgets a run that is being recorded.
void ClosureRecordDiscard(Closure &closure);
/// Finds each channel of the observation by name and makes room for what is exchanged. Collective.
PetscErrorCode ClosureResolve(PetRLClosure closure);
/// Forgets what that found.
PetscErrorCode ClosureForgetSources(PetRLClosure closure);
/// Resolves again where the program has given the DM another auxiliary Vec since. Collective.
PetscErrorCode ClosureFollowAuxiliary(PetRLClosure closure);
/// Work Vecs like the state's; whether all is done on a device from now on. Collective.
PetscErrorCode ClosureFollowState(PetRLClosure closure, Vec X);
/// What `reached` says of this rank becomes that of all. Collective.
PetscErrorCode ClosureJoinRanges(PetRLClosure closure);
/// A source with what surrounds this rank's part. Collective.
PetscErrorCode ClosureFetch(FieldSource &source, Vec X);
/// What PetRLClosureApply() does with a state, on the device. Collective.
PetscErrorCode ClosureObserveOnDevice(PetRLClosure closure, Vec X);
PetscErrorCode ClosureWriteOnDevice(PetRLClosure closure, bool use, Vec A);
/// What the ranks tell each other of a correction: told[0] is 1 where all is finite, `failure` says what went wrong. Where
/// it is not `good` it is left out; `look`: what the fields reach is told, too, and compared. Collective.
PetscErrorCode ClosureAgree(PetRLClosure closure, PetscReal dt, const std::string &failure, bool look, bool *good);
/// Fetches and rearranges what the policy observes. Collective.
PetscErrorCode ClosureObserve(PetRLClosure closure, Vec X);
/// An error for methods that do not take a corrected state from the solution.
PetscErrorCode ClosureCheckMethod(TS ts);
/// Tells a closure which method takes the steps.
PetscErrorCode ClosureSetBase(PetRLClosure closure, TS ts);
/// Ends the forcing of a TS; its right-hand side is again the user's.
PetscErrorCode ClosureDetachForcing(PetRLClosure closure, TS ts);
/// Whether the forcing is (still) part of the TS's right-hand side.
PetscErrorCode ClosureForces(PetRLClosure closure, TS ts, bool *forces);

}  // namespace petrl
