#include "problems/ode/line.hpp"

#include <algorithm>
#include <functional>

#include "base/error.hpp"

namespace petrl::ode {

LineProblem::LineProblem(PetscInt points, std::vector<double> boundary, Initial initial, Point point,
                         PointJacobian jacobian)
    : GridProblem(points, boundary.size()),
      boundary_(std::move(boundary)),
      initial_(std::move(initial)),
      point_(std::move(point)),
      jacobian_(std::move(jacobian)) {}

PetscErrorCode LineProblem::create(MPI_Comm comm, DM *da) const {
  PetscFunctionBeginUser;
  PetscCall(DMDACreate1d(comm, DM_BOUNDARY_NONE, points_, fields_, 1, nullptr, da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void LineProblem::begin(PetscInt i, PetscInt, double *u) const {
  initial_(i, u);
}

const double *LineProblem::value(const PointValues &u, PetscInt i) const {
  return i >= 0 && i < points_ ? u.at(i, 0) : boundary_.data();
}

void LineProblem::evaluate(const PointValues &u, PetscInt i, PetscInt, double *f) const {
  point_(value(u, i - 1), value(u, i), value(u, i + 1), f);
}

void LineProblem::differentiate(const PointValues &u, PetscInt i, PetscInt, double shift, Blocks &blocks) const {
  jacobian_(value(u, i - 1), value(u, i), value(u, i + 1), blocks[kLeft].data(), blocks[kHere].data(),
            blocks[kRight].data());
  for (const Neighbour n : {kLeft, kHere, kRight})
    std::transform(blocks[n].begin(), blocks[n].end(), blocks[n].begin(), std::negate<>());
  for (std::size_t k = 0, d = boundary_.size(); k < d; ++k) blocks[kHere][k * (d + 1)] += shift;
}

PetscErrorCode LineProblem::setSolver(TS ts) const {
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm(reinterpret_cast<PetscObject>(ts)), &ranks));
  // Tridiagonal by blocks: a direct solve costs no more than one Krylov iteration.
  if (ranks == 1) PetscCall(solveDirectly(ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::ode
