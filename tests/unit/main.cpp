// Every test program runs inside PETSc; only rank 0 prints, and all ranks fail together.
#include <gtest/gtest.h>
#include <petrl.h>

// Of the libraries that are linked: what they register when they are loaded.
extern "C" {
PetscErrorCode __attribute__((weak)) PetscDLLibraryRegister_petrl_learn(void);
PetscErrorCode __attribute__((weak)) PetscDLLibraryRegister_petrl_problems(void);
PetscErrorCode __attribute__((weak)) PetscDLLibraryRegister_petrl_torch(void);
}

int main(int argc, char **argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (PetscInitialize(&argc, &argv, nullptr, nullptr)) return 1;
  if (PetRLInitialize()) return 1;
  for (auto *bring : {PetscDLLibraryRegister_petrl_learn, PetscDLLibraryRegister_petrl_problems,
                      PetscDLLibraryRegister_petrl_torch}) {
    if (bring != nullptr && bring()) return 1;
  }
  PetscMPIInt rank = 0;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  auto &listeners = ::testing::UnitTest::GetInstance()->listeners();
  if (rank != 0) delete listeners.Release(listeners.default_result_printer());
  int failed = RUN_ALL_TESTS();
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, PETSC_COMM_WORLD);
  if (PetscFinalize()) return 1;
  return failed;
}
