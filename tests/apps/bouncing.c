static char help[] =
    "A column of elastic balls falls on a shaking plate (explicit integration, contacts by Hertz).\n\
  -balls <n>;  -stiffness, -damping <real>: of a contact;  -shake, -frequency <real>: of the plate;  -tf <real>: final time.\n";

/*
   x_i'' = -1 + f(x_{i-1}, x_i) - f(x_i, x_{i+1}), f the force of the contact between a ball and the one below it:
   overlap d = 1 - (x_i - x_{i-1}) > 0: f = max(0, K d^(3/2) + c sqrt(d) d'). x_0 is the plate, A sin(2 pi w t) - 1/2.
   Lengths in diameters, gravity 1. Unknowns: x, x'.

   Brilliantov, Spahn, Hertzsch and Poeschel, Phys. Rev. E 53 (1996).
*/
#include <petscts.h>

typedef struct {
  PetscInt n;
  PetscReal stiffness, damping, shake, frequency;
} Column;

static PetscReal Contact(const Column *c, PetscReal overlap, PetscReal rate) {
  if (overlap <= 0) return 0;
  return PetscMax(0, PetscSqrtReal(overlap) * (c->stiffness * overlap + c->damping * rate));
}

static PetscErrorCode RHSFunction(TS ts, PetscReal t, Vec U, Vec F, void *ctx) {
  Column *c = (Column *)ctx;
  const PetscReal w = 2 * PETSC_PI * c->frequency, plate = c->shake * PetscSinReal(w * t) - 0.5,
                  speed = w * c->shake * PetscCosReal(w * t);
  const PetscScalar *u;
  PetscScalar *f;

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArrayWrite(F, &f));
  for (PetscInt i = 0; i < c->n; i++) {
    f[i] = u[c->n + i];
    f[c->n + i] = -1;
  }
  for (PetscInt i = 0; i < c->n; i++) {
    const PetscReal x = PetscRealPart(u[i]), y = PetscRealPart(u[c->n + i]);
    const PetscReal below = i ? PetscRealPart(u[i - 1]) : plate, vbelow = i ? PetscRealPart(u[c->n + i - 1]) : speed;
    const PetscReal force = Contact(c, 1 - (x - below), vbelow - y);
    f[c->n + i] += force;
    if (i) f[c->n + i - 1] -= force;
  }
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(0);
}

/* Overlaps of half a ball come from a step far too long, not from the physics: refuse it. */
static PetscErrorCode StateIsPhysical(TS ts, PetscReal t, Vec U, PetscBool *accept) {
  Column *c;
  const PetscScalar *u;

  PetscFunctionBeginUser;
  PetscCall(TSGetApplicationContext(ts, &c));
  PetscCall(VecGetArrayRead(U, &u));
  *accept = PETSC_TRUE;
  for (PetscInt i = 0; i < c->n; i++) {
    const PetscReal below =
        i ? PetscRealPart(u[i - 1]) : c->shake * PetscSinReal(2 * PETSC_PI * c->frequency * t) - 0.5;
    if (!(PetscRealPart(u[i]) - below > 0.5)) *accept = PETSC_FALSE;
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv) {
  Column c = {4, 1e5, 50, 0.2, 0.6};
  PetscReal tf = 6;
  PetscMPIInt size;
  PetscInt steps;
  PetscScalar *u;
  TS ts;
  TSAdapt adapt;
  Vec U;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCheck(size == 1, PETSC_COMM_WORLD, PETSC_ERR_WRONG_MPI_SIZE, "This program is serial");
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Column of balls", NULL);
  PetscCall(PetscOptionsInt("-balls", "Number of balls", NULL, c.n, &c.n, NULL));
  PetscCall(PetscOptionsReal("-stiffness", "Stiffness of a contact", NULL, c.stiffness, &c.stiffness, NULL));
  PetscCall(PetscOptionsReal("-damping", "Damping of a contact", NULL, c.damping, &c.damping, NULL));
  PetscCall(PetscOptionsReal("-shake", "Amplitude of the plate", NULL, c.shake, &c.shake, NULL));
  PetscCall(PetscOptionsReal("-frequency", "Frequency of the plate", NULL, c.frequency, &c.frequency, NULL));
  PetscCall(PetscOptionsReal("-tf", "Final time", NULL, tf, &tf, NULL));
  PetscOptionsEnd();

  PetscCall(VecCreateSeq(PETSC_COMM_SELF, 2 * c.n, &U));
  PetscCall(VecGetArrayWrite(U, &u));
  for (PetscInt i = 0; i < c.n; i++) {
    u[i] = 1.5 + 1.3 * (PetscReal)i;
    u[c.n + i] = 0;
  }
  PetscCall(VecRestoreArrayWrite(U, &u));

  PetscCall(TSCreate(PETSC_COMM_SELF, &ts));
  PetscCall(TSSetProblemType(ts, TS_NONLINEAR));
  PetscCall(TSSetRHSFunction(ts, NULL, RHSFunction, &c));
  PetscCall(TSSetApplicationContext(ts, &c));
  PetscCall(TSSetFunctionDomainError(ts, StateIsPhysical));
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(TSAdaptSetStepLimits(adapt, PETSC_DEFAULT, 0.1)); /* free flight has no error, but ends */
  PetscCall(TSSetType(ts, TSRK));
  PetscCall(TSSetTimeStep(ts, 1e-3));
  PetscCall(TSSetMaxTime(ts, tf));
  PetscCall(TSSetMaxSteps(ts, 1000000));
  PetscCall(TSSetMaxStepRejections(ts, 100));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetTolerances(ts, 1e-5, NULL, 1e-5, NULL));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSSolve(ts, U));
  PetscCall(TSGetSolveTime(ts, &tf));
  PetscCall(TSGetStepNumber(ts, &steps));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "time %g, %" PetscInt_FMT " steps\n", (double)tf, steps));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&U));
  PetscCall(PetscFinalize());
  return 0;
}
