// TSADAPTRL: loading a policy, and the public setters.
#include <algorithm>

#include "adapt/constraints.hpp"
#include "adapt/rl.hpp"
#include "policy/architectures.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

bool needsError(const Policy &policy) {
  if (policy.action.byError()) return true;
  for (const auto &name : policy.observation.names) {
    if (name.rfind("error", 0) == 0) return true;
  }
  return false;
}

// Finds where the value of each name that the policy observes comes from.
void resolveInputs(AdaptRL &rl, const std::string &source) {
  const ObservationSpec &seen = rl.policy.observation;
  rl.inputs.clear();
  for (auto &o : rl.app) o.used = false;
  for (std::size_t i = 0; i < seen.names.size(); ++i) {
    StepInput input{nullptr, 0, seen.offset[i], 1.0 / seen.scale[i]};
    for (const auto &o : observables())
      if (seen.names[i] == o.name) input.value = o.value;
    if (!input.value) {
      const auto own =
          std::find_if(rl.app.begin(), rl.app.end(), [&](const AppObservable &o) { return o.name == seen.names[i]; });
      if (own == rl.app.end())
        throw Error(source + ": /observation/names: the policy needs the observable '" + seen.names[i] +
                        "', which neither every TS nor this application offers (TSAdaptRLAddObservable)",
                    PETSC_ERR_ARG_WRONG);
      own->used = true;
      input.app = static_cast<std::size_t>(own - rl.app.begin());
    }
    rl.inputs.push_back(input);
  }
}

}  // namespace

