#include <petscsys.h>
// Needs petscsys.h before it.
#include <petscblaslapack.h>

#include <cmath>

#include "base/error.hpp"
#include "problems/fault/grid.hpp"
#include "problems/fault/square_root.hpp"

extern "C" void dstevd_(const char *, const PetscBLASInt *, double *, double *, double *, const PetscBLASInt *,
                        double *, const PetscBLASInt *, PetscBLASInt *, const PetscBLASInt *, PetscBLASInt *);

namespace petrl::fault {

namespace {

/// y = (K / scale)^(1/2) x in the Krylov space of x: Lanczos gives K V = V T + ..., and y = |x| V T^(1/2) e1.
/// No reorthogonalisation: functions of a symmetric matrix do not suffer from its loss (Druskin and Knizhnerman 1989).
/// SLEPc's MFN does the same, but it restarts a fully orthogonalised Arnoldi process: with 50 x 50 and 100 x 100 cells
/// it took 80 to 120 products with K where 41 and 57 do, and five times as long; this runs in every iteration of CG.
class LanczosRoot : public SquareRoot {
 public:
  explicit LanczosRoot(Elasticity &e) : elasticity_(e), inverse_scale_(1 / e.scale()) {}

  ~LanczosRoot() override {
    // Destructors cannot throw, and memory is all that is at stake.
    for (Vec &v : basis_) (void)VecDestroy(&v);
  }

  std::string describe() const override { return "square root by Lanczos"; }

  void apply(Vec x, Vec y) override {
    PetscReal norm = 0;
    PetRLThrow(VecCopy(x, vector(0)));
    PetRLThrow(VecNormalize(vector(0), &norm));
    PetRLThrow(VecSet(y, 0));
    if (norm == 0) return;
    if (!std::isfinite(norm)) throw Error("fault: found a vector with values that are not finite", PETSC_ERR_FP);
    alpha_.clear();
    beta_.clear();
    coefficients_.clear();
    for (std::size_t check_at = 8; alpha_.size() < most;) {
      const bool all = extend();
      if (!all && alpha_.size() < check_at) continue;
      // Solving the small problem costs as much as a product or two: at intervals that grow.
      check_at = alpha_.size() + std::max<std::size_t>(2, alpha_.size() / 8);
      if (!solve() && !all) continue;
      for (double &c : coefficients_) c *= norm;
      PetRLThrow(VecMAXPY(y, static_cast<PetscInt>(coefficients_.size()), coefficients_.data(), basis_.data()));
      return;
    }
    throw Error("fault: the square root of the stiffness matrix did not converge in " + std::to_string(most) + " steps",
                PETSC_ERR_NOT_CONVERGED);
  }

 private:
  static constexpr std::size_t most = 600;
  static constexpr double tolerance = 1e-9;

  // Vectors are kept for the next time.
  Vec vector(std::size_t i) {
    while (basis_.size() <= i) {
      Vec v = elasticity_.rows().createVector();
      basis_.push_back(v);
    }
    return basis_[i];
  }

  // One more step; true if the space is invariant and nothing is left to add.
  bool extend() {
    const std::size_t k = alpha_.size();
    Vec next = vector(k + 1), now = vector(k);
    PetscScalar overlap;
    PetscReal norm;
    elasticity_.applyRows(0, 0, inverse_scale_, now, next);
    if (k > 0) PetRLThrow(VecAXPY(next, -beta_[k - 1], vector(k - 1)));
    PetRLThrow(VecDot(next, now, &overlap));
    PetRLThrow(VecAXPY(next, -overlap, now));
    PetRLThrow(VecNorm(next, NORM_2, &norm));
    alpha_.push_back(overlap);
    beta_.push_back(norm);
    // beta below rounding of K: what follows would be noise.
    if (!(norm > 1e-13 * alpha_[0])) return true;
    PetRLThrow(VecScale(next, 1 / norm));
    return false;
  }

  // coefficients_ = T^(1/2) e1; true if they changed by no more than the tolerance since the last time, when the space
  // was smaller (their change is that of y, because the basis is orthonormal).
  bool solve() {
    const std::size_t m = alpha_.size();
    const auto n = static_cast<PetscBLASInt>(m);
    std::vector<double> &d = diagonal_, &off = off_diagonal_;
    d = alpha_;
    off = beta_;
    vectors_.resize(m * m);
    work_.resize(1 + 4 * m + m * m);
    integers_.resize(3 + 5 * m);
    const auto lwork = static_cast<PetscBLASInt>(work_.size()), liwork = static_cast<PetscBLASInt>(integers_.size());
    PetscBLASInt info = 0;
    dstevd_("V", &n, d.data(), off.data(), vectors_.data(), &n, work_.data(), &lwork, integers_.data(), &liwork, &info);
    if (info) throw Error("fault: LAPACK dstevd failed, info " + std::to_string(info), PETSC_ERR_LIB);
    previous_ = coefficients_;
    previous_.resize(m);
    coefficients_.assign(m, 0);
    for (std::size_t q = 0; q < m; ++q) {
      const double *v = &vectors_[q * m], f = std::sqrt(std::max(d[q], 0.0)) * v[0];
      for (std::size_t i = 0; i < m; ++i) coefficients_[i] += f * v[i];
    }
    double change = 0, size = 0;
    for (std::size_t i = 0; i < m; ++i) {
      change += (coefficients_[i] - previous_[i]) * (coefficients_[i] - previous_[i]);
      size += coefficients_[i] * coefficients_[i];
    }
    return change <= tolerance * tolerance * size;
  }

  Elasticity &elasticity_;
  double inverse_scale_;
  std::vector<Vec> basis_;
  std::vector<double> alpha_, beta_, coefficients_, previous_;  // T, T^(1/2) e1
  std::vector<double> diagonal_, off_diagonal_, vectors_, work_;
  std::vector<PetscBLASInt> integers_;
};

}  // namespace

std::unique_ptr<SquareRoot> makeLanczosRoot(Elasticity &elasticity) {
  return std::make_unique<LanczosRoot>(elasticity);
}

}  // namespace petrl::fault
