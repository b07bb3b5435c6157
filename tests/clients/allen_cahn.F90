! A Fortran program with a TS: u' = D u_xx + u - u^3 on a rod, by a Jacobian of its own. Nothing of PetRL is in here;
! what is in options decides, -ts_view_solution binary:FILE writes where it ends.
module rod
#include <petsc/finclude/petscts.h>
  use petscts
  implicit none
  Mat :: diffusion
  Vec :: cubic, slope
contains
  ! f = D u + u - u^3
  subroutine right_side(ts, t, u, f, context, ierr)
    TS :: ts
    PetscReal :: t
    Vec :: u, f
    integer :: context
    PetscErrorCode :: ierr
    PetscScalar, parameter :: one = 1, minus = -1
    call MatMult(diffusion, u, f, ierr); if (ierr /= 0) return
    call VecPointwiseMult(cubic, u, u, ierr); if (ierr /= 0) return
    call VecPointwiseMult(cubic, cubic, u, ierr); if (ierr /= 0) return
    call VecAXPY(f, one, u, ierr); if (ierr /= 0) return
    call VecAXPY(f, minus, cubic, ierr)
  end subroutine

  ! J = D + 1 - 3 u^2
  subroutine jacobian(ts, t, u, J, P, context, ierr)
    TS :: ts
    PetscReal :: t
    Vec :: u
    Mat :: J, P
    integer :: context
    PetscErrorCode :: ierr
    PetscScalar, parameter :: one = 1, three = -3
    call MatCopy(diffusion, P, SAME_NONZERO_PATTERN, ierr); if (ierr /= 0) return
    call VecPointwiseMult(slope, u, u, ierr); if (ierr /= 0) return
    call VecScale(slope, three, ierr); if (ierr /= 0) return
    call VecShift(slope, one, ierr); if (ierr /= 0) return
    call MatDiagonalSet(P, slope, ADD_VALUES, ierr)
  end subroutine
end module

program allen_cahn
#include <petsc/finclude/petscts.h>
  use petscts
  use rod
  implicit none
  PetscInt, parameter :: n = 64, three = 3, two = 2, most = 5000
  PetscReal, parameter :: step = 1.d-4, end = 8
  PetscScalar :: h2, value
  PetscInt :: i, first, last, steps, rejected
  PetscErrorCode :: ierr
  PetscMPIInt :: rank
  integer, parameter :: context = 0
  TS :: ts
  Vec :: u
  Mat :: J

  call PetscInitialize(ierr)
  if (ierr /= 0) stop 1
  PetscCallA(MPI_Comm_rank(PETSC_COMM_WORLD, rank, ierr))
  PetscCallA(MatCreate(PETSC_COMM_WORLD, diffusion, ierr))
  PetscCallA(MatSetSizes(diffusion, PETSC_DECIDE, PETSC_DECIDE, n, n, ierr))
  PetscCallA(MatSetType(diffusion, MATAIJ, ierr))
  PetscCallA(MatSetUp(diffusion, ierr))
  PetscCallA(MatGetOwnershipRange(diffusion, first, last, ierr))
  h2 = 1.d-3 * n**2
  do i = first, last - 1  ! no flux through the ends
    value = 0
    if (i > 0) then
      PetscCallA(MatSetValue(diffusion, i, i - 1, h2, INSERT_VALUES, ierr))
      value = value - h2
    end if
    if (i < n - 1) then
      PetscCallA(MatSetValue(diffusion, i, i + 1, h2, INSERT_VALUES, ierr))
      value = value - h2
    end if
    PetscCallA(MatSetValue(diffusion, i, i, value, INSERT_VALUES, ierr))
  end do
  PetscCallA(MatAssemblyBegin(diffusion, MAT_FINAL_ASSEMBLY, ierr))
  PetscCallA(MatAssemblyEnd(diffusion, MAT_FINAL_ASSEMBLY, ierr))
  PetscCallA(MatDuplicate(diffusion, MAT_COPY_VALUES, J, ierr))
  PetscCallA(MatCreateVecs(diffusion, u, cubic, ierr))
  PetscCallA(VecDuplicate(u, slope, ierr))
  do i = first, last - 1
    value = 0.1d0 * sin(17 * (i + 0.5d0) / n) + 0.05d0 * cos(5 * (i + 0.5d0) / n)
    PetscCallA(VecSetValue(u, i, value, INSERT_VALUES, ierr))
  end do
  PetscCallA(VecAssemblyBegin(u, ierr))
  PetscCallA(VecAssemblyEnd(u, ierr))

  PetscCallA(TSCreate(PETSC_COMM_WORLD, ts, ierr))
  PetscCallA(TSSetType(ts, 'bdf', ierr))
  PetscCallA(TSSetRHSFunction(ts, PETSC_NULL_VEC, right_side, context, ierr))
  PetscCallA(TSSetRHSJacobian(ts, J, J, jacobian, context, ierr))
  PetscCallA(TSSetTimeStep(ts, step, ierr))
  PetscCallA(TSSetMaxTime(ts, end, ierr))
  PetscCallA(TSSetMaxSteps(ts, most, ierr))
  PetscCallA(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP, ierr))
  PetscCallA(TSSetFromOptions(ts, ierr))
  PetscCallA(TSSolve(ts, u, ierr))
  PetscCallA(TSGetStepNumber(ts, steps, ierr))
  PetscCallA(TSGetStepRejections(ts, rejected, ierr))
  if (rank == 0) print '(a, i0, a, i0)', 'steps ', steps, ' rejected ', rejected
  PetscCallA(TSDestroy(ts, ierr))
  PetscCallA(MatDestroy(J, ierr))
  PetscCallA(MatDestroy(diffusion, ierr))
  PetscCallA(VecDestroy(u, ierr))
  PetscCallA(VecDestroy(cubic, ierr))
  PetscCallA(VecDestroy(slope, ierr))
  PetscCallA(PetscFinalize(ierr))
end program
