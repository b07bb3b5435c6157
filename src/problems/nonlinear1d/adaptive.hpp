// Classical adaptivity for the benchmark: second-order finite volumes on a one-dimensional tree of cells.
#pragma once

#include <vector>

#include "problems/nonlinear1d/dataset.hpp"
#include "problems/nonlinear1d/weno.hpp"

namespace petrl::nonlinear1d {

enum class Indicator { gradient, curvature };

struct AdaptiveOptions {
  int base = 25;      ///< cells of the coarsest mesh
  int max_level = 3;  ///< bisections of a base cell, at most
  Indicator indicator = Indicator::gradient;
  double threshold = .2;  ///< cells with h |u_x| (gradient) or h^2 |u_xx| (curvature) above it are bisected
  double reach = 1;       ///< cells around a marked one that are refined with it, in its own widths
  double safety = .9;     ///< fraction of the largest stable step
};

/// Limited linear reconstruction (monotonized central), Godunov flux, viscosity by central differences, SSPRK3. A new
/// mesh is made before each bundle: cells are marked by the indicator wherever their content travels in a bundle,
/// neighbours differ by one level at most, and what a cell holds is conserved.
class AdaptiveVolumes {
 public:
  /// Throws petrl::Error on options that make no mesh.
  AdaptiveVolumes(const Nonlinear1DCase &pde, const AdaptiveOptions &options);
  /// Starts at a level from kPoints labels (interpolated linearly, then averaged over the cells of a first mesh).
  void start(int level, const float *label);
  /// A new mesh for the next `levels` levels; the state is transferred.
  void remesh(int levels);
  /// Advances by so many levels; what label() and interpolated() read is kept.
  void advance(int levels);
  int cells() const { return n_; }
  /// The level so many (0, 1, ..) after the start of the last advance(), as labels: box means of the reconstruction.
  void label(int level, float *out) const;
  /// The same by linear interpolation between the cells' centres.
  void interpolated(int level, float *out) const;
  /// Sum over the cells of width times mean.
  double integral() const;

 private:
  struct Cell {
    int level, index;  // index among the cells of that level
  };
  void setMesh(const std::vector<Cell> &cells);
  std::vector<Cell> marked(const std::vector<double> &wanted) const;
  double limit() const;
  void slopes(double *u, double *slope) const;
  void rate(double *u, const Amplitudes<double> &f, double *out);
  double primitive(const double *u, const double *slope, const double *sum, double x) const;

  Nonlinear1DCase pde_;
  AdaptiveOptions options_;
  int fine_, n_ = 0, level_ = 0;
  Forcing<double> forcing_;  // on twice the finest cells: centres of all possible cells lie there
  std::vector<Cell> mesh_;
  std::vector<double> mean_weight_;  // of a mode in a cell of some level
  // Geometry with one ghost cell on either side: centre, width, 1 / width, 1 / distance to the next centre.
  std::vector<double> centre_, width_, inverse_, between_;
  std::vector<double> sine_, cosine_;
  std::vector<double> u_, slope_, rate_, first_, second_, flux_, old_, old_rate_;
  std::vector<double> output_;
};

}  // namespace petrl::nonlinear1d
