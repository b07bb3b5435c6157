#include "problems/fault/extreme.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "problems/fault/eigen.hpp"

namespace petrl::fault {

namespace {

struct Vectors {
  Vectors(Vec like, PetscInt n) : count(n) { PetRLThrow(VecDuplicateVecs(like, n, &v)); }
  ~Vectors() { (void)VecDestroyVecs(count, &v); }
  Vectors(const Vectors &) = delete;
  Vectors &operator=(const Vectors &) = delete;
  PetscInt count;
  Vec *v = nullptr;
};

// Makes v[k] (with its image av[k]) orthonormal to those before it; false if nothing is left of it.
bool orthonormalise(Vec *v, Vec *av, PetscInt k) {
  PetscReal before = 0, norm = 0;
  PetRLThrow(VecNorm(v[k], NORM_2, &before));
  if (!(before > 0)) return false;
  for (int pass = 0; pass < 2; ++pass)  // twice is enough
    for (PetscInt j = 0; j < k; ++j) {
      PetscScalar overlap;
      PetRLThrow(VecDot(v[k], v[j], &overlap));
      PetRLThrow(VecAXPY(v[k], -overlap, v[j]));
      PetRLThrow(VecAXPY(av[k], -overlap, av[j]));
    }
  PetRLThrow(VecNorm(v[k], NORM_2, &norm));
  if (!(norm > 1e-12 * before)) return false;
  PetRLThrow(VecScale(v[k], 1 / norm));
  PetRLThrow(VecScale(av[k], 1 / norm));
  return true;
}

// sign = 1: smallest, -1: largest.
double extreme(const Operator &a, const Operator *inverse, double sign, Vec start, double tolerance) {
  const Vectors basis(start, 3), images(start, 3), more(start, 2);
  Vec *v = basis.v, *av = images.v, p = more.v[0], ap = more.v[1];
  PetRLThrow(VecNormalize(start, nullptr));
  PetRLThrow(VecCopy(start, v[0]));
  a(v[0], av[0]);
  PetscScalar value;
  PetRLThrow(VecDot(v[0], av[0], &value));
  double last = 0;
  for (int step = 0; step < 500; ++step) {
    // Converged when two steps in a row change nothing: one alone may stall.
    PetRLThrow(VecWAXPY(p, -value, v[0], av[0]));
    if (inverse)
      (*inverse)(p, v[1]);
    else
      PetRLThrow(VecCopy(p, v[1]));
    a(v[1], av[1]);
    PetscInt n = 1;
    if (orthonormalise(v, av, n)) ++n;
    if (n == 2 && step > 0) {
      PetRLThrow(VecCopy(start, v[2]));
      PetRLThrow(VecCopy(ap, av[2]));
      if (orthonormalise(v, av, 2)) ++n;
    }
    const auto size = static_cast<std::size_t>(n);
    std::vector<double> small(size * size);
    for (PetscInt i = 0; i < n; ++i)
      for (PetscInt j = 0; j <= i; ++j) {
        PetscScalar dot;
        PetRLThrow(VecDot(v[i], av[j], &dot));
        small[static_cast<std::size_t>(i * n + j)] = small[static_cast<std::size_t>(j * n + i)] = sign * dot;
      }
    const double next = sign * eigendecompose(small, n)[0];
    std::array<PetscScalar, 3> c{};
    for (std::size_t i = 0; i < size; ++i) c[i] = small[i];
    // The new direction is the part of the change outside the old vector; `start` carries it to the next step.
    PetRLThrow(VecSet(start, 0));
    PetRLThrow(VecMAXPY(start, n - 1, c.data() + 1, v + 1));
    PetRLThrow(VecSet(ap, 0));
    PetRLThrow(VecMAXPY(ap, n - 1, c.data() + 1, av + 1));
    PetRLThrow(VecAXPBY(v[0], 1, c[0], start));
    PetRLThrow(VecAXPBY(av[0], 1, c[0], ap));
    const double change = std::abs(next - value), before = std::abs(last - value);
    last = value;
    value = next;
    if (n == 1 || (change <= tolerance * value && before <= 10 * tolerance * value)) {
      PetRLThrow(VecCopy(v[0], start));
      return value;
    }
  }
  throw Error("fault: an extreme eigenvalue of the stiffness matrix did not converge", PETSC_ERR_NOT_CONVERGED);
}

}  // namespace

double smallestEigenvalue(const Operator &a, const Operator &inverse, Vec start, double tolerance) {
  return extreme(a, &inverse, 1, start, tolerance);
}

double largestEigenvalue(const Operator &a, Vec start, double tolerance) {
  return extreme(a, nullptr, -1, start, tolerance);
}

}  // namespace petrl::fault
