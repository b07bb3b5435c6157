// The coarse solver of a user's program as learning sees it: CoarseWorld on a PetRLClosure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "closure/closure.hpp"
#include "closure/learning.hpp"

namespace petrl {

/// Records whose runs are numbered one after another. The first rank reads, each gets its part of the grid; what was
/// read last is kept.
class RecordSet {
 public:
  RecordSet(MPI_Comm comm, DM dm) : comm_(comm), dm_(dm) {}
  /// All must have that layout. Collective.
  PetscErrorCode Open(const std::vector<std::string> &files, const RecordLayout &layout);
  int runs() const { return static_cast<int>(times_.size()); }
  const std::vector<double> &times(int run) const { return times_[static_cast<std::size_t>(run)]; }
  const RecordLayout &layout() const { return layout_; }
  const std::string &fingerprint() const { return fingerprint_; }
  /// "truth.h5, run 2"
  std::string name(int run) const;
  /// Own points x components or names. Collective.
  PetscErrorCode State(int run, int time, std::vector<double> &values);
  PetscErrorCode Auxiliary(int run, int time, std::vector<double> &values);
  /// Whether the auxiliary fields of these moments may differ.
  bool OtherAuxiliary(int run, int time, int other_run, int other_time) const;

 private:
  PetscErrorCode Part(int run, int time, bool auxiliary, std::vector<double> &values);
  PetscErrorCode Places();
  PetscErrorCode BoxPlaces();
  PetscErrorCode CellPlaces();
  MPI_Comm comm_;
  DM dm_;
  RecordLayout layout_;
  std::vector<std::unique_ptr<Record>> records_;  // on the first rank
  std::vector<std::vector<double>> times_;
  std::vector<int> changes_;                 // of each run: whether its auxiliary fields change
  std::vector<std::pair<int, int>> places_;  // of each run: record, and run in it
  std::vector<std::string> files_;
  std::string fingerprint_;
  std::vector<PetscInt> counts_;                 // own points of each rank
  std::vector<std::vector<std::size_t>> order_;  // for each record: where these are; on the first rank
  std::vector<double> whole_, packed_;           // on the first rank
  std::map<std::pair<int, int>, std::vector<double>> kept_[2];
  std::size_t most_kept_[2] = {1, 1};
};

/// What a program does: called with the state in place.
struct SolverFunctions {
  /// Before a step from time t, of that number.
  std::function<PetscErrorCode(PetscInt number, PetscReal t, Vec X)> before;
  /// The step.
  std::function<PetscErrorCode(PetscInt number, PetscReal t, PetscReal dt, Vec X, PetscBool *failed)> step;
};

/// Trains as the options say; `learned`: the closure has a policy now. X is worked on and given back as it was.
/// Collective.
PetscErrorCode ClosureTrainRun(PetRLClosure closure, Vec X, PetscReal dt, const SolverFunctions &functions,
                               bool *learned);

/// On a grid; on a mesh see CellSolver.
class SolverWorld : public CoarseWorld {
 public:
  SolverWorld(PetRLClosure closure, Vec X, PetscReal dt, SolverFunctions functions);
  ~SolverWorld() override;
  /// Opens the records, keeps what will be overwritten. Collective.
  PetscErrorCode SetUp(const std::vector<std::string> &files);
  /// Everything is as it was at SetUp(). Collective.
  PetscErrorCode Restore();

  const RecordLayout &layout() const override { return records_.layout(); }
  int runs() const override { return records_.runs(); }
  const std::vector<double> &times(int run) const override { return records_.times(run); }
  Situation recorded(int run, int time) override;
  std::vector<double> recordedAuxiliary(int run, int time) override;
  std::string fingerprint() const override { return records_.fingerprint(); }
  GridSize own() const override;
  int dimensions() const override { return layout().dimension; }
  bool whole() const override;
  void surround(float *planes, int channels, int reach) override;
  double step() const override { return (double)dt_; }
  Validity validity() const override;
  void use(const Policy &specification) override;
  void put(const Situation &situation) override;
  void observe(float *observation, int margin) override;
  bool advance(const float *output, Situation &next) override;
  void pullBack(const std::vector<double> &d_state, const float *output, float *d_output) override;
  double solverSeconds() const override { return seconds_; }

 protected:
  /// What the network sees of the state in place.
  virtual PetscErrorCode Observe();
  /// Corrects the state in place as PetRLClosureApply() does, with that output of the network.
  virtual PetscErrorCode Correct(const float *output);
  PetRLClosure closure() const { return closure_; }
  Vec state() const { return X_; }

 private:
  PetscErrorCode CheckTimes();
  PetscErrorCode PutAuxiliary(int run, double time);
  PetscErrorCode Place();
  /// The output with as much around it as a correction needs.
  PetscErrorCode Around(const float *output, NetworkOutput &network);
  PetscErrorCode Advance(const float *output, Situation &next, bool *good);
  PetscErrorCode Surround(float *planes, int channels, int reach);
  int momentOf(int run, double time) const;

  PetRLClosure closure_;
  Vec X_;
  PetscReal dt_;
  SolverFunctions functions_;
  RecordSet records_;
  Vec kept_ = NULL;                                                 // the program's state
  std::vector<std::pair<Vec, Vec>> auxiliary_;                      // the program's fields, and what they were
  std::pair<int, int> auxiliary_at_{-1, -1};                        // what was put there from the record last,
  std::vector<std::pair<Vec, PetscObjectState>> auxiliary_states_;  // and how the fields were then
  std::map<std::pair<int, int>, DM> grids_;                         // by channels and reach
  std::vector<float> output_, slope_;
  Situation at_;
  bool fresh_ = false;  // X is at_, and the program's function before the step was called
  double seconds_ = 0;
};

}  // namespace petrl
