// PetRLRefiner: options and view.
#include <petscviewer.h>

#include "refine/refiner.hpp"

namespace petrl {

static PetscErrorCode ThresholdOptions(PETRL_OPTION_ITEMS PetscOptionsObject, PetRLRefiner refiner) {
  const RefinerData &r = *refiner->data;
  PetscEnum indicator = (PetscEnum)r.indicator;
  PetscReal refine = r.thresholds.refine, coarsen = r.thresholds.coarsen;
  PetscInt buffer = r.thresholds.buffer;

  PetscFunctionBegin;
  PetscCall(PetscOptionsEnum("-refiner_indicator", "Thresholds decide, on this, and no policy",
                             "PetRLRefinerSetThresholds", PetRLRefinerIndicators, indicator, &indicator, NULL));
  PetscCall(
      PetscOptionsReal("-refiner_threshold", "Refine above it", "PetRLRefinerSetThresholds", refine, &refine, NULL));
  PetscCall(PetscOptionsReal("-refiner_threshold_coarsen", "Coarsen below so many times the threshold",
                             "PetRLRefinerSetThresholds", coarsen, &coarsen, NULL));
  PetscCall(PetscOptionsInt("-refiner_threshold_buffer", "Layers that are refined with a cell",
                            "PetRLRefinerSetThresholds", buffer, &buffer, NULL));
  PetscCall(PetRLRefinerSetThresholds(refiner, (PetRLRefinerIndicator)indicator, refine, coarsen, buffer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TrainingOptions(PETRL_OPTION_ITEMS PetscOptionsObject, PetRLRefiner refiner) {
  RefinerTrainingOptions &t = refiner->data->training;
  MPI_Comm comm = PetscObjectComm((PetscObject)refiner);
  const char *const manual = "PetRLRefinerSetTraining";
  PetscBool on = t.on ? PETSC_TRUE : PETSC_FALSE, set;
  PetscReal minutes = t.minutes, held_out = t.held_out;
  PetscInt passes = t.passes, seed = static_cast<PetscInt>(t.seed);
  char save[PETSC_MAX_PATH_LEN], config[PETSC_MAX_PATH_LEN];
  const auto name = [&](const char *option) { return RefinerOption(refiner, option); };

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(save, t.save.c_str(), sizeof(save)));
  PetscCall(PetscStrncpy(config, t.config.c_str(), sizeof(config)));
  PetscCall(PetscOptionsBool("-refiner_train", "Learn a policy before the first step", manual, on, &on, NULL));
  PetscCall(PetscOptionsString("-refiner_save", "Policy file that is learned", manual, save, save, sizeof(save), &set));
  PetscCheck(!set || save[0], comm, PETSC_ERR_USER_INPUT, "%s: found no name of a file", name("refiner_save").c_str());
  PetscCall(PetscOptionsInt("-refiner_train_passes", "Over the interval that is learned from", manual, passes, &passes,
                            NULL));
  PetscCheck(passes > 0, comm, PETSC_ERR_ARG_OUTOFRANGE, "%s: found %" PetscInt_FMT ", expected 1 or more",
             name("refiner_train_passes").c_str(), passes);
  PetscCall(
      PetscOptionsReal("-refiner_train_minutes", "End after so long; 0: no limit", manual, minutes, &minutes, NULL));
  PetscCheck(minutes >= 0, comm, PETSC_ERR_ARG_OUTOFRANGE, "%s: found %g, expected 0 or more",
             name("refiner_train_minutes").c_str(), (double)minutes);
  PetscCall(PetscOptionsReal("-refiner_train_heldout", "Share of the interval that judges", manual, held_out, &held_out,
                             NULL));
  PetscCheck(held_out > 0 && held_out < 1, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %g, expected a number between 0 and 1", name("refiner_train_heldout").c_str(),
             (double)held_out);
  PetscCall(PetscOptionsInt("-refiner_train_seed", "Of all random numbers", manual, seed, &seed, NULL));
  PetscCheck(seed >= 0, comm, PETSC_ERR_ARG_OUTOFRANGE, "%s: found %" PetscInt_FMT ", expected 0 or more",
             name("refiner_train_seed").c_str(), seed);
  PetscCall(PetscOptionsString("-refiner_train_config", "YAML file with keys of the learner", manual, config, config,
                               sizeof(config), NULL));
  PetRLCallCXX(t.save = save; t.config = config);
  t.on = on == PETSC_TRUE;
  t.minutes = minutes;
  t.held_out = held_out;
  t.passes = passes;
  t.seed = static_cast<std::uint64_t>(seed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ViewGate(const RefinerData &r, PetscViewer viewer) {
  PetscFunctionBegin;
  if (r.device) {
    PetscCall(PetscViewerASCIIPrintf(viewer, "gate %g: not on the device, where all cells are looked at\n", r.gate));
  } else if (r.looked[0] > 0) {
    PetscCall(PetscViewerASCIIPrintf(viewer, "gate %g: open for %.1f %% of the cells, looked at %.1f %%\n", r.gate,
                                     100 * r.looked[1] / r.looked[0], 100 * r.looked[2] / r.looked[0]));
  } else {
    PetscCall(PetscViewerASCIIPrintf(viewer, "gate %g\n", r.gate));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@
   PetRLRefinerSetFromOptions - Sets a refiner up as the options say

   Collective

   Input Parameter:
.  refiner - the refiner

   Options Database Keys:
   see `PetRLRefiner`

   Level: beginner

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerSetFromOptions(PetRLRefiner refiner) {
  PetscBool set, skip;
  PetscReal real;
  PetscInt integer, n = 64, components[64];
  PetscEnum method;

  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  petrl::RefinerData &r = *refiner->data;
  PetscObjectOptionsBegin((PetscObject)refiner);
  PetscCall(petrl::PolicyOptions(PetscOptionsObject, r,
                                 {"-refiner_policy", "-refiner_monitor", "-refiner_error_if_nan"}, "PetRLRefiner",
                                 [refiner](const char *name) { return PetRLRefinerSetPolicy(refiner, name); }));
  PetscCall(PetscOptionsReal("-refiner_tradeoff", "0: error alone counts, towards 1: computation alone",
                             "PetRLRefinerSetTradeoff", r.costs.tradeoff, &real, &set));
  if (set) PetscCall(PetRLRefinerSetTradeoff(refiner, real));
  PetscCall(PetscOptionsInt("-refiner_interval", "Time steps between decisions", "PetRLRefinerSetInterval", r.interval,
                            &integer, &set));
  if (set) PetscCall(PetRLRefinerSetInterval(refiner, integer));
  PetscCall(PetscOptionsInt("-refiner_max_level", "How often a cell's diameter may be halved",
                            "PetRLRefinerSetMaxLevel", r.max_level, &integer, &set));
  if (set) PetscCall(PetRLRefinerSetMaxLevel(refiner, integer));
  PetscCall(PetscOptionsInt("-refiner_max_cells", "How many cells the mesh may have", "PetRLRefinerSetMaxCells",
                            r.max_cells, &integer, &set));
  if (set) PetscCall(PetRLRefinerSetMaxCells(refiner, integer));
  PetscCall(PetscOptionsReal("-refiner_remesh_cost", "What re-meshing costs, in time steps",
                             "PetRLRefinerSetRemeshCost", r.costs.remesh, &real, &set));
  if (set) PetscCall(PetRLRefinerSetRemeshCost(refiner, real));
  PetscCall(PetscOptionsReal("-refiner_unit", "Relative error that one cell and step is worth", "PetRLRefinerSetUnit",
                             r.costs.unit, &real, &set));
  if (set) PetscCall(PetRLRefinerSetUnit(refiner, real));
  PetscCall(PetscOptionsBool("-refiner_skip", "Keep the mesh where a change gains less than it costs",
                             "PetRLRefinerSetSkip", r.skip ? PETSC_TRUE : PETSC_FALSE, &skip, &set));
  if (set) PetscCall(PetRLRefinerSetSkip(refiner, skip));
  PetscCall(PetscOptionsReal("-refiner_gate", "Look only where more than this share of the range happens",
                             "PetRLRefinerSetGate", r.gate, &real, &set));
  if (set) PetscCall(PetRLRefinerSetGate(refiner, real));
  PetscCall(PetscOptionsBool("-refiner_stable_steps", "The smallest cell limits the time step",
                             "PetRLRefinerSetStableSteps", r.stable_steps ? PETSC_TRUE : PETSC_FALSE, &skip, &set));
  if (set) PetscCall(PetRLRefinerSetStableSteps(refiner, skip));
  PetscCall(PetscOptionsReal("-refiner_imbalance", "Load imbalance beyond which cells move between ranks",
                             "PetRLRefinerSetImbalance", r.imbalance, &real, &set));
  if (set) PetscCall(PetRLRefinerSetImbalance(refiner, real));
  PetscCall(PetscOptionsIntArray("-refiner_components", "Components of the solution that count",
                                 "PetRLRefinerSetComponents", components, &n, &set));
  if (set) PetscCall(PetRLRefinerSetComponents(refiner, n, components));
  PetscCall(PetscOptionsInt("-refiner_initial_rounds", "Adaptations before the first step, at most",
                            "PetRLRefinerSetInitialRounds", r.initial_rounds, &integer, &set));
  if (set) PetscCall(PetRLRefinerSetInitialRounds(refiner, integer));
  PetscCall(PetscOptionsEnum("-refiner_method", "How the mesh is changed", "PetRLRefinerSetMethod", PetRLRefinerMethods,
                             (PetscEnum)r.method, &method, &set));
  if (set) PetscCall(PetRLRefinerSetMethod(refiner, (PetRLRefinerMethod)method));
  PetscCall(petrl::ThresholdOptions(PetscOptionsObject, refiner));
  PetscCall(petrl::TrainingOptions(PetscOptionsObject, refiner));
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLRefinerView - Describes a refiner

   Collective

   Input Parameters:
+  refiner - the refiner
-  viewer  - an ASCII viewer, or NULL for standard output

   Options Database Key:
.  -refiner_view - describe the refiner at its set-up

   Level: beginner

.seealso: `PetRLRefiner`
@*/
PetscErrorCode PetRLRefinerView(PetRLRefiner refiner, PetscViewer viewer) {
  PetscBool ascii;

  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  const petrl::RefinerData &r = *refiner->data;
  if (!viewer) PetscCall(PetscViewerASCIIGetStdout(PetscObjectComm((PetscObject)refiner), &viewer));
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (!ascii) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscViewerASCIIPrintf(viewer, "PetRLRefiner:\n"));
  PetscCall(PetscViewerASCIIPushTab(viewer));
  PetscCall(petrl::PolicyView(r, r.decider ? r.decider->network().describe().c_str() : "", viewer));
  if (r.device)
    PetscCall(PetscViewerASCIIPrintf(viewer, "observes and infers on the device (%s); meshes change on the host\n",
                                     petrl::device::runtime()->name()));
  if (r.indicator != PETRL_REFINER_NONE)
    PetscCall(PetscViewerASCIIPrintf(viewer, "thresholds decide: %s above %g, below %g of it, %d layers around\n",
                                     PetRLRefinerIndicators[r.indicator], r.thresholds.refine, r.thresholds.coarsen,
                                     r.thresholds.buffer));
  PetscCall(PetscViewerASCIIPrintf(viewer, "trade-off %g, unit %g, re-meshing costs %g steps%s\n",
                                   (double)r.costs.tradeoff, (double)r.costs.unit, (double)r.costs.remesh,
                                   r.skip ? ", skipped where it does not pay" : ""));
  if (r.gate > 0) PetscCall(petrl::ViewGate(r, viewer));
  PetscCall(PetscViewerASCIIPrintf(viewer,
                                   "method %s, decides every %" PetscInt_FMT " steps, at most %" PetscInt_FMT
                                   " halvings and %" PetscInt_FMT " cells\n",
                                   PetRLRefinerMethods[r.method], r.interval, r.max_level, r.max_cells));
  if (r.ready) {
    PetscInt64 cells = r.mesh->cells.owned;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &cells, 1, MPIU_INT64, MPI_SUM, PetscObjectComm((PetscObject)refiner)));
    PetscCall(
        PetscViewerASCIIPrintf(viewer, "mesh of dimension %d, %" PetscInt64_FMT " cells\n", r.mesh->cells.dim, cells));
  }
  PetscCall(PetscViewerASCIIPrintf(viewer,
                                   "decisions: %" PetscInt_FMT ", new meshes: %" PetscInt_FMT
                                   ", left out because something was not finite: %" PetscInt_FMT "\n",
                                   r.decisions, r.remeshes, r.fallbacks));
  PetscCall(PetscViewerASCIIPopTab(viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}
