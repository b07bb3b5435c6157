// What the solution really is, and how far a numerical one is from it.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "mesh/cell_mesh.hpp"
#include "problems/conservation/profile.hpp"

namespace petrl::conservation {

/// The exact solution, or a reference so fine that it may be taken for it.
class Truth {
 public:
  virtual ~Truth() = default;
  /// Of the first component, in which errors are measured, at n points, x: n x dim.
  virtual void values(double t, int n, const double *x, double *out) const = 0;
  /// Those of a law; each one's values, at t = 0 at least.
  virtual int components() const { return 1; }
  virtual void component(int, double t, int n, const double *x, double *out) const { values(t, n, x, out); }
  /// A length over which it is smooth, within `radius` of x.
  virtual double sharpness(double t, const double *x, double radius) const = 0;
  /// Averages over the owned cells: each cell is cut into as many like parts as its sharpness asks for, in each of
  /// which polynomials of degree 4 (5 in 1D) are integrated exactly.
  void cellAverages(const CellMesh &mesh, double t, double *out, int component = 0) const;
  /// Of all components at t = 0, one after the other.
  std::vector<double> initialAverages(const CellMesh &mesh) const;
};

/// Carried along by a constant velocity, or turned about the middle of the box.
class CarriedTruth : public Truth {
 public:
  CarriedTruth(Profile start, double vx, double vy, double rate);
  void values(double t, int n, const double *x, double *out) const override;
  double sharpness(double t, const double *x, double radius) const override;
  const Profile &start() const { return start_; }

 private:
  Profile start_;
  double velocity_[2], rate_;
};

struct Errors {
  double l1 = 0;  ///< mean of |u - truth| over the domain (not its integral: domains of any size compare)
  double l2 = 0;  ///< root of the mean of its square
};

/// Compares piecewise linear fields with the truth at points of one fixed fine grid, the same for all meshes: a coarse
/// cell is held to every detail inside it, so that averaging a feature away is seen as the error it is. Points lie
/// off the cells' edges. The truth at these points is computed once for each time. Not thread-safe.
class ErrorMeter {
 public:
  /// points: along each side of [0, length]^dim; > 0.
  ErrorMeter(std::shared_ptr<const Truth> truth, int dim, double length, int points);
  /// u: cell averages, gradient: cells x dim (limited; nullptr: constant in each cell). One rank.
  Errors measure(const CellMesh &mesh, const double *u, const double *gradient, double t);
  /// The same for each cell: integral of |u - truth| over it, out: owned.
  void cellErrors(const CellMesh &mesh, const double *u, const double *gradient, double t, double *out);
  const Truth &truth() const { return *truth_; }
  int points() const { return points_; }

 private:
  const std::vector<double> &samples(double t);
  template <class Each>
  void visit(const CellMesh &mesh, const double *u, const double *gradient, double t, Each each);

  std::shared_ptr<const Truth> truth_;
  int dim_, points_;
  double length_;
  std::map<double, std::vector<double>> samples_;
};

}  // namespace petrl::conservation
