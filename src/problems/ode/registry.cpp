#include "problems/ode/registry.hpp"

#include <petsc/private/petscimpl.h>

#include "base/error.hpp"

namespace petrl::ode {

namespace {

enum class Use { train, validation, test };

constexpr struct Entry {
  const char *name;
  Use use;
  Maker *make;
} kEntries[] = {
    {"vanderpol", Use::train, vanderpol},
    {"lotkavolterra", Use::train, lotkavolterra},
    {"rigidbody", Use::train, rigidbody},
    {"arenstorf", Use::test, arenstorf},
    {"pleiades", Use::test, pleiades},
    {"robertson", Use::train, robertson},
    {"hires", Use::validation, hires},
    {"oregonator", Use::test, oregonator},
    {"pollution", Use::test, pollution},
    {"brusselator", Use::train, brusselator},
    {"plaplace", Use::train, plaplace},
    {"porous", Use::test, porous},
    {"brusselator2d", Use::train, brusselator2d},
    {"allencahn", Use::validation, allencahn},
    {"excitablemedium", Use::train, excitablemedium},
    {"bounce", Use::train, bounce},
    {"stickslip", Use::train, stickslip},
    {"stickslip_smooth", Use::train, stickslipSmooth},
    {"squarewave", Use::train, squarewave},
    {"relay", Use::validation, relay},
    {"backlash", Use::test, backlash},
    {"buck", Use::test, buck},
    {"fitzhughnagumo", Use::train, fitzhughnagumo},
    {"hodgkinhuxley", Use::test, hodgkinhuxley},
    {"explosion", Use::train, explosion},
    {"diode", Use::train, diode},
    {"cstr", Use::validation, cstr},
    {"fisher", Use::train, fisher},
    {"swing", Use::train, swing},
    {"cooling", Use::train, cooling},
    {"transport", Use::train, transport},
    {"doubler", Use::test, doubler},
};

std::vector<std::string> namesOf(Use use) {
  std::vector<std::string> names;
  for (const Entry &e : kEntries)
    if (e.use == use) names.emplace_back(e.name);
  return names;
}

PetscInt boundId = -1;

// A stage far outside is an overflow on its way: it is refused and the step shortened, as PETSc does for a failed
// solve. Besides, Runge-Kutta methods of PETSc take back a rejected step by subtraction: had it been huge, rounding
// would spoil the state.
PetscErrorCode stateIsSane(TS ts, PetscReal, Vec u, PetscBool *accept) {
  PetscReal norm, bound;
  PetscBool rosenbrock, set;

  PetscFunctionBeginUser;
  PetscCall(PetscObjectComposedDataGetReal(reinterpret_cast<PetscObject>(ts), boundId, bound, set));
  PetscCall(VecNorm(u, NORM_INFINITY, &norm));
  *accept = set && norm < bound ? PETSC_TRUE : PETSC_FALSE;  // false for NaN too
  if (*accept) PetscFunctionReturn(PETSC_SUCCESS);
  // PETSc's Rosenbrock methods keep the Jacobian of the refused step, so that no shorter one could ever succeed.
  PetscCall(PetscObjectTypeCompare(reinterpret_cast<PetscObject>(ts), TSROSW, &rosenbrock));
  if (rosenbrock) {
    SNES snes;
    PetscCall(TSGetSNES(ts, &snes));
    PetscCall(SNESSetLagJacobian(snes, -2));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

std::vector<std::string> problemNames() {
  std::vector<std::string> names;
  for (const Entry &e : kEntries) names.emplace_back(e.name);
  return names;
}

std::vector<std::string> trainProblems() {
  return namesOf(Use::train);
}
std::vector<std::string> validationProblems() {
  return namesOf(Use::validation);
}
std::vector<std::string> testProblems() {
  return namesOf(Use::test);
}

std::unique_ptr<Problem> makeProblem(const std::string &name, std::mt19937_64 *rng) {
  for (const Entry &e : kEntries) {
    if (name != e.name) continue;
    auto problem = e.make(Draw(rng));
    problem->name = name;
    return problem;
  }
  std::string known;
  for (const Entry &e : kEntries) known += std::string(known.empty() ? "" : ", ") + e.name;
  throw Error("Unknown ODE problem \"" + name + "\"; known are: " + known, PETSC_ERR_ARG_UNKNOWN_TYPE);
}

PetscErrorCode Problem::isImplicit(TS ts, bool *implicit) {
  TSType type;

  PetscFunctionBeginUser;
  PetscCall(TSGetType(ts, &type));
  PetscCheck(type, PetscObjectComm(reinterpret_cast<PetscObject>(ts)), PETSC_ERR_ORDER,
             "Set the method of the TS before setting up a problem in it");
  *implicit = std::string(type) != TSRK && std::string(type) != TSEULER && std::string(type) != TSSSP;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Problem::solveDirectly(TS ts) {
  SNES snes;
  KSP ksp;
  PC pc;

  PetscFunctionBeginUser;
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Problem::setCommon(TS ts) const {
  SNES snes;
  SNESLineSearch search;
  TSAdapt adapt;

  PetscFunctionBeginUser;
  PetscCall(TSSetTime(ts, 0));
  PetscCall(TSSetStepNumber(ts, 0));
  PetscCall(TSSetMaxTime(ts, finalTime));
  PetscCall(TSSetTimeStep(ts, initialStep));
  PetscCall(TSSetMaxSteps(ts, 10000000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(TSAdaptSetStepLimits(adapt, PETSC_DEFAULT, maximumStep > 0 ? maximumStep : PETSC_DEFAULT));
  // Any number of failures in a run, but a step that cannot be mended ends it (a state that blows up, a step of zero).
  PetscCall(TSSetMaxStepRejections(ts, 200));
  PetscCall(TSSetMaxSNESFailures(ts, -1));
  if (boundId < 0) PetscCall(PetscObjectComposedDataRegister(&boundId));
  PetscCall(PetscObjectComposedDataSetReal(reinterpret_cast<PetscObject>(ts), boundId, stateBound));
  PetscCall(TSSetFunctionDomainError(ts, stateIsSane));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetTolerances(snes, PETSC_DEFAULT, 1e-6, PETSC_DEFAULT, newtonIterations_, PETSC_UNLIMITED));
  // Backtracking stalls on the badly scaled residuals of stiff problems, where full steps converge.
  PetscCall(SNESGetLineSearch(snes, &search));
  PetscCall(SNESLineSearchSetType(search, SNESLINESEARCHBASIC));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::ode
