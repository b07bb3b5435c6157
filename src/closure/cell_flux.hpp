// Corrections of finite volumes on a triangulation: face fluxes from what a graph network says of the faces' two sides.
// Plain C++.
#pragma once

#include <string>
#include <vector>

#include "base/api.hpp"
#include "mesh/cell_mesh.hpp"
#include "policy/backend.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// What the unknowns of a cell are: scalars, but for two that may be a vector in the plane.
struct CellUnknowns {
  std::vector<std::string> names;
  int vector[2] = {-1, -1};  ///< their numbers; -1: there is none
  bool hasVector() const { return vector[0] >= 0; }
  int count() const { return static_cast<int>(names.size()); }
};

/// Action transform "cell-flux". The network's nodes are the sides of cells, three a triangle: side s of cell c is node
/// 3 c + s. Each is joined to the other side of its face and to the two other sides of its cell, so that messages go
/// everywhere, and a node may know in which direction it looks: all that it sees is turned into the frame of its outward
/// normal. It sees the cell's values, the differences to the three neighbours in units of the largest of them, and the
/// shape of the cell (inputs()); nothing depends on the numbering, nor (but for "direction" where no unknowns are a
/// vector) on how the mesh lies in the plane.
///
/// Of each unknown a side says two numbers, w and b: the flux out of its cell is
///
///   f = b range - w difference      (difference: neighbour minus cell; range: the largest in this cell)
///
/// and that of the face is half the difference of what its sides say, F = (f_here - f_there) / 2: what leaves one cell
/// enters the other, to the last bit. None goes through a wall, none where all is constant. F counts in units of the
/// speed spacing / (the policy's own step): A = dt spacing / (own step volume) sum of area F.
class CellFlux {
 public:
  static constexpr int kSlots = 3, kEdgeInputs = 3;

  /// Names of the network's inputs: the unknowns' values come first.
  PETRL_API static std::vector<std::string> inputs(const CellUnknowns &unknowns);
  static int outputs(const CellUnknowns &unknowns) { return 2 * unknowns.count(); }
  /// The action's parameters.
  PETRL_API static std::map<std::string, std::string> parameters(const CellUnknowns &unknowns);

  /// Throws petrl::Error naming `source` and the key unless observation and action are of this form.
  CellFlux(const Policy &policy, const std::string &source);
  const CellUnknowns &unknowns() const { return unknowns_; }

  /// The mesh stays the caller's, and must be of triangles; spacing: of the whole mesh.
  void setUp(const CellMesh &mesh, double spacing);
  Graph graph() const;
  const float *edges() const { return edge_.data(); }
  std::size_t inputsSize() const { return static_cast<std::size_t>(mesh_->owned) * kSlots * observation_.names.size(); }
  std::size_t outputsSize() const { return static_cast<std::size_t>(mesh_->owned) * kSlots * scale_.size(); }

  /// The network's inputs at the owned sides. u: cells x unknowns, with ghosts.
  void observe(const double *u, float *node) const;
  /// What each owned side says flows out of it. out: of the network, at the owned sides; flux: cells x 3 x unknowns.
  void sides(const double *u, const float *out, double *flux) const;
  /// The correction of the owned cells, with what the sides say, of ghosts too. factor: dt spacing / own step.
  void change(const double *flux, double factor, double *change) const;
  /// The derivative by the network's output of a number whose derivative by the correction is given (owned x unknowns).
  /// On one rank.
  void pullBack(const double *u, const float *out, double factor, const double *d_change, float *d_out) const;

 private:
  struct Side {
    double normal[2] = {0, 0};  ///< outwards, of length 1
    double area = 0;
    int twin = -1;  ///< the other side of the face: 3 x cell + slot; -1: wall
  };
  /// A cell's differences to its neighbours (none: 0), and their ranges.
  void differences(const double *u, int cell, double *difference, double *range) const;
  /// A pair of components of a vector, along the normal and across, and back.
  void turn(const Side &side, double *values, bool back) const;
  double weight(std::size_t output, float x) const;
  float input(std::size_t i, double value) const;
  void geometry(const CellMesh &mesh, double spacing);

  ObservationSpec observation_;
  CellUnknowns unknowns_;
  std::vector<double> factor_;          ///< of each input
  std::vector<double> middle_, scale_;  ///< of each output
  std::vector<double> unit_;            ///< of each unknown, where its size matters; 0: it does not
  const CellMesh *mesh_ = nullptr;
  std::vector<Side> side_;
  std::vector<int> source_;
  std::vector<float> edge_, shape_;
};

}  // namespace petrl
