// PetRLClosure: options of recording and training.
#include "closure/closure.hpp"

namespace petrl {

static PetscErrorCode RecordOptions(PETRL_OPTION_ITEMS PetscOptionsObject, PetRLClosure closure) {
  const Recording &r = closure->data->recording;
  char file[PETSC_MAX_PATH_LEN] = "";
  PetscInt ratio = r.ratio, interval = r.interval;
  PetscEnum how = (PetscEnum)r.how;
  PetscBool set, set_how;

  PetscFunctionBegin;
  PetscCall(PetscOptionsString("-closure_record", "HDF5 file that the run is added to, for training",
                               "PetRLClosureRecordSetFile", r.file.c_str(), file, sizeof(file), &set));
  if (set) PetscCall(PetRLClosureRecordSetFile(closure, file));
  PetscCall(PetscOptionsInt("-closure_record_coarsen", "Points per coarse point and direction",
                            "PetRLClosureRecordSetCoarsening", ratio, &ratio, &set));
  PetscCall(PetscOptionsEnum("-closure_record_restrict", "How fine states become coarse ones",
                             "PetRLClosureRecordSetCoarsening", PetRLClosureRestrictions, how, &how, &set_how));
  if (set || set_how) PetscCall(PetRLClosureRecordSetCoarsening(closure, ratio, (PetRLClosureRestriction)how));
  PetscCall(PetscOptionsInt("-closure_record_interval", "Steps between two states that are recorded",
                            "PetRLClosureRecordSetInterval", interval, &interval, &set));
  if (set) PetscCall(PetRLClosureRecordSetInterval(closure, interval));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TrainOptions(PETRL_OPTION_ITEMS PetscOptionsObject, PetRLClosure closure) {
  ClosureTrainOptions &t = closure->data->training;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  char file[PETSC_MAX_PATH_LEN] = "";
  PetscEnum form = (PetscEnum)(t.form == "flux" ? PETRL_CLOSURE_FLUX : PETRL_CLOSURE_ADDITIVE_RATE);
  PetscInt width = t.width, depth = t.depth, half_width = t.half_width, horizon = t.horizon, every = t.every,
           iterations = (PetscInt)t.iterations, seed = (PetscInt)t.seed;
  PetscReal minutes = (PetscReal)t.minutes, regression = (PetscReal)t.regression, shear = (PetscReal)t.shear;
  PetscBool set, more, free_boundary = t.free_boundary ? PETSC_TRUE : PETSC_FALSE,
                       differences = t.differences ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(
      ClosureGetNames(PetscOptionsObject, closure, "-closure_train", "Records to learn a policy from", t.records));
  PetscCall(PetscOptionsString("-closure_save", "File of the policy that is learned", "PetRLClosureTrainSetFiles",
                               t.save.c_str(), file, sizeof(file), &set));
  if (set) PetRLCallCXX(t.save = file);
  PetscCall(ClosureGetNames(PetscOptionsObject, closure, "-closure_observe", "Fields that it observes", t.observe));
  PetscCall(ClosureGetNames(PetscOptionsObject, closure, "-closure_correct", "Components that it corrects", t.correct));
  PetscCall(
      ClosureGetNames(PetscOptionsObject, closure, "-closure_velocity", "Fields that are the velocity", t.velocity));
  PetscCall(PetscOptionsEnum("-closure_form", "Form of the corrections", "PetRLClosureTrainSetForm", PetRLClosureForms,
                             form, &form, &set));
  if (set) PetscCall(PetRLClosureTrainSetForm(closure, (PetRLClosureForm)form));
  PetscCall(PetscOptionsBool("-closure_free_boundary", "Corrections change values on the boundary of the grid, too",
                             "PetRLClosureTrainSetForm", free_boundary, &free_boundary, NULL));
  t.free_boundary = free_boundary == PETSC_TRUE;
  PetscCall(PetscOptionsBool("-closure_differences", "On a mesh: nothing is observed but differences",
                             "PetRLClosureTrain", differences, &differences, NULL));
  t.differences = differences == PETSC_TRUE;
  PetscCall(
      PetscOptionsBoundedInt("-closure_width", "Channels of the network", "PetRLClosureTrain", width, &width, NULL, 1));
  PetscCall(
      PetscOptionsBoundedInt("-closure_depth", "Layers of the network", "PetRLClosureTrain", depth, &depth, NULL, 1));
  PetscCall(PetscOptionsRangeInt("-closure_half_width", "Differences on either side of a face", "PetRLClosureTrain",
                                 half_width, &half_width, NULL, 1, 8));
  PetscCall(PetscOptionsReal("-closure_shear", "How much fluxes go with the velocity's differences, beside its size",
                             "PetRLClosureTrain", shear, &shear, NULL));
  PetscCheck(shear >= 0 && shear <= 1e6, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_shear: found %g, expected a number from 0 to 1e6", (double)shear);
  t.shear = (double)shear;
  PetscCall(PetscOptionsReal("-closure_train_minutes", "Budget of the wall clock", "PetRLClosureTrainSetBudget",
                             minutes, &minutes, &set));
  PetscCall(PetscOptionsInt("-closure_train_iterations", "Budget of iterations", "PetRLClosureTrainSetBudget",
                            iterations, &iterations, &more));
  if (set || more) PetscCall(PetRLClosureTrainSetBudget(closure, minutes, iterations));
  PetscCall(PetscOptionsReal("-closure_train_regression", "Share of the training that is regression",
                             "PetRLClosureTrain", regression, &regression, NULL));
  PetscCheck(regression >= 0 && regression <= 1, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_train_regression: found %g, expected a number from 0 to 1", (double)regression);
  t.regression = (double)regression;
  PetscCall(PetscOptionsBoundedInt("-closure_train_horizon", "Comparisons of an episode with the record",
                                   "PetRLClosureTrain", horizon, &horizon, NULL, 0));
  PetscCall(PetscOptionsBoundedInt("-closure_train_every", "Iterations between two validations", "PetRLClosureTrain",
                                   every, &every, NULL, 0));
  PetscCall(PetscOptionsBoundedInt("-closure_train_seed", "Random seed", "PetRLClosureTrain", seed, &seed, NULL, 0));
  PetscCall(PetscOptionsString("-closure_train_config", "YAML file with keys of the learner", "PetRLClosureTrain",
                               t.config.c_str(), file, sizeof(file), &set));
  if (set) PetRLCallCXX(t.config = file);
  PetscCheck(width <= 1024 && depth <= 64, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "-closure_width, -closure_depth: found %" PetscInt_FMT ", %" PetscInt_FMT ", expected at most 1024, 64",
             width, depth);
  t.width = static_cast<int>(width);
  t.depth = static_cast<int>(depth);
  t.half_width = static_cast<int>(half_width);
  t.horizon = static_cast<int>(horizon);
  t.every = static_cast<int>(every);
  t.seed = static_cast<std::uint64_t>(seed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ClosureLearnOptions(PETRL_OPTION_ITEMS PetscOptionsObject, PetRLClosure closure) {
  PetscFunctionBegin;
  PetscCall(RecordOptions(PetscOptionsObject, closure));
  PetscCall(TrainOptions(PetscOptionsObject, closure));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
