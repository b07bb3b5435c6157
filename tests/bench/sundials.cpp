// The initial-value problems of the ode study with CVODE and ARKODE, as a user would take them: own controls, the same
// functions and Jacobians, tolerances and weights (rtol |u| + atol), largest step and end.
//
//   bench_sundials CONFIG.yaml DIR    the keys of the ode study; DIR/runs.csv has its columns
//
// controller cvode: methods bdf (Newton), adams (functional iteration; where the problem is not stiff); controller
// arkode: dirk3 to dirk5 (Newton), as they are and with -deduced (stage rates out of the solves and not by another
// right-hand side, which on stiff problems magnifies Newton's error), erk3 to erk5. Newton's systems are solved
// directly: dense, banded where that is less.
// functions: every right-hand side; jacobians: those of the program; factorizations: set-ups of the linear solver;
// cost = right-hand sides + Jacobians + linear solves (one a Newton iteration), as PETSc counts where it solves
// directly. No functions for events, as PETSc has none here.
#include <arkode/arkode_arkstep.h>
#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <petscdm.h>
#include <petscts.h>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_band.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_band.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "studies/ode_study.hpp"

using namespace petrl;

namespace {

// Functions of SUNDIALS return 0 or, below that, how they failed; those that make something return a null pointer.
void done(int flag, const char *what) {
  if (flag < 0) throw Error(std::string(what) + " failed with " + std::to_string(flag));
}
template <typename T>
T *made(T *thing, const char *what) {
  if (!thing) throw Error(std::string(what) + " made nothing");
  return thing;
}

/// u' = f(t, u), out of what a problem gives to a TS.
class Equations {
 public:
  Equations(ode::Case c, bool implicit) : implicit_(implicit) {
    PetRLThrow(c.create(0, &ts_));
    PetRLThrow(TSGetSolution(ts_, &u_));
    PetRLThrow(VecDuplicate(u_, &zero_));
    PetRLThrow(VecSet(zero_, 0));
    PetRLThrow(VecDuplicate(u_, &at_));
    PetRLThrow(VecDuplicate(u_, &f_));
    PetRLThrow(VecGetLocalSize(u_, &n_));
    if (implicit_) makeMatrix();
  }
  Equations(const Equations &) = delete;
  Equations &operator=(const Equations &) = delete;
  ~Equations() {
    (void)MatDestroy(&j_);
    for (Vec *v : {&zero_, &at_, &f_}) (void)VecDestroy(v);
    (void)TSDestroy(&ts_);
  }

  PetscInt size() const { return n_; }
  PetscInt bandwidth() const { return bandwidth_; }  ///< on each side
  bool banded() const { return 3 * bandwidth_ + 1 < n_; }
  long functions = 0, jacobians = 0;

  /// u at the beginning.
  void initial(double *u) const {
    const PetscScalar *x;
    PetRLThrow(VecGetArrayRead(u_, &x));
    std::copy_n(x, n_, u);
    PetRLThrow(VecRestoreArrayRead(u_, &x));
  }

  /// In the form of SUNDIALS: above 0 a shorter step may help, below not.
  static int rhs(realtype t, N_Vector u, N_Vector f, void *self) {
    auto &e = *static_cast<Equations *>(self);
    ++e.functions;
    if (e.evaluate(t, NV_DATA_S(u), NV_DATA_S(f)) != PETSC_SUCCESS) return -1;
    for (PetscInt i = 0; i < e.n_; ++i)
      if (!std::isfinite(NV_Ith_S(f, i))) return 1;
    return 0;
  }
  static int jacobian(realtype t, N_Vector u, N_Vector, SUNMatrix j, void *self, N_Vector, N_Vector, N_Vector) {
    auto &e = *static_cast<Equations *>(self);
    ++e.jacobians;
    return e.differentiate(t, NV_DATA_S(u), j) == PETSC_SUCCESS ? 0 : -1;
  }

 private:
  void makeMatrix() {
    Mat a, b;
    PetscInt first, last;
    PetRLThrow(TSGetIJacobian(ts_, &a, &b, nullptr, nullptr));
    if (b) {
      PetRLThrow(PetscObjectReference(reinterpret_cast<PetscObject>(b)));
      j_ = b;
    } else {
      DM dm;
      PetRLThrow(TSGetDM(ts_, &dm));
      PetRLThrow(DMCreateMatrix(dm, &j_));
    }
    PetRLThrow(TSComputeIJacobian(ts_, 0, u_, zero_, 0, j_, j_, PETSC_FALSE));
    PetRLThrow(MatGetOwnershipRange(j_, &first, &last));
    for (PetscInt i = first; i < last; ++i) {
      const PetscInt *columns;
      PetscInt count;
      PetRLThrow(MatGetRow(j_, i, &count, &columns, nullptr));
      for (PetscInt k = 0; k < count; ++k) bandwidth_ = std::max(bandwidth_, std::abs(columns[k] - i));
      PetRLThrow(MatRestoreRow(j_, i, &count, &columns, nullptr));
    }
  }

