#include "problems/ode/plane.hpp"

#include <array>

#include "base/error.hpp"

namespace petrl::ode {

PlaneProblem::PlaneProblem(PetscInt points, std::vector<double> diffusion, Initial initial, Reaction reaction,
                           std::string preconditioner)
    : GridProblem(points, diffusion.size()),
      diffusion_(std::move(diffusion)),
      initial_(std::move(initial)),
      reaction_(std::move(reaction)),
      preconditioner_(std::move(preconditioner)) {}

PetscErrorCode PlaneProblem::create(MPI_Comm comm, DM *da) const {
  PetscFunctionBeginUser;
  PetscCall(DMDACreate2d(comm, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, points_, points_, PETSC_DECIDE,
                         PETSC_DECIDE, fields_, 1, nullptr, nullptr, da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void PlaneProblem::begin(PetscInt i, PetscInt j, double *u) const {
  const auto n = static_cast<double>(points_);
  initial_((static_cast<double>(i) + 0.5) / n, (static_cast<double>(j) + 0.5) / n, u);
}

double PlaneProblem::coupling(PetscInt field) const {
  const double inverse = static_cast<double>(points_) * static_cast<double>(points_);
  return diffusion_[static_cast<std::size_t>(field)] * inverse;
}

void PlaneProblem::evaluate(const PointValues &u, PetscInt i, PetscInt j, double *f) const {
  const PetscInt last = points_ - 1;
  const double *here = u.at(i, j);
  const double *around[] = {i > 0 ? u.at(i - 1, j) : here, i < last ? u.at(i + 1, j) : here,
                            j > 0 ? u.at(i, j - 1) : here, j < last ? u.at(i, j + 1) : here};

  reaction_(here, f, nullptr);
  for (PetscInt k = 0; k < fields_; ++k) {
    double sum = -4 * here[k];
    for (const double *a : around) sum += a[k];
    f[k] += coupling(k) * sum;
  }
}

void PlaneProblem::differentiate(const PointValues &u, PetscInt i, PetscInt j, double shift, Blocks &blocks) const {
  const PetscInt last = points_ - 1;
  const bool exists[] = {true, i > 0, i<last, j> 0, j < last};
  auto &here = blocks[kHere];
  std::array<double, kMostFields> reaction;

  reaction_(u.at(i, j), reaction.data(), here.data());
  for (double &x : here) x *= -1;
  for (PetscInt k = 0; k < fields_; ++k) {
    const std::size_t diagonal = static_cast<std::size_t>(k) * (diffusion_.size() + 1);
    here[diagonal] += shift;
    for (const Neighbour n : {kLeft, kRight, kBelow, kAbove}) {
      if (!exists[n]) continue;
      blocks[n][diagonal] = -coupling(k);
      here[diagonal] += coupling(k);
    }
  }
}

PetscErrorCode PlaneProblem::setSolver(TS ts) const {
  SNES snes;
  KSP ksp;
  PC pc;

  PetscFunctionBeginUser;
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPGMRES));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, preconditioner_.c_str()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::ode
