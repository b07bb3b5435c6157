// Ways to refine, and runs of them.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "problems/poisson/environment.hpp"

namespace petrl::studies::poisson_study {

/// One way to refine. family: what its curve is called; strategy and parameter: see poisson::mark(). estimator is one
/// of poisson::estimatorNames(), "error" (each cell's true error: no code has it), "paired" (gains by paired solves at
/// the price of `parameter` odds: what the policy learns to predict), "policy" or "uniform".
struct Setting {
  std::string family, estimator, strategy;
  double parameter = 0;
};

/// After a round.
struct Outcome {
  int round = 0, cells = 0, vertices = 0;
  double error = 0, energy = 0;  ///< relative to the coarsest mesh's
  double solve = 0, decide = 0;  ///< seconds so far: meshes, assembly, solution; estimates, marks
};

/// What all runs share.
struct Ground {
  int squares = 4, rounds = 6, max_cells = 0;
  double unit = 1e-6;
  std::shared_ptr<const poisson::ReferenceMesh> mesh;
  RefinementPolicy *policy = nullptr;
};

/// A case with its reference.
struct Case {
  poisson::GaussianLoad load;
  std::shared_ptr<poisson::PoissonReference> reference;
  poisson::PoissonErrors coarsest;
  Case(const Ground &ground, poisson::Split split, int index);
};

/// After how many rounds a run is measured (0: before the first). It ends after the last of them, where nothing is
/// marked, and before the mesh exceeds max_cells; where it ends it is measured in any case.
using Rounds = std::set<int>;
std::vector<Outcome> run(const Ground &ground, const Case &one, const Setting &setting, const Rounds &rounds,
                         std::unique_ptr<poisson::AdaptivePoisson> *last = nullptr);

/// For each family and level: the setting and round that have the least mean log error of those with at most so many
/// cells (mean of the logarithm) on these cases.
struct Choice {
  Setting setting;
  int round = 0;
  double level = 0, log_cells = 0, log_error = 0;
};
/// What is to be done with each run: case, setting, outcomes.
using Record = std::function<void(int, const Setting &, const std::vector<Outcome> &)>;
std::vector<Choice> tune(const Ground &ground, const std::vector<Case> &cases, const std::vector<double> &levels,
                         const Record &record);

}  // namespace petrl::studies::poisson_study
