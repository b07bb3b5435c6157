// PetRLRefiner: learning in the user's program (-refiner_train). Before the first step, in runs that the program does
// not see; afterwards the TS is as it was.
#include <petsc/private/kspimpl.h>
#include <petsc/private/snesimpl.h>
#include <petsc/private/tsimpl.h>

#include <algorithm>
#include <utility>

#include "refine/refiner_runs.hpp"

namespace petrl {

namespace {

/// What a TS, its solvers and the refiner would do or say and now do not; and numbers that they go on from.
class Quiet {
 public:
  Quiet(RefinerData &r, TS ts) : r_(r), ts_(ts) {
    snes_ = ts->snes;
    ksp_ = snes_ ? snes_->ksp : NULL;
    keep(ts->numbermonitors);
    if (snes_) keep(snes_->numbermonitors), keep(snes_->numberreasonviews);
    if (ksp_) keep(ksp_->numbermonitors), keep(ksp_->numberreasonviews);
    if (ts->adapt) adapt_monitor_ = std::exchange(ts->adapt->monitor, (PetscViewer)NULL);
    r.monitor = NULL;
    r.error_if_nan = false;
    r.said_outside = true;
    ts->exact_final_time = TS_EXACTFINALTIME_STEPOVER;
    ts->errorifstepfailed = PETSC_FALSE;
    ts->max_steps = PETSC_MAX_INT;
  }
  ~Quiet() {
    for (auto &[where, value] : kept_) *where = value;
    if (ts_->adapt) ts_->adapt->monitor = adapt_monitor_;
    r_.monitor = monitor_;
    r_.error_if_nan = error_if_nan_;
    r_.said_outside = said_outside_;
    r_.decisions = decisions_, r_.fallbacks = fallbacks_, r_.remeshes = remeshes_;
    ts_->exact_final_time = exact_;
    ts_->errorifstepfailed = error_;
    ts_->max_steps = max_steps_;
    ts_->max_time = max_time_;
    ts_->ksp_its = ksp_its_, ts_->snes_its = snes_its_, ts_->num_snes_failures = failures_, ts_->reject = reject_;
    ts_->ptime_prev = previous_;
    ts_->ptime_prev_rollback = rollback_;
  }
  Quiet(const Quiet &) = delete;
  Quiet &operator=(const Quiet &) = delete;

 private:
  void keep(PetscInt &what) { kept_.emplace_back(&what, std::exchange(what, 0)); }

