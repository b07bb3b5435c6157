// PetRLClosure: recording the runs of a fine grid.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/compat.hpp"
#include "closure/cell_closure.hpp"
#include "closure/closure.hpp"
#include "policy/shared_policy.hpp"

const char *const PetRLClosureRestrictions[] = {"inject", "average", "PetRLClosureRestriction", "PETRL_CLOSURE_", NULL};

namespace petrl {

namespace {

// What nobody asked for yet may lie on other grids: that is left out.
PetscErrorCode RecordableFields(PetRLClosure closure, std::vector<RecordedField> &fields) {
  std::vector<NamedField> offered;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);

  PetscFunctionBegin;
  PetscCall(ClosureOfferedFields(closure, offered));
  fields.clear();
  for (const NamedField &field : offered) {
    bool fits;
    PetscInt dof;
    const bool twice =
        std::any_of(fields.begin(), fields.end(), [&](const RecordedField &other) { return other.name == field.name; });
    if (twice) continue;
    PetscCall(ClosureFieldFits(closure, field, &fits, &dof));
    if (fits) {
      PetRLCallCXX(fields.push_back({field.name, field.vec, field.component, dof}));
    } else {
      PetscCall(PetscPrintf(
          comm, "PetRL warning: -closure_record: field '%s' (%s) is not on the state's grid and is not recorded\n",
          field.name.c_str(), field.what.c_str()));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Averages lie in the middle of the fine points that they are of. Where these begin at a multiple of their spacing (as
// vertices do; cells begin half a spacing later), coarse points of the same kind lie elsewhere.
PetscErrorCode WarnOfVertices(PetRLClosure closure) {
  const Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  DMDAInterpolationType type;
  PetscInt dim, n[3], ratio = c.recording.ratio;
  PetscReal h[3], low;
  Vec coordinates;

  PetscFunctionBegin;
  if (c.recording.how != PETRL_CLOSURE_AVERAGE || ratio == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMDAGetInterpolationType(c.dm, &type));
  PetscCall(DMGetCoordinates(c.dm, &coordinates));
  if (type == DMDA_Q0 || !coordinates) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ClosureSpacing(closure, h));
  PetscCall(DMDAGetInfo(c.dm, &dim, &n[0], &n[1], &n[2], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  for (PetscInt d = 0; d < dim; ++d) {
    if (n[d] == 1) continue;
    PetscCall(dim > 1 ? VecStrideMin(coordinates, d, NULL, &low) : VecMin(coordinates, NULL, &low));
    const double place = (double)(low / h[d]);
    if (!(std::fabs(place - std::round(place)) < 1e-6 * (1 + std::fabs(place)))) continue;
    PetscCall(PetscPrintf(
        comm,
        "PetRL warning: -closure_record_restrict average: points in %c begin at %g and are %g apart, as vertices are: "
        "averages lie %g coarse spacings beside the coarse points (vertices: inject; cells: give their centres as the "
        "DMDA's coordinates)\n",
        "xyz"[d], (double)low, (double)h[d], .5 * (double)(ratio - 1) / (double)ratio));
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DescribeRun(PetRLClosure closure) {
  Recording &r = closure->data->recording;
  char *options;

  PetscFunctionBegin;
  PetscCall(ClosureLayout(closure, r.layout));
  r.restriction->describe(r.layout);
  PetscCall(PetscOptionsGetAll(NULL, &options));
  PetRLCallCXX({
    r.origin.options = options != NULL ? options : "";
    r.origin.ratio = static_cast<int>(r.ratio);
    r.origin.restriction = PetRLClosureRestrictions[r.layout.space > 0 ? PETRL_CLOSURE_AVERAGE : r.how];
    r.origin.interval = static_cast<int>(r.interval > 0 ? r.interval : r.ratio);
  });
  PetscCall(PetscFree(options));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The auxiliary fields as they are now, on the first rank; `changed`: they may have changed since the last call.
PetscErrorCode GatherAuxiliary(PetRLClosure closure, const std::vector<RecordedField> &fields, bool *changed) {
  Closure &c = *closure->data;
  Recording &r = c.recording;
  std::vector<std::pair<Vec, PetscObjectState>> now;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);

  PetscFunctionBegin;
  for (const RecordedField &field : fields) {
    PetscObjectState state;
    PetscCall(PetscObjectStateGet((PetscObject)field.vec, &state));
    PetRLCallCXX(now.emplace_back(field.vec, state));
  }
  int differs = now != r.seen ? 1 : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &differs, 1, MPI_INT, MPI_MAX, comm));
  *changed = differs != 0;
  if (!*changed) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(r.seen = now);
  const std::size_t names = fields.size();
  Vec gathered = NULL;
  for (std::size_t f = 0; f < names; ++f) {
    const auto dof = static_cast<std::size_t>(fields[f].dof);
    if (fields[f].vec != gathered) PetscCall(r.restriction->Gather(gathered = fields[f].vec, fields[f].dof, r.one));
    const std::size_t points = r.one.size() / dof;
    PetRLCallCXX(r.auxiliary.resize(points * names));
    for (std::size_t i = 0; i < points; ++i)
      r.auxiliary[i * names + f] = r.one[i * dof + static_cast<std::size_t>(fields[f].component)];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode OnFirstRank(PetRLClosure closure, const std::function<void()> &work) {
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscMPIInt rank;
  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(onEveryRank(comm, [&] {
    if (rank == 0) work();
  }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode ClosureLayout(PetRLClosure closure, RecordLayout &layout) {
  const Closure &c = *closure->data;
  std::vector<RecordedField> fields;
  PetscInt dim, n[3];
  DMBoundaryType b[3];
  PetscReal h[3];
  bool mesh;

  PetscFunctionBegin;
  PetscCall(ClosureIsMesh(c.dm, &mesh));
  if (mesh) {
    PetscCall(ClosureCellLayout(closure, layout));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(RecordableFields(closure, fields));
  PetscCall(DMDAGetInfo(c.dm, &dim, &n[0], &n[1], &n[2], NULL, NULL, NULL, NULL, NULL, &b[0], &b[1], &b[2], NULL));
  PetscCall(ClosureSpacing(closure, h));
  PetRLCallCXX({
    layout = RecordLayout();
    layout.dimension = static_cast<int>(dim);
    for (int d = 0; d < dim; ++d) {
      layout.points[d] = n[d];
      layout.spacing[d] = (double)h[d];
      layout.boundary[d] = DMBoundaryTypes[b[d]];
      for (char &x : layout.boundary[d]) x = static_cast<char>(std::tolower(static_cast<unsigned char>(x)));
    }
    for (const RecordedField &field : fields) layout.auxiliary.push_back(field.name);
  });
  PetscCall(ClosureStateNames(closure, layout.components));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ClosureRecordDiscard(Closure &c) {
  c.recording.run.reset();
  c.recording.restriction.reset();
  c.recording.seen.clear();
}

}  // namespace petrl

/*@C
   PetRLClosureRecordSetFile - Sets the file that runs of a fine grid are recorded in

   Logically Collective

   Input Parameters:
+  closure - the closure
-  file    - an HDF5 file that is begun, or added to; "" for none

   Options Database Key:
.  -closure_record <file> - the file

   Level: intermediate

.seealso: `PetRLClosure`, `PetRLClosureRecordSetCoarsening()`, `PetRLClosureRecordBegin()`
@*/
PetscErrorCode PetRLClosureRecordSetFile(PetRLClosure closure, const char file[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLNotNull(file, 2);
  PetRLCallCXX(closure->data->recording.file = file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureRecordSetCoarsening - Sets how a fine grid's states become those of the coarse grid that is recorded

   Logically Collective

   Input Parameters:
+  closure - the closure
.  ratio   - points per coarse point and direction, 1 or more
-  how     - `PETRL_CLOSURE_INJECT` (default) or `PETRL_CLOSURE_AVERAGE`

   Options Database Keys:
+  -closure_record_coarsen <ratio>            - the ratio
-  -closure_record_restrict <inject|average>  - how

   Level: intermediate

   Note:
   Injection takes the fine point that lies on a coarse one, as DMDA refines grids: n fine points are ratio times the
   coarse ones in periodic directions, otherwise n - 1 = ratio (coarse - 1). Averages are for cell-centred grids, n =
   ratio times the coarse ones in all directions; coordinates that are vertices' (they begin at a multiple of the
   spacing) are warned of, unless the DMDA interpolates as cells do (`DMDA_Q0`).

.seealso: `PetRLClosure`, `PetRLClosureRecordSetFile()`, `PetRLClosureRestriction`
@*/
PetscErrorCode PetRLClosureRecordSetCoarsening(PetRLClosure closure, PetscInt ratio, PetRLClosureRestriction how) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscCheck(ratio >= 1 && ratio <= 1024, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_record_coarsen: found %" PetscInt_FMT ", expected a number from 1 to 1024", ratio);
  PetscCheck(how == PETRL_CLOSURE_INJECT || how == PETRL_CLOSURE_AVERAGE, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_record_restrict: found %d, expected inject (0) or average (1)", (int)how);
  closure->data->recording.ratio = ratio;
  closure->data->recording.how = how;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureRecordSetInterval - Sets how many steps of a fine run lie between two states that are recorded

   Logically Collective

   Input Parameters:
+  closure - the closure
-  steps   - the number of steps, or 0 (default) for the coarsening ratio

   Options Database Key:
.  -closure_record_interval <steps> - the number of steps

   Level: intermediate

   Notes:
   `TSCLOSURE` counts; who calls PetRLClosureRecordState() decides himself.

   A program whose step follows its grid takes as many fine steps as the ratio where it takes a coarse one: the default
   records where coarse steps end.

.seealso: `PetRLClosure`, `PetRLClosureRecordSetFile()`
@*/
PetscErrorCode PetRLClosureRecordSetInterval(PetRLClosure closure, PetscInt steps) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscCheck(steps >= 0, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_record_interval: found %" PetscInt_FMT ", expected a number of steps", steps);
  closure->data->recording.interval = steps;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureRecordBegin - Begins to record a run of a fine grid

   Collective

   Input Parameter:
.  closure - the closure, with the fine grid as its DM and a file to record in; it needs no policy

   Level: intermediate

   Notes:
   What is recorded besides the state are the fields that a policy may observe: those of `PetRLClosureSetField()` and of
   the DM's auxiliary Vec.

   A file that is there must be a record over the same coarse grid, with the same fields.

   A run that was begun before and not ended is dropped.

.seealso: `PetRLClosure`, `PetRLClosureRecordState()`, `PetRLClosureRecordEnd()`
@*/
PetscErrorCode PetRLClosureRecordBegin(PetRLClosure closure) {
  PetscBool da;
  bool mesh;

  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  petrl::Closure &c = *closure->data;
  petrl::Recording &r = c.recording;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscCheck(c.dm, comm, PETSC_ERR_ARG_WRONGSTATE, "The closure has no grid: call PetRLClosureSetDM()");
  PetscCheck(!r.file.empty(), comm, PETSC_ERR_ARG_WRONGSTATE,
             "The closure has no file to record in: give -closure_record <file> or call PetRLClosureRecordSetFile()");
  PetscCall(PetscObjectTypeCompare((PetscObject)c.dm, DMDA, &da));
  PetscCall(petrl::ClosureIsMesh(c.dm, &mesh));
  PetscCheck(da || mesh, comm, PETSC_ERR_ARG_WRONG, "-closure_record needs a DMDA or a DMPlex, found a DM of type %s",
             ((PetscObject)c.dm)->type_name);
  PetscCall(DMSetUp(c.dm));
  petrl::ClosureRecordDiscard(c);
  if (mesh) {
    PetscCheck(
        c.fields.empty() && c.auxiliary.empty(), comm, PETSC_ERR_SUP,
        "-closure_record on a DMPlex: found fields beside the state (PetRLClosureSetField(), -closure_auxiliary), "
        "expected none: closures there see nothing else");
    PetscCall(petrl::ClosureCoarsenCells(closure));
    PetscCall(petrl::DescribeRun(closure));
    PetscCall(petrl::OnFirstRank(closure, [&r] { r.run = std::make_unique<petrl::RecordRun>(r.file, r.layout); }));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!c.auxiliary.empty() && c.read.empty()) {
    PetscCheck(!c.auxiliary_names.empty(), comm, PETSC_ERR_ARG_WRONGSTATE,
               "-closure_record: -closure_auxiliary %s: say what its components are with -closure_auxiliary_fields",
               c.auxiliary.c_str());
    PetscCall(petrl::ClosureReadAuxiliary(closure, {}));
  }
  std::unique_ptr<petrl::Restriction> restriction;
  PetRLCallCXX(restriction = std::make_unique<petrl::Restriction>());
  PetscCall(restriction->SetUp(c.dm, r.ratio, r.how == PETRL_CLOSURE_AVERAGE));
  r.restriction = std::move(restriction);
  PetscCall(petrl::WarnOfVertices(closure));
  PetscCall(petrl::DescribeRun(closure));
  PetscCall(petrl::OnFirstRank(closure, [&r] { r.run = std::make_unique<petrl::RecordRun>(r.file, r.layout); }));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureRecordState - Records a state of a fine run

   Collective

   Input Parameters:
+  closure - the closure
.  t       - its time, later than that of the state before; if it is not, what was recorded from t on is replaced
-  X       - the state, a global Vec of the closure's DM

   Level: intermediate

.seealso: `PetRLClosure`, `PetRLClosureRecordBegin()`, `PetRLClosureRecordEnd()`
@*/
PetscErrorCode PetRLClosureRecordState(PetRLClosure closure, PetscReal t, Vec X) {
  std::vector<petrl::RecordedField> fields;
  bool changed = false, mesh;

  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLValid(X, VEC_CLASSID, 3);
  petrl::Closure &c = *closure->data;
  petrl::Recording &r = c.recording;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscCheck(r.restriction, comm, PETSC_ERR_ORDER, "PetRLClosureRecordBegin() must come before");
  PetscCall(petrl::ClosureIsMesh(c.dm, &mesh));
  PetscCall(PetscLogEventBegin(PetRL_Observe, closure, X, 0, 0));
  PetscCall(r.restriction->Gather(X, (PetscInt)r.layout.components.size(), r.state));
  if (!mesh) PetscCall(petrl::RecordableFields(closure, fields));
  bool same = fields.size() == r.layout.auxiliary.size();
  for (std::size_t i = 0; same && i < fields.size(); ++i) same = fields[i].name == r.layout.auxiliary[i];
  PetscCheck(same, comm, PETSC_ERR_ARG_WRONGSTATE,
             "-closure_record: the auxiliary fields are others than when the run began");
  if (!fields.empty()) PetscCall(petrl::GatherAuxiliary(closure, fields, &changed));
  PetscCall(petrl::OnFirstRank(closure,
                               [&] { r.run->add((double)t, r.state.data(), changed ? r.auxiliary.data() : nullptr); }));
  PetscCall(PetscLogEventEnd(PetRL_Observe, closure, X, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureRecordEnd - Adds the run that was recorded to the file

   Collective

   Input Parameter:
.  closure - the closure

   Level: intermediate

   Note:
   The file appears changed as a whole: whatever happens, the runs that it held before stay readable.

.seealso: `PetRLClosure`, `PetRLClosureRecordBegin()`, `PetRLClosureRecordState()`
@*/
PetscErrorCode PetRLClosureRecordEnd(PetRLClosure closure) {
  int number = 0;
  std::size_t times = 0;

  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  petrl::Closure &c = *closure->data;
  petrl::Recording &r = c.recording;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscCheck(r.restriction, comm, PETSC_ERR_ORDER, "PetRLClosureRecordBegin() must come before");
  PetscCall(petrl::OnFirstRank(closure, [&] {
    times = r.run->times();
    if (times > 1) number = r.run->finish(r.origin);
  }));
  if (number > 0) {
    PetscCall(PetscPrintf(comm, "PetRL: recorded %d times on %s%s as run %d of %s\n", (int)times,
                          r.layout.grid().c_str(), r.layout.space > 0 ? "" : " points", number, r.file.c_str()));
  } else {
    PetscCall(PetscPrintf(comm, "PetRL warning: -closure_record %s: a run of fewer than two times is not recorded\n",
                          r.file.c_str()));
  }
  petrl::ClosureRecordDiscard(c);
  PetscFunctionReturn(PETSC_SUCCESS);
}
