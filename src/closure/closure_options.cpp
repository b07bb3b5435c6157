// PetRLClosure: options and view.
#include <petscviewer.h>

#include "closure/cell_closure.hpp"
#include "closure/closure.hpp"

namespace petrl {

PetscErrorCode ClosureGetNames(PETRL_OPTION_ITEMS PetscOptionsObject, PetRLClosure closure, const char option[],
                               const char text[], std::vector<std::string> &result) {
  char *names[64];
  PetscInt n = 64;
  PetscBool set;
  PetscFunctionBegin;
  PetscCall(PetscOptionsStringArray(option, text, "PetRLClosure", names, &n, &set));
  if (!set) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ClosureReset(closure));
  result.clear();
  for (PetscInt i = 0; i < n; i++) {
    PetRLCallCXX(result.emplace_back(names[i]));
    PetscCall(PetscFree(names[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLClosureSetFromOptions - Sets a closure up as the options say

   Collective

   Input Parameter:
.  closure - the closure

   Options Database Keys:
   see `PetRLClosure`

   Level: beginner

.seealso: `PetRLClosure`
@*/
PetscErrorCode PetRLClosureSetFromOptions(PetRLClosure closure) {
  char file[PETSC_MAX_PATH_LEN] = "";
  PetscReal spacing[3] = {0, 0, 0}, own_step = 0;
  PetscInt n = 3;
  PetscBool set;

  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  petrl::Closure &c = *closure->data;
  PetscObjectOptionsBegin((PetscObject)closure);
  PetscCall(petrl::PolicyOptions(PetscOptionsObject, c,
                                 {"-closure_policy", "-closure_monitor", "-closure_error_if_nan"}, "PetRLClosure",
                                 [closure](const char *name) { return PetRLClosureSetPolicy(closure, name); }));
  PetscCall(PetscOptionsString("-closure_auxiliary", "Vec file with fields that the policy observes",
                               "PetRLClosureSetField", c.auxiliary.c_str(), file, sizeof(file), &set));
  if (set) {
    PetscCall(petrl::ClosureReset(closure));
    PetRLCallCXX(c.auxiliary = file);
  }
  set = c.error_if_outside ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscOptionsBool("-closure_error_if_outside", "Error if the policy was trained on other things",
                             "PetRLClosureSetErrorIfOutside", set, &set, NULL));
  PetscCall(PetRLClosureSetErrorIfOutside(closure, set));
  PetscCall(PetscOptionsRealArray("-closure_spacing", "Distances of the points in x, y and z",
                                  "PetRLClosureSetGridSpacing", spacing, &n, &set));
  if (set) PetscCall(PetRLClosureSetGridSpacing(closure, n, spacing));
  PetscCall(PetscOptionsReal("-closure_own_step", "Step that the policy's corrections are for",
                             "PetRLClosureSetOwnStep", c.given_step, &own_step, &set));
  if (set) PetscCall(PetRLClosureSetOwnStep(closure, own_step));
  PetscCall(petrl::ClosureGetNames(PetscOptionsObject, closure, "-closure_fields", "Names of the state's components",
                                   c.state_names));
  PetscCall(petrl::ClosureGetNames(PetscOptionsObject, closure, "-closure_auxiliary_fields",
                                   "Names of the components in -closure_auxiliary", c.auxiliary_names));
  PetscCall(petrl::ClosureLearnOptions(PetscOptionsObject, closure));
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureView - Describes a closure

   Collective

   Input Parameters:
+  closure - the closure
-  viewer  - an ASCII viewer, or NULL for standard output

   Options Database Key:
.  -closure_view - describe the closure at its set-up

   Level: beginner

.seealso: `PetRLClosure`
@*/
PetscErrorCode PetRLClosureView(PetRLClosure closure, PetscViewer viewer) {
  PetscBool ascii;
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  const petrl::Closure &c = *closure->data;
  if (!viewer) PetscCall(PetscViewerASCIIGetStdout(PetscObjectComm((PetscObject)closure), &viewer));
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (!ascii) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscViewerASCIIPrintf(viewer, "PetRLClosure:\n"));
  PetscCall(PetscViewerASCIIPushTab(viewer));
  std::string network;
  if (c.loaded) {
    PetRLCallCXX(network =
                     c.policy.action.transform + ", " +
                     (c.cells ? c.cells->network->describe() : petrl::receptiveField(*c.backend) + " points seen"));
  }
  PetscCall(petrl::PolicyView(c, network.c_str(), viewer));
  if (c.cells) {
    PetscCall(PetscViewerASCIIPrintf(viewer, "corrects %s by fluxes through the faces of triangles\n",
                                     petrl::joined(c.cells->flux->unknowns().names, ", ").c_str()));
    PetscCall(PetscViewerASCIIPrintf(viewer, "corrections are for a step of %g, root of the mean area %g\n",
                                     (double)c.own_step, c.cells->cells.spacing));
  } else if (c.loaded) {
    for (std::size_t i = 0; i < c.channels.size(); ++i) {
      const petrl::FieldSource &source = c.sources[c.channels[i].source];
      PetscCall(PetscViewerASCIIPrintf(viewer, "observes %s: component %" PetscInt_FMT " of %s\n",
                                       c.policy.observation.names[i].c_str(), c.channels[i].component,
                                       source.what.c_str()));
    }
    for (const int component : c.correction->components())
      PetscCall(PetscViewerASCIIPrintf(viewer, "corrects %s\n",
                                       c.policy.observation.names[static_cast<std::size_t>(component)].c_str()));
    for (const auto &[name, list] : c.surroundings.training().words)
      PetscCall(PetscViewerASCIIPrintf(viewer, "trained on %s %s\n", name.c_str(), petrl::joined(list, ", ").c_str()));
    if (c.correction->dependsOnOwnStep() && c.own_step > 0)
      PetscCall(PetscViewerASCIIPrintf(viewer, "corrections are for a step of %g\n", (double)c.own_step));
    if (c.h[0] > 0) {
      PetscCall(PetscViewerASCIIPrintf(viewer, "spacing %g", (double)c.h[0]));
      for (PetscInt d = 1; d < c.dim; d++) PetscCall(PetscViewerASCIIPrintf(viewer, ", %g", (double)c.h[d]));
      PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
    }
    PetscCall(PetscViewerASCIIPrintf(viewer, "%" PetscInt_FMT " points exchanged between ranks\n", c.ghost));
    if (c.device)
      PetscCall(PetscViewerASCIIPrintf(viewer, "on the device (%s): %s\n", petrl::device::runtime()->name(),
                                       c.device->network().describe().c_str()));
  }
  if (c.loaded && !c.cells && !c.sees_state)
    PetscCall(PetscViewerASCIIPrintf(
        viewer, "the network sees nothing of the state: evaluated %" PetscInt_FMT " times\n", c.inferences));
  PetscCall(PetscViewerASCIIPrintf(viewer, "corrections: %" PetscInt_FMT ", left out: %" PetscInt_FMT "\n", c.decisions,
                                   c.fallbacks));
  PetscCall(PetscViewerASCIIPopTab(viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}