  RefinerData &r_;
  TS ts_;
  SNES snes_;
  KSP ksp_;
  std::vector<std::pair<PetscInt *, PetscInt>> kept_;
  PetscViewer adapt_monitor_ = NULL, monitor_ = r_.monitor;
  bool error_if_nan_ = r_.error_if_nan, said_outside_ = r_.said_outside;
  PetscInt decisions_ = r_.decisions, fallbacks_ = r_.fallbacks, remeshes_ = r_.remeshes;
  TSExactFinalTimeOption exact_ = ts_->exact_final_time;
  PetscBool error_ = ts_->errorifstepfailed;
  PetscInt max_steps_ = ts_->max_steps;
  PetscReal max_time_ = ts_->max_time;
  PetscInt ksp_its_ = ts_->ksp_its, snes_its_ = ts_->snes_its, failures_ = ts_->num_snes_failures,
           reject_ = ts_->reject;
  PetscReal previous_ = ts_->ptime_prev, rollback_ = ts_->ptime_prev_rollback;
};

// What paired runs cannot go with.
PetscErrorCode Check(PetRLRefiner refiner, TS ts) {
  const RefinerData &r = *refiner->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)refiner);
  const std::string option = RefinerOption(refiner, "refiner_train");
  const char *const train = option.c_str();
  PetscMPIInt same;
  PetscBool online = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCheck(!r.training.save.empty(), comm, PETSC_ERR_USER_INPUT, "%s: found no file to write, expected %s <file>",
             train, RefinerOption(refiner, "refiner_save").c_str());
  PetscCheck(r.method == PETRL_REFINER_HIERARCHY, comm, PETSC_ERR_SUP, "%s: found %s adaptlabel, expected hierarchy",
             train, RefinerOption(refiner, "refiner_method").c_str());
  PetscCallMPI(MPI_Comm_compare(comm, PETSC_COMM_WORLD, &same));
  PetscCheck(same == MPI_IDENT || same == MPI_CONGRUENT, comm, PETSC_ERR_SUP,
             "%s: found a TS of some of the ranks, expected one of all of PETSC_COMM_WORLD", train);
  PetscCheck(r.max_level > 0, comm, PETSC_ERR_ARG_OUTOFRANGE, "%s: found %s 0, expected 1 or more: nothing to learn",
             train, RefinerOption(refiner, "refiner_max_level").c_str());
  PetscCheck(!ts->event, comm, PETSC_ERR_SUP,
             "%s: the TS has events (TSSetEventHandler()), which cannot be taken back: expected none in training",
             train);
  PetscCheck(
      !ts->trajectory && !ts->forward_solve && !ts->quadraturets, comm, PETSC_ERR_SUP,
      "%s: found a trajectory, sensitivities or cost integrals, which record every step: expected none in training",
      train);
  PetscCheck(!ts->ops->solve, comm, PETSC_ERR_SUP, "%s: TS type %s takes no single steps", train,
             ((PetscObject)ts)->type_name);
  PetscCall(PetscOptionsGetBool(NULL, ((PetscObject)ts)->prefix, "-ts_adapt_rl_train", &online, NULL));
  PetscCheck(!online, comm, PETSC_ERR_SUP, "%s: found -ts_adapt_rl_train, too: expected one training at a time", train);
  PetscCheck(ts->max_time < PETSC_MAX_REAL / 2 || ts->max_steps < PETSC_MAX_INT, comm, PETSC_ERR_ARG_WRONGSTATE,
             "%s: expected a final time (TSSetMaxTime(), -ts_max_time)", train);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The policy that was learned decides from now on, or else the best thresholds.
PetscErrorCode Adopt(PetRLRefiner refiner, const RefinerTrained &trained) {
  RefinerData &r = *refiner->data;

  PetscFunctionBegin;
  if (trained.learned) {
    r.indicator = PETRL_REFINER_NONE;
    PetscCall(PetRLRefinerSetPolicy(refiner, r.training.save.c_str()));
    PetscCall(PetRLRefinerSetUp(refiner));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (RefinerDecides(r)) PetscFunctionReturn(PETSC_SUCCESS);
  r.indicator = trained.thresholds.indicator == RefinementIndicator::jump       ? PETRL_REFINER_JUMP
                : trained.thresholds.indicator == RefinementIndicator::recovery ? PETRL_REFINER_RECOVERY
                                                                                : PETRL_REFINER_GRADIENT;
  r.thresholds = trained.thresholds.thresholds;
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode RefinerTrain(PetRLRefiner refiner, TS ts) {
  RefinerData &r = *refiner->data;
  const std::string option = RefinerOption(refiner, "refiner_train");
  RefinerTrained trained;
  RunState initial;
  Vec u;

  PetscFunctionBegin;
  r.training.on = false;  // once
  PetRLCallCXX(r.training.start = r.file);
  PetscCall(Check(refiner, ts));
  PetscCall(RefinerKeepState(refiner, ts, initial));
  PetscCall(TSGetSolution(ts, &u));
  PetscCall(PetscObjectReference((PetscObject)u));
  PetscCall(PetscLogEventBegin(PetRL_Train, refiner, 0, 0, 0));
  {
    // Where the program counts steps, the final time is what they would come to.
    const PetscReal end =
        ts->max_steps < PETSC_MAX_INT
            ? std::min(ts->max_time, ts->ptime + static_cast<PetscReal>(ts->max_steps - ts->steps) * ts->time_step)
            : ts->max_time;
    const Quiet quiet(r, ts);
    ts->max_time = end;
    PetRLCallCXX({
      try {
        const RefinerTraining train = refinerTrainings().find("gain-loss");
        const std::unique_ptr<RefinerWorld> world = makeRefinerWorld(refiner, ts, r.training.held_out);
        trained = train(*world, r.training, option);
      } catch (const Error &e) {
        throw Error(option + ": " + e.what(), e.code());
      }
    });
    // As if nothing had happened: in the program's own Vec.
    r.ts.frozen = false;
    PetscCall(RefinerRestoreState(refiner, ts, initial));
    PetscCall(VecCopy(initial.u.get(), u));
    PetscCall(TSSetSolution(ts, u));
    PetscCall(VecDestroy(&u));
  }
  PetscCall(PetscLogEventEnd(PetRL_Train, refiner, 0, 0, 0));
  PetscCall(Adopt(refiner, trained));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
