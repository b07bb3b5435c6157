// What a closure asks of those who learn, and offers them: implemented by libpetrl_learn and here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/grid_size.hpp"
#include "base/registry.hpp"
#include "closure/record.hpp"
#include "policy/backend.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// Where a coarse run stands: all that it takes to go on from there.
struct Situation {
  int run = 0;  ///< of the record, whose auxiliary fields are in force
  double time = 0;
  std::int64_t step = 0;      ///< its number in the user's program
  std::vector<double> state;  ///< own points x components, x fastest but for the components
};

/// The coarse solver of a user's program, and the record of his fine one. All is collective over PETSC_COMM_WORLD, and
/// all ranks get the same answers, each for its own part of the grid. Throws petrl::Error.
class PETRL_API CoarseWorld {
 public:
  virtual ~CoarseWorld();

  // The record.
  virtual const RecordLayout &layout() const = 0;
  virtual int runs() const = 0;
  virtual const std::vector<double> &times(int run) const = 0;
  /// The record's state at one of its times.
  virtual Situation recorded(int run, int time) = 0;
  virtual std::vector<double> recordedAuxiliary(int run, int time) = 0;  ///< own points x names
  virtual std::string fingerprint() const = 0;                           ///< of the records: files, runs, times

  // The grid; of a mesh: a row of cells, and nothing around it.
  virtual GridSize own() const = 0;  ///< points of this rank
  virtual int dimensions() const = 0;
  virtual bool whole() const = 0;  ///< one rank has all of a grid that is periodic in all directions
  /// Own points of planes (channels), with so many points around them, in the directions that the grid has: from this
  /// rank or others, or periodic. Beyond walls they are left as they are.
  virtual void surround(float *planes, int channels, int reach) = 0;

  // The solver.
  virtual double step() const = 0;  ///< its time step
  virtual Validity validity() const = 0;
  /// What the policy to be learned observes and does; its network is looked at for its reach only.
  virtual void use(const Policy &specification) = 0;
  /// Puts a situation in place: the state, the fields that were recorded with it, and what the program does before a
  /// step.
  virtual void put(const Situation &situation) = 0;
  /// The network's inputs there, as many points around the own ones.
  virtual void observe(float *observation, int margin) = 0;
  /// One step from there, corrected by the network's output at the own points (null: not corrected). False if the solver
  /// failed or its answer is not finite.
  virtual bool advance(const float *output, Situation &next) = 0;

  /// The derivative with respect to that output of a number whose derivative by the state after the step is given (own
  /// points x components), as if the solver's step were the identity.
  virtual void pullBack(const std::vector<double> &d_state, const float *output, float *d_output) = 0;

  /// Seconds in the program's own functions so far.
  virtual double solverSeconds() const = 0;
};

/// What learning needs to know of a mesh beside: a network on the sides of its cells (CellFlux). Their outputs are what
/// CoarseWorld::advance() and pullBack() speak of. All on one rank.
class CellWorld {
 public:
  virtual ~CellWorld() = default;
  virtual Graph graph() const = 0;
  virtual const float *edges() const = 0;
  virtual std::size_t inputsSize() const = 0;   ///< values: sides x inputs
  virtual std::size_t outputsSize() const = 0;  ///< values: sides x outputs
  virtual const float *inputs() const = 0;      ///< of the network, at what was put in place last
};

/// What the user's options say of a training.
struct ClosureTrainOptions {
  std::vector<std::string> records;
  std::string save, config;
  std::string start;                                    ///< policy to start from; "": none
  std::vector<std::string> observe, correct, velocity;  ///< names; empty: all (velocity: found, or none)
  std::string form = "additive-rate";
  bool free_boundary = false;  ///< additive corrections change values on the boundary, too
  bool differences = false;    ///< on a mesh: the network sees nothing of the unknowns but their differences
  int width = 16, depth = 3, half_width = 1, horizon = 0, every = 0;
  std::int64_t iterations = 0;  ///< 0: until `minutes` are over
  double minutes = 20;
  double regression = .7;  ///< share of the training
  double shear = 0;        ///< so much of the velocity's differences goes with fluxes, too
  std::uint64_t seed = 0;
};

/// Trains a policy in that world and writes it. Returns its file, or "" if it is worse than none; why is said then.
using ClosureTraining = std::function<std::string(CoarseWorld &world, const ClosureTrainOptions &options)>;

/// By the learner's name; they come with libpetrl_learn.
PETRL_API Registry<ClosureTraining> &closureTrainings();

/// The same on a mesh.
using CellClosureTraining =
    std::function<std::string(CoarseWorld &world, CellWorld &cells, const ClosureTrainOptions &options)>;
PETRL_API Registry<CellClosureTraining> &cellClosureTrainings();

}  // namespace petrl
