// PetRLRefiner: life and settings.
#include "refine/refiner.hpp"

const char *const PetRLRefinerMethods[] = {"hierarchy", "adaptlabel", "PetRLRefinerMethod", "PETRL_REFINER_", NULL};
const char *const PetRLRefinerIndicators[] = {"none",           "gradient", "jump", "recovery", "PetRLRefinerIndicator",
                                              "PETRL_REFINER_", NULL};

namespace petrl {

PetscErrorCode RefinerReset(PetRLRefiner refiner) {
  RefinerData &r = *refiner->data;

  PetscFunctionBegin;
  r.ready = false;
  r.decider.reset();
  r.device.reset();
  r.loaded = false;
  r.forest.reset();
  r.passage.reset();
  r.before.reset();
  r.mesh.reset();
  r.origin = {};
  r.vertex.clear();
  r.largest = 0;
  r.ts.started = false;
  PetscCall(DMLabelDestroy(&r.decided));
  for (Vec *v : {&r.ts.last, &r.ts.vatol, &r.ts.vrtol}) PetscCall(VecDestroy(v));
  PetscCall(DMDestroy(&r.ts.next));
  PetscFunctionReturn(PETSC_SUCCESS);
}

std::string RefinerOption(PetRLRefiner refiner, const char option[]) {
  const char *prefix = ((PetscObject)refiner)->prefix;
  return std::string("-") + (prefix ? prefix : "") + option;
}

}  // namespace petrl

/*@
   PetRLRefinerCreate - Creates a refiner, which adapts a mesh as a learned policy decides

   Collective

   Input Parameter:
.  comm - the communicator, that of the DMPlex

   Output Parameter:
.  refiner - the refiner

   Level: beginner

.seealso: `PetRLRefiner`, `PetRLRefinerSetDM()`, `PetRLRefinerSetPolicy()`, `PetRLRefinerDestroy()`
@*/
PetscErrorCode PetRLRefinerCreate(MPI_Comm comm, PetRLRefiner *refiner) {
  PetRLRefiner r;

  PetscFunctionBegin;
  PetRLNotNull(refiner, 2);
  *refiner = NULL;
  PetscCall(petrl::InitializePackage());
  PetscCall(PetscHeaderCreate(r, PETRL_REFINER_CLASSID, "PetRLRefiner", "Learned refinement", "PetRLRefiner", comm,
                              PetRLRefinerDestroy, PetRLRefinerView));
  PetRLCallCXX(r->data = new petrl::RefinerData());
  *refiner = r;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerDestroy - Destroys a refiner

   Collective

   Input Parameter:
.  refiner - the refiner

   Level: beginner

   Note:
   A TS that it is attached to keeps it.

.seealso: `PetRLRefinerCreate()`
@*/
PetscErrorCode PetRLRefinerDestroy(PetRLRefiner *refiner) {
  PetscFunctionBegin;
  PetRLNotNull(refiner, 1);
  if (!*refiner) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLValid(*refiner, PETRL_REFINER_CLASSID, 1);
  if (--((PetscObject)(*refiner))->refct > 0) {
    *refiner = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(petrl::RefinerReset(*refiner));
  PetscCall(DMDestroy(&(*refiner)->data->base));
  delete (*refiner)->data;
  PetscCall(PetscHeaderDestroy(refiner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerSetDM - Sets the coarsest mesh

   Collective

   Input Parameters:
+  refiner - the refiner
-  dm      - an interpolated DMPlex of intervals on a line or triangles in a plane, distributed in any way

   Level: beginner

   Note:
   The meshes that the refiner makes are other DMs: get the first one with `PetRLRefinerGetDM()` after
   `PetRLRefinerSetUp()`. They have the same DMLabels: parts of a cell or of an edge have its values. New edges and
   vertices inside of a cell, and new vertices on an edge, have those that its whole closure has: labels that are
   complete (DMPlexLabelComplete()) stay so. Labels that are set or changed on the first mesh count, too; those that a
   program sets on later meshes end with the mesh.

.seealso: `PetRLRefiner`, `PetRLRefinerGetDM()`, `PetRLRefinerSetMaxLevel()`
@*/
PetscErrorCode PetRLRefinerSetDM(PetRLRefiner refiner, DM dm) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetRLValid(dm, DM_CLASSID, 2);
  PetscCall(petrl::RefinerReset(refiner));
  PetscCall(PetscObjectReference((PetscObject)dm));
  PetscCall(DMDestroy(&refiner->data->base));
  refiner->data->base = dm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLRefinerSetPolicy - Sets the file with the policy

   Collective

   Input Parameters:
+  refiner - the refiner
-  file    - policy file of kind refiner (.h5), or the name of one that ships

   Options Database Key:
.  -refiner_policy <file> - the policy file

   Level: beginner

   Note:
   The file is read, on the first rank, at the set-up; errors in it are reported then, on all ranks.

.seealso: `PetRLRefiner`, `PetRLRefinerGetPolicy()`
@*/
PetscErrorCode PetRLRefinerSetPolicy(PetRLRefiner refiner, const char file[]) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetRLNotNull(file, 2);
  PetRLCallCXX(refiner->data->file = file);
  refiner->data->decider.reset();
  refiner->data->device.reset();
  refiner->data->loaded = refiner->data->said_outside = false;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLRefinerGetPolicy - Gets the name of the policy file

   Not Collective

   Input Parameter:
.  refiner - the refiner

   Output Parameter:
.  file - the file, "" if none was set; valid until the next PetRLRefinerSetPolicy()

   Level: intermediate

.seealso: `PetRLRefinerSetPolicy()`
@*/
PetscErrorCode PetRLRefinerGetPolicy(PetRLRefiner refiner, const char *file[]) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetRLNotNull(file, 2);
  *file = refiner->data->file.c_str();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLRefinerSetOptionsPrefix - Sets what precedes "refiner_" in the names of the refiner's options

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  prefix  - the prefix

   Level: advanced

.seealso: `PetRLRefinerSetFromOptions()`
@*/
PetscErrorCode PetRLRefinerSetOptionsPrefix(PetRLRefiner refiner, const char prefix[]) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)refiner, prefix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerGetDM - Gets the current mesh

   Collective

   Input Parameter:
.  refiner - the refiner

   Output Parameter:
.  dm - the mesh, without unknowns if nobody gave it some; do not destroy it

   Level: beginner

   Note:
   With several ranks it overlaps by one layer of cells that share a vertex. Cells that a rank owns come first.

.seealso: `PetRLRefiner`, `PetRLRefinerSetDM()`, `PetRLRefinerAdapt()`
@*/
PetscErrorCode PetRLRefinerGetDM(PetRLRefiner refiner, DM *dm) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  PetRLNotNull(dm, 2);
  PetscCall(PetRLRefinerSetUp(refiner));
  *dm = refiner->data->mesh->dm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLRefinerGetStatistics - Gets how often a refiner decided, re-meshed, and was overruled

   Not Collective

   Input Parameter:
.  refiner - the refiner

   Output Parameters (may be NULL):
+  decisions - decisions taken
.  remeshes  - new meshes made
-  fallbacks - decisions that were left out because the solution or the policy's answer was not finite

   Level: intermediate

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerGetStatistics(PetRLRefiner refiner, PetscInt *decisions, PetscInt *remeshes,
                                         PetscInt *fallbacks) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  if (decisions) *decisions = refiner->data->decisions;
  if (remeshes) *remeshes = refiner->data->remeshes;
  if (fallbacks) *fallbacks = refiner->data->fallbacks;
  PetscFunctionReturn(PETSC_SUCCESS);
}
