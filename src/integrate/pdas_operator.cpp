// SNESPDAS: the linear operator of one iteration, A restricted to the sliding set S plus the friction's slope.
#include "device/vec_view.hpp"
#include "integrate/friction_points.hpp"

namespace petrl {

namespace {

PetscErrorCode MaskedMult(Mat mat, Vec x, Vec y) {
  SNES snes;
  PetscFunctionBegin;
  PetscCall(MatShellGetContext(mat, &snes));
  const PDAS &p = pdas(snes);
  PetscCall(VecPointwiseMult(p.work, p.active, x));
  PetscCall(MatMult(snes->jacobian, p.work, y));
  PetscCall(PDASMask(p, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

// MATSHELL claims to zero rows and columns too, but cannot copy back what it zeroed.
PetscErrorCode HasEntries(Mat mat, PetscBool *has) {
  PetscBool rows;
  PetscFunctionBegin;
  PetscCall(MatHasOperation(mat, MATOP_GET_ROW, &rows));
  PetscCall(MatHasOperation(mat, MATOP_ZERO_ROWS_COLUMNS, has));
  *has = (*has && rows) ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

// Copy of an assembled matrix with rows and columns off S replaced by the identity.
PetscErrorCode MaskedCopy(SNES snes, Mat from, Mat *copy) {
  const PDAS &p = pdas(snes);
  device::VecView view;
  const PetscScalar *on;
  PetscInt n, first, *rows, count = 0;

  PetscFunctionBegin;
  if (*copy)
    PetscCall(MatCopy(from, *copy, SAME_NONZERO_PATTERN));
  else
    PetscCall(MatDuplicate(from, MAT_COPY_VALUES, copy));
  PetscCall(VecPointwiseMult(p.work, p.active, p.slope));
  PetscCall(MatDiagonalSet(*copy, p.work, ADD_VALUES));
  PetscCall(VecGetOwnershipRange(p.active, &first, NULL));
  PetscCall(VecGetLocalSize(p.active, &n));
  PetscCall(PetscMalloc1(n, &rows));
  PetscCall(view.beginRead(p.active, device::Space::host, &on));  // PETSc wants the rows on the host
  for (PetscInt i = 0; i < n; ++i) {
    if (PetscRealPart(on[i]) < 0.5) rows[count++] = first + i;
  }
  PetscCall(view.end());
  PetscCall(MatZeroRowsColumns(*copy, count, rows, 1.0, NULL, NULL));
  PetscCall(PetscFree(rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode PDASOperators(SNES snes, Mat *A, Mat *P) {
  PDAS &p = pdas(snes);
  PetscBool assembled, pre_assembled;

  PetscFunctionBegin;
  PetscCall(HasEntries(snes->jacobian, &assembled));
  PetscCall(HasEntries(snes->jacobian_pre, &pre_assembled));
  if (assembled) {
    PetscCall(MaskedCopy(snes, snes->jacobian, &p.operator_copy));
    *A = p.operator_copy;
  } else {
    if (!p.masked) {
      PetscInt n, N;
      PetscCall(VecGetLocalSize(p.active, &n));
      PetscCall(VecGetSize(p.active, &N));
      PetscCall(MatCreateShell(PetscObjectComm((PetscObject)snes), n, n, N, N, snes, &p.masked));
      PetscCall(MatShellSetOperation(p.masked, MATOP_MULT, (void (*)(void))MaskedMult));
      PetscCall(MatSetOption(p.masked, MAT_SYMMETRIC, PETSC_TRUE));
    }
    // The matrix changed though its object did not.
    PetscCall(PetscObjectStateIncrease((PetscObject)p.masked));
    *A = p.masked;
  }
  if (snes->jacobian == snes->jacobian_pre) {
    *P = *A;
  } else if (pre_assembled) {
    PetscCall(MaskedCopy(snes, snes->jacobian_pre, &p.preconditioner_copy));
    *P = p.preconditioner_copy;
  } else {
    *P = snes->jacobian_pre;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
