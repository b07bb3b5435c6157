// What the runs of the ode study are, whoever makes them (PETSc here, other codes in tests/bench).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/csv.hpp"
#include "base/yaml.hpp"
#include "problems/ode/run.hpp"

namespace petrl::studies {

/// The problems, their instances and tolerances, and the references that errors are measured against.
class OdeCases {
 public:
  /// Keys: problems, instances (number 0 is the classical problem, the others have random parameters), tolerances (so
  /// many in each problem's range) or rtols (these), seed, max_steps.
  explicit OdeCases(YamlMap &yaml);

  /// One instance; its method is the problem's first and its tolerance not set.
  using Instance = std::function<void(ode::Case c, int instance)>;
  void forEachInstance(const Instance &visit) const;
  using Visit = std::function<void(ode::Case c, int instance, const ode::Reference &reference)>;
  /// Those that a reference can be computed for.
  void forEach(const Visit &visit) const;
  std::vector<double> rtols(const ode::Problem &problem) const;
  long maxSteps() const { return max_steps_; }
  std::uint64_t seed() const { return seed_; }

 private:
  std::vector<std::string> problems_;
  std::vector<double> rtols_;
  int instances_, tolerances_, max_steps_;
  std::uint64_t seed_;
};

/// The name of a kind of problem in tables.
const char *kindOf(const ode::Problem &problem);
/// That of a controller: of a policy's file its name alone, rl:out/train/best.h5 is rl:best.
std::string shownController(std::string controller);

/// What a run needed beside what ode::RunResult has.
struct OdeWork {
  double functions = 0, jacobians = 0, factorizations = 0;
};

/// runs.csv.
class OdeRuns {
 public:
  explicit OdeRuns(const std::string &directory);
  void add(const ode::Case &c, int instance, const ode::Reference &reference, const std::string &method,
           const std::string &controller, const ode::RunResult &run, const OdeWork &work);
  void append() { csv_.append(); }

 private:
  Csv csv_;
};

}  // namespace petrl::studies
