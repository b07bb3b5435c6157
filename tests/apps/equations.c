static char help[] =
    "Small equations with known solutions, under any TS type and several adaptors: one CSV line for each run.\n\
  -methods <file>: lines 'form|name|options', form explicit, implicit, imex or second;\n\
  -adaptors basic,dsp;  -equations smooth,stiff;  -first_steps 1e-4,1e-1;  -tolerances 1e-3,1e-6: what is combined;\n\
  -seconds <real>: limit for one run, of the processor's time;  -touch: a function after each step takes and gives back the solution;\n\
  -twice: solve, go back to the start and solve again;  -declare: say of implicit equations whether they are ODE or\n\
  DAE;  -types: print the TS types of this PETSc, and nothing else.\n";

/*
   Blocks of two unknowns x = (u, v), each with its own s, M(x) x' = f(t, x): their Jacobians are differences.
   They are distributed over the ranks; a block never is.
*/
#include <petscts.h>
#include <string.h>

#define BLOCKS 6

typedef struct Equation Equation;
struct Equation {
  const char *name;
  const char *forms; /* in which it can be given */
  PetscReal start[2];
  void (*f)(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]); /* or its stiff part */
  void (*slow)(PetscReal t, PetscReal f[2]);                                 /* the rest of it */
  void (*mass)(const PetscReal x[2], PetscReal M[4]);                        /* NULL: identity */
  PetscReal (*exact)(PetscReal t, PetscReal s);                              /* u */
  PetscInt newton; /* iterations allowed; failures are retried then. 0: PETSc's defaults */
};

typedef struct {
  const Equation *equation;
  PetscBool explicit_form, imex, varied, touch, twice, declare;
  PetscReal last_step;
  PetscLogDouble deadline;
} Run;

static PetscReal Cube(PetscReal x) {
  return x * x * x;
}

static void SmoothF(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]) {
  f[0] = PetscCosReal(s * t) * x[0];
  f[1] = -s * x[1] * x[1];
}
static PetscReal SmoothExact(PetscReal t, PetscReal s) {
  return PetscExpReal(PetscSinReal(s * t) / s);
}

static void KinksF(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]) {
  f[0] = PetscCosReal(3 * s * t) >= 0 ? 1 : -1;
  f[1] = -x[1];
}
static PetscReal KinksExact(PetscReal t, PetscReal s) {
  return PetscAsinReal(PetscSinReal(3 * s * t)) / (3 * s);
}

static void StiffF(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]) {
  const PetscReal c = PetscCosReal(t);
  f[0] = -1e3 * s * (x[0] - c);
  f[1] = -1e3 * s * (x[1] + Cube(x[1]) - c - Cube(c));
}
static void StiffSlow(PetscReal t, PetscReal f[2]) {
  f[0] = f[1] = -PetscSinReal(t);
}
static PetscReal StiffExact(PetscReal t, PetscReal s) {
  return PetscCosReal(t) - PetscExpReal(-1e3 * s * t);
}

/* A constraint of index 1: v = u^2. */
static void ConstraintF(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]) {
  f[0] = -50 * s * (x[0] - PetscCosReal(t));
  f[1] = x[0] * x[0] - x[1];
}
static void ConstraintMass(const PetscReal x[2], PetscReal M[4]) {
  (void)x;
  M[0] = 1;
  M[1] = M[2] = M[3] = 0;
}
static PetscReal ConstraintExact(PetscReal t, PetscReal s) {
  const PetscReal a = 50 * s, c = a * a / (1 + a * a);
  return c * PetscCosReal(t) + c / a * PetscSinReal(t) - c * PetscExpReal(-a * t);
}

/* Rotation, under a mass matrix that couples. */
static void MassF(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]) {
  const PetscReal du = -2 * s * x[1], dv = 2 * s * x[0];
  (void)t;
  f[0] = 2 * du + dv;
  f[1] = du + 3 * dv;
}
static void MassMass(const PetscReal x[2], PetscReal M[4]) {
  (void)x;
  M[0] = 2;
  M[1] = M[2] = 1;
  M[3] = 3;
}
static PetscReal MassExact(PetscReal t, PetscReal s) {
  return PetscCosReal(2 * s * t);
}

/* The smooth equation under a mass that depends on the solution. */
static void StateMassF(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]) {
  SmoothF(t, s, x, f);
  f[0] *= 1 + x[0] * x[0];
  f[1] *= 2 + x[0];
}
static void StateMassMass(const PetscReal x[2], PetscReal M[4]) {
  M[0] = 1 + x[0] * x[0];
  M[1] = M[2] = 0;
  M[3] = 2 + x[0];
}

