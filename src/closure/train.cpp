// PetRLClosure: a policy trained where it will be used.
#include "closure/cell_closure.hpp"
#include "closure/cell_solver.hpp"
#include "closure/closure.hpp"
#include "closure/solver_world.hpp"
#include "policy/shared_policy.hpp"

const char *const PetRLClosureForms[] = {"additive-rate", "flux", "PetRLClosureForm", "PETRL_CLOSURE_", NULL};

namespace petrl {

PetscErrorCode ClosureTrainRun(PetRLClosure closure, Vec X, PetscReal dt, const SolverFunctions &functions,
                               bool *learned) {
  Closure &c = *closure->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscMPIInt same;
  PetscBool da;
  std::string file;
  std::unique_ptr<SolverWorld> world;
  CellSolver *cells = nullptr;
  bool mesh;

  PetscFunctionBegin;
  *learned = false;
  PetscCheck(c.dm, comm, PETSC_ERR_ARG_WRONGSTATE, "The closure has no grid: call PetRLClosureSetDM()");
  PetscCheck(!c.training.records.empty() && !c.training.save.empty(), comm, PETSC_ERR_ARG_WRONGSTATE,
             "-closure_train and -closure_save belong together: the records to learn from, and the file of the policy");
  PetscCallMPI(MPI_Comm_compare(comm, PETSC_COMM_WORLD, &same));
  PetscCheck(same == MPI_IDENT || same == MPI_CONGRUENT, comm, PETSC_ERR_SUP,
             "-closure_train: the solver runs on a part of the ranks only; training needs all of PETSC_COMM_WORLD");
  PetscCall(PetscObjectTypeCompare((PetscObject)c.dm, DMDA, &da));
  PetscCall(ClosureIsMesh(c.dm, &mesh));
  PetscCheck(da || mesh, comm, PETSC_ERR_ARG_WRONG, "-closure_train needs a DMDA or a DMPlex, found a DM of type %s",
             ((PetscObject)c.dm)->type_name);
  PetscCheck(mesh || !c.training.differences, comm, PETSC_ERR_SUP,
             "-closure_differences is for a DMPlex, found a DMDA");
  PetscCheck(c.training.shear == 0 || c.training.form == "flux", comm, PETSC_ERR_ARG_INCOMP,
             "-closure_shear is for -closure_form flux, found %s", c.training.form.c_str());
  if (mesh) PetscCall(CellSolver::Check(closure));
  PetscCall(DMSetUp(c.dm));
  PetRLCallCXX(c.training.start = c.file);
  PetscCheck(
      !c.training.free_boundary || c.training.form != "flux", comm, PETSC_ERR_ARG_INCOMP,
      "-closure_free_boundary: found -closure_form flux, expected additive-rate: fluxes end where the grid does");
  PetscCall(PetscLogEventBegin(PetRL_Train, closure, 0, 0, 0));
  PetRLCallCXX({
    if (mesh) {
      auto made = std::make_unique<CellSolver>(closure, X, dt, functions);
      cells = made.get();
      world = std::move(made);
    } else {
      world = std::make_unique<SolverWorld>(closure, X, dt, functions);
    }
  });
  PetscCall(world->SetUp(c.training.records));
  PetscCall(onEveryRank(comm, [&] {
    try {
      file = cells ? cellClosureTrainings().find("regression")(*world, *cells, c.training)
                   : closureTrainings().find("ppo")(*world, c.training);
    } catch (const std::exception &e) {
      throw Error(std::string("-closure_train: ") + e.what());
    }
  }));
  PetscCall(world->Restore());
  PetscCall(PetscLogEventEnd(PetRL_Train, closure, 0, 0, 0));
  PetscCall(ClosureReset(closure));
  if (!file.empty()) PetRLCallCXX(c.file = file);
  *learned = !file.empty();
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

/*@C
   PetRLClosureTrainSetFiles - Sets what a policy is learned from, and where it goes

   Collective

   Input Parameters:
+  closure - the closure
.  n       - number of records
.  records - files of PetRLClosureRecordSetFile(), over the coarse grid
-  save    - policy file that is written; what a training needs to go on lies in a folder beside it, save.training

   Options Database Keys:
+  -closure_train <records> - the records, separated by commas
-  -closure_save <file>     - the policy file

   Level: intermediate

.seealso: `PetRLClosure`, `PetRLClosureTrain()`, `TSCLOSURE`
@*/
PetscErrorCode PetRLClosureTrainSetFiles(PetRLClosure closure, PetscInt n, const char *const records[],
                                         const char save[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  if (n > 0) PetRLNotNull(records, 3);
  for (PetscInt i = 0; i < n; i++) PetRLNotNull(records[i], 3);
  PetRLNotNull(save, 4);
  PetRLCallCXX({
    closure->data->training.records.assign(records, records + n);
    closure->data->training.save = save;
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureTrainSetObserved - Sets what a policy that is learned observes

   Collective

   Input Parameters:
+  closure - the closure
.  n       - number of names, or 0 (default) for all
-  names   - names of components of the state and of recorded fields

   Options Database Key:
.  -closure_observe <names> - the names, separated by commas

   Level: intermediate

.seealso: `PetRLClosure`, `PetRLClosureTrain()`, `PetRLClosureTrainSetCorrected()`
@*/
PetscErrorCode PetRLClosureTrainSetObserved(PetRLClosure closure, PetscInt n, const char *const names[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  if (n > 0) PetRLNotNull(names, 3);
  for (PetscInt i = 0; i < n; i++) PetRLNotNull(names[i], 3);
  PetRLCallCXX(closure->data->training.observe.assign(names, names + n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureTrainSetCorrected - Sets what a policy that is learned corrects

   Collective

   Input Parameters:
+  closure - the closure
.  n       - number of names, or 0 (default) for all components of the state that are observed
-  names   - names of components of the state

   Options Database Key:
.  -closure_correct <names> - the names, separated by commas

   Level: intermediate

.seealso: `PetRLClosure`, `PetRLClosureTrain()`, `PetRLClosureTrainSetObserved()`
@*/
PetscErrorCode PetRLClosureTrainSetCorrected(PetRLClosure closure, PetscInt n, const char *const names[]) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  if (n > 0) PetRLNotNull(names, 3);
  for (PetscInt i = 0; i < n; i++) PetRLNotNull(names[i], 3);
  PetRLCallCXX(closure->data->training.correct.assign(names, names + n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureTrainSetForm - Sets the form of the corrections that are learned

   Logically Collective

   Input Parameters:
+  closure - the closure
-  form    - `PETRL_CLOSURE_ADDITIVE_RATE` (default) or `PETRL_CLOSURE_FLUX`

   Options Database Keys:
+  -closure_form <additive-rate|flux> - the form
.  -closure_shear <share>             - fluxes move with differences of the velocity, too
-  -closure_free_boundary             - additive corrections change values on the boundary of the grid, too

   Level: intermediate

   Notes:
   The first and last points of directions that are not periodic are taken to lie on the boundary, where values are the
   solver's business: what is added there is zero, unless -closure_free_boundary is given - for grids whose outermost
   points lie inside, as cells do, or whose boundary values are unknowns like others. The policy file says which
   (`boundary` of its action). Fluxes end where the grid does.

   Fluxes suit conservation laws: they neither make nor lose anything and are hard to make unstable. They are weighted
   differences of the corrected field, in units of a velocity (-closure_velocity <u,v>, fields that are observed; u,
   v, w where these are), or of the spacing over the step where there is none. What moves with the velocity alone is
   small where the flow turns back, as it does in a front at rest: where the velocity is part of the state,
   -closure_shear 1 adds the mean size of its differences around each face.

.seealso: `PetRLClosure`, `PetRLClosureTrain()`, `PetRLClosureForm`
@*/
PetscErrorCode PetRLClosureTrainSetForm(PetRLClosure closure, PetRLClosureForm form) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscCheck(form == PETRL_CLOSURE_ADDITIVE_RATE || form == PETRL_CLOSURE_FLUX, PetscObjectComm((PetscObject)closure),
             PETSC_ERR_ARG_OUTOFRANGE, "-closure_form: found %d, expected additive-rate (0) or flux (1)", (int)form);
  PetRLCallCXX(closure->data->training.form = PetRLClosureForms[form]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureTrainSetBudget - Sets how long a policy is trained

   Logically Collective

   Input Parameters:
+  closure    - the closure
.  minutes    - of the wall clock, in all (20); counts where `iterations` is 0
-  iterations - of the learner, in all, or 0

   Options Database Keys:
+  -closure_train_minutes <minutes>       - the minutes
-  -closure_train_iterations <iterations> - the iterations

   Level: intermediate

   Note:
   A training that was interrupted, or whose budget has become larger, goes on where it was. One of a number of
   iterations that was killed ends with the same policy, to the last bit, as one that was not.

.seealso: `PetRLClosure`, `PetRLClosureTrain()`
@*/
PetscErrorCode PetRLClosureTrainSetBudget(PetRLClosure closure, PetscReal minutes, PetscInt iterations) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetscCheck(minutes > 0 && iterations >= 0, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_train_minutes, -closure_train_iterations: found %g, %" PetscInt_FMT
             ", expected a positive number, and 0 or more",
             (double)minutes, iterations);
  closure->data->training.minutes = (double)minutes;
  closure->data->training.iterations = iterations;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PetRLClosureTrainSetStep - Sets the coarse solver that a policy is trained in

   Logically Collective

   Input Parameters:
+  closure - the closure
.  before  - what the program does before a step, or NULL
.  step    - one step of the solver, without correction
-  ctx     - a context for both, or NULL

   Calling Sequences:
.vb
   before(closure, number, t, X, ctx)
   step(closure, number, t, dt, X, failed, ctx)
.ve
   number and t are those of the step in its run; X is the state there, put there from a record or an earlier step.
   before may change it, and brings everything else that the solver remembers in line with it; step takes it from t to
   t + dt, and says whether the solver failed.

   Level: advanced

   Note:
   Both are called from states of any run, in any order.

.seealso: `PetRLClosure`, `PetRLClosureTrain()`, `TSCLOSURE`
@*/
PetscErrorCode PetRLClosureTrainSetStep(PetRLClosure closure,
                                        PetscErrorCode (*before)(PetRLClosure closure, PetscInt number, PetscReal t,
                                                                 Vec X, void *ctx),
                                        PetscErrorCode (*step)(PetRLClosure closure, PetscInt number, PetscReal t,
                                                               PetscReal dt, Vec X, PetscBool *failed, void *ctx),
                                        void *ctx) {
  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLNotNull(step, 3);
  closure->data->train_before = before;
  closure->data->train_step = step;
  closure->data->train_context = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PetRLClosureTrain - Trains a policy in the solver of the program

   Collective

   Input Parameters:
+  closure - the closure, with the coarse grid as its DM, records, and a solver (`PetRLClosureTrainSetStep()`)
.  dt      - the step of the solver: the recorded times must be apart by as much, by a part, or by a multiple of it
-  X       - a state, that is used to work on and given back as it was

   Output Parameter:
.  learned - whether there is a policy now, which the closure has from here on; may be NULL

   Level: intermediate

   Notes:
   See `TSCLOSURE`, which does this by itself.

   A policy that does not lessen the error of runs that it was not trained on is not written, and why is said.

.seealso: `PetRLClosure`, `PetRLClosureTrainSetFiles()`, `PetRLClosureTrainSetBudget()`, `PetRLClosureRecordBegin()`
@*/
PetscErrorCode PetRLClosureTrain(PetRLClosure closure, PetscReal dt, Vec X, PetscBool *learned) {
  bool found = false;

  PetscFunctionBegin;
  PetRLValid(closure, PETRL_CLOSURE_CLASSID, 1);
  PetRLValid(X, VEC_CLASSID, 3);
  petrl::Closure &c = *closure->data;
  PetscCheck(c.train_step, PetscObjectComm((PetscObject)closure), PETSC_ERR_ARG_WRONGSTATE,
             "PetRLClosureTrainSetStep() must come before");
  petrl::SolverFunctions functions;
  PetRLCallCXX({
    if (c.train_before) {
      functions.before = [closure, &c](PetscInt number, PetscReal t, Vec state) {
        return c.train_before(closure, number, t, state, c.train_context);
      };
    }
    functions.step = [closure, &c](PetscInt number, PetscReal t, PetscReal h, Vec state, PetscBool *failed) {
      return c.train_step(closure, number, t, h, state, failed, c.train_context);
    };
  });
  PetscCall(petrl::ClosureTrainRun(closure, X, dt, functions, &found));
  if (learned) *learned = found ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
