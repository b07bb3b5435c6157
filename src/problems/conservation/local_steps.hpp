// Time steps that each cell takes for itself.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "problems/conservation/arrays.hpp"

namespace petrl::conservation {

/// What `advance` did.
struct Advance {
  int steps = 0;                ///< of the finest cells
  std::int64_t cell_steps = 0;  ///< updates of owned cells that were made
};

/// Explicit steps of second order that a cell takes at its own Courant limit (the predictor-corrector of MUSCL-Hancock
/// with local time stepping: Loercher, Gassner, Munz 2007; Dumbser, Kaeser, Toro 2007). Steps are of lengths
/// dt 2^k, k: the cell's class. At the start of its step a cell finds its limited gradient, and from it the rate at which
/// it changes by itself; coarser neighbours, in the middle of their steps, are taken where their rates have brought
/// them. A face's flux is evaluated once for each step of the finer of its cells, at the middle of that step, and what
/// leaves one side enters the other: exactly conservative.
///
/// Works on copies of the arrays in which cells, faces and vertices of a class lie together, the finest class first: what
/// starts or ends a step together is the beginning of each array. They are ordered anew when the mesh or the speeds
/// have changed so much that it pays. One rank.
class LocalSteps {
 public:
  /// What is given beyond the boundary: entry of GivenArrays, time.
  using Given = std::function<double(int entry, double t)>;

  LocalSteps() = default;
  /// A copy has its own order yet to find.
  LocalSteps(const LocalSteps &) : LocalSteps() {}
  LocalSteps &operator=(const LocalSteps &) {
    forget();
    return *this;
  }
  /// The mesh has changed.
  void forget() { known_ = ordered_ = false; }
  /// From t to t_end with Courant number at most cfl. v: of a mesh without ghosts.
  Advance advance(const Volumes &v, const Given &given, double *u, double t, double t_end, double cfl);

 private:
  static constexpr int kBins = 192;  // 16 an octave, the fastest first
  struct Plan {
    double pieces;  // equal macro steps to the end, each one step of the slowest class
    int halvings;   // of a macro step to a step of the finest class
    double work;    // updates of cells, all of it
  };

  // Choice (local_steps_order.cpp).
  void setUp(const Volumes &v);
  void findRates(const Volumes &v, const double *u);
  void sortRates(double cfl);
  Plan best(double length) const;
  Plan asOrdered(double length, double cfl) const;
  void order(const Volumes &v, const Plan &plan, double length, double cfl);
  void orderCells(const Volumes &v);
  void orderFaces(const Volumes &v);
  void orderVertices(const Volumes &v);
  void orderGiven(const Volumes &v);
  // Steps (local_steps.cpp).
  void setSpans(double finest);
  void macroStep(const Given &given, double t, double finest);
  void begin(const Given &given, int up_to, double t, double finest);
  void diffuse(int up_to);
  template <bool Burgers>
  void fluxes(int up_to);
  void end(int up_to);
  void load(const double *u);
  void store(double *u) const;

  bool known_ = false, ordered_ = false;
  Volumes v_;         // of the copies
  int halvings_ = 0;  // classes but one
  // How many there are up to and including each class.
  std::vector<int> cells_, faces_, vertices_, crowds_, given_cells_, given_faces_, between_, drifting_;
  std::vector<double> elapsed_;  // of each class's step
  std::vector<int> class_;       // of each cell
  std::vector<int> at_, place_;  // the mesh's number of a cell, and back; that of the same order where there is none
  std::vector<int> face_at_, face_place_, vertex_place_;
  // Copies, see arrays.hpp.
  std::vector<int> neighbour_, vertex_, face_, left_, right_, ring_, crowd_, crowd_first_, crowded_;
  std::vector<int> given_first_, given_face_, given_vertex_, given_entry_;
  std::vector<double> weight_, corner_, out_, epsilon_, k_, offset_, diffusion_, given_value_;
  // u_t = carry . grad u + growth u, or u carry . grad u (Burgers).
  std::vector<double> carry_, growth_;
  // The inverse of a cell's longest step is reach times speed plus damping; as the mesh has them, and in order.
  std::vector<double> reach_, damping_, own_reach_, own_damping_, rate_, speed_, around_;
  int count_[kBins] = {};
  double limit_[kBins] = {};  // largest rate over Courant number in each bin
  // Faces between classes. The coarser cell takes the mean of their fluxes.
  struct Between {
    int face, coarse;  // class
    double share;      // of the coarser step
  };
  std::vector<Between> faces_between_;
  std::vector<int> cells_drifting_;  // that finer neighbours see in the middle of a step
  std::vector<double> u_, now_;      // at the beginning of a cell's step; where it is
  std::vector<double> change_, middle_, span_, gx_, gy_, plain_x_, plain_y_, low_, high_, flux_;
  std::vector<int> mesh_class_, vertex_class_, sorted_;
  std::vector<double> extra_;
  std::vector<std::pair<int, int>> pairs_;
};

}  // namespace petrl::conservation
