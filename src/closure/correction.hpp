// How a network's output becomes a change of the state. Plain C++: on PETSc's patches and periodic arrays alike.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "closure/fields.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// The network's output at the points of a patch, planar.
struct NetworkOutput {
  const float *data = nullptr;  ///< first channel at the patch's first point, (0, 0, 0)
  std::ptrdiff_t plane = 0;     ///< from channel to channel
  std::ptrdiff_t row = 0;       ///< from (0, 0, 0) to (0, 1, 0) in y
  std::ptrdiff_t slice = 0;     ///< from (0, 0, 0) to (0, 0, 1) in z
};

/// The patch, and the step that the correction is for. Directions that the grid does not have: one point.
struct CorrectionStep {
  int nx, ny;                     ///< points of the patch
  double dt;                      ///< the step, in the solver's time
  double hx, hy;                  ///< distances of the points
  double own = 0;                 ///< the step that the policy's actions are for; 0: this one
  std::array<bool, 6> wall = {};  ///< the patch ends where the grid does: left, right, below, above, ...
  int nz = 1;
  double hz = 0;

  GridSize size() const { return {nx, ny, nz}; }
  double h(int axis) const { return axis == 0 ? hx : axis == 1 ? hy : hz; }
  /// Courant numbers of a speed of one along each axis; 0 where the distance is not known.
  std::array<double, 3> courant() const { return {hx > 0 ? dt / hx : 0, hy > 0 ? dt / hy : 0, hz > 0 ? dt / hz : 0}; }
};

/// The geometric mean of the points' distances along so many directions.
double meanSpacing(const CorrectionStep &step, int dimensions);

/// One action transform of closure policies, on a grid (on meshes: closure/cell_flux.hpp). Of what it computes, A, the solver makes: state <- state - A.
/// It must compute the same at a point wherever in a patch that lies: answers do not depend on the number of ranks.
///
///   additive       A = a dt / own
///   additive-rate  A = dt a         with a = low + (high - low) (clamp(output, -1, 1) + 1) / 2
///
/// one action a component; the action parameter `components` names them, otherwise they are the first observed fields.
/// Where the grid ends nothing is added: values on a boundary are the solver's business, unless the action parameter
/// `boundary` is "free" (default: "fixed").
///
///   flux           A = -(dt/h) (F_{i+1/2} - F_{i-1/2}), face fluxes of weighted differences: see closure/flux.hpp
///
/// All are proportional to the step. What a coarse grid misses acts all the time: it is a forcing, of which a step gets
/// as much as it is long. So two half steps change as much as a whole one, whatever divides the time (a last step that
/// is cut, an event), and A/dt is the forcing itself. `additive` writes it down as the change in one step of its own.
class PETRL_API Correction {
 public:
  /// By the policy's transform. Throws petrl::Error naming `source` when it is not known, or its parameters are wrong.
  static std::unique_ptr<Correction> make(const Policy &policy, const std::string &source);
  virtual ~Correction() = default;

  /// The fields that it changes, by their number in the observation.
  const std::vector<int> &components() const { return components_; }
  /// How far beyond the patch it needs the network's output, in the directions that the grid has.
  virtual int outputGhost() const { return 0; }
  /// How far beyond the patch it needs the fields themselves.
  virtual int stateGhost() const { return 0; }
  /// Whether it depends on the distances of the points.
  virtual bool needsSpacing() const { return false; }
  /// Whether it is in proportion to step.dt / step.own.
  virtual bool dependsOnOwnStep() const { return false; }
  /// A, planar and dense: components x nz x ny x nx. A NaN in the output must show in it. Not collective; no allocation.
  virtual void compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                       double *change) = 0;
  /// The derivative of a number with respect to the output at the patch's points (actions x nz x ny x nx, dense), from
  /// that with respect to A (components, at the patch's points and one point around them): A is linear in the output.
  /// Where the output is clamped, only what leads back is passed on.
  virtual void pullBack(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                        const NetworkOutput &d_change, float *d_output) const = 0;
  /// The same where the patch is a whole periodic grid, and `output` has no points beyond it. False (the default): not
  /// available, use compute(). Saves copying the output with its surroundings.
  virtual bool computePeriodic(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                               double *change) {
    (void)fields, (void)output, (void)step, (void)change;
    return false;
  }

 protected:
  /// Whether the derivative passes the clamp of an output in [-1, 1].
  static bool passes(float output, double derivative) {
    return (output > -1 || derivative < 0) && (output < 1 || derivative > 0);
  }
  std::vector<int> components_;
};

/// What the action parameter `components` says, as numbers of observed fields; without it the first `count` of them.
PETRL_API std::vector<int> changedComponents(const Policy &policy, std::size_t count);

}  // namespace petrl
