#include "problems/fault/eigen.hpp"

#include <petscsys.h>
// Needs petscsys.h before it.
#include <petscblaslapack.h>

#include "base/error.hpp"

// petscblaslapack.h declares what PETSc itself calls; the divide and conquer driver is not among it.
extern "C" void dsyevd_(const char *, const char *, const PetscBLASInt *, double *, const PetscBLASInt *, double *,
                        double *, const PetscBLASInt *, PetscBLASInt *, const PetscBLASInt *, PetscBLASInt *);

namespace petrl::fault {

std::vector<double> eigendecompose(std::vector<double> &a, std::ptrdiff_t size) {
  if (size == 0) return {};
  const auto n = static_cast<PetscBLASInt>(size);
  std::vector<double> values(static_cast<std::size_t>(size));
  PetscBLASInt info = 0, integers = 0;
  const PetscBLASInt query = -1;
  double reals = 0;
  dsyevd_("V", "L", &n, a.data(), &n, values.data(), &reals, &query, &integers, &query, &info);
  const auto lwork = static_cast<PetscBLASInt>(reals), liwork = integers;
  std::vector<double> work(static_cast<std::size_t>(lwork));
  std::vector<PetscBLASInt> iwork(static_cast<std::size_t>(liwork));
  dsyevd_("V", "L", &n, a.data(), &n, values.data(), work.data(), &lwork, iwork.data(), &liwork, &info);
  if (info)
    throw Error("fault: LAPACK dsyevd failed for " + std::to_string(size) + " unknowns, info " + std::to_string(info),
                PETSC_ERR_LIB);
  return values;
}

}  // namespace petrl::fault