/* Newton with few iterations: long steps fail. */
static PetscReal NewtonExact(PetscReal t, PetscReal s) {
  (void)s;
  return 1.5 + PetscCosReal(3 * t);
}
static void NewtonF(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]) {
  const PetscReal g = NewtonExact(t, s);
  f[0] = -300 * s * (Cube(x[0]) - Cube(g)) - 3 * PetscSinReal(3 * t);
  f[1] = x[0] - x[1];
}

/* u'' = -s^2 u: f is the force. */
static void SecondF(PetscReal t, PetscReal s, const PetscReal x[2], PetscReal f[2]) {
  (void)t;
  f[0] = -s * s * x[0];
  f[1] = -s * s * PetscSinReal(x[1]);
}
static PetscReal SecondExact(PetscReal t, PetscReal s) {
  return PetscCosReal(s * t);
}

static const Equation equations[] = {
    {"smooth", "explicit implicit", {1, 1}, SmoothF, NULL, NULL, SmoothExact, 0},
    {"kinks", "explicit implicit", {0, 1}, KinksF, NULL, NULL, KinksExact, 0},
    {"stiff", "explicit implicit imex", {0, 1}, StiffF, StiffSlow, NULL, StiffExact, 0},
    {"constraint", "implicit", {0, 0}, ConstraintF, NULL, ConstraintMass, ConstraintExact, 0},
    {"mass", "implicit", {1, 0}, MassF, NULL, MassMass, MassExact, 0},
    {"state_mass", "implicit", {1, 1}, StateMassF, NULL, StateMassMass, SmoothExact, 0},
    {"newton", "implicit", {2.5, 0}, NewtonF, NULL, NULL, NewtonExact, 3},
    {"oscillator", "second", {1, 1}, SecondF, NULL, NULL, SecondExact, 0},
};

static PetscReal Parameter(PetscInt row) {
  return 1 + 0.1 * (PetscReal)(row / 2);
}

/* M x' - f of one block; without the slow part for IMEX methods. */
static void Residual(const Run *run, PetscReal t, PetscReal s, const PetscReal x[2], const PetscReal rate[2],
                     PetscReal r[2]) {
  PetscReal M[4] = {1, 0, 0, 1}, f[2], slow[2] = {0, 0};

  run->equation->f(t, s, x, f);
  if (run->equation->mass) run->equation->mass(x, M);
  if (run->equation->slow && !run->imex) run->equation->slow(t, slow);
  for (int i = 0; i < 2; i++) r[i] = M[2 * i] * rate[0] + M[2 * i + 1] * rate[1] - f[i] - slow[i];
}

static PetscErrorCode RHSFunction(TS ts, PetscReal t, Vec X, Vec F, void *ctx) {
  const Run *run = (const Run *)ctx;
  const PetscScalar *x;
  PetscScalar *f;
  PetscInt begin, end;

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(VecGetOwnershipRange(X, &begin, &end));
  PetscCall(VecGetArrayRead(X, &x));
  PetscCall(VecGetArrayWrite(F, &f));
  for (PetscInt i = 0; i < end - begin; i += 2) {
    const PetscReal at[2] = {PetscRealPart(x[i]), PetscRealPart(x[i + 1])}, still[2] = {0, 0};
    PetscReal r[2] = {0, 0};
    if (run->imex)
      run->equation->slow(t, r);
    else
      Residual(run, t, Parameter(begin + i), at, still, r);
    f[i] = run->imex ? r[0] : -r[0];
    f[i + 1] = run->imex ? r[1] : -r[1];
  }
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscFunctionReturn(0);
}

static PetscErrorCode IFunction(TS ts, PetscReal t, Vec X, Vec Rate, Vec F, void *ctx) {
  const PetscScalar *x, *rate;
  PetscScalar *f;
  PetscInt begin, end;

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(VecGetOwnershipRange(X, &begin, &end));
  PetscCall(VecGetArrayRead(X, &x));
  PetscCall(VecGetArrayRead(Rate, &rate));
  PetscCall(VecGetArrayWrite(F, &f));
  for (PetscInt i = 0; i < end - begin; i += 2) {
    const PetscReal at[2] = {PetscRealPart(x[i]), PetscRealPart(x[i + 1])},
                    dot[2] = {PetscRealPart(rate[i]), PetscRealPart(rate[i + 1])};
    PetscReal r[2];
    Residual((const Run *)ctx, t, Parameter(begin + i), at, dot, r);
    f[i] = r[0];
    f[i + 1] = r[1];
  }
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(Rate, &rate));
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscFunctionReturn(0);
}

