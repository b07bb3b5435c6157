// Initial-value problems on which step controllers are trained, chosen and judged.
//
// Every problem comes in its classical form (the one with published values) and in random variants: parameters,
// initial values and final time drawn widely enough that a controller cannot learn the solution by heart.
// All problems are dimensionless unless their file says otherwise, and are u' = f(t, u). Explicit methods get f as the
// right-hand side; implicit ones get F = u' - f as the IFunction with the analytic Jacobian (a Rosenbrock method would
// take a right-hand side with a zero Jacobian). Count evaluations of both.
//
// What for (never mix them):
//   train       vanderpol lotkavolterra rigidbody robertson brusselator | bounce stickslip stickslip_smooth squarewave
//               fitzhughnagumo brusselator2d excitablemedium | explosion diode plaplace |
//               fisher swing cooling transport
//   validation  hires allencahn relay cstr
//   test        oregonator pollution arenstorf pleiades | backlash buck hodgkinhuxley | porous doubler
// (smooth | nonsmooth | Newton fails for long steps | explicit methods at the limit of stability, decay)
#pragma once

#include <petscts.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace petrl::ode {

/// A time integration method of PETSc that estimates its error.
struct Method {
  std::string name;     ///< our name, e.g. "rk3bs"
  std::string type;     ///< TSType
  std::string variant;  ///< TSRKType, TSROSWType, TSARKIMEXType; the order for bdf; empty otherwise
  bool implicit;        ///< needs a Jacobian
};

/// All methods we know.
const std::vector<Method> &methods();
/// Sets type and variant; an unknown name is a PetscError. Call it before Problem::setUp().
PetscErrorCode setMethod(TS ts, const std::string &method);

/// One initial-value problem, its parameters fixed. It must outlive every TS that it has set up.
class Problem {
 public:
  virtual ~Problem() = default;
  Problem() = default;
  Problem(const Problem &) = delete;
  Problem &operator=(const Problem &) = delete;

  /// Gives a fresh TS the functions, Jacobians, a new initial state, times, solver limits. Call it as often as needed.
  /// After setMethod(), whose kind decides the form; type of adaptor and tolerances are the caller's.
  virtual PetscErrorCode setUp(TS ts) = 0;

  std::string name;
  double finalTime = 1;
  double initialStep = 1e-3;
  double maximumStep = 0;   ///< where a longer step could jump over a pulse and never see it; 0: none (TSAdapt dt_max)
  bool stiff = false;       ///< an explicit method would be limited by stability
  bool nonsmooth = false;   ///< f or its derivative jumps, in time or in the state
  bool failing = false;     ///< Newton fails for steps which the error estimate would allow
  double stateBound = 1e8;  ///< stages beyond (maximum norm) are refused: no solution goes there, see setUp()
  std::vector<std::string> methods;                  ///< names of methods that make sense here
  std::pair<double, double> tolerances{1e-2, 1e-7};  ///< sensible range of rtol, loosest to tightest
  double absoluteScale = 1;                          ///< take atol = rtol * absoluteScale

  /// Its linear systems are solved by iteration: costs are measured.
  virtual bool iterative() const { return false; }
  /// The number of unknowns.
  virtual PetscInt size() const = 0;

  /// Codes for stiff ODEs give Newton few iterations (CVODE 3, DASSL 4, RADAU5 7) and shorten the step when it fails.
  void limitNewton(int iterations) { newtonIterations_ = iterations; }

 protected:
  /// The part of setUp() common to all: times, end exactly at the final time, limits, Newton, failures are retried.
  PetscErrorCode setCommon(TS ts) const;
  /// Whether the TS takes the implicit form. Its type must be set.
  static PetscErrorCode isImplicit(TS ts, bool *implicit);
  /// Newton's systems by LU.
  static PetscErrorCode solveDirectly(TS ts);

  int newtonIterations_ = 10;  ///< SNES max_it
};

std::vector<std::string> problemNames();
/// Problems to train on.
std::vector<std::string> trainProblems();
/// Problems to choose a policy by.
std::vector<std::string> validationProblems();
/// Problems to report; nothing may be tuned on them.
std::vector<std::string> testProblems();

/// The classical problem (rng == nullptr) or a random variant. Throws petrl::Error for an unknown name.
std::unique_ptr<Problem> makeProblem(const std::string &name, std::mt19937_64 *rng);

}  // namespace petrl::ode
