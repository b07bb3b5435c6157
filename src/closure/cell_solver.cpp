#include "closure/cell_solver.hpp"

#include <algorithm>

namespace petrl {

Registry<CellClosureTraining> &cellClosureTrainings() {
  static auto *instance = new Registry<CellClosureTraining>("training of closures on meshes", "petrl_learn");
  return *instance;
}

PetscErrorCode CellSolver::Check(PetRLClosure closure) {
  const ClosureTrainOptions &t = closure->data->training;
  MPI_Comm comm = PetscObjectComm((PetscObject)closure);
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCheck(size == 1, comm, PETSC_ERR_SUP,
             "-closure_train on a DMPlex: found %d ranks, expected one: the policy that is learned runs on any number",
             size);
  PetscCheck(t.form == "flux", comm, PETSC_ERR_SUP,
             "-closure_form: found %s, expected flux: on a DMPlex closures are fluxes through faces", t.form.c_str());
  PetscCheck(t.observe.empty() && t.correct.empty(), comm, PETSC_ERR_SUP,
             "-closure_observe, -closure_correct: on a DMPlex all unknowns are observed and corrected");
  PetscCheck(t.shear == 0 && t.half_width == 1, comm, PETSC_ERR_SUP,
             "-closure_shear, -closure_half_width: on a DMPlex fluxes see both sides of a face, and nothing else");
  PetscFunctionReturn(PETSC_SUCCESS);
}

void CellSolver::use(const Policy &specification) {
  PetRLThrow(ClosureSetUpWith(closure(), specification));
  closure()->data->own_step = step();
  // States of the record are put into Vecs as they are.
  const ClosureCells &c = cells().cells;
  for (std::size_t i = 0; i < c.place.size(); ++i)
    if (c.place[i] != static_cast<PetscInt>(i) * c.dof)
      throw Error("-closure_train: the unknowns of a cell do not follow those of the cell before", PETSC_ERR_SUP);
}

Validity CellSolver::validity() const {
  Validity v = SolverWorld::validity();
  v.words.erase("boundary");  // walls are part of the mesh
  return v;
}

PetscErrorCode CellSolver::Observe() {
  PetscFunctionBegin;
  if (closure()->data->cells) PetscCall(cells().Observe(state()));  // not while scales are being found
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CellSolver::Correct(const float *output) {
  PetscFunctionBegin;
  PetscCall(cells().Act(output, factor()));
  PetscCall(cells().Write(true, closure()->data->work));
  PetscCall(VecAXPY(state(), -1, closure()->data->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void CellSolver::observe(float *observation, int) {
  std::copy_n(inputs(), inputsSize(), observation);
}

void CellSolver::pullBack(const std::vector<double> &d_state, const float *output, float *d_output) {
  // The state loses what the correction is.
  slope_.resize(d_state.size());
  std::transform(d_state.begin(), d_state.end(), slope_.begin(), [](double x) { return -x; });
  cells().flux->pullBack(cells().u.data(), output, factor(), slope_.data(), d_output);
}

}  // namespace petrl
