// What PetRLRefiner asks of those who learn, and what it offers them: the user's TS as a world to learn in. Learning
// itself is libpetrl_learn's.
#pragma once

#include <petscsys.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/registry.hpp"
#include "refine/decision.hpp"
#include "refine/mesh_sample.hpp"
#include "refine/refinement_policy.hpp"
#include "refine/thresholds.hpp"

namespace petrl {

/// Who decides in a run: a policy, or else a threshold rule.
struct RefinerRule {
  RefinementPolicy *policy = nullptr;  ///< on all ranks
  double tradeoff = .5;                ///< of the policy
  RefinementIndicator indicator = RefinementIndicator::gradient;
  RefinementThresholds thresholds;  ///< relative to the range of a component; cells beyond its level are coarsened
  /// Changes marks at random, if it is there. first: the number of this rank's first cell over all ranks.
  std::function<void(const CellMesh &mesh, std::int64_t first, std::vector<signed char> &marks)> deviate;
  /// If it is there: takes in what the policy observes on this rank, least values negative, then most ones.
  std::vector<double> *ends = nullptr;
};

/// What a run was like.
struct RefinerRun {
  bool finished = false;  ///< all of it, and finite
  double error = 0;       ///< mean over time and domain of the differences to the finest mesh, relative to the range of
                          ///< each component, all components added
  double cell_steps = 0;  ///< attempted steps times cells
  double cost = 0;        ///< these, and re-meshing at its price
  std::int64_t remeshes = 0;
};

/// The TS's own runs, from moments of a run on the finest mesh, which are numbered in time: moment 0 is the program's
/// initial state. All functions are collective over comm() and their results the same on all ranks, but for samples.
/// They throw petrl::Error, on all ranks.
class PETRL_API RefinerWorld {
 public:
  virtual ~RefinerWorld();
  virtual MPI_Comm comm() const = 0;
  virtual int moments() const = 0;                   ///< the last one is the end
  virtual int heldOut() const = 0;                   ///< what is later than this one is for validation
  virtual double intervals() const = 0;              ///< between decisions, before that moment
  virtual int levels() const = 0;                    ///< how often a diameter may halve
  virtual int halving() const = 0;                   ///< bisections that halve it
  virtual int components() const = 0;                ///< that count: each has a sample of each decision
  virtual const RefinementCosts &costs() const = 0;  ///< as the user wants them
  /// Validity of policies trained here: "unknowns", "halvings", "steps", "odds".
  virtual Validity validity() const = 0;

  /// A run from a moment (the mesh adapted to it at first, as the rule decides) that pauses at each decision: the
  /// interval is run on the mesh as it is, with every cell refined and with every cell coarsened, from the same state.
  /// Ends with the held-out moment or after so many decisions. Samples, one a component, are appended on the first
  /// rank.
  virtual void episode(int from, int decisions, const RefinerRule &rule, std::vector<MeshSample> &samples,
                       std::map<std::string, double> &metrics) = 0;
  /// A run from one moment to another, decided as in the program.
  virtual RefinerRun run(int from, int to, const RefinerRule &rule) = 0;
};

/// What the user's options say.
struct RefinerTrainingOptions {
  bool on = false;
  std::string save;          ///< file that is written
  std::string config;        ///< YAML file with the learner's keys; empty: none
  std::string start;         ///< policy whose weights to start from; empty: none
  std::int64_t passes = 10;  ///< over the training interval
  double minutes = 0;        ///< 0: no limit
  double held_out = .2;      ///< share of the program's interval
  std::uint64_t seed = 0;
};

/// What came out of it.
struct RefinerTrained {
  bool learned = false;    ///< the file is there
  RefinerRule thresholds;  ///< the best ones, at the user's trade-off
};

/// Trains in a world. `option` as messages name it ("-refiner_train"). Throws petrl::Error on all ranks.
using RefinerTraining = std::function<RefinerTrained(RefinerWorld &world, const RefinerTrainingOptions &options,
                                                     const std::string &option)>;

/// By the learner's name; they come with libpetrl_learn.
PETRL_API Registry<RefinerTraining> &refinerTrainings();

}  // namespace petrl
