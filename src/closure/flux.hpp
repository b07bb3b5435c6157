// The action transform "flux": corrections as face fluxes, conservative by construction.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/api.hpp"
#include "closure/correction.hpp"

namespace petrl {

/// What the parameters of a policy with the transform "flux" say.
struct PETRL_API FluxForm {
  enum class Speed { velocity, step };
  std::vector<int> components;       ///< fields that change, by their number in the observation
  int dimensions = 2;                ///< axes
  Speed speed = Speed::velocity;     ///< of a face
  std::array<int, 3> velocity = {};  ///< fields that are the velocity along x, y, z
  int half_width = 1;                ///< m: the differences on either side of a face
  double floor = 0;                  ///< added to the speed of every face
  double shear = 0;                  ///< so much of the velocity's differences around a face is added, too
  bool mean = false;                 ///< a face's weights are the mean of both sides'
  /// Actions a component and axis.
  int weights() const { return speed == Speed::velocity ? 2 * half_width + 1 : half_width + 1; }

  /// Action parameters `faces` (left, the default, or mean), `speed` (velocity, the default, or step), `velocity` (names of observed fields, one an axis; with
  /// speed velocity), `half_width` (1 to 8), `floor`, `shear` (default 0; with speed velocity), `components`. Throws petrl::Error
  /// naming `source`.
  static FluxForm read(const Policy &policy, const std::string &source);
};

/// Faces lie half-way between neighbours; D_k = q_{k+1} - q_k are the differences around one, k = 0 the one across it.
/// With weights w = low + (high - low) (clamp(output, -1, 1) + 1) / 2, output that of the point to the left (below) or
/// (`faces: mean`) the mean of both sides', the flux is
///
///   F = (|u| + floor + shear S) (w_0 D_0 + sum_k w_k (D_k + D_-k)) + u sum_k w_{m+k} (D_k - D_-k),   k = 1 .. m,
///
/// u the velocity of the face (the mean of both sides), S the sum over its components of the mean |D_-1|, |D_0|, |D_1| of
/// each, so that with no floor the flux is of second order in the velocity and its differences: nothing where the flow is
/// resolved or at rest, and the same for any units; or, for equations whose velocity is none of the observed fields
/// (`speed: step`), with the speed that crosses a cell in the policy's own step,
///
///   F = (h / own) (w_0 D_0 + sum_k w_k (D_k + D_-k)).
///
/// A = -dt/h (F_{i+1/2} - F_{i-1/2}), summed over the axes. Actions are ordered by component, then axis, then weight.
/// Nothing passes the faces where a grid ends: what crosses its boundary is the solver's business; differences beyond
/// it are zero (fields are continued by their values on the boundary). The sum of a component over the grid does not
/// change, a constant field is left alone, and no more is moved than the bounds allow. Adding a number to a component
/// changes nothing but by what the network makes of it. Positive w_0 is diffusion. All linear upwind schemes are of the
/// first form; the first-order one on top of central differences is w_0 = 1/2. With `faces: mean` and a network that does
/// not know left from right (learn::Symmetry) neither does the correction.
class Flux : public Correction {
 public:
  Flux(const Policy &policy, const std::string &source);
  int outputGhost() const override { return 1; }
  int stateGhost() const override { return form_.half_width + 1; }
  bool needsSpacing() const override { return form_.speed == FluxForm::Speed::velocity; }
  bool dependsOnOwnStep() const override { return form_.speed == FluxForm::Speed::step; }
  void compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step, double *change) override;
  bool computePeriodic(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                       double *change) override;

  void pullBack(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                const NetworkOutput &d_change, float *d_output) const override;

 private:
  struct Axis;
  const double *velocityOf(const Fields &fields, int axis) const {
    return fields.channel[static_cast<std::size_t>(form_.velocity[static_cast<std::size_t>(axis)])];
  }
  void compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step, bool periodic,
               double *change);
  FluxForm form_;
  std::vector<double> low_, high_;
  std::vector<double> work_;   // lines of fluxes
  std::vector<double> under_;  // the fluxes between two slices of a volume
};

}  // namespace petrl
