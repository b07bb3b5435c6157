#include "problems/fault/square_root.hpp"

#include "base/error.hpp"

#ifdef PETRL_HAVE_SLEPC

#include <slepcmfn.h>

#include <cmath>

namespace petrl::fault {

namespace {

/// y = (K / scale)^(1/2) x in a Krylov space that is built anew for every x. The matrix handed to SLEPc is divided by
/// scale G D (D = the side of a cell): with its own eigenvalues, 1e13 N/m, MFN's error estimate never gets small.
class KrylovRoot : public SquareRoot {
 public:
  explicit KrylovRoot(Elasticity &e) : elasticity_(e), unit_(e.parameters().shear_modulus * std::sqrt(e.cellArea())) {
    PetscBool ready = PETSC_FALSE;
    PetRLThrow(SlepcInitialized(&ready));
    // PETSc may have been running for long, without SLEPc: this library can be a plugin.
    if (!ready) PetRLThrow(SlepcInitializeNoArguments());
    FN root;
    PetRLThrow(MatCreateShell(e.comm(), e.localSize(), e.localSize(), e.size(), e.size(), this, &matrix_));
    PetRLThrow(MatShellSetOperation(matrix_, MATOP_MULT, reinterpret_cast<void (*)()>(multiply)));
    PetRLThrow(MatSetOption(matrix_, MAT_SYMMETRIC, PETSC_TRUE));
    PetRLThrow(MFNCreate(e.comm(), &mfn_));
    PetRLThrow(MFNSetOptionsPrefix(mfn_, "fault_"));
    PetRLThrow(MFNSetOperator(mfn_, matrix_));
    PetRLThrow(MFNGetFN(mfn_, &root));
    PetRLThrow(FNSetType(root, FNSQRT));
    PetRLThrow(MFNSetTolerances(mfn_, 1e-9, 1000));
    PetRLThrow(MFNSetFromOptions(mfn_));
  }

  ~KrylovRoot() override {
    // Destructors cannot throw, and memory is all that is at stake.
    (void)MFNDestroy(&mfn_);
    (void)MatDestroy(&matrix_);
  }

  void apply(Vec x, Vec y) override {
    PetscReal norm = 0;
    PetRLThrow(VecNorm(x, NORM_2, &norm));
    if (norm == 0) {
      PetRLThrow(VecSet(y, 0));
      return;
    }
    MFNConvergedReason reason;
    PetRLThrow(MFNSolve(mfn_, x, y));
    PetRLThrow(MFNGetConvergedReason(mfn_, &reason));
    if (reason < 0)
      throw Error("fault: SLEPc's MFN did not converge to the square root of the stiffness matrix (reason " +
                      std::to_string(static_cast<int>(reason)) + "); -fault_mfn_monitor shows why",
                  PETSC_ERR_NOT_CONVERGED);
    PetRLThrow(VecScale(y, std::sqrt(unit_)));
  }

 private:
  static PetscErrorCode multiply(Mat a, Vec x, Vec y) {
    KrylovRoot *self;
    PetscFunctionBeginUser;
    PetscCall(MatShellGetContext(a, &self));
    PetRLCallCXX(self->elasticity_.apply(0, 0, 1 / (self->unit_ * self->elasticity_.scale()), x, y));
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  Elasticity &elasticity_;
  double unit_;
  Mat matrix_ = nullptr;
  MFN mfn_ = nullptr;
};

}  // namespace

std::unique_ptr<SquareRoot> makeKrylovRoot(Elasticity &elasticity) {
  return std::make_unique<KrylovRoot>(elasticity);
}

}  // namespace petrl::fault

#else

namespace petrl::fault {

std::unique_ptr<SquareRoot> makeKrylovRoot(Elasticity &e) {
  throw Error("fault: damping: found exact for " + std::to_string(e.size()) + " cells with dense_limit " +
                  std::to_string(e.parameters().dense_limit) +
                  "; this needs SLEPc, which PetRL was built without: use damping symbol, raise dense_limit, or build "
                  "with SLEPc",
              PETSC_ERR_SUP);
}

}  // namespace petrl::fault

#endif
