// The action transform "flux": corrections as face fluxes, conservative by construction.
#pragma once

#include <string>
#include <vector>

#include "base/api.hpp"
#include "closure/correction.hpp"

namespace petrl {

/// What the parameters of a policy with the transform "flux" say.
struct PETRL_API FluxForm {
  std::vector<int> components;                        ///< fields that change, by their number in the observation
  int velocity[2] = {0, 0};                           ///< fields that are the velocity along x and y
  int half_width = 1;                                 ///< m: the differences on either side of a face
  double floor = 0;                                   ///< added to the speed of every face
  int weights() const { return 2 * half_width + 1; }  ///< actions a component and axis

  /// Action parameters `velocity` (two names of observed fields), `half_width` (1 to 8), `floor` (default 0),
  /// `components`. Throws petrl::Error naming `source`.
  static FluxForm read(const Policy &policy, const std::string &source);
};

/// Faces lie half-way between neighbours; D_k = q_{k+1} - q_k are the differences around one, k = 0 the one across it;
/// u is its velocity (the mean of both sides). With weights w = low + (high - low) (clamp(output, -1, 1) + 1) / 2 of
/// the point to the left (below), the flux is
///
///   F = (|u| + floor) (w_0 D_0 + sum_k w_k (D_k + D_-k)) + u sum_k w_{m+k} (D_k - D_-k),   k = 1 .. m,
///
/// and A = -dt/h (F_{i+1/2} - F_{i-1/2}), summed over the axes. Actions are ordered by component, then axis, then
/// weight. Nothing passes the faces beyond a grid that is not periodic: what crosses its boundary is the solver's
/// business. The sum of a component over the grid does not change, a constant field is left alone, and no more is
/// moved than the bounds allow. Positive w_0 is diffusion. All linear upwind schemes are of this form; the first-order
/// one on top of central differences is w_0 = 1/2.
class Flux : public Correction {
 public:
  Flux(const Policy &policy, const std::string &source);
  int outputGhost() const override { return 1; }
  int stateGhost() const override { return form_.half_width + 1; }
  bool needsSpacing() const override { return true; }
  void compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step, double *change) override;
  bool computePeriodic(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step,
                       double *change) override;

 private:
  void compute(const Fields &fields, const NetworkOutput &output, const CorrectionStep &step, bool periodic,
               double *change);
  FluxForm form_;
  std::vector<double> low_, high_;
  std::vector<double> work_;  // lines of fluxes
};

}  // namespace petrl
