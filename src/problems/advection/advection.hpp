// The advection problem of "Closure-RL" (section 4.1): a picture carried about by vortices.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "problems/grid2d/model.hpp"
#include "problems/grid2d/random.hpp"
#include "problems/images/idx.hpp"

namespace petrl::advection {

/// Where a case comes from. `train` and `validation` share the training images, `test` has its own.
enum class Part { train, validation, test };

/// What the cases are made of.
struct Distribution {
  std::string images = "mnist";    ///< mnist | fashion | texture | mixed (seven parts mnist, three texture)
  std::string velocity = "train";  ///< train | vortex | stream | mixed (half train, half stream); see diverse.hpp
};

/// What errors are taken against: the paper's fine grid, or what it converges to.
enum class Truth { fine_grid, characteristics };

/// Truth: central differences and RK4 on the fine grid (256 x 256), or CharacteristicAdvection; restriction: injection.
/// The coarse step is 0.25 dx: the paper's table says 0.9, but its results are those of 0.25.
class AdvectionModel : public grid2d::Model {
 public:
  explicit AdvectionModel(const grid2d::Sizes &sizes = {64, 4, 4, 0.25}, Truth truth = Truth::fine_grid);
  std::unique_ptr<grid2d::FineSolver> fine(const grid2d::Case &c) const override;
  void restrictTo(int n, const grid2d::ConstPatch &fine, double *coarse) const override;
  /// Always 1, the largest concentration there can be.
  double scale(const std::vector<double> &target) const override;

 private:
  Truth truth_;
};

/// An image as a concentration on an n x n grid: pixels over 255; rotated about the middle by `angle` [radians] (the
/// nearest pixel, nothing from outside) unless 0; interpolated bilinearly (half-pixel centres, edges clamped); + 1e-6.
/// Image rows run along y.
std::vector<double> concentration(const images::Images &images, int index, double angle, int n);

/// A picture at points whose places are counted in `points` a side, bilinearly (half-pixel centres, edges clamped).
std::vector<double> bilinear(const std::vector<double> &picture, int rows, int columns,
                             const std::vector<double> &places, int points);

/// u = s a sin^2(pi x) sin(2 pi y), v = -s a sin^2(pi y) sin(2 pi x) on the grid linspace(0, 1, n) (both ends
/// included): paper, D.2.2. Returns u, then v, each n x n.
std::vector<double> vortex(int n, double amplitude);

/// A random velocity of the paper's, on the grid of vortex(): train (Taylor-Green vortices) or vortex.
std::vector<double> paperVelocity(const std::string &flow, int n, grid2d::Random &random);

/// A random case, the same for the same arguments everywhere. MNIST is rotated by an angle in [-90, 90] degrees.
/// Validation uses the last tenth of the training images, training the others; fashion ships test images only.
/// Throws petrl::Error for unknown names and missing files.
grid2d::Case sampleCase(const AdvectionModel &model, const Distribution &distribution, Part part, std::uint64_t seed);

}  // namespace petrl::advection
