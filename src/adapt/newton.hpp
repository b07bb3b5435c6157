// When Newton's iteration is done, and how long a Jacobian is good: plain numbers, no PETSc objects.
#pragma once

#include "base/api.hpp"

namespace petrl {

/// The classical rule for a whole solve (Hairer, Wanner, Solving Ordinary Differential Equations II, IV.8; CVODE).
struct SolveRule {
  double kappa = 0.1;     ///< Newton's error over the step's, or over the tolerance where that is less
  double level = 0.01;    ///< of the step's error over its tolerance: the least that counts
  double krylov = 0.5;    ///< error of a linear solve over Newton's
  double loosest = 0.05;  ///< relative tolerance of linear solves
  double slow = 0.3;      ///< contraction above which a Jacobian is built anew
  double shift = 0.3;     ///< relative change of the shift above which it is
  int age = 20;           ///< steps after which it is
  double price = 2;       ///< of a Jacobian, in Newton iterations with an old one
  double careful = 0.02;  ///< factor on kappa where a method's error is far below its estimate and no error dies out

  /// The rule with kappa times `tolerance`, where a Jacobian is `persistence` times as dear.
  SolveRule scaled(double tolerance, double persistence) const;
};

/// The contraction of Newton's updates, and from it the distance to the solution.
class Contraction {
 public:
  /// A new solve. What the last one told stays, less trusted.
  void begin();
  /// The weighted norm of an update. `floor`: the linear solver leaves as much of it.
  void update(double norm, double floor);
  /// Estimated norm of what is missing.
  double error() const { return error_; }
  /// Of the last two updates; 0 after the first one.
  double rate() const { return rate_; }
  /// The first update of the solve before, 0: none.
  double first() const { return first_before_; }
  /// Iterations that a solve like the last one needs where each leaves `rate` of the error.
  int expected(double rate, double kappa) const;
  /// Further iterations until the error is below kappa, at this rate; a large number where it does not fall.
  int missing(double kappa) const;
  bool diverges() const { return rate_ >= 2; }

 private:
  int count_ = 0;
  double norm_ = 0, rate_ = 0, error_ = 0;
  double known_ = 1;  // rate/(1 - rate), as last seen: for a first update
  double first_ = 0, first_before_ = 0;
};

/// How long a Jacobian is kept.
class JacobianAge {
 public:
  void built(double shift, long step) { valid_ = true, shift_ = shift, step_ = step, paid_ = 0; }
  void forget() { valid_ = false; }
  bool valid() const { return valid_; }
  /// A solve took more iterations than with a new one.
  void paid(int iterations) { paid_ += iterations > fresh_ ? iterations - fresh_ : 0; }
  /// So many are needed with a new one.
  void fresh(int iterations) { fresh_ = iterations; }
  int fresh() const { return fresh_; }
  /// Shall it be built anew before a solve at this shift in this step?
  bool stale(double shift, long step, const SolveRule &rule) const;
  /// How much less it contracts because of its shift.
  double mismatch(double shift) const;
  long step() const { return step_; }

 private:
  bool valid_ = false;
  int paid_ = 0, fresh_ = 1;  // iterations
  double shift_ = 0;
  long step_ = 0;
};

/// For how many solves Newton's method goes without savings, after a solve that needed them to be taken back.
class Caution {
 public:
  bool on() const { return left_ > 0; }
  void solved();
  void failed();

 private:
  int left_ = 0, term_ = kFirst, good_ = 0;
  static constexpr int kFirst = 4, kMost = 64;
};

/// How long a step may be, after solves of longer ones have failed: it comes back the slower, the sooner the next one
/// fails.
class FailureCap {
 public:
  void failed(double h);
  void accepted() { ++since_; }
  double cap() const;

 private:
  double h_ = 0;
  int since_ = 0, recovery_ = kFirst;
  static constexpr int kFirst = 4, kMost = 64;
};

}  // namespace petrl
