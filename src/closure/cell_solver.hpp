// The coarse solver of a user's program on a mesh, as learning sees it.
#pragma once

#include <vector>

#include "closure/cell_closure.hpp"
#include "closure/solver_world.hpp"

namespace petrl {

class CellSolver : public SolverWorld, public CellWorld {
 public:
  using SolverWorld::SolverWorld;
  /// An error for options of grids, and on several ranks. Collective.
  static PetscErrorCode Check(PetRLClosure closure);

  GridSize own() const override { return {static_cast<int>(cells().cells.mesh.owned), 1, 1}; }
  int dimensions() const override { return layout().space; }
  bool whole() const override { return true; }
  void surround(float *, int, int) override {}
  Validity validity() const override;
  void use(const Policy &specification) override;
  void observe(float *observation, int margin) override;
  void pullBack(const std::vector<double> &d_state, const float *output, float *d_output) override;

  Graph graph() const override { return cells().flux->graph(); }
  const float *edges() const override { return cells().flux->edges(); }
  std::size_t inputsSize() const override { return cells().flux->inputsSize(); }
  std::size_t outputsSize() const override { return cells().flux->outputsSize(); }
  const float *inputs() const override { return cells().node.data(); }

 protected:
  PetscErrorCode Observe() override;
  PetscErrorCode Correct(const float *output) override;

 private:
  CellClosure &cells() const { return *closure()->data->cells; }
  double factor() const { return cells().cells.spacing; }  // a step is the policy's own
  std::vector<double> slope_;
};

}  // namespace petrl
