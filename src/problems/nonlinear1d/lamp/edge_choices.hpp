// What can be split and coarsened on a line: edges of a VertexMesh.
#pragma once

#include "problems/lamp/choices.hpp"
#include "problems/nonlinear1d/vertex_mesh.hpp"

namespace petrl::lamp {

/// An edge being split is not coarsened, nor are both of two neighbours. The mesh must outlive it.
class EdgeChoices : public Choices {
 public:
  explicit EdgeChoices(const nonlinear1d::VertexMesh &mesh) : mesh_(mesh) {}
  int splits() const override { return mesh_.edges(); }
  int coarsens() const override { return mesh_.edges(); }
  void splittable(std::vector<int> &out) const override;
  void coarsenable(const std::vector<int> &split, std::vector<int> &out) const override;
  int mostCoarsened(int eligible, int split) const override;
  void rule(int chosen, std::vector<char> &gone) const override;

 private:
  const nonlinear1d::VertexMesh &mesh_;
};

}  // namespace petrl::lamp
