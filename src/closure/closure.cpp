// PetRLClosure: life and settings.
#include "closure/closure.hpp"

#include <cmath>

#include "base/real_double.hpp"

const char *const PetRLClosureModes[] = {"before-step", "forcing", "PetRLClosureMode", "PETRL_CLOSURE_", NULL};

namespace petrl {

PetscErrorCode ClosureReset(PetRLClosure closure) {
  Closure &c = *closure->data;
  PetscFunctionBegin;
  PetscCall(ClosureForgetSources(closure));
  for (auto &grid : c.grids) PetscCall(DMDestroy(&grid.second));
  c.grids.clear();
  for (Vec &vec : c.read) PetscCall(VecDestroy(&vec));
  c.read.clear();
  PetscCall(VecDestroy(&c.work));
  c.device.reset();
  c.state_type.clear();
  c.backend.reset();
  c.cells.reset();
  c.correction.reset();
  c.input.reset();
  c.own_step = 0;
  c.loaded = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLClosureCreate - Creates a closure, a learned correction of a coarse solver's state

   Collective

   Input Parameter:
.  comm - the communicator, that of the DMDA

   Output Parameter:
.  closure - the closure

   Level: beginner

.seealso: `PetRLClosure`, `PetRLClosureSetDM()`, `PetRLClosureSetPolicy()`, `PetRLClosureDestroy()`
@*/
PetscErrorCode PetRLClosureCreate(MPI_Comm comm, PetRLClosure *closure) {
  PetRLClosure c;
  PetscFunctionBegin;
  PetRLNotNull(closure, 2);
  *closure = NULL;
  PetRLRealDouble(comm, "PetRLClosure");
  PetscCall(petrl::InitializePackage());
  PetscCall(PetscHeaderCreate(c, PETRL_CLOSURE_CLASSID, "PetRLClosure", "Learned closure", "PetRLClosure", comm,
                              PetRLClosureDestroy, PetRLClosureView));
  PetRLCallCXX(c->data = new petrl::Closure());
  *closure = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureDestroy - Destroys a closure

   Collective

   Input Parameter:
.  closure - the closure

   Level: beginner

.seealso: `PetRLClosureCreate()`
@*/
PetscErrorCode PetRLClosureDestroy(PetRLClosure *closure) {
  PetscFunctionBegin;
  if (!closure || !*closure) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLValid(*closure, PETRL_CLOSURE_CLASSID, 1);
  if (--((PetscObject)(*closure))->refct > 0) {
    *closure = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(petrl::ClosureReset(*closure));
  petrl::ClosureRecordDiscard(*(*closure)->data);
  for (petrl::NamedField &field : (*closure)->data->fields) PetscCall(VecDestroy(&field.vec));
  for (auto &attached : (*closure)->data->attached) attached.second->closure = NULL;
  PetscCall(DMDestroy(&(*closure)->data->dm));
  delete (*closure)->data;
  PetscCall(PetscHeaderDestroy(closure));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureSetDM - Sets the grid of the state

   Collective

   Input Parameters:
+  closure - the closure
-  dm      - a DMDA of one, two or three dimensions, with or without periodic boundaries; or a DMPlex of triangles

   Level: beginner

.seealso: `PetRLClosure`, `PetRLClosureSetStateNames()`, `PetRLClosureSetField()`
@*/
PetscErrorCode PetRLClosureSetDM(PetRLClosure closure, DM dm) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLValid(dm, DM_CLASSID, 2);
  PetscMPIInt same;
  PetscCallMPI(MPI_Comm_compare(PetscObjectComm((PetscObject)closure), PetscObjectComm((PetscObject)dm), &same));
  PetscCheck(same == MPI_IDENT || same == MPI_CONGRUENT, PETSC_COMM_SELF, PETSC_ERR_ARG_NOTSAMECOMM,
             "The closure and its DM have different communicators: create the closure with that of the DM");
  PetscCall(petrl::ClosureReset(closure));
  PetscCall(PetscObjectReference((PetscObject)dm));
  PetscCall(DMDestroy(&closure->data->dm));
  closure->data->dm = dm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureSetPolicy - Sets the file with the policy

   Collective

   Input Parameters:
+  closure - the closure
-  file    - policy file of kind closure (.h5, or a TorchScript .pt with a YAML sidecar), or the name of one that ships

   Options Database Key:
.  -closure_policy <file> - the policy file

   Level: beginner

   Note:
   The file is read, on the first rank, at the set-up; errors in it are reported then, on all ranks.

.seealso: `PetRLClosure`, `PetRLClosureGetPolicy()`
@*/
PetscErrorCode PetRLClosureSetPolicy(PetRLClosure closure, const char file[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLNotNull(file, 2);
  PetscCall(petrl::ClosureReset(closure));
  PetRLCallCXX(closure->data->file = file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureGetPolicy - Gets the name of the policy file

   Not Collective

   Input Parameter:
.  closure - the closure

   Output Parameter:
.  file - the file, "" if none was set; valid until the next PetRLClosureSetPolicy()

   Level: intermediate

.seealso: `PetRLClosureSetPolicy()`
@*/
PetscErrorCode PetRLClosureGetPolicy(PetRLClosure closure, const char *file[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLNotNull(file, 2);
  *file = closure->data->file.c_str();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureSetStateNames - Names the components of the state as the policy knows them

   Collective

   Input Parameters:
+  closure - the closure
.  n       - number of components of the DMDA, or 0 for the DMDA's own names
-  names   - their names, in order

   Options Database Key:
.  -closure_fields <names> - the names, separated by commas

   Level: beginner

   Note:
   By default they are those of DMDASetFieldName().

.seealso: `PetRLClosure`, `PetRLClosureSetField()`
@*/
PetscErrorCode PetRLClosureSetStateNames(PetRLClosure closure, PetscInt n, const char *const names[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscCheck(n >= 0, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_OUTOFRANGE,
             "n: found %" PetscInt_FMT ", expected the number of the state's components, or 0 for the DMDA's names", n);
  if (n > 0) PetRLNotNull(names, 3);
  for (PetscInt i = 0; i < n; i++) PetRLNotNull(names[i], 3);
  PetscCall(petrl::ClosureReset(closure));
  PetRLCallCXX(closure->data->state_names.assign(names, names + n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureSetField - Offers a field that is not part of the state, such as a velocity

   Collective

   Input Parameters:
+  closure   - the closure
.  name      - the field's name in the policy
.  field     - a global Vec of a DMDA with the same grid and distribution as the closure's (any number of components)
-  component - which component of it

   Level: beginner

   Notes:
   The Vec is referenced, not copied: what it holds at each call counts. Setting a name again replaces the field.
   The fields of the state come before these.

.seealso: `PetRLClosure`, `PetRLClosureSetStateNames()`
@*/
PetscErrorCode PetRLClosureSetField(PetRLClosure closure, const char name[], Vec field, PetscInt component) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLNotNull(name, 2);
  PetRLValid(field, VEC_CLASSID, 3);
  PetscCheck(component >= 0, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_OUTOFRANGE,
             "field '%s': component: found %" PetscInt_FMT ", expected 0 or more", name, component);
  auto &fields = closure->data->fields;
  PetscCall(petrl::ClosureReset(closure));
  for (auto it = fields.begin(); it != fields.end(); ++it) {
    if (it->name != name) continue;
    PetscCall(VecDestroy(&it->vec));
    fields.erase(it);
    break;
  }
  PetscCall(PetscObjectReference((PetscObject)field));
  PetRLCallCXX(fields.push_back({name, "PetRLClosureSetField()", field, component}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureSetSpacing - Sets the distances of the points of a two-dimensional grid

   Logically Collective

   Input Parameters:
+  closure - the closure
.  hx      - in x, > 0
-  hy      - in y, > 0

   Options Database Key:
.  -closure_spacing <hx,hy> - the distances

   Level: intermediate

.seealso: `PetRLClosure`, `PetRLClosureSetGridSpacing()`
@*/
PetscErrorCode PetRLClosureSetSpacing(PetRLClosure closure, PetscReal hx, PetscReal hy) {
  const PetscReal h[2] = {hx, hy};
  PetscFunctionBegin;
  PetscCall(PetRLClosureSetGridSpacing(closure, 2, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureSetGridSpacing - Sets the distances of the grid's points

   Logically Collective

   Input Parameters:
+  closure - the closure
.  dim     - dimensions of the grid, 1 to 3
-  h       - the distances in x, y, z, > 0

   Options Database Key:
.  -closure_spacing <hx[,hy[,hz]]> - the distances

   Level: intermediate

   Note:
   By default they follow from the DMDA's coordinates (DMDASetUniformCoordinates()), which must be uniform. Policies
   that need them (transform flux with speeds of the fields) are refused on a grid of which neither is known; others do
   without.

.seealso: `PetRLClosure`, `PetRLClosureSetSpacing()`
@*/
PetscErrorCode PetRLClosureSetGridSpacing(PetRLClosure closure, PetscInt dim, const PetscReal h[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetRLNotNull(h, 3);
  PetscCheck(dim >= 1 && dim <= 3, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_spacing: found %" PetscInt_FMT " numbers, expected 1 to 3", dim);
  for (PetscInt d = 0; d < dim; d++) {
    PetscCheck(h[d] > 0 && std::isfinite(h[d]), comm, PETSC_ERR_ARG_OUTOFRANGE,
               "-closure_spacing: found %g, expected positive numbers", (double)h[d]);
  }
  PetscCall(petrl::ClosureReset(closure));
  for (PetscInt d = 0; d < 3; d++) closure->data->spacing[d] = d < dim ? h[d] : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureSetOwnStep - Sets the step that a policy's corrections are for

   Logically Collective

   Input Parameters:
+  closure - the closure
-  step    - that step, > 0, in the program's time

   Options Database Key:
.  -closure_own_step <dt> - the step

   Level: advanced

   Note:
   Corrections of the transforms additive and flux with speed: step are those of one step of the policy's own; steps
   of other lengths get a part, or a multiple. By default it is the step of the training, at the training's ratio of
   step and spacing; where the policy does not record that, the first step that the closure is asked for. A program in
   other units of time than the training's says it here.

.seealso: `PetRLClosure`, `PetRLClosureSetGridSpacing()`
@*/
PetscErrorCode PetRLClosureSetOwnStep(PetRLClosure closure, PetscReal step) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscCheck(step > 0 && std::isfinite(step), PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_own_step: found %g, expected a positive number", (double)step);
  PetscCall(petrl::ClosureReset(closure));
  closure->data->given_step = step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureSetErrorIfNaN - Makes a state, or an answer of the policy, that is not finite an error

   Logically Collective

   Input Parameters:
+  closure - the closure
-  error   - true: an error; false (default): the correction is left out for that step

   Options Database Key:
.  -closure_error_if_nan <bool> - whether it is an error

   Level: intermediate

.seealso: `PetRLClosure`, `PetRLClosureGetStatistics()`
@*/
PetscErrorCode PetRLClosureSetErrorIfNaN(PetRLClosure closure, PetscBool error) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  closure->data->error_if_nan = error == PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureSetErrorIfOutside - Makes it an error to use a policy outside of what it was trained on

   Logically Collective

   Input Parameters:
+  closure - the closure
-  error   - true: an error; false (default): a warning, once

   Options Database Key:
.  -closure_error_if_outside <bool> - whether it is an error

   Level: intermediate

   Note:
   What is compared, as far as the policy file says it: the values of the fields, the Courant number, step and spacing,
   boundaries, and the method that takes the steps.

.seealso: `PetRLClosure`
@*/
PetscErrorCode PetRLClosureSetErrorIfOutside(PetRLClosure closure, PetscBool error) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  closure->data->error_if_outside = error == PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureSetOptionsPrefix - Sets what precedes "closure_" in the names of the closure's options

   Logically Collective

   Input Parameters:
+  closure - the closure
-  prefix  - the prefix

   Level: advanced

.seealso: `PetRLClosureSetFromOptions()`
@*/
PetscErrorCode PetRLClosureSetOptionsPrefix(PetRLClosure closure, const char prefix[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)closure, prefix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureGetStatistics - Gets how often a closure was asked, and how often it was left out

   Not Collective

   Input Parameter:
.  closure - the closure

   Output Parameters (may be NULL):
+  calls     - corrections computed
-  fallbacks - those of them that were left out because the state or the policy's answer was not finite

   Level: intermediate

.seealso: `PetRLClosure`
@*/
PetscErrorCode PetRLClosureGetStatistics(PetRLClosure closure, PetscInt *calls, PetscInt *fallbacks) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  if (calls) *calls = closure->data->decisions;
  if (fallbacks) *fallbacks = closure->data->fallbacks;
  PetscFunctionReturn(PETSC_SUCCESS);
}
