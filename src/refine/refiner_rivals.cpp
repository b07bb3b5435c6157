// PetRLRefiner: thresholds in the place of a policy, and a policy that is learned in the program.
#include <cmath>
#include <limits>

#include "refine/refiner.hpp"

/*@
   PetRLRefinerSetThresholds - Refines by an error indicator and thresholds, without a policy

   Logically Collective

   Input Parameters:
+  refiner   - the refiner
.  indicator - what is compared, `PETRL_REFINER_NONE` for a policy (the default)
.  refine    - cells whose indicator exceeds it are refined
.  coarsen   - cells whose indicator is below so many times `refine` are coarsened, from 0 to 1, exclusive
-  buffer    - layers of neighbours that are refined along with a cell

   Options Database Keys:
+  -refiner_indicator <none,gradient,jump,recovery> - the indicator
.  -refiner_threshold <0.1>          - the threshold
.  -refiner_threshold_coarsen <0.25> - the share of it
-  -refiner_threshold_buffer <1>     - the layers

   Level: intermediate

   Notes:
   What policies are compared with. A share of 1/2 or more makes cells flicker. Trade-off, unit and price of
   re-meshing do not matter then.

   A policy file that is set, too, is not read.

.seealso: `PetRLRefiner`, `PetRLRefinerIndicator`
@*/
PetscErrorCode PetRLRefinerSetThresholds(PetRLRefiner refiner, PetRLRefinerIndicator indicator, PetscReal refine,
                                         PetscReal coarsen, PetscInt buffer) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  MPI_Comm comm = PetscObjectComm((PetscObject)refiner);
  PetscCheck(refine > 0 && std::isfinite(refine), comm, PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %g, expected a positive number", petrl::RefinerOption(refiner, "refiner_threshold").c_str(),
             (double)refine);
  PetscCheck(coarsen >= 0 && coarsen < 1, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %g, expected a number from 0 to 1, exclusive",
             petrl::RefinerOption(refiner, "refiner_threshold_coarsen").c_str(), (double)coarsen);
  PetscCheck(buffer >= 0 && buffer <= 100, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "%s: found %" PetscInt_FMT ", expected 0 to 100",
             petrl::RefinerOption(refiner, "refiner_threshold_buffer").c_str(), buffer);
  petrl::RefinerData &r = *refiner->data;
  r.indicator = indicator;
  r.thresholds.refine = refine;
  r.thresholds.coarsen = coarsen;
  r.thresholds.buffer = static_cast<int>(buffer);
  r.thresholds.max_level = std::numeric_limits<int>::max() / 2;  // the refiner's
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLRefinerSetTraining - Learns a policy in the program itself, before its first step

   Logically Collective

   Input Parameters:
+  refiner - the refiner
-  file    - the policy file to write, or NULL: no training

   Options Database Keys:
+  -refiner_train                 - learn
.  -refiner_save <file>           - the file
.  -refiner_train_passes <10>     - over the part of the program's interval that is learned from
.  -refiner_train_minutes <0>     - end after so long, at the latest; 0: no limit
.  -refiner_train_heldout <0.2>   - share of the program's interval, at its end, that chooses the policy
.  -refiner_train_seed <0>        - of all random numbers
.  -refiner_train_config <file>   - YAML file with keys of the learner gain-loss
-  -refiner_policy <file>         - a policy whose weights to start from

   Level: beginner

   Notes:
   Within TSSolve(), before the first step, the TS runs from its initial state to the final time many times over: on
   the finest mesh (every cell halved as often as -refiner_max_level allows), which is what errors are measured
   against; then as the policy that learns decides. At each decision the interval until the next one is run on the
   mesh as it is, on one where every cell is refined, and on one where every cell is coarsened, from the same state:
   the differences are what refining a cell would gain and coarsening it would lose, and the policy learns to
   predict them. That costs many times what a run costs. Then the program's own run begins, with the TS as it was
   and the policy that was learned: as if -refiner_policy had named it.

   The last part of the program's interval is held out: there policies are compared with the best of 20 threshold
   rules (indicator, threshold, all levels or all but the last), which were tuned on the rest, at equal error, by
   cell-steps (attempted steps times cells; all costs, with re-meshing at the price of -refiner_remesh_cost, stand
   beside these). The best policy is written. One that takes
   more cell-steps than thresholds do is not: "nothing learned", a file that is there stays, and the program runs
   with -refiner_policy if that was given, or else with the thresholds that are named.

   Progress is printed; file.csv gets what each run cost. file.state is written every now and then: the same command
   goes on from it after an interruption (an interrupt signal writes it first), to the same result on the same
   number of ranks.

   In those runs monitors of TS, TSAdapt, SNES and KSP are not called and options that view or print at the end of a
   solve do nothing. All that may belong to the equations is called as ever: functions before and after stages and
   steps, the refiner's reset and initial functions. Time, step number and what has a Vec of the program come back
   unchanged. TSs with events, trajectories, sensitivities or cost integrals, and of types that take no single steps,
   are refused. A final time is needed; a number of steps counts as so many of the first size.

   Unit, interval, levels, components and price of re-meshing are those of the refiner. A policy serves any
   trade-off: it is tried at three, at which error and cost weigh as on the front of the thresholds. They stand in
   the table, with the errors that come of them: choose -refiner_tradeoff by it.

   Set up with `PetRLRefinerSetFromOptions()`. Needs libpetrl_learn; `PETRL_REFINER_HIERARCHY` only.

.seealso: `PetRLRefiner`, `PetRLRefinerSetPolicy()`, `PetRLRefinerSetThresholds()`
@*/
PetscErrorCode PetRLRefinerSetTraining(PetRLRefiner refiner, const char file[]) {
  PetscFunctionBegin;
  PetRLValid(refiner, PETRL_REFINER_CLASSID, 1);
  petrl::RefinerData &r = *refiner->data;
  r.training.on = file != NULL;
  if (file) PetRLCallCXX(r.training.save = file);
  PetscFunctionReturn(PETSC_SUCCESS);
}
