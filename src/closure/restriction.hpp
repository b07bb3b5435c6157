// From a fine DMDA to a coarser grid, and from all ranks to the first one.
#pragma once

#include <petscdmda.h>

#include <map>
#include <vector>

namespace petrl {

struct RecordLayout;

/// What brings a fine run's states to a coarse grid or mesh.
class Coarsening {
 public:
  virtual ~Coarsening() = default;
  /// Values of a global Vec with `dof` components, coarsened, in the order of the record on the first rank, nothing
  /// elsewhere. Collective.
  virtual PetscErrorCode Gather(Vec X, PetscInt dof, std::vector<double> &values) = 0;
  /// The layout of the fine grid becomes that of the coarse one.
  virtual void describe(RecordLayout &layout) const = 0;
};

/// One grid point takes the value of the fine point there (inject), or the mean of the fine cells in it (average).
/// Grids of 1 to 3 dimensions. The result is the same to the last bit on any number of ranks.
class Restriction : public Coarsening {
 public:
  Restriction() = default;
  ~Restriction() override;
  Restriction(const Restriction &) = delete;
  Restriction &operator=(const Restriction &) = delete;

  /// Points a direction: inject: n = ratio coarse ones if periodic, else n - 1 = ratio (coarse - 1); average: n = ratio
  /// coarse ones. Errors name the numbers and the option. Collective.
  PetscErrorCode SetUp(DM dm, PetscInt ratio, bool average);
  void describe(RecordLayout &layout) const override;
  /// Values of a global Vec of the DM's grid with `dof` components, in natural order (components, x, y, z) on the first
  /// rank, nothing elsewhere. Collective.
  PetscErrorCode Gather(Vec X, PetscInt dof, std::vector<double> &values) override;

 private:
  struct Box {
    PetscInt first[3], size[3];
    PetscInt points() const { return size[0] * size[1] * size[2]; }
  };
  struct Exchange {
    VecScatter scatter = NULL;
    Vec fine = NULL;  // all fine points of the own box
  };
  PetscErrorCode ExchangeFor(Vec X, PetscInt dof, Exchange **exchange);
  void Inject(const PetscScalar *fine, PetscInt dof);
  void Average(const PetscScalar *fine, PetscInt dof);

  DM dm_ = NULL;
  MPI_Comm comm_ = MPI_COMM_NULL;
  bool average_ = false, exchanges_ = false;
  PetscInt coarse_[3] = {1, 1, 1}, ratio_[3] = {1, 1, 1};
  Box own_{}, fine_{};      // coarse points that are ours, fine ones that the DM keeps here
  std::vector<Box> boxes_;  // of all ranks, on the first one
  std::map<PetscInt, Exchange> exchange_;
  std::vector<double> mine_, all_;
};

}  // namespace petrl
