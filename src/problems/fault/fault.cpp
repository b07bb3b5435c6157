#include "problems/fault/fault.hpp"

#include <petrladapt.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "device/vec_view.hpp"
#include "integrate/bathe.hpp"
#include "problems/fault/cells.hpp"
#include "problems/fault/grid.hpp"

namespace petrl::fault {

Fault::Fault(MPI_Comm comm, const Scenario &scenario, std::shared_ptr<Elasticity> elasticity)
    : scenario_(scenario), elasticity_(std::move(elasticity)) {
  if (!elasticity_) elasticity_ = Elasticity::create(comm, scenario_.elasticity);
  scenario_.elasticity.nx = elasticity_->nx();  // options may have changed them
  scenario_.elasticity.nz = elasticity_->nz();
  grid_ = cloneGrid(elasticity_->grid());
  PetRLThrow(DMCreateGlobalVector(grid_, &d_));
  for (Vec *v : {&v_, &normal_force_, &prestress_, &start_velocity_, &work_, &work2_}) PetRLThrow(VecDuplicate(d_, v));
  PetRLThrow(PetscObjectSetName(reinterpret_cast<PetscObject>(d_), "displacement"));
  PetRLThrow(PetscObjectSetName(reinterpret_cast<PetscObject>(v_), "velocity"));
  fillCells();
  elasticity_->bounds(&smallest_stiffness_, &largest_stiffness_);
  growth_rate_ = growth(scenario_.friction->weakening() * mean_normal_force_);
  checkUnstable();
  createTS();
  restart();
}

Fault::~Fault() {
  (void)TSDestroy(&ts_);
  (void)MatDestroy(&jacobian_);
  for (Vec *v : {&d_, &v_, &normal_force_, &prestress_, &start_velocity_, &work_, &work2_}) (void)VecDestroy(v);
  (void)DMDestroy(&grid_);
}

void Fault::fillCells() {
  const ElasticityParameters &e = scenario_.elasticity;
  const double mu0 = scenario_.friction->staticCoefficient();
  device::VecView views[3];
  PetscScalar *force, *prestress, *velocity;
  PetscInt first_x, first_z, width, height;
  PetRLThrow(DMDAGetCorners(grid_, &first_x, &first_z, nullptr, &width, &height, nullptr));
  PetRLThrow(views[0].begin(normal_force_, device::Space::host, device::Access::write, &force));
  PetRLThrow(views[1].begin(prestress_, device::Space::host, device::Access::write, &prestress));
  PetRLThrow(views[2].begin(start_velocity_, device::Space::host, device::Access::write, &velocity));
  for (PetscInt k = 0; k < height; ++k) {
    for (PetscInt i = 0; i < width; ++i) {
      const double x = (static_cast<double>(first_x + i) + 0.5) / static_cast<double>(e.nx);
      const double z = (static_cast<double>(first_z + k) + 0.5) / static_cast<double>(e.nz);
      const PetscInt j = k * width + i;
      force[j] = elasticity_->cellArea() * normalStressAt(scenario_.normal_stress, e, x, z);
      prestress[j] = scenario_.prestress * mu0 * force[j];
      double factor = 1;
      if (scenario_.perturbation > 0)
        factor = std::max(0.0, 1 + scenario_.perturbation * randomField(scenario_.normal_stress.seed + 1000003,
                                                                        scenario_.normal_stress.correlation, x, z));
      velocity[j] = scenario_.initial_velocity * factor;
    }
  }
  for (device::VecView &view : views) PetRLThrow(view.end());
  PetscReal largest;
  PetRLThrow(VecMax(normal_force_, NULL, &largest));
  mean_normal_force_ = meanOf(normal_force_);
  largest_strength_ = largest * std::max(mu0, scenario_.friction->residualCoefficient());
}

// Positive root of m s^2 + h s + (k - weakening) = 0 for the weakest mode.
double Fault::growth(double weakening) const {
  const double m = elasticity_->mass(), k = smallest_stiffness_ - weakening;
  const double h = 2 * scenario_.elasticity.damping_ratio * std::sqrt(m * smallest_stiffness_);
  return k >= 0 ? 0 : (-h + std::sqrt(h * h - 4 * m * k)) / (2 * m);
}

double Fault::criticalStep() const {
  // m/c + h + c (k - k_c) = 0 at c = 1/s; the first sub-step has c = gamma h/2.
  return growth_rate_ > 0 ? 2 / (bathe(ts_).gamma * growth_rate_) : std::numeric_limits<double>::infinity();
}

void Fault::checkUnstable() {
  if (scenario_.allow_stable || growth_rate_ > 0) return;
  const double area = elasticity_->cellArea();
  throw Error(
      "fault: this configuration is stable and never slips: its elastic stiffness " +
          std::to_string(smallest_stiffness_ / area / 1e6) + " MPa/m is not below the weakening rate " +
          std::to_string(scenario_.friction->weakening() * mean_normal_force_ / area / 1e6) +
          " MPa/m of friction; expected a larger fault, normal stress or drop, a smaller critical_slip, k_scale, "
          "or allow_stable: true",
      PETSC_ERR_USER_INPUT);
}

void Fault::createTS() {
  MPI_Comm comm = elasticity_->comm();
  SNES snes;
  KSP ksp;
  PC pc;
  TSAdapt adapt;
  PetRLThrow(TSCreate(comm, &ts_));
  PetRLThrow(TSSetDM(ts_, grid_));
  PetRLThrow(TSSetType(ts_, TSBATHE));
  const PetscInt n = elasticity_->localSize(), N = elasticity_->size();
  VecType type;
  PetRLThrow(VecGetType(d_, &type));
  PetRLThrow(MatCreateShell(comm, n, n, N, N, this, &jacobian_));
  PetRLThrow(MatSetVecType(jacobian_, type));
  PetRLThrow(MatShellSetOperation(jacobian_, MATOP_MULT, (void (*)(void))Multiply));
  PetRLThrow(MatShellSetOperation(jacobian_, MATOP_GET_DIAGONAL, (void (*)(void))Diagonal));
  PetRLThrow(TSSetI2Function(ts_, NULL, Function, this));
  PetRLThrow(TSSetI2Jacobian(ts_, jacobian_, jacobian_, Jacobian, this));
  PetRLThrow(TSBatheSetFriction(ts_, Friction, this));
  PetRLThrow(TSBatheSetForceScale(ts_, largest_strength_));
  PetRLThrow(TSBatheSetErrorType(ts_, TS_BATHE_ERROR_DOUBLING));
  PetRLThrow(TSBatheSetErrorScales(ts_, scenario_.friction->criticalSlip(), scenario_.velocity_scale));
  PetRLThrow(TSSetTolerances(ts_, PETSC_DEFAULT, NULL, scenario_.tolerance, NULL));
  PetRLThrow(TSSetMaxTime(ts_, scenario_.final_time));
  PetRLThrow(TSSetMaxSteps(ts_, PETSC_MAX_INT));
  PetRLThrow(TSSetExactFinalTime(ts_, TS_EXACTFINALTIME_MATCHSTEP));
  PetRLThrow(TSSetMaxSNESFailures(ts_, -1));
  PetRLThrow(TSSetMaxStepRejections(ts_, 49));
  PetRLThrow(TSGetSNES(ts_, &snes));
  PetRLThrow(SNESGetKSP(snes, &ksp));
  PetRLThrow(KSPSetType(ksp, KSPCG));
  PetRLThrow(KSPSetTolerances(ksp, 1e-5, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  PetRLThrow(KSPGetPC(ksp, &pc));
  PetRLThrow(PCSetType(pc, PCSHELL));
  PetRLThrow(PCShellSetApply(pc, Precondition));
  PetRLThrow(PCShellSetContext(pc, this));
  PetRLThrow(PCShellSetName(pc, ("circulant; " + elasticity_->describe()).c_str()));
  PetRLThrow(TSGetAdapt(ts_, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTRICHARDSON));
  PetRLThrow(TSAdaptSetStepLimits(adapt, scenario_.min_step, scenario_.max_step));
  PetRLThrow(TSSetApplicationContext(ts_, this));
}

Vec Fault::history() const {
  Vec history;
  PetRLThrow(TSBatheGetHistory(ts_, &history));
  return history;
}

void Fault::restart() {
  PetRLThrow(VecSet(d_, 0));
  PetRLThrow(VecCopy(start_velocity_, v_));
  PetRLThrow(TS2SetSolution(ts_, d_, v_));
  PetRLThrow(TSSetTime(ts_, 0));
  PetRLThrow(TSSetStepNumber(ts_, 0));
  PetRLThrow(TSSetTimeStep(ts_, scenario_.first_step));
  PetRLThrow(TSRestartStep(ts_));
  PetRLThrow(VecSet(work_, scenario_.friction->initialHistory()));
  PetRLThrow(TSBatheSetHistory(ts_, work_));
}

void Fault::startFrom(const Fault &other, double t) {
  restart();
  PetRLThrow(VecCopy(other.d_, d_));
  PetRLThrow(VecCopy(other.v_, v_));
  PetRLThrow(TSBatheSetHistory(ts_, other.history()));
  PetRLThrow(TSSetTime(ts_, t));
}

double Fault::time() const {
  PetscReal t;
  PetRLThrow(TSGetTime(ts_, &t));
  // While an adaptor looks at a new solution, the clock still stands at the start of the step.
  const Bathe &b = bathe(ts_);
  return static_cast<double>(b.status == TS_STEP_PENDING ? t + b.latest.h : t);
}

double Fault::energy() {
  PetscScalar dkd, fd;
  if (critical_energy_ == 0) {
    // U0 = F0' K^-1 F0 / 2 by CG.
    struct Shell {
      static PetscErrorCode mult(Mat A, Vec x, Vec y) {
        Elasticity *e;
        PetscFunctionBegin;
        PetscCall(MatShellGetContext(A, &e));
        PetRLCallCXX(e->stiffness(x, y));
        PetscFunctionReturn(PETSC_SUCCESS);
      }
      static PetscErrorCode pc(PC p, Vec x, Vec y) {
        Elasticity *e;
        PetscFunctionBegin;
        PetscCall(PCShellGetContext(p, &e));
        PetRLCallCXX(e->precondition(0, 0, 1, x, y));
        PetscFunctionReturn(PETSC_SUCCESS);
      }
    };
    Mat K;
    KSP ksp;
    PC pc;
    const PetscInt n = elasticity_->localSize(), N = elasticity_->size();
    VecType type;
    PetRLThrow(VecGetType(d_, &type));
    PetRLThrow(MatCreateShell(elasticity_->comm(), n, n, N, N, elasticity_.get(), &K));
    PetRLThrow(MatSetVecType(K, type));
    PetRLThrow(MatShellSetOperation(K, MATOP_MULT, (void (*)(void))Shell::mult));
    PetRLThrow(KSPCreate(elasticity_->comm(), &ksp));
    PetRLThrow(KSPSetType(ksp, KSPCG));
    PetRLThrow(KSPSetOperators(ksp, K, K));
    PetRLThrow(KSPGetPC(ksp, &pc));
    PetRLThrow(PCSetType(pc, PCSHELL));
    PetRLThrow(PCShellSetContext(pc, elasticity_.get()));
    PetRLThrow(PCShellSetApply(pc, Shell::pc));
    PetRLThrow(KSPSetTolerances(ksp, 1e-8, PETSC_DEFAULT, PETSC_DEFAULT, 10000));
    PetRLThrow(KSPSolve(ksp, prestress_, work_));
    PetRLThrow(VecDot(prestress_, work_, &fd));
    critical_energy_ = PetscRealPart(fd) / 2;
    PetRLThrow(KSPDestroy(&ksp));
    PetRLThrow(MatDestroy(&K));
    if (critical_energy_ == 0) critical_energy_ = 1;  // no prestress
  }
  // What is strained is what the fault lags behind the far field.
  PetRLThrow(VecCopy(d_, work2_));
  if (scenario_.far_field_velocity != 0) PetRLThrow(VecShift(work2_, -scenario_.far_field_velocity * time()));
  elasticity_->stiffness(work2_, work_);
  PetRLThrow(VecDotBegin(work2_, work_, &dkd));
  PetRLThrow(VecDotBegin(prestress_, work2_, &fd));
  PetRLThrow(VecDotEnd(work2_, work_, &dkd));
  PetRLThrow(VecDotEnd(prestress_, work2_, &fd));
  return 1 + (PetscRealPart(dkd) / 2 - PetscRealPart(fd)) / critical_energy_;
}

}  // namespace petrl::fault
