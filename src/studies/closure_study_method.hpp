// Problems and methods of a closure study: cases, states on any grid beside the fine one, and coarse schemes, with or
// without a policy, as a production code would run them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "closure/periodic.hpp"
#include "problems/grid2d/model.hpp"

namespace petrl::studies {

/// A method's state as the errors see it: always at points (or averages) of the model's own coarse grid, so that the
/// errors of all methods mean the same. A linear map, axis by axis.
struct Probe {
  int n = 0;                   ///< the method's points a side
  int points = 0;              ///< compared, a side; they are every (model n / points)-th of the model's grid
  std::vector<double> matrix;  ///< points x n; empty: every (n / points)-th point as it is

  std::vector<double> see(const grid2d::Field &state) const;
  std::vector<double> target(const std::vector<double> &reference, int model_n, int components) const;
};

/// Where a run begins.
struct Start {
  std::vector<double> state;  ///< components x n x n
  grid2d::Field velocity;     ///< empty where the state is the velocity
};

/// One kind of test cases.
struct Cell {
  std::string name, images, velocity;
};

class StudyProblem {
 public:
  virtual ~StudyProblem() = default;
  virtual const grid2d::Model &model() const = 0;
  /// Names of the state's components, then of the velocity's: what policies may observe.
  virtual std::vector<std::string> fields() const = 0;
  /// A test case on the fine grid.
  virtual grid2d::Case draw(const Cell &cell, std::uint64_t seed) const = 0;
  /// The same on a grid of n points a side. Throws petrl::Error for grids that cannot be had.
  virtual Start start(const Cell &cell, std::uint64_t seed, const grid2d::Case &c, int n) const = 0;
  virtual Probe probe(int n) const = 0;
  const std::vector<Cell> &cells() const { return cells_; }
  /// Throws petrl::Error.
  const Cell &cell(const std::string &name) const;

 protected:
  std::vector<Cell> cells_;
};

/// Reads the keys problem, sizes, viscosity (Burgers) and cells (advection). Throws petrl::Error.
std::unique_ptr<StudyProblem> readProblem(YamlMap &yaml);

struct Method {
  std::string name;
  std::string family;  ///< the name without the grid, where one entry stands for several grids
  grid2d::Scheme scheme;
  std::string modified;   ///< as the configuration says it
  int n = 0;              ///< points a side
  int stride = 1;         ///< so many reference steps are taken
  int substeps = 1;       ///< in so many steps
  std::string policy;     ///< its file; empty: none
  std::string against;    ///< a method without it, whose errors its own are compared with case by case; empty: none
  bool changing = false;  ///< as if the velocity changed: what depends on it alone is made again every step
  std::shared_ptr<PeriodicClosure> closure;
  std::vector<int> observed, changed;  ///< fields that the policy sees and components that it changes, by number

  double dt(const grid2d::Model &model) const { return model.sizes().dt() * stride / substeps; }
};

/// Reads the list `methods`. Throws petrl::Error.
std::vector<Method> readMethods(YamlMap &yaml, const StudyProblem &problem);

/// Those of `methods` that the list `methods` of a section names (by name or family); without the key all. Throws
/// petrl::Error.
std::vector<const Method *> chooseMethods(YamlMap &yaml, const std::vector<Method> &methods);

/// One method on one case.
class CoarseRun {
 public:
  CoarseRun(const StudyProblem &problem, const Method &method, Start start);
  CoarseRun(const CoarseRun &) = delete;
  CoarseRun &operator=(const CoarseRun &) = delete;
  /// Back to the start, or to another state.
  void reset() { state_.set(start_.state.data()); }
  void set(const std::vector<double> &state) { state_.set(state.data()); }
  /// `stride` reference steps. Before each step the policy corrects the state.
  void advance();
  const grid2d::Field &state() const { return state_; }
  /// What the policy would do now: A, components x n x n; state <- state - A.
  std::vector<double> action();
  /// One step without the policy.
  void base() { stepper_.step(state_); }

 private:
  void decide();
  const Method &method_;
  Start start_;
  grid2d::Stepper stepper_;
  grid2d::Field state_;
  CorrectionStep step_;
  // The policy's arrays have no ghost points: one copy of the state is what that costs (2 us of 64 x 64).
  std::vector<double> look_, velocity_, change_;
  std::vector<const double *> fields_;
  bool once_ = true;  // the network sees nothing that changes
  std::vector<float> answer_;
};

}  // namespace petrl::studies
