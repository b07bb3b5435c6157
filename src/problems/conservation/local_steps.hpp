// Time steps that each cell takes for itself.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "problems/conservation/arrays.hpp"

namespace petrl::conservation {

namespace kernels {
struct Gradients;
template <bool Burgers>
struct Predict;
}  // namespace kernels

/// What `advance` did.
struct Advance {
  int steps = 0;                ///< of the finest cells
  std::int64_t cell_steps = 0;  ///< updates of owned cells that were made
  int rescued = 0;              ///< steps of a gas that were of first order, lest density or pressure vanish
};

/// Explicit steps of second order that a cell takes at its own Courant limit (the predictor-corrector of MUSCL-Hancock
/// with local time stepping: Loercher, Gassner, Munz 2007; Dumbser, Kaeser, Toro 2007). Steps are of lengths
/// dt 2^k, k: the cell's class. At the start of its step a cell finds its limited gradient, and from it the rate at which
/// it changes by itself; coarser neighbours, in the middle of their steps, are taken where their rates have brought
/// them. A face's flux is evaluated once for each step of the finer of its cells, at the middle of that step, and what
/// leaves one side enters the other: exactly conservative.
///
/// Cells that follow each other in the mesh are of one class, kBlock at a time, so that the loops run over ranges of the
/// arrays as they are, and other classes cost no more than other lists of ranges: they are made when the mesh or the
/// speeds have changed so much that it pays. One rank.
class LocalSteps {
 public:
  /// What is given beyond the boundary: entry of GivenArrays, time.
  using Given = std::function<double(int entry, double t)>;

  /// The mesh has changed.
  void forget() { known_ = ordered_ = false; }
  /// From t to t_end with Courant number at most cfl. v: of a mesh without ghosts.
  Advance advance(const Volumes &v, const Given &given, double *u, double t, double t_end, double cfl);

 private:
  static constexpr int kBlock = 16;
  static constexpr int kBins = 192;  // of rates: 16 an octave, the fastest first
  struct Plan {
    double pieces;  // equal macro steps to the end, each one step of the slowest class
    int halvings;   // of a macro step to a step of the finest class
    double work;    // updates of cells, all of it
  };

  // Who takes which steps (local_steps_order.cpp).
  void setUp();
  void findRates(const double *u);
  void sortRates(double cfl);
  Plan best(double length) const;
  Plan asOrdered(double length, double cfl) const;
  void order(const Plan &plan, double length, double cfl);
  void orderCells();
  void orderFaces();
  void orderVertices();
  int classOf(int cell) const { return class_[static_cast<std::size_t>(cell / kBlock)]; }
  // The steps (local_steps.cpp).
  void setSpans(double finest);
  void macroStep(const Given &given, double t, double finest);
  void begin(const Given &given, int up_to, double t, double finest);
  template <bool Burgers>
  void predict(int up_to);
  template <bool Smooth, bool Burgers>
  void limit(int up_to, const kernels::Gradients &slopes, const kernels::Predict<Burgers> &rates);
  void diffuse(int up_to);
  template <bool Burgers>
  void fluxes(int up_to);

  bool known_ = false, ordered_ = false;
  Volumes v_;  // the mesh's, with faces and fluxes of our own
  double *u_ = nullptr;
  // u_t = carry . grad u + growth u, or u carry . grad u (Burgers).
  std::vector<double> carry_, growth_;
  // The inverse of a cell's longest step is reach times speed plus damping; the fastest of each block.
  std::vector<double> reach_, damping_, speed_, around_, rate_;
  int count_[kBins] = {};     // cells
  double limit_[kBins] = {};  // largest rate over Courant number
  double regret_ = 0;         // updates that another order would have spared since the last one

  int halvings_ = 0;        // classes but one
  std::vector<int> class_;  // of each block
  // What starts, of classes up to each.
  std::vector<std::vector<Range>> cells_, faces_, vertices_;
  std::vector<int> between_, drifting_;
  std::vector<std::int64_t> in_class_;  // cells
  /// Faces between classes have two fluxes beyond those of all faces: the finer cell's and, after it, the coarser one's,
  /// the mean over its step.
  struct Between {
    int face, fine, coarse;  // classes
    double share;            // of the coarser step
  };
  std::vector<Between> faces_between_, between_sorted_;
  struct Drifting {
    int cell, finest;  // class that asks
  };
  std::vector<Drifting> cells_drifting_, drifting_sorted_;  // that finer neighbours see in the middle of a step
  std::vector<int> face_;
  std::vector<std::pair<int, int>> patched_;  // slots of it and what they were
  std::vector<double> given_value_, elapsed_, now_, change_, middle_, span_, flux_, extra_;
  std::vector<unsigned char> vertex_class_;
};

}  // namespace petrl::conservation
