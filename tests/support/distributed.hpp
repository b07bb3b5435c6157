// The same problems as PETSc sees them: a DMDA, a Vec, a TS; on any number of ranks.
#pragma once

#include <petscdmda.h>
#include <petscts.h>

#include <string>
#include <vector>

#include "problems/grid2d/kernels.hpp"

namespace petrl::grid2d {

/// A transport problem on a periodic DMDA of the unit square (points at i / n, as DMDASetUniformCoordinates has it for
/// periodic grids), with a TS ready to go: forward Euler or classical RK4, by the scheme's integrator. Options of DM
/// and TS apply (-da_grid_x, -ts_type, -ts_rk_type, -ts_dt, -ts_max_time, ...). All members are collective.
///
/// Right-hand sides are computed where the state lives (-dm_vec_type cuda): on a device nothing is copied in a step.
class DistributedProblem {
 public:
  /// fields: names of the state's components. With `prescribed` the velocity is a Vec of a compatible DMDA with the
  /// fields u, v, attached to the solution's DM (DMGetAuxiliaryVec(dm, NULL, 0, 0)); else the state's first two
  /// components are the velocity. n: points a side. Throws petrl::Error.
  DistributedProblem(MPI_Comm comm, const Scheme &scheme, const std::vector<std::string> &fields, bool prescribed,
                     PetscInt n, PetscReal dt);
  ~DistributedProblem();
  DistributedProblem(const DistributedProblem &) = delete;
  DistributedProblem &operator=(const DistributedProblem &) = delete;

  DM dm() const { return dm_; }
  TS ts() const { return ts_; }
  Vec state() const { return state_; }
  Vec velocity() const { return velocity_; }  ///< NULL where the state is the velocity
  /// Each rank takes its part of a dense components x ny x nx array of the whole grid.
  void setState(const std::vector<double> &dense) { scatter(state_, dense); }
  void setVelocity(const std::vector<double> &dense) { scatter(velocity_, dense); }
  /// The whole state, dense, on every rank.
  std::vector<double> gatherState() const;
  /// Integrates so many steps of the TS's current time step from where it stands (TSSolve).
  void solve(PetscInt steps);

 private:
  static PetscErrorCode rhs(TS ts, PetscReal time, Vec u, Vec f, void *self);
  void rightHandSide(DM dm, Vec u, Vec f);
  void onHost(DM dm, const double *in, double *out);
  void onDevice(DM dm, const double *in, double *out);
  static Vec velocityOf(DM dm, PetscInt points);
  void planarVelocity(Vec velocity);
  static void scatter(Vec vec, const std::vector<double> &dense);

  bool prescribed_;
  Discretization discretization_;
  DM dm_ = nullptr;
  TS ts_ = nullptr;
  Vec state_ = nullptr, velocity_ = nullptr;
  // PETSc interleaves components, the kernels of the host want planes: scratch, made once.
  std::vector<double> planar_in_, planar_out_, planar_velocity_;
  PetscObjectId velocity_id_ = 0;
  PetscObjectState velocity_state_ = -1;
};

}  // namespace petrl::grid2d