// Estimates say little about the step where components are algebraic. Those of theta and alpha methods, which do not
// damp such a component's oscillation, depend on the ratio of two steps, hardly on their length: no policy gets on.
// Elsewhere the default policy, which has never seen constraints, leaves an error in them that no shorter step cures.
PetscErrorCode AdaptRLJudge(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  PetscBool undamped, constraints = PETSC_FALSE;

  PetscFunctionBegin;
  if (rl.judged_step == ts->ops->step || rl.basic_only) PetscFunctionReturn(PETSC_SUCCESS);
  rl.judged_step = ts->ops->step;
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ts, &undamped, TSTHETA, TSCN, TSALPHA, ""));
  const bool estimates = ts->ops->evaluatewlte || ts->ops->evaluatestep;
  if (rl.safeguard && estimates && (undamped || (rl.file.empty() && !rl.train && !rl.in_training)))
    PetscCall(HasConstraints(ts, &constraints));
  rl.unsuited = constraints == PETSC_TRUE;
  rl.setControl(rl.wanted);
  if (rl.unsuited) PetscCall(PetscInfo(adapt, "Components are algebraic: basic decides\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AdaptRLLoad(TSAdapt adapt, TS ts) {
  AdaptRL &rl = adaptRL(adapt);
  MPI_Comm comm = PetscObjectComm((PetscObject)adapt);

  PetscFunctionBegin;
  if (rl.loaded || rl.basic_only) PetscFunctionReturn(PETSC_SUCCESS);
  if (rl.classical()) {
    rl.evaluator = "rules";
    rl.inputs.clear();
    rl.loaded = true;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (rl.train && !rl.in_training) PetscCall(AdaptRLTrainSetUp(adapt, ts));
  // Who learns has its policy already, on the first rank.
  const std::string file = rl.training ? "" : rl.file.empty() ? policyFolder() + "/default.h5" : rl.file;
  PetscCall(PolicyLoad(comm, rl, file, false, [&]() -> std::string {
    if (rl.training) return "training";
    rl.backend = makeBackend<VectorBackend>(rl.policy, file);
    return rl.backend->name();
  }));
  PetRLCallCXX({
    resolveInputs(rl, rl.file.empty() ? "policy" : rl.file);
    rl.outputs = rl.policy.action.decided();
    if (!rl.control_set) rl.setControl(controlFrom(rl.policy.action.levers()));
  });
  PetscCheck(rl.policy.action.transform != "log-scaled" || rl.time_scale > 0, comm, PETSC_ERR_ARG_WRONGSTATE,
             "%s: the policy chooses steps in units of the application's time scale, which is not known: call "
             "TSAdaptRLSetTimeScale() or give -ts_adapt_rl_time_scale",
             rl.file.empty() ? "policy" : rl.file.c_str());
  if (!ts->ops->evaluatewlte && !ts->ops->evaluatestep) {
    // The default policy then keeps the step, as basic does; a policy that somebody chose on purpose must not be
    // ignored.
    PetscCheck(rl.file.empty() || !needsError(rl.policy), comm, PETSC_ERR_SUP,
               "%s: the policy needs the local error, but TS type %s estimates none (rk, arkimex, rosw, bdf do; theta "
               "and alpha with -ts_theta_adapt, -ts_alpha_adapt)",
               rl.file.c_str(), ((PetscObject)ts)->type_name);
  }
  rl.loaded = true;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl

namespace {

// Also where PETSc was built without its own checks: another type's data are something else.
PetscErrorCode CheckType(TSAdapt adapt) {
  PetscBool match;
  PetscFunctionBegin;
  PetRLValid(adapt, TSADAPT_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)adapt, TSADAPTRL, &match));
  PetscCheck(match, PetscObjectComm((PetscObject)adapt), PETSC_ERR_ARG_WRONG, "Expected a TSAdapt of type %s, found %s",
             TSADAPTRL, ((PetscObject)adapt)->type_name ? ((PetscObject)adapt)->type_name : "none");
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

/*@C
   TSAdaptRLSetPolicy - Sets the file with the policy that chooses the steps

   Logically Collective

   Input Parameters:
+  adapt - the TSAdapt, ignored unless of type `TSADAPTRL`
-  file  - policy file of kind tsadapt (.h5; TorchScript .pt), or the name of one that ships; NULL or "": default.h5;
           "classical": rules instead of a network

   Options Database Key:
.  -ts_adapt_rl_policy <file> - the policy file

   Level: beginner

   Note:
   The file is read, on the first rank, before the first decision; errors in it are reported then, on all ranks.

.seealso: `TSADAPTRL`, `TSAdaptRLGetPolicy()`
@*/
PetscErrorCode TSAdaptRLSetPolicy(TSAdapt adapt, const char file[]) {
  PetscFunctionBegin;
  PetRLValid(adapt, TSADAPT_CLASSID, 1);
  PetscTryMethod(adapt, "TSAdaptRLSetPolicy_C", (TSAdapt, const char[]), (adapt, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   TSAdaptRLGetPolicy - Gets the name of the policy file

   Not Collective

   Input Parameter:
.  adapt - the TSAdapt, of type `TSADAPTRL`

   Output Parameter:
.  file - the file, "" for the default policy; valid until the next TSAdaptRLSetPolicy()

   Level: intermediate

.seealso: `TSADAPTRL`, `TSAdaptRLSetPolicy()`
@*/
PetscErrorCode TSAdaptRLGetPolicy(TSAdapt adapt, const char *file[]) {
  PetscFunctionBegin;
  PetscCall(CheckType(adapt));
  PetRLNotNull(file, 2);
  *file = petrl::adaptRL(adapt).file.c_str();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSAdaptRLSetTimeScale - Sets the application's time scale, the unit of the steps of some policies

   Logically Collective

   Input Parameters:
+  adapt - the TSAdapt, ignored unless of type `TSADAPTRL`
-  scale - positive, in the TS's unit of time, e.g. the period or growth time of what the application follows

   Options Database Key:
.  -ts_adapt_rl_time_scale <scale> - the time scale

   Level: intermediate

   Note:
   Needed by policies with the action transform log-scaled only.

.seealso: `TSADAPTRL`, `TSAdaptRLSetPolicy()`
@*/
PetscErrorCode TSAdaptRLSetTimeScale(TSAdapt adapt, PetscReal scale) {
  PetscFunctionBegin;
  PetRLValid(adapt, TSADAPT_CLASSID, 1);
  PetscTryMethod(adapt, "TSAdaptRLSetTimeScale_C", (TSAdapt, PetscReal), (adapt, scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   TSAdaptRLAddObservable - Offers an application's own quantity to policies

   Logically Collective

   Input Parameters:
+  adapt - the TSAdapt, ignored unless of type `TSADAPTRL`
.  name  - how policies call it; must not be that of a built-in observable; a second call with it replaces the function
.  f     - called collectively at each decision, after the attempt; its value on the first rank is used
-  ctx   - passed to f

   Level: intermediate

   Notes:
   Only policies that name the observable receive it (scaled as the policy file says). f may inspect the TS
   (TSGetSolution() is the new solution of the attempt) but must not change it.

.seealso: `TSADAPTRL`
@*/
PetscErrorCode TSAdaptRLAddObservable(TSAdapt adapt, const char name[], TSAdaptRLObservable f, void *ctx) {
  PetscFunctionBegin;
  PetRLValid(adapt, TSADAPT_CLASSID, 1);
  PetRLNotNull(name, 2);
  PetRLNotNull(f, 3);
  PetscTryMethod(adapt, "TSAdaptRLAddObservable_C", (TSAdapt, const char[], TSAdaptRLObservable, void *),
                 (adapt, name, f, ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   TSAdaptRLGetCounters - Gets how often the policy decided and how often it was overruled

   Not Collective

   Input Parameter:
.  adapt - the TSAdapt, of type `TSADAPTRL`

   Output Parameters (any may be NULL):
+  decisions - decisions carried out
.  fallbacks - of these, taken by `TSADAPTBASIC` because the policy's was not finite or out of its range
-  failures  - failed solves seen

   Level: intermediate

.seealso: `TSADAPTRL`
@*/
PetscErrorCode TSAdaptRLGetCounters(TSAdapt adapt, PetscInt *decisions, PetscInt *fallbacks, PetscInt *failures) {
  PetscFunctionBegin;
  PetscCall(CheckType(adapt));
  const petrl::AdaptRL &rl = petrl::adaptRL(adapt);
  if (decisions) *decisions = rl.decisions;
  if (fallbacks) *fallbacks = rl.fallbacks;
  if (failures) *failures = rl.failures;
  PetscFunctionReturn(PETSC_SUCCESS);
}
