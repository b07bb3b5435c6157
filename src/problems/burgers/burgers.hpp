// The Burgers problem of "Closure-RL" (section 4.2): decaying vortices that carry themselves.
#pragma once

#include <cstdint>
#include <memory>

#include "problems/grid2d/model.hpp"

namespace petrl::burgers {

constexpr double kViscosity = 0.003;

/// Truth: first-order upwind, central diffusion and forward Euler on the fine grid (150 x 150); restriction: the mean
/// of the fine points around a coarse one (5 x 5). The state is the velocity: components u, v.
class BurgersModel : public grid2d::Model {
 public:
  /// transported: upwind by the sign of what is differentiated, as the paper's published code has it (see
  /// grid2d::Scheme); not what the paper says.
  explicit BurgersModel(const grid2d::Sizes &sizes = {30, 5, 10, 0.9}, double viscosity = kViscosity,
                        bool transported = false);
  std::unique_ptr<grid2d::FineSolver> fine(const grid2d::Case &c) const override;
  void restrictTo(int n, const grid2d::ConstPatch &fine, double *coarse) const override;
  /// mean(|u| + |v|).
  double scale(const std::vector<double> &target) const override;
  /// Spacing of the fine grid, whose numerical diffusion the modified equation adds.
  double fineSpacing() const { return 1. / sizes_.fine(); }
  /// Its time step, whose error `modified: extended` adds.
  double fineTimeStep() const { return sizes_.dt() / sizes_.substeps; }

 private:
  bool transported_;
};

/// Taylor-Green vortices of 2 to 4 distinct wave numbers of {2, 4, 6, 8}, no translation. There are 72 of them in all.
/// `stream` tells training (0), validation (1) and test (2) draws apart.
grid2d::Case sampleCase(const BurgersModel &model, int stream, std::uint64_t seed);

/// More than the paper trains on: Taylor-Green vortices of 2 to 4 wave numbers of {2, 4, 6, 8}, each of its own
/// amplitude (a factor 0.5 to 1.25) and place. A closure trained on these has seen none of the paper's cases.
/// centred: the vortices have amplitudes of their own, but one place: the flow is its own mirror image, as the paper's are.
grid2d::Case diverseCase(const BurgersModel &model, int stream, std::uint64_t seed, bool centred = false);

}  // namespace petrl::burgers
