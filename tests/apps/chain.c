static char help[] = "A chain of masses with hardening springs, plucked in the middle; a second-order system.\n"
                     "  u_i'' = s(u_{i+1} - u_i) - s(u_i - u_{i-1}) - c u_i',  s(x) = x + b x^3, ends held\n"
                     "Options: -n <masses>, -b <hardening>, -c <damping>. Prints the energy and the middle mass.\n\n";

#include <petscts.h>

typedef struct {
  PetscInt  n;
  PetscReal b, c;
} Chain;

static PetscReal spring(const Chain *k, PetscReal x) { return x + k->b * x * x * x; }

static PetscReal stiffness(const Chain *k, PetscReal x) { return 1 + 3 * k->b * x * x; }

/* Displacement of mass i of the vector's local copy; the ends are held. */
static PetscReal at(const PetscScalar *u, PetscInt i, PetscInt n) { return i < 0 || i >= n ? 0 : PetscRealPart(u[i]); }

static PetscErrorCode Function(TS ts, PetscReal t, Vec U, Vec V, Vec A, Vec F, void *ctx)
{
  const Chain       *k = (const Chain *)ctx;
  const PetscScalar *u, *v, *a;
  PetscScalar       *f;
  PetscInt           i;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArrayRead(V, &v));
  PetscCall(VecGetArrayRead(A, &a));
  PetscCall(VecGetArray(F, &f));
  for (i = 0; i < k->n; ++i) {
    const PetscReal right = at(u, i + 1, k->n) - at(u, i, k->n), left = at(u, i, k->n) - at(u, i - 1, k->n);
    f[i] = a[i] - spring(k, right) + spring(k, left) + k->c * v[i];
  }
  PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(A, &a));
  PetscCall(VecRestoreArrayRead(V, &v));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscFunctionReturn(0);
}

static PetscErrorCode Jacobian(TS ts, PetscReal t, Vec U, Vec V, Vec A, PetscReal shiftV, PetscReal shiftA, Mat J, Mat P, void *ctx)
{
  const Chain       *k = (const Chain *)ctx;
  const PetscScalar *u;
  PetscInt           i;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  for (i = 0; i < k->n; ++i) {
    const PetscReal right = stiffness(k, at(u, i + 1, k->n) - at(u, i, k->n));
    const PetscReal left  = stiffness(k, at(u, i, k->n) - at(u, i - 1, k->n));
    PetscCall(MatSetValue(P, i, i, shiftA + shiftV * k->c + left + right, INSERT_VALUES));
    if (i > 0) PetscCall(MatSetValue(P, i, i - 1, -left, INSERT_VALUES));
    if (i < k->n - 1) PetscCall(MatSetValue(P, i, i + 1, -right, INSERT_VALUES));
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(MatAssemblyBegin(P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(P, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

static PetscReal energy(const Chain *k, const PetscScalar *u, const PetscScalar *v)
{
  PetscReal e = 0;
  PetscInt  i;
  for (i = 0; i <= k->n; ++i) {
    const PetscReal x = at(u, i, k->n) - at(u, i - 1, k->n);
    e += x * x / 2 + k->b * x * x * x * x / 4;
    if (i < k->n) e += PetscRealPart(v[i] * v[i]) / 2;
  }
  return e;
}

int main(int argc, char **argv)
{
  Chain              k = {32, 0.5, 0};
  TS                 ts;
  Vec                u, v;
  Mat                J;
  const PetscScalar *uu, *vv;
  PetscReal          before;
  PetscInt           i;

  PetscCall(PetscInitialize(&argc, &argv, NULL, help));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &k.n, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-b", &k.b, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-c", &k.c, NULL));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, k.n, &u));
  PetscCall(VecDuplicate(u, &v));
  PetscCall(MatCreateSeqAIJ(PETSC_COMM_SELF, k.n, k.n, 3, NULL, &J));
  for (i = 0; i < k.n; ++i) PetscCall(VecSetValue(u, i, PetscSinReal(PETSC_PI * (i + 1) / (k.n + 1)), INSERT_VALUES));
  PetscCall(VecAssemblyBegin(u));
  PetscCall(VecAssemblyEnd(u));

  PetscCall(TSCreate(PETSC_COMM_SELF, &ts));
  PetscCall(TSSetType(ts, TSALPHA2));
  PetscCall(TSSetI2Function(ts, NULL, Function, &k));
  PetscCall(TSSetI2Jacobian(ts, J, J, Jacobian, &k));
  PetscCall(TS2SetSolution(ts, u, v));
  PetscCall(TSSetMaxTime(ts, 50));
  PetscCall(TSSetTimeStep(ts, 0.1));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(VecGetArrayRead(u, &uu));
  PetscCall(VecGetArrayRead(v, &vv));
  before = energy(&k, uu, vv);
  PetscCall(VecRestoreArrayRead(v, &vv));
  PetscCall(VecRestoreArrayRead(u, &uu));
  PetscCall(TSSolve(ts, NULL));
  PetscCall(VecGetArrayRead(u, &uu));
  PetscCall(VecGetArrayRead(v, &vv));
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "energy_change %.6e middle %.10f\n", (double)(energy(&k, uu, vv) / before - 1), (double)PetscRealPart(uu[k.n / 2])));
  PetscCall(VecRestoreArrayRead(v, &vv));
  PetscCall(VecRestoreArrayRead(u, &uu));
  PetscCall(TSDestroy(&ts));
  PetscCall(MatDestroy(&J));
  PetscCall(VecDestroy(&v));
  PetscCall(VecDestroy(&u));
  return PetscFinalize();
}
