static char help[] =
    "A ladder of RC sections, each clipped by a pair of diodes, driven by a square wave.\n\
  -sections <n>;  -amplitude <V>, -frequency <kHz>, -rise <ms> of the source;  -resistance <kOhm>, -capacitance <uF>;\n\
  -saturation <mA>, -thermal <V> of the diodes;  -tf <ms>: final time.\n";

/*
   C v_i' = (v_{i-1} - v_i) / R - (v_i - v_{i+1}) / R - 2 Is sinh(v_i / Vt),  v_0 the source, no load at the end.

   Yeh, Abel and Smith, Simplification of the physical parameters of distortion circuits, DAFx (2007), for one section.
   Units: V, mA, kOhm, uF, ms. Newton gets the few iterations that circuit simulators give it.
*/
#include <petscts.h>

typedef struct {
  PetscInt n;
  PetscReal amplitude, frequency, rise, R, C, Is, Vt;
} Circuit;

static PetscReal Source(const Circuit *c, PetscReal t) {
  const PetscReal period = 1 / c->frequency, x = t - period * PetscFloorReal(t / period);

  /* Trapezoids: up at 0, down at half the period. */
  if (x < c->rise) return c->amplitude * x / c->rise;
  if (x < period / 2) return c->amplitude;
  if (x < period / 2 + c->rise) return c->amplitude * (1 - (x - period / 2) / c->rise);
  return 0;
}

/* The pair of diodes; beyond 1 kA, which Newton may try, along the tangent. */
static PetscReal Clip(const Circuit *c, PetscReal v, PetscReal *conductance) {
  const PetscReal limit = PetscLogReal(1e6 / c->Is), x = v / c->Vt, y = PetscMax(-limit, PetscMin(limit, x));

  *conductance = 2 * c->Is * 0.5 * (PetscExpReal(y) + PetscExpReal(-y)) / c->Vt;
  return c->Is * (PetscExpReal(y) - PetscExpReal(-y)) + *conductance * c->Vt * (x - y);
}

static PetscErrorCode IFunction(TS ts, PetscReal t, Vec U, Vec Udot, Vec F, void *ctx) {
  Circuit *c = (Circuit *)ctx;
  const PetscScalar *v, *vdot;
  PetscScalar *f;

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(VecGetArrayRead(U, &v));
  PetscCall(VecGetArrayRead(Udot, &vdot));
  PetscCall(VecGetArrayWrite(F, &f));
  for (PetscInt i = 0; i < c->n; i++) {
    const PetscScalar in = ((i ? v[i - 1] : Source(c, t)) - v[i]) / c->R,
                      out = i < c->n - 1 ? (v[i] - v[i + 1]) / c->R : 0;
    PetscReal g;
    f[i] = vdot[i] - (in - out - Clip(c, PetscRealPart(v[i]), &g)) / c->C;
  }
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(Udot, &vdot));
  PetscCall(VecRestoreArrayRead(U, &v));
  PetscFunctionReturn(0);
}

static PetscErrorCode IJacobian(TS ts, PetscReal t, Vec U, Vec Udot, PetscReal a, Mat A, Mat B, void *ctx) {
  Circuit *c = (Circuit *)ctx;
  const PetscScalar *v;

  PetscFunctionBeginUser;
  (void)ts;
  (void)t;
  (void)Udot;
  PetscCall(VecGetArrayRead(U, &v));
  for (PetscInt i = 0; i < c->n; i++) {
    const PetscReal r = 1 / (c->R * c->C);
    PetscReal g;
    (void)Clip(c, PetscRealPart(v[i]), &g);
    PetscCall(MatSetValue(B, i, i, a + (i < c->n - 1 ? 2 * r : r) + g / c->C, INSERT_VALUES));
    if (i > 0) PetscCall(MatSetValue(B, i, i - 1, -r, INSERT_VALUES));
    if (i < c->n - 1) PetscCall(MatSetValue(B, i, i + 1, -r, INSERT_VALUES));
  }
  PetscCall(VecRestoreArrayRead(U, &v));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (A != B) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  Circuit c = {6, 4.5, 1, 1e-3, 2.2, 0.01, 2.52e-6, 0.04528};
  PetscReal tf = 5;
  PetscMPIInt size;
  PetscInt steps;
  TS ts;
  SNES snes;
  KSP ksp;
  PC pc;
  Vec U;
  Mat J;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCheck(size == 1, PETSC_COMM_WORLD, PETSC_ERR_WRONG_MPI_SIZE, "This program is serial");
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Diode ladder", NULL);
  PetscCall(PetscOptionsInt("-sections", "Sections of the ladder", NULL, c.n, &c.n, NULL));
  PetscCall(PetscOptionsReal("-amplitude", "Height of the square wave", NULL, c.amplitude, &c.amplitude, NULL));
  PetscCall(PetscOptionsReal("-frequency", "Frequency of the square wave", NULL, c.frequency, &c.frequency, NULL));
  PetscCall(PetscOptionsReal("-rise", "Time that the wave takes to rise", NULL, c.rise, &c.rise, NULL));
  PetscCall(PetscOptionsReal("-resistance", "Resistance of a section", NULL, c.R, &c.R, NULL));
  PetscCall(PetscOptionsReal("-capacitance", "Capacitance of a section", NULL, c.C, &c.C, NULL));
  PetscCall(PetscOptionsReal("-saturation", "Saturation current of a diode", NULL, c.Is, &c.Is, NULL));
  PetscCall(PetscOptionsReal("-thermal", "Emission coefficient times thermal voltage", NULL, c.Vt, &c.Vt, NULL));
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscOptionsEnd();

  PetscCall(VecCreateSeq(PETSC_COMM_SELF, c.n, &U));
  PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, c.n, c.n, 3, NULL, &J));

  PetscCall(TSCreate(PETSC_COMM_SELF, &ts));
  PetscCall(TSSetIFunction(ts, NULL, IFunction, &c));
  PetscCall(TSSetIJacobian(ts, J, J, IJacobian, &c));
  PetscCall(TSSetType(ts, TSBDF));
  PetscCall(TSSetTimeStep(ts, 1e-5));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetMaxStepRejections(ts, 100));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSNESFailures(ts, -1));
  PetscCall(TSSetTolerances(ts, 1e-4, NULL, 1e-4, NULL));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetTolerances(snes, PETSC_DEFAULT, 1e-6, PETSC_DEFAULT, 5, PETSC_DEFAULT));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, U));
  PetscCall(TSGetSolveTime(ts, &tf));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %g, %" PetscInt_FMT " steps\n", (double)tf, steps));
  PetscCall(TSDestroy(&ts));
  PetscCall(MatDestroy(&J));
  PetscCall(VecDestroy(&U));
  PetscCall(PetscFinalize());
  return 0;
}
