// Second-order finite volumes for conservation laws on triangles and intervals, fast enough to train on.
#pragma once

#include <functional>
#include <vector>

#include "mesh/cell_mesh.hpp"
#include "problems/conservation/arrays.hpp"
#include "problems/conservation/law.hpp"
#include "problems/conservation/local_steps.hpp"

namespace petrl::conservation {

/// Where boundary faces of this label take their values from; labels without an entry are outflow (the inner value
/// goes on beyond the face). A value matters where something flows in, and for diffusion.
struct BoundaryValue {
  int label = 0;
  std::function<double(double t, const double *x)> value;
  /// Of a gas instead: its density, momentum and energy, one after the other.
  std::function<void(double t, const double *x, double *u)> state = {};
};

enum class TimeStepping {
  global,  ///< the step of the smallest cell for all of them
  local    ///< to each its own, see LocalSteps
};

struct FiniteVolumeSettings {
  Limiter limiter = Limiter::sharp;
  bool first_order = false;  ///< no gradients at all
  double smoothness = 0.5;   ///< of Limiter::smooth: corners may leave the bounds by (smoothness h)^1.5 (units of u)
  TimeStepping time_stepping = TimeStepping::global;
};

/// MUSCL: least-squares gradients over the cells that share a face (weights 1 / distance^2; boundary values are not
/// used), limited at the corners, upwind (advection) or Godunov (Burgers) fluxes at the faces' centres, a two-point
/// diffusive flux corrected by the mean gradient. Conservative: the sum of volume times dudt is that of the boundary
/// fluxes. Of a gas density, velocity and pressure are reconstructed; the flux is HLLC's.
///
/// Laws of several components have them one after the other, in u and in dudt: the first of all cells, the second of all
/// cells, and so on.
///
/// One of these serves many meshes: reset() reuses its memory. u always has values for all `cells` of the mesh (owned
/// and ghosts), results for the owned ones. On one rank: rhs(). On several: slopes(), the caller brings the ghosts'
/// slopes, then rhsFromSlopes(); ghosts must then hold all cells that share a vertex with an owned one. Not
/// thread-safe: each thread has its own.
class FiniteVolume {
 public:
  FiniteVolume(const CellMesh &mesh, Law law, std::vector<BoundaryValue> boundary = {},
               FiniteVolumeSettings settings = {});
  /// Another mesh, the same law. The mesh need not outlive the call.
  void reset(const CellMesh &mesh);

  /// Least-squares gradients of a field (of one component), g: owned x dim.
  void gradient(const double *u, double *g);
  /// The same of all components, limited as rhs() does it: what transfers between meshes need.
  void limitedGradient(double t, const double *u, double *g);
  /// dudt: owned.
  void rhs(double t, const double *u, double *dudt);
  /// Step at Courant number 1 (infinite where nothing moves): at most this is stable for first order and forward
  /// Euler; with the sharp limiter the maximum principle holds up to a third of it. On this rank.
  double stableStep(const double *u);
  /// Inverse of each cell's own step at Courant number 1, rate: owned.
  void rates(const double *u, double *rate);
  /// From t to t_end in steps of Courant number at most cfl: strong-stability-preserving Runge-Kutta of order 2 or 3, or
  /// local steps (order 2). One rank. Throws petrl::Error where u is no longer finite. A step that would leave a gas
  /// without positive density or pressure somewhere is taken again, half as long and of first order.
  Advance advance(double *u, double t, double t_end, double cfl, int order = 2);

  /// In two halves. slopes: slopeWidth() values for each of `cells`: those of the owned cells are set.
  int slopeWidth() const { return (law_.viscosity > 0 ? 2 : 1) * law_.components() * dim_; }
  void slopes(double t, const double *u, double *slopes);
  void rhsFromSlopes(double t, const double *u, const double *slopes, double *dudt);

  int owned() const { return owned_; }
  int cells() const { return cells_; }
  int dim() const { return dim_; }
  const Law &law() const { return law_; }
  const std::vector<BoundaryValue> &boundary() const { return boundary_; }
  const FiniteVolumeSettings &settings() const { return settings_; }
  /// The arrays behind it; given values are those of the last time that they were asked for.
  Volumes arrays();
  /// What is given beyond boundary faces at a time: as many values as arrays().given.n.
  const std::vector<double> &givenValues(double t);

 private:
  void setCells(const CellMesh &mesh);
  void setFaces(const CellMesh &mesh);
  void setRings(const CellMesh &mesh);
  double faceVelocity(const CellMesh &mesh, int cell, int slot, const CellMesh::Face &face) const;
  void setGiven();
  /// arrays(), values beyond the boundary at a time.
  Volumes arraysAt(double t);
  /// Sets primitive_; whether density and pressure are positive everywhere.
  bool setPrimitives(const double *u);
  Advance advanceGas(double *u, double t, double t_end, double cfl, int order);
  /// From u, whose primitive_ are set, to stage_; false where that has no positive density or pressure.
  bool gasStep(const double *u, double t, double dt, int order, bool first_order);

  Law law_;
  std::vector<BoundaryValue> boundary_;
  FiniteVolumeSettings settings_;
  int dim_ = 2, owned_ = 0, cells_ = 0, vertices_ = 0, faces_ = 0;
  // See arrays.hpp.
  std::vector<int> neighbour_, vertex_, face_, ring_, left_, right_, filled_, crowd_, crowd_first_, crowded_;
  std::vector<double> weight_, corner_, out_, epsilon_, k_, normal_, offset_, diffusion_;
  std::vector<std::pair<int, int>> beyond_;  // vertex, cell: beyond kRing cells around a vertex
  struct Given {                             // index of the face, its centre, the values' source
    int face, entry, vertices[2];
    double centre[2];
  };
  std::vector<Given> given_;
  std::vector<int> given_first_, given_face_, given_vertex_;
  std::vector<double> given_value_;
  LocalSteps local_;
  double steady_rate_ = -1;  // of laws whose speeds do not depend on u
  // Scratch.
  std::vector<double> primitive_, gx_, gy_, plain_x_, plain_y_, low_, high_, flux_, dudt_, stage_;
};

}  // namespace petrl::conservation
