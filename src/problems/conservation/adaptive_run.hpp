// Flows on meshes that follow them: what studies compare and learners play with.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "mesh/forest.hpp"
#include "problems/conservation/cases.hpp"
#include "problems/conservation/finite_volume.hpp"
#include "problems/conservation/truth.hpp"
#include "refine/thresholds.hpp"

namespace petrl::conservation {

/// What a decision may know.
struct MarkContext {
  const CellMesh &mesh;
  /// One field of the solution: a component that counts. owned cells; gradient: x dim, not limited; rate: null unless
  /// asked for; range: largest value minus least one.
  struct Field {
    const double *value, *rate, *gradient;
    double range;
  };
  const std::vector<Field> &fields;
  const double *u;  ///< the whole solution, one component after the other
  const Law &law;
  double t, end;
  double interval;          ///< until the next decision
  double step;              ///< length of a time step on this mesh
  const double *own_steps;  ///< of each cell until the next decision, with what they cost others: local time stepping,
                            ///< else null
  int round;                ///< of adaptation to the initial condition, from 0; -1 later
  const ForestLimits &limits;
  const Forest &forest;         ///< whose leaves the cells are
  const FiniteVolume &volumes;  ///< of this mesh, for those who look ahead
};

/// Decides where the mesh changes.
class Marker {
 public:
  virtual ~Marker() = default;
  /// marks: one a leaf (-1, 0, +1); priority: may stay empty, see Forest::adapt. Returns false to keep the mesh now.
  virtual bool mark(const MarkContext &context, std::vector<signed char> &marks, std::vector<float> &priority) = 0;
  /// Whether it looks at dudt (and own_steps), which costs about half a time step.
  virtual bool wantsRate() const { return true; }
  /// Of the cells of all meshes that it was asked about, the share that it looked at.
  virtual double seen() const { return 1; }
};

/// The rival: an indicator and a threshold. Of a system the largest of the fields' indicators, each relative to its
/// field's range.
class ThresholdMarker : public Marker {
 public:
  ThresholdMarker(RefinementIndicator indicator, const RefinementThresholds &rule)
      : indicator_(indicator), rule_(rule) {}
  bool mark(const MarkContext &context, std::vector<signed char> &marks, std::vector<float> &priority) override;
  bool wantsRate() const override { return false; }

 private:
  RefinementIndicator indicator_;
  RefinementThresholds rule_;
  std::vector<double> eta_, next_;
};

/// Keeps the mesh as it is (uniform meshes).
class KeepMarker : public Marker {
 public:
  bool mark(const MarkContext &, std::vector<signed char> &, std::vector<float> &) override { return false; }
  bool wantsRate() const override { return false; }
};

struct AdaptiveSettings {
  double interval = 0.05;  ///< time between decisions
  int interval_steps = 0;  ///< > 0: decide after about so many steps instead
  int initial_rounds = 6;  ///< of adaptation to the initial condition, at most
  double cfl = 0.4;
  int order = 2;  ///< of the time stepping: 2 or 3
  FiniteVolumeSettings volumes;
  ForestLimits limits;
  std::vector<int> components = {0};  ///< that count where the mesh is decided upon
};

/// Processor time, see Stopwatch.
struct Seconds {
  double stepping = 0;
  double deciding = 0;   ///< gradients, dudt and the marker
  double remeshing = 0;  ///< adapt, mesh, transfer, set-up of the finite volumes
};

/// One flow on one mesh, moved on piece by piece. Copies go on independently (paired roll-outs). One rank.
class AdaptiveRun {
 public:
  /// The flow must outlive it. u: averages of the initial condition over the forest's leaves.
  AdaptiveRun(const Forest &forest, const FlowCase &flow, const AdaptiveSettings &settings);

  const CellMesh &mesh() const { return mesh_; }
  const Forest &forest() const { return forest_; }
  const FlowCase &flow() const { return *flow_; }
  const std::vector<double> &u() const { return u_; }  ///< one component after the other
  /// Cells of one of them.
  std::vector<double> component(int k) const;
  double time() const { return t_; }

  /// Asks the marker and changes the mesh; before the first step the new averages are those of the initial condition.
  /// Returns whether the mesh changed.
  bool decide(Marker &marker, double interval, int round = -1);
  /// The second half of it.
  bool remesh(const std::vector<signed char> &marks, const std::vector<float> &priority);
  void advanceTo(double t);
  int rescued() const { return rescued_; }  ///< steps, see Advance
  /// Time that so many steps take from here.
  double timeOfSteps(int steps);
  /// Limited gradient, cells x dim of one component after the other; and the errors of what it reconstructs.
  const std::vector<double> &limitedGradient();
  Errors errors(ErrorMeter &meter);

  int steps() const { return steps_; }  ///< of the finest cells
  double meanCells() const;             ///< over steps
  std::int64_t cellSteps() const { return cell_steps_; }
  int remeshes() const { return remeshes_; }  ///< after the start
  int mostCells() const { return most_cells_; }
  const Seconds &seconds() const { return seconds_; }

 private:
  Forest forest_;
  const FlowCase *flow_;
  AdaptiveSettings settings_;
  CellMesh mesh_;
  FiniteVolume volumes_;
  std::vector<double> u_, dudt_, own_steps_, gradient_, next_;
  std::vector<MarkContext::Field> fields_;
  std::vector<signed char> marks_;
  std::vector<float> priority_;
  double t_ = 0;
  int steps_ = 0, remeshes_ = 0, most_cells_ = 0, rescued_ = 0;
  std::int64_t cell_steps_ = 0, mesh_steps_ = 0;
  Seconds seconds_;
};

struct AdaptiveReport {
  Errors last, mean;  ///< at the end; mean over the flow's sample times
  std::int64_t cell_steps = 0;
  int steps = 0, decisions = 0, remeshes = 0, most_cells = 0;
  double mean_cells = 0;  ///< over steps
  double seen = 1;        ///< share of the cells that decisions looked at
  Seconds seconds;
};

/// Adapts to the initial condition, then decides and steps in turn to the end of the flow. Errors are measured at the
/// flow's sample times whatever the interval; measuring costs no seconds. The meter is the flow's and may be shared
/// by many runs (it keeps the truth's samples).
AdaptiveReport runAdaptive(const Forest &forest, const FlowCase &flow, Marker &marker, const AdaptiveSettings &settings,
                           ErrorMeter &meter);

}  // namespace petrl::conservation
