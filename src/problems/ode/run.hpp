// Runs one problem with one method, tolerance and controller, and counts the work.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "learn/step/environment.hpp"
#include "problems/ode/problem.hpp"

namespace petrl::ode {

/// A problem with its method and tolerance.
struct Case : StepCase {
  std::shared_ptr<Problem> problem;
  std::string method;
  double rtol = 1e-4;

  std::string name() const override { return problem->name; }
  PetscErrorCode create(double final_time, TS *ts) override;
  PetscErrorCode createAccurate(TS *ts) override;
  StepPrices prices() override;
  double tolerance() const override { return rtol; }
  double error(const std::vector<double> &solution, const std::vector<double> &reference) const override;
};

using RunResult = StepRun;
using Controller = StepController;

/// A controller by name: basic, dsp-<filter> (dsp-PI42, dsp-H211b, ...), dsp-pid:<kI>,<kP>,<kD>, rl or rl:<policy
/// file>. Throws petrl::Error for another name.
Controller controller(const std::string &name);

/// Runs a case. Collective over PETSC_COMM_SELF. Throws petrl::Error when PETSc fails; a diverged TS is a result.
RunResult run(Case c, const Controller &controller, long max_steps = 1000000);

/// Relative error of a solution against a reference: ||u - u*||_2 / (||u*||_2 + absolute scale of the problem).
double relativeError(const Case &c, const std::vector<double> &solution, const std::vector<double> &reference);

/// A solution at the final time with which others are compared.
struct Reference {
  std::vector<double> solution;  ///< empty: none could be computed
  double accuracy = 1;  ///< difference between the two best tolerances: errors below a few of these mean nothing
};

/// Integrates with an accurate method at tighter and tighter tolerances until two agree to `accuracy`, or as far as it
/// goes.
Reference referenceSolution(const Case &c, double accuracy);

/// A random case for a seed: problem out of `names`, random parameters, method and tolerance within the problem's
/// range.
Case randomCase(const std::vector<std::string> &names, std::uint64_t seed);

}  // namespace petrl::ode