/* dF/dx by central differences, dF/dx' is exact: F is linear in x'. */
static PetscErrorCode IJacobian(TS ts, PetscReal t, Vec X, Vec Rate, PetscReal shift, Mat A, Mat P, void *ctx) {
  const PetscScalar *x, *rate;
  PetscInt begin, end;

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(VecGetOwnershipRange(X, &begin, &end));
  PetscCall(VecGetArrayRead(X, &x));
  PetscCall(VecGetArrayRead(Rate, &rate));
  for (PetscInt i = 0; i < end - begin; i += 2) {
    for (int j = 0; j < 2; j++) {
      const PetscReal h = 1e-5;
      PetscReal at[2] = {PetscRealPart(x[i]), PetscRealPart(x[i + 1])},
                dot[2] = {PetscRealPart(rate[i]), PetscRealPart(rate[i + 1])}, more[2], less[2], column[2];
      at[j] += h;
      Residual((const Run *)ctx, t, Parameter(begin + i), at, dot, more);
      at[j] -= 2 * h;
      Residual((const Run *)ctx, t, Parameter(begin + i), at, dot, less);
      at[j] += h;
      for (int k = 0; k < 2; k++) column[k] = (more[k] - less[k]) / (2 * h);
      dot[j] += 1;
      Residual((const Run *)ctx, t, Parameter(begin + i), at, dot, more);
      dot[j] -= 1;
      Residual((const Run *)ctx, t, Parameter(begin + i), at, dot, less);
      for (int k = 0; k < 2; k++)
        PetscCall(MatSetValue(P, begin + i + k, begin + i + j, column[k] + shift * (more[k] - less[k]), INSERT_VALUES));
    }
  }
  PetscCall(VecRestoreArrayRead(Rate, &rate));
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
  if (A != P) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

/* u'' - f(u) = 0 */
static PetscErrorCode I2Function(TS ts, PetscReal t, Vec U, Vec V, Vec A, Vec F, void *ctx) {
  PetscFunctionBeginUser;
  (void)V;
  PetscCall(IFunction(ts, t, U, A, F, ctx));
  PetscFunctionReturn(0);
}

static PetscErrorCode I2Jacobian(TS ts, PetscReal t, Vec U, Vec V, Vec A, PetscReal v, PetscReal a, Mat J, Mat P,
                                 void *ctx) {
  PetscFunctionBeginUser;
  (void)V;
  (void)v;
  PetscCall(IJacobian(ts, t, U, A, a, J, P, ctx));
  PetscFunctionReturn(0);
}

static PetscErrorCode PostStep(TS ts) {
  Run *run;
  PetscReal h, t, end;
  PetscLogDouble now;
  PetscInt step;
  int late;

  PetscFunctionBeginUser;
  PetscCall(TSGetApplicationContext(ts, &run));
  if (run->touch) {
    Vec X;
    PetscScalar *x;
    PetscCall(TSGetSolution(ts, &X));
    PetscCall(VecGetArray(X, &x));
    PetscCall(VecRestoreArray(X, &x));
  }
  PetscCall(TSGetTimeStep(ts, &h));
  PetscCall(TSGetTime(ts, &t));
  PetscCall(TSGetMaxTime(ts, &end));
  PetscCall(TSGetStepNumber(ts, &step));
  if (t < end && PetscAbsReal(h - run->last_step) > 1e-3 * h && t + h < end) run->varied = PETSC_TRUE;
  if (step % 64 == 0) {
    PetscCall(PetscGetCPUTime(&now));
    late = now > run->deadline;
    PetscCallMPI(MPI_Bcast(&late, 1, MPI_INT, 0, PETSC_COMM_WORLD));
    if (late) PetscCall(TSSetConvergedReason(ts, TS_CONVERGED_USER));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Start(Vec X, const Equation *equation) {
  PetscInt begin, end;

  PetscFunctionBeginUser;
  PetscCall(VecGetOwnershipRange(X, &begin, &end));
  for (PetscInt i = begin; i < end; i++) PetscCall(VecSetValue(X, i, equation->start[i % 2], INSERT_VALUES));
  PetscCall(VecAssemblyBegin(X));
  PetscCall(VecAssemblyEnd(X));
  PetscFunctionReturn(0);
}

static PetscErrorCode Solve(TS *made, Run *run, const char form[], PetscReal first, PetscReal tolerance,
                            PetscReal *error) {
  const Equation *equation = run->equation;
  PetscBool second;
  PetscInt begin, end;
  PetscReal t, mine = 0;
  const PetscScalar *x;
  TS ts;
  SNES snes;
  KSP ksp;
  PC pc;
  Vec X, V;
  Mat J;

  PetscFunctionBeginUser;
  PetscCall(PetscStrcmp(form, "second", &second));
  PetscCall(PetscStrcmp(form, "imex", &run->imex));
  PetscCall(PetscStrcmp(form, "explicit", &run->explicit_form));
  PetscCall(TSCreate(PETSC_COMM_WORLD, made));
  ts = *made;
  PetscCall(VecCreate(PETSC_COMM_WORLD, &X));
  PetscCall(VecSetBlockSize(X, 2));
  PetscCall(VecSetSizes(X, PETSC_DECIDE, 2 * BLOCKS));
  PetscCall(VecSetType(X, VECSTANDARD));
  PetscCall(VecDuplicate(X, &V));
  PetscCall(VecGetOwnershipRange(X, &begin, &end));
  PetscCall(Start(X, equation));
  PetscCall(MatCreateAIJ(PETSC_COMM_WORLD, end - begin, end - begin, 2 * BLOCKS, 2 * BLOCKS, 2, NULL, 0, NULL, &J));
  if (second) {
    PetscCall(TSSetI2Function(ts, NULL, I2Function, run));
    PetscCall(TSSetI2Jacobian(ts, J, J, I2Jacobian, run));
    PetscCall(TS2SetSolution(ts, X, V));
  } else {
    if (!run->explicit_form) {
      PetscCall(TSSetIFunction(ts, NULL, IFunction, run));
      PetscCall(TSSetIJacobian(ts, J, J, IJacobian, run));
    }
    if (run->explicit_form || run->imex) PetscCall(TSSetRHSFunction(ts, NULL, RHSFunction, run));
    PetscCall(TSSetSolution(ts, X));
  }
  if (run->declare && !run->explicit_form && !second) {
    PetscBool dae;
    PetscCall(PetscStrcmp(equation->name, "constraint", &dae));
    PetscCall(TSSetEquationType(ts, dae ? TS_EQ_DAE_IMPLICIT_INDEX1 : TS_EQ_ODE_IMPLICIT));
  }
  PetscCall(TSSetApplicationContext(ts, run));
  PetscCall(TSSetPostStep(ts, PostStep));
  PetscCall(TSSetTimeStep(ts, first));
  PetscCall(TSSetMaxTime(ts, 3));
  PetscCall(TSSetMaxSteps(ts, 100000));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetErrorIfStepFails(ts, PETSC_FALSE));
  PetscCall(TSSetTolerances(ts, tolerance, NULL, tolerance, NULL));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetTolerances(snes, 1e-12, 1e-10, 1e-14, equation->newton ? equation->newton : 50, 10000));
  if (equation->newton) PetscCall(TSSetMaxSNESFailures(ts, -1));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY)); /* a rank's blocks are solved exactly */
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCPBJACOBI));
  PetscCall(MatSetBlockSize(J, 2));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(VecDestroy(&X));
  PetscCall(VecDestroy(&V));
  PetscCall(MatDestroy(&J));
  run->last_step = first;
  run->varied = PETSC_FALSE;
  PetscCall(TSSolve(ts, NULL));
  PetscCall(TSGetSolution(ts, &X));
  if (run->twice) {
    PetscCall(Start(X, equation));
    if (second) {
      PetscCall(TS2GetSolution(ts, NULL, &V));
      PetscCall(VecSet(V, 0));
    }
    PetscCall(TSSetTime(ts, 0));
    PetscCall(TSSetStepNumber(ts, 0));
    PetscCall(TSSetTimeStep(ts, first));
    PetscCall(TSSolve(ts, NULL));
  }
  PetscCall(TSGetSolveTime(ts, &t));
  PetscCall(VecGetArrayRead(X, &x));
  for (PetscInt i = 0; i < end - begin; i += 2)
    mine = PetscMax(mine, PetscAbsScalar(x[i] - equation->exact(t, Parameter(begin + i))));
  PetscCall(VecRestoreArrayRead(X, &x));
  PetscCallMPI(MPI_Allreduce(&mine, error, 1, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

/* One line; an error of PETSc is a result, too. */
static PetscErrorCode Line(const char form[], const char name[], const char options[], const char adaptor[],
                           const Equation *equation, PetscReal first, PetscReal tolerance, PetscReal seconds) {
  Run run = {equation, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, 0, 0};
  PetscOptions database;
  PetscErrorCode failed;
  PetscReal error = -1, t = 0;
  PetscInt steps = 0, rejected = 0, failures = 0;
  TSConvergedReason reason = TS_CONVERGED_ITERATING;
  TS ts = NULL;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-touch", &run.touch));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-twice", &run.twice));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-declare", &run.declare));
  PetscCall(PetscGetCPUTime(&run.deadline));
  run.deadline += seconds;
  PetscCall(PetscOptionsCreate(&database));
  PetscCall(PetscOptionsInsertString(database, options));
  PetscCall(PetscOptionsSetValue(database, "-ts_adapt_type", adaptor));
  PetscCall(PetscOptionsPush(database));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  failed = Solve(&ts, &run, form, first, tolerance, &error);
  if (ts) {
    (void)TSGetConvergedReason(ts, &reason);
    (void)TSGetTime(ts, &t);
    (void)TSGetStepNumber(ts, &steps);
    (void)TSGetStepRejections(ts, &rejected);
    (void)TSGetSNESFailures(ts, &failures);
    (void)TSDestroy(&ts);
  }
  PetscCall(PetscPopErrorHandler());
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&database));
  PetscCall(PetscPrintf(
      PETSC_COMM_WORLD, "%s,%s,%s,%s,%g,%g,%s,%s,%" PetscInt_FMT ",%" PetscInt_FMT ",%" PetscInt_FMT ",%g,%.3g,%d\n",
      name, form, equation->name, adaptor, (double)first, (double)tolerance, failed ? "ERROR" : "",
      TSConvergedReasons[reason], steps, rejected, failures, (double)t, (double)error, (int)run.varied));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  char file[PETSC_MAX_PATH_LEN] = "", line[1024];
  char *adaptors[8], *chosen[16];
  PetscReal first[8] = {1e-4, 1e-1}, tolerances[8] = {1e-3, 1e-6}, seconds = 60;
  PetscInt n_adaptors = 8, n_chosen = 16, n_first = 8, n_tolerances = 8;
  PetscBool set, is;
  FILE *methods;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-types", &set));
  if (set) {
    const char **types;
    int n;
    PetscCall(TSInitializePackage());
    PetscCall(PetscFunctionListGet(TSList, &types, &n));
    for (int i = 0; i < n; i++)
      if (types[i]) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s\n", types[i]));
    PetscCall(PetscFree(types));
    PetscCall(PetscFinalize());
    return 0;
  }
  PetscCall(PetscOptionsGetString(NULL, NULL, "-methods", file, sizeof(file), NULL));
  PetscCall(PetscOptionsGetStringArray(NULL, NULL, "-adaptors", adaptors, &n_adaptors, &set));
  PetscCheck(set && *file, PETSC_COMM_WORLD, PETSC_ERR_USER_INPUT, "-methods <file> and -adaptors are needed");
  PetscCall(PetscOptionsGetStringArray(NULL, NULL, "-equations", chosen, &n_chosen, &set));
  if (!set) n_chosen = 0;
  PetscCall(PetscOptionsGetRealArray(NULL, NULL, "-first_steps", first, &n_first, &set));
  if (!set) n_first = 2;
  PetscCall(PetscOptionsGetRealArray(NULL, NULL, "-tolerances", tolerances, &n_tolerances, &set));
  if (!set) n_tolerances = 2;
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-seconds", &seconds, NULL));
  methods = fopen(file, "r");
  PetscCheck(methods, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "%s", file);
  while (fgets(line, sizeof(line), methods)) {
    char *name = strchr(line, '|'), *options = name ? strchr(name + 1, '|') : NULL;
    if (!options) continue;
    *name++ = *options++ = 0;
    options[strcspn(options, "\n")] = 0;
    for (size_t e = 0; e < sizeof(equations) / sizeof(*equations); e++) {
      PetscBool wanted = n_chosen == 0 ? PETSC_TRUE : PETSC_FALSE;
      for (PetscInt i = 0; i < n_chosen; i++) {
        PetscCall(PetscStrcmp(chosen[i], equations[e].name, &is));
        if (is) wanted = PETSC_TRUE;
      }
      if (!wanted || !strstr(equations[e].forms, line)) continue;
      for (PetscInt f = 0; f < n_first; f++)
        for (PetscInt r = 0; r < n_tolerances; r++)
          for (PetscInt a = 0; a < n_adaptors; a++)
            PetscCall(Line(line, name, options, adaptors[a], &equations[e], first[f], tolerances[r], seconds));
    }
  }
  fclose(methods);
  for (PetscInt i = 0; i < n_adaptors; i++) PetscCall(PetscFree(adaptors[i]));
  for (PetscInt i = 0; i < n_chosen; i++) PetscCall(PetscFree(chosen[i]));
  PetscCall(PetscFinalize());
  return 0;
}
