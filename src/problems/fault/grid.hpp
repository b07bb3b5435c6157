// The cells of a fault as a grid of PETSc's, and the whole rows of them that Fourier transforms need.
#pragma once

#include <petscdmda.h>

#include "problems/fault/elasticity.hpp"

namespace petrl::fault {

/// The grid of a fault: a DMDA of nx x nz cells, x along strike, y downwards, one unknown a cell, coordinates at the
/// centres [m]. Takes -da_grid_x, -da_grid_y, -da_refine (which halves cells), -da_processors_x, -da_processors_y,
/// -vec_type and whatever else DMSetFromOptions() reads; `parameters` gets the cells that come of it. Each rank owns
/// whole rows where there is one for each; else a box, and no rank may be without a cell. Collective; the caller
/// destroys it. Throws petrl::Error.
DM createGrid(MPI_Comm comm, ElasticityParameters &parameters);

/// The same grid for another TS: what a TS hangs on its DM is its own. Collective; the caller destroys it.
DM cloneGrid(DM grid);

/// This rank's share of a grid in whole rows, in natural order. Where the grid is cut along depth alone that is its own
/// share, and vectors are used as they are; else they are scattered. Throws petrl::Error.
class Rows {
 public:
  /// Collective, as all else.
  explicit Rows(DM grid);
  ~Rows();
  Rows(const Rows &) = delete;
  Rows &operator=(const Rows &) = delete;

  PetscInt first() const { return first_; }
  PetscInt count() const { return count_; }
  /// A new vector of whole rows; the caller destroys it.
  Vec createVector() const;
  bool own() const { return !scatter_; }  ///< vectors of the grid are vectors of rows

  /// operation(rows of x, rows of y), y read and written by it alone.
  template <class Operation>
  void with(Vec x, Vec y, const Operation &operation) {
    if (own()) {
      operation(x, y);
      return;
    }
    move(x, x_, SCATTER_FORWARD);
    operation(x_, y_);
    move(y_, y, SCATTER_REVERSE);
  }

 private:
  void scatterRows(PetscInt nx, PetscInt nz);
  void move(Vec from, Vec to, ScatterMode mode);

  DM grid_;
  PetscInt first_ = 0, count_ = 0;
  VecScatter scatter_ = nullptr;
  Vec x_ = nullptr, y_ = nullptr;
};

}  // namespace petrl::fault