  // The implicit form is F = u' - f.
  PetscErrorCode evaluate(double t, const double *u, double *f) {
    PetscFunctionBeginUser;
    PetscCall(VecPlaceArray(at_, u));
    PetscCall(VecPlaceArray(f_, f));
    if (implicit_)
      PetscCall(TSComputeIFunction(ts_, t, at_, zero_, f_, PETSC_FALSE));
    else
      PetscCall(TSComputeRHSFunction(ts_, t, at_, f_));
    PetscCall(VecResetArray(f_));
    PetscCall(VecResetArray(at_));
    if (implicit_)
      for (PetscInt i = 0; i < n_; ++i) f[i] = -f[i];
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  PetscErrorCode differentiate(double t, const double *u, SUNMatrix to) {
    const PetscInt *columns;
    const PetscScalar *values;
    PetscInt count;

    PetscFunctionBeginUser;
    PetscCall(VecPlaceArray(at_, u));
    PetscCall(TSComputeIJacobian(ts_, t, at_, zero_, 0, j_, j_, PETSC_FALSE));
    PetscCall(VecResetArray(at_));
    SUNMatZero(to);
    for (PetscInt i = 0; i < n_; ++i) {
      PetscCall(MatGetRow(j_, i, &count, &columns, &values));
      for (PetscInt k = 0; k < count; ++k)
        (banded() ? SM_ELEMENT_B(to, i, columns[k]) : SM_ELEMENT_D(to, i, columns[k])) = -values[k];
      PetscCall(MatRestoreRow(j_, i, &count, &columns, &values));
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  bool implicit_;
  TS ts_ = nullptr;
  Vec u_ = nullptr, zero_ = nullptr, at_ = nullptr, f_ = nullptr;
  Mat j_ = nullptr;
  PetscInt n_ = 0, bandwidth_ = 0;
};

struct Method {
  std::string controller, name;
  int order;  ///< 0: chosen by the code
  bool implicit, deduced = false;
};
const Method kMethods[] = {{"cvode", "bdf", 0, true},
                           {"cvode", "adams", 0, false},
                           {"arkode", "dirk3", 3, true},
                           {"arkode", "dirk4", 4, true},
                           {"arkode", "dirk5", 5, true},
                           {"arkode", "dirk3-deduced", 3, true, true},
                           {"arkode", "dirk4-deduced", 4, true, true},
                           {"arkode", "dirk5-deduced", 5, true, true},
                           {"arkode", "erk3", 3, false},
                           {"arkode", "erk4", 4, false},
                           {"arkode", "erk5", 5, false}};

// Both codes have these functions, each under its own name.
#define EITHER(name) (h.cvode ? CVode##name : ARKStep##name)
#define CALL(name, ...) done(EITHER(name)(h.memory, __VA_ARGS__), #name)

/// A solve: what it makes and leaves behind.
struct Holder {
  const bool cvode;
  SUNContext context = nullptr;
  N_Vector u = nullptr;
  SUNMatrix matrix = nullptr;
  SUNLinearSolver linear = nullptr;
  SUNNonlinearSolver iteration = nullptr;
  void *memory = nullptr;
  explicit Holder(bool is_cvode) : cvode(is_cvode) {}
  Holder(const Holder &) = delete;
  Holder &operator=(const Holder &) = delete;
  ~Holder() {
    if (memory) (cvode ? CVodeFree : ARKStepFree)(&memory);
    if (iteration) SUNNonlinSolFree(iteration);
    if (linear) SUNLinSolFree(linear);
    if (matrix) SUNMatDestroy(matrix);
    if (u) N_VDestroy(u);
    SUNContext_Free(&context);
  }
};

void quiet(int, const char *, const char *, char *, void *) {}  // failures are results

void makeCvode(Holder &h, const Method &method) {
  h.memory = made(CVodeCreate(method.implicit ? CV_BDF : CV_ADAMS, h.context), "CVodeCreate");
  done(CVodeInit(h.memory, Equations::rhs, 0, h.u), "CVodeInit");
  if (method.implicit) return;
  h.iteration = made(SUNNonlinSol_FixedPoint(h.u, 0, h.context), "SUNNonlinSol_FixedPoint");
  done(CVodeSetNonlinearSolver(h.memory, h.iteration), "CVodeSetNonlinearSolver");
}

void makeArkode(Holder &h, const Method &method) {
  h.memory = made(method.implicit ? ARKStepCreate(nullptr, Equations::rhs, 0, h.u, h.context)
                                  : ARKStepCreate(Equations::rhs, nullptr, 0, h.u, h.context),
                  "ARKStepCreate");
  done(ARKStepSetOrder(h.memory, method.order), "ARKStepSetOrder");
  if (method.implicit) done(ARKStepSetDeduceImplicitRhs(h.memory, method.deduced), "ARKStepSetDeduceImplicitRhs");
}

void setUp(Holder &h, Equations &e, const Method &method, const ode::Case &c, long max_steps) {
  CALL(SetErrHandlerFn, quiet, nullptr);
  CALL(SetUserData, &e);
  CALL(SStolerances, c.rtol, c.rtol * c.problem->absoluteScale);
  CALL(SetMaxNumSteps, max_steps);
  // A step may fail as often as in PETSc's TS as the problems set it up; by default 7 and 10 times end a run.
  CALL(SetMaxErrTestFails, 200);
  CALL(SetMaxConvFails, 200);
  CALL(SetStopTime, c.problem->finalTime);
  if (c.problem->maximumStep > 0) CALL(SetMaxStep, c.problem->maximumStep);
  if (!method.implicit) return;
  const auto n = static_cast<sunindextype>(e.size()), b = static_cast<sunindextype>(e.bandwidth());
  h.matrix = made(e.banded() ? SUNBandMatrix(n, b, b, h.context) : SUNDenseMatrix(n, n, h.context), "SUNMatrix");
  h.linear =
      made(e.banded() ? SUNLinSol_Band(h.u, h.matrix, h.context) : SUNLinSol_Dense(h.u, h.matrix, h.context), "LinSol");
  CALL(SetLinearSolver, h.linear, h.matrix);
  CALL(SetJacFn, Equations::jacobian);
}

ode::RunResult run(const ode::Case &c, const Method &method, long max_steps, studies::OdeWork &work) {
  Equations e(c, method.implicit || c.problem->stiff);
  Holder h(method.controller == "cvode");
  done(SUNContext_Create(nullptr, &h.context), "SUNContext_Create");
  h.u = made(N_VNew_Serial(e.size(), h.context), "N_VNew_Serial");
  e.initial(NV_DATA_S(h.u));
  (h.cvode ? makeCvode : makeArkode)(h, method);
  setUp(h, e, method, c, max_steps);
  const auto begin = std::chrono::steady_clock::now();
  ode::RunResult r;
  const double end = c.problem->finalTime;
  const int flag =
      h.cvode ? CVode(h.memory, end, h.u, &r.time, CV_NORMAL) : ARKStepEvolve(h.memory, end, h.u, &r.time, ARK_NORMAL);
  r.wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  long steps = 0, rejected = 0, failed = 0, newton = 0, setups = 0;
  CALL(GetNumSteps, &steps);
  CALL(GetNumErrTestFails, &rejected);
  CALL(GetNumNonlinSolvConvFails, &failed);
  if (method.implicit) {
    CALL(GetNumNonlinSolvIters, &newton);
    CALL(GetNumLinSolvSetups, &setups);
  }
  r.steps = steps, r.rejected = rejected, r.failed = failed;
  work = {static_cast<double>(e.functions), static_cast<double>(e.jacobians), static_cast<double>(setups)};
  r.cost = work.functions + work.jacobians + static_cast<double>(newton);
  r.solution.assign(NV_DATA_S(h.u), NV_DATA_S(h.u) + e.size());
  r.finished = flag >= 0 && r.time >= end &&
               std::all_of(r.solution.begin(), r.solution.end(), [](double v) { return std::isfinite(v); });
  return r;
}

void bench(const std::string &config, const std::string &directory) {
  YamlMap yaml = YamlMap::read(config);
  const studies::OdeCases cases(yaml);  // the other keys are about PETSc
  std::filesystem::create_directories(directory);
  studies::OdeRuns runs(directory);
  cases.forEach([&](ode::Case c, int instance, const ode::Reference &reference) {
    const auto &names = c.problem->methods;
    bool implicit = false;
    for (const auto &m : ode::methods())
      implicit = implicit || (m.implicit && std::find(names.begin(), names.end(), m.name) != names.end());
    for (const Method &method : kMethods) {
      if (method.implicit ? !implicit : c.problem->stiff) continue;
      c.method = method.implicit ? "bdf2" : "rk3bs";  // the form of the equations
      for (const double rtol : cases.rtols(*c.problem)) {
        c.rtol = rtol;
        studies::OdeWork work;
        const ode::RunResult r = run(c, method, cases.maxSteps(), work);
        runs.add(c, instance, reference, method.name, method.controller, r, work);
      }
    }
    runs.append();
  });
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "bench_sundials CONFIG.yaml DIR\n");
    return 2;
  }
  PetscCall(PetscInitialize(&argc, &argv, nullptr, nullptr));
  try {
    bench(argv[1], argv[2]);
  } catch (const std::exception &e) {
    std::fprintf(stderr, "bench_sundials: %s\n", e.what());
    return 1;
  }
  PetscCall(PetscFinalize());
  return 0;
}
