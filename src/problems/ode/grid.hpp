// Equations on the points of a DMDA, on any number of ranks.
#pragma once

#include <petscdmda.h>

#include <array>

#include "problems/ode/problem.hpp"

namespace petrl::ode {

/// The values in an array of a DMDA. It is shifted so that global indices address its points.
class PointValues {
 public:
  PointValues(const DMDALocalInfo &info, void *array) : line_(info.dim == 1), fields_(info.dof), array_(array) {}
  /// Those of the point i on a line, i and j in the plane.
  double *at(PetscInt i, PetscInt j) const {
    return (line_ ? static_cast<double *>(array_) : static_cast<double **>(array_)[j]) + i * fields_;
  }

 private:
  bool line_;
  PetscInt fields_;
  void *array_;
};

/// u' = f(u), where f at a point depends on it and on its neighbours, left and right (and below and above).
class GridProblem : public Problem {
 public:
  PetscErrorCode setUp(TS ts) override;

 protected:
  static constexpr PetscInt kMostFields = 4;
  enum Neighbour { kHere, kLeft, kRight, kBelow, kAbove };
  /// fields x fields, by rows, of each of them.
  using Blocks = std::array<std::array<double, kMostFields * kMostFields>, 5>;

  GridProblem(PetscInt points, std::size_t fields);

  /// A DMDA, not set up.
  virtual PetscErrorCode create(MPI_Comm comm, DM *da) const = 0;
  virtual void begin(PetscInt i, PetscInt j, double *u) const = 0;
  virtual void evaluate(const PointValues &u, PetscInt i, PetscInt j, double *f) const = 0;
  /// Of shift u - f; the blocks are zero on entry.
  virtual void differentiate(const PointValues &u, PetscInt i, PetscInt j, double shift, Blocks &blocks) const = 0;
  /// Of implicit methods.
  virtual PetscErrorCode setSolver(TS ts) const = 0;

  PetscInt points_, fields_;  // points in each direction

 private:
  static PetscErrorCode rightHandSide(DMDALocalInfo *info, PetscReal t, void *u, void *f, void *context);
  static PetscErrorCode implicit(DMDALocalInfo *info, PetscReal t, void *u, void *udot, void *f, void *context);
  static PetscErrorCode jacobian(DMDALocalInfo *info, PetscReal t, void *u, void *udot, PetscReal shift, Mat a, Mat b,
                                 void *context);
};

}  // namespace petrl::ode
