// Episodes in the coarse solver of a user's program, rewarded against the record of his fine one.
#pragma once

#include <memory>
#include <vector>

#include "learn/closure/trials.hpp"
#include "learn/environment.hpp"

namespace petrl::learn {

/// All ranks take part in each episode, with their parts of the grid. An episode begins at a recorded state and goes on
/// from the coarse solver's own ones. A step is one comparison with the record: as many steps of the solver as lie
/// between two of its times, corrected by the same output of the network.
///
/// The reward of a point: the square of the error without the action (or with the one that it is compared with) minus
/// that with it, components in units of their deviation, over the former's mean over the grid. It is what this action
/// did to this state; states that are far off count as much as others.
class ClosureEnvironment : public GridEnvironment {
 public:
  /// `specification` as specify() made it. `margin`: the network's reach. `horizon`: comparisons of an episode.
  ClosureEnvironment(CoarseWorld &world, RecordPlan plan, Calibration calibration, Policy specification, int margin,
                     int horizon);

  std::string kind() const override { return specification_.kind; }
  ObservationSpec observation() const override { return specification_.observation; }
  ActionSpec action() const override { return specification_.action; }
  int nx() const override { return size_.nx; }
  int ny() const override { return size_.ny; }
  int nz() const override { return size_.nz; }
  int dimensions() const override { return world_.dimensions(); }
  int margin() const override { return margin_; }
  bool shared() const override { return true; }
  void spread(float *reward, int reach) const override;
  /// Fields: what the record has, and what the states reached to which policies led, in training and in validation.
  Validity validity() const override;
  /// Of components and auxiliary fields: -low, high; for checkpoints, and to be called before validity(). Collective.
  std::vector<double> &reached();
  std::unique_ptr<GridEpisode> episode(std::uint64_t seed) override;
  /// See HeldOutTrials.
  Evaluation evaluate(GridPolicy &policy) override;

 private:
  class Episode;
  /// One step of the environment. Null action: none. False if the solver failed.
  bool step(const Situation &at, const float *action, Situation &next);
  void note(const std::vector<double> &values, std::size_t first = 0);
  /// f(point of the patch) for each own point.
  template <typename F>
  void each(const F &f) const {
    const GridSize beyond = around(dimensions(), margin_);
    for (int z = 0; z < own_.nz; ++z)
      for (int y = 0; y < own_.ny; ++y)
        for (int x = 0; x < own_.nx; ++x)
          f(static_cast<std::size_t>(((z + beyond.nz) * size_.ny + y + beyond.ny) * size_.nx + x + beyond.nx));
  }
  void ownPoints(const float *patch, int channels, std::vector<float> &own) const;

  CoarseWorld &world_;
  const RecordPlan plan_;
  const Calibration calibration_;
  const Policy specification_;
  const int margin_, horizon_;
  const GridSize own_;
  GridSize size_;
  Reduction reduction_;
  ErrorMeasure measure_;
  std::vector<double> reached_;  // on this rank, and on others as far as that was told
  HeldOutTrials trials_;
  const Episode *in_place_ = nullptr;  // whose situation the solver has
  std::vector<float> output_;
};

}  // namespace petrl::learn
