// LocalSteps: who takes which steps, and the copies in that order.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "problems/conservation/kernels.hpp"
#include "problems/conservation/local_steps.hpp"

namespace petrl::conservation {

namespace {

constexpr double kStart = 20;   // updates of a cell that the start of a step costs, whatever its size
constexpr int kMostSteady = 6;  // halvings of a macro step
// Where speeds move along with the solution: at Courant numbers below 1/2 they pass no more than so many cells in a
// macro step.
constexpr int kMostMoving = 3, kAround = 4;
constexpr double kRounding = 1e-12;

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

/// Least j >= 0 with 2^j >= x, to rounding.
int halvingsTo(double x) {
  if (!(x > 1 + kRounding)) return 0;
  int exponent;
  return std::frexp(x * (1 - kRounding), &exponent) == 0.5 ? exponent - 1 : exponent;
}

/// The number of steps of at most `step` in `length`; one as short as rounding is none.
double stepsIn(double length, double step) {
  return std::max(1., std::ceil(length / step * (1 - kRounding)));
}

/// Octaves and sixteenths of them, in one number.
int octave(double positive) {
  std::uint64_t bits;
  std::memcpy(&bits, &positive, sizeof bits);
  return static_cast<int>(bits >> 48);
}

/// `lines` lines of doubles, one value for each place.
void gather(std::size_t n, int lines, const std::vector<int> &at_, const double *from, double *to) {
  for (int line = 0; line < lines; ++line, from += n, to += n)
    for (std::size_t i = 0; i < n; ++i) to[i] = from[at(at_[i])];
}

}  // namespace

void LocalSteps::setUp(const Volumes &v) {
  const CellArrays &c = v.cell;
  const std::size_t n = at(c.n);
  reach_.resize(n), damping_.resize(n), rate_.resize(n), speed_.resize(n), around_.resize(n);
  place_.resize(n), at_.resize(n);
  std::iota(place_.begin(), place_.end(), 0);
  for (std::size_t i = 0; i < n; ++i) {
    double reach = 0, damping = 0;
    for (std::size_t slot = i; slot < 3 * n; slot += n) {
      const std::size_t f = at(c.face[slot]);
      reach += std::fabs(c.out[slot] * v.face.k[f]);
      damping += std::fabs(c.out[slot]) * v.face.direct[f];
    }
    reach_[i] = 0.5 * reach, damping_[i] = v.viscosity * damping;
  }
  if (!v.burgers) {
    std::fill(speed_.begin(), speed_.end(), 1.);
    sweep(c.n, kernels::OwnRates{reach_.data(), damping_.data(), speed_.data(), rate_.data()});
  }
  v_.burgers = v.burgers;
  known_ = true, ordered_ = false;
}

void LocalSteps::findRates(const Volumes &v, const double *u) {
  const CellArrays &c = ordered_ ? v_.cell : v.cell;
  static_assert(kAround % 2 == 0);
  for (int round = 0; round < kAround; round += 2) {
    sweep(c.n, kernels::FastestAround{c, round > 0 ? speed_.data() : u, around_.data()});
    sweep(c.n, kernels::FastestAround{c, around_.data(), speed_.data()});
  }
  if (ordered_)
    sweep(c.n, kernels::OwnRates{own_reach_.data(), own_damping_.data(), speed_.data(), rate_.data()});
  else
    sweep(c.n, kernels::OwnRates{reach_.data(), damping_.data(), speed_.data(), rate_.data()});
}

void LocalSteps::sortRates(double cfl) {
  const auto n = static_cast<std::ptrdiff_t>(rate_.size());
  const double fastest = largest(n, rate_.data());
  if (!(fastest < std::numeric_limits<double>::infinity()))
    throw Error("FiniteVolume::advance: the solution is not finite", PETSC_ERR_FP);
  std::fill(std::begin(count_), std::end(count_), 0);
  std::fill(std::begin(limit_), std::end(limit_), 0.);
  const int top = octave(fastest);
  for (const double rate : rate_) {
    const int bin = std::min(top - octave(rate), kBins - 1);
    ++count_[bin];
    limit_[bin] = std::max(limit_[bin], rate / cfl);
  }
  limit_[0] = fastest / cfl;
}

LocalSteps::Plan LocalSteps::best(double length) const {
  const int most = v_.burgers ? kMostMoving : kMostSteady;
  const double fewest = stepsIn(length * limit_[0], 1 << most), all = stepsIn(length * limit_[0], 1);
  Plan found{all, 0, std::numeric_limits<double>::infinity()};
  // Macro steps of all lengths that differ by more than an eighth: where most cells fall short of a power of two by
  // least. The last one has a single class.
  for (int i = 0; i <= 8; ++i) {
    const double pieces = i < 8 ? std::min(all, std::max(fewest + i, std::ceil(fewest * (1 + 0.125 * i)))) : all;
    const double macro = length / pieces;
    const int halvings = halvingsTo(macro * limit_[0]);
    if (halvings > most) continue;
    double work = std::ldexp(kStart, halvings);
    for (int bin = 0; bin < kBins; ++bin)
      if (count_[bin] > 0) work += std::ldexp(count_[bin], halvingsTo(macro * limit_[bin]));
    if (pieces * work < found.work) found = {pieces, halvings, pieces * work};
  }
  return found;
}

LocalSteps::Plan LocalSteps::asOrdered(double length, double cfl) const {
  double rate = 0, work = std::ldexp(kStart, halvings_);
  for (int k = 0, first = 0; k <= halvings_; first = cells_[at(k++)]) {
    const int count = cells_[at(k)] - first;
    rate = std::max(rate, std::ldexp(largest(count, rate_.data() + first), k));
    work += std::ldexp(count, halvings_ - k);
  }
  const double pieces = stepsIn(length * rate, std::ldexp(cfl, halvings_));
  return {pieces, halvings_, pieces * work};
}

void LocalSteps::order(const Volumes &v, const Plan &plan, double length, double cfl) {
  const std::size_t n = at(v.cell.n);
  halvings_ = plan.halvings;
  for (auto *counts : {&cells_, &faces_, &vertices_, &crowds_, &given_cells_, &given_faces_, &between_, &drifting_})
    counts->assign(at(halvings_) + 1, 0);
  elapsed_.assign(at(halvings_) + 1, 0.);
  class_.resize(n), mesh_class_.resize(n);
  const double macro = length / plan.pieces;
  for (std::size_t i = 0; i < n; ++i) {
    const int k = halvings_ - std::min(halvings_, halvingsTo(macro * rate_[at(place_[i])] / cfl));
    mesh_class_[i] = k;
    ++cells_[at(k)];
  }
  std::partial_sum(cells_.begin(), cells_.end(), cells_.begin());
  std::vector<int> &next = sorted_;  // where the next cell of each class goes
  next.assign(cells_.begin(), cells_.end());
  for (std::size_t k = next.size(); k-- > 0;) next[k] = k > 0 ? next[k - 1] : 0;
  std::copy(rate_.begin(), rate_.end(), speed_.begin());
  for (std::size_t i = 0; i < n; ++i) {
    const int p = next[at(mesh_class_[i])]++;
    rate_[at(p)] = speed_[at(place_[i])];
    at_[at(p)] = static_cast<int>(i);
    class_[at(p)] = mesh_class_[i];
  }
  for (std::size_t p = 0; p < n; ++p) place_[at(at_[p])] = static_cast<int>(p);
  orderCells(v);
  orderFaces(v);
  orderVertices(v);
  orderGiven(v);
  ordered_ = true;
}

// Faces and vertices are numbered as cells come to them: the finest class first. This is what the mesh's become.
void LocalSteps::orderCells(const Volumes &v) {
  const std::size_t n = at(v.cell.n), lines = 3 * n;
  neighbour_.resize(lines), vertex_.resize(lines), face_.resize(lines);
  weight_.resize(2 * lines), corner_.resize(2 * lines), out_.resize(lines);
  carry_.resize(2 * n), growth_.resize(n);
  face_place_.assign(at(v.face.n), -1), face_at_.resize(at(v.face.n));
  vertex_place_.assign(at(v.vertex.n), -1), vertex_class_.resize(at(v.vertex.n));
  int faces = 0, vertices = 0;
  for (std::size_t k = 0, i = 0; k < cells_.size(); ++k) {
    for (; i < at(cells_[k]); ++i) {
      const std::size_t o = at(at_[i]);
      double x = 0, y = 0, growth = 0;
      for (std::size_t from = o, to = i; to < lines; from += n, to += n) {
        const std::size_t f = at(v.cell.face[from]);
        int &vertex = vertex_place_[at(v.cell.vertex[from])], &face = face_place_[f];
        if (vertex < 0) vertex_class_[at(vertices)] = static_cast<int>(k), vertex = vertices++;
        if (face < 0) face_at_[at(faces)] = static_cast<int>(f), face = faces++;
        neighbour_[to] = place_[at(v.cell.neighbour[from])];
        vertex_[to] = vertex, face_[to] = face;
        const double out = v.cell.out[from], flow = out * v.face.k[f];
        out_[to] = out;
        growth += flow;
        x += flow * (out < 0 ? v.face.left_x[f] : v.face.right_x[f]);
        y += flow * (out < 0 ? v.face.left_y[f] : v.face.right_y[f]);
      }
      carry_[i] = x, carry_[n + i] = y, growth_[i] = growth;
    }
    faces_[k] = faces, vertices_[k] = vertices;
  }
  for (int line = 0; line < 3; ++line) {
    const std::size_t s = at(line) * n;
    gather(n, 1, at_, v.cell.weight_x + s, &weight_[s]);
    gather(n, 1, at_, v.cell.weight_y + s, &weight_[lines + s]);
    gather(n, 1, at_, v.cell.corner_x + s, &corner_[s]);
    gather(n, 1, at_, v.cell.corner_y + s, &corner_[lines + s]);
  }
  const bool smooth = v.limiter == Limiter::smooth, viscous = v.viscosity > 0;
  epsilon_.resize(smooth ? n : 0);
  if (smooth) gather(n, 1, at_, v.epsilon, epsilon_.data());
  own_reach_.resize(n), own_damping_.resize(n);
  gather(n, 1, at_, reach_.data(), own_reach_.data());
  gather(n, 1, at_, damping_.data(), own_damping_.data());
  for (auto *line : {&u_, &now_, &middle_, &span_, &gx_, &gy_}) line->resize(n);
  change_.assign(n, 0.);
  for (auto *line : {&plain_x_, &plain_y_}) line->assign(viscous ? n : 0, 0.);
  extra_.resize(viscous ? 2 * n : 0);
  v_ = v;
  v_.cell = {v.cell.n,        neighbour_.data(), vertex_.data(),  face_.data(), weight_.data(),
             &weight_[lines], corner_.data(),    &corner_[lines], out_.data()};
  v_.epsilon = epsilon_.data();
  v_.gx = gx_.data(), v_.gy = gy_.data(), v_.plain_x = plain_x_.data(), v_.plain_y = plain_y_.data();
}

void LocalSteps::orderFaces(const Volumes &v) {
  const std::size_t n = at(v.face.n);
  const bool viscous = v.viscosity > 0;
  left_.resize(n), right_.resize(n), k_.resize(n), offset_.resize(4 * n), diffusion_.resize(viscous ? 3 * n : 0);
  faces_between_.clear();
  for (std::size_t k = 0, i = 0; k < faces_.size(); ++k) {
    for (; i < at(faces_[k]); ++i) {
      const std::size_t f = at(face_at_[i]);
      left_[i] = place_[at(v.face.left[f])], right_[i] = place_[at(v.face.right[f])];
      const int a = class_[at(left_[i])], b = class_[at(right_[i])];
      if (a == b) continue;
      // The coarser cell takes another flux.
      const std::size_t coarse = at(a > b ? left_[i] : right_[i]), cells = at(v.cell.n);
      const int number = v.face.n + static_cast<int>(faces_between_.size());
      for (std::size_t slot = coarse; slot < 3 * cells; slot += cells)
        if (face_[slot] == static_cast<int>(i)) face_[slot] = number;
      faces_between_.push_back({static_cast<int>(i), std::max(a, b), std::ldexp(1., -std::abs(a - b))});
    }
    between_[k] = static_cast<int>(faces_between_.size());
  }
  gather(n, 1, face_at_, v.face.k, k_.data());
  gather(n, 1, face_at_, v.face.left_x, &offset_[0]);
  gather(n, 1, face_at_, v.face.left_y, &offset_[n]);
  gather(n, 1, face_at_, v.face.right_x, &offset_[2 * n]);
  gather(n, 1, face_at_, v.face.right_y, &offset_[3 * n]);
  flux_.resize(n + faces_between_.size());
  v_.flux = flux_.data();
  v_.face = {v.face.n,    left_.data(), right_.data(),   k_.data(),
             &offset_[0], &offset_[n],  &offset_[2 * n], &offset_[3 * n]};
  if (!viscous) return;
  gather(n, 1, face_at_, v.face.direct, &diffusion_[0]);
  gather(n, 1, face_at_, v.face.cross_x, &diffusion_[n]);
  gather(n, 1, face_at_, v.face.cross_y, &diffusion_[2 * n]);
  v_.face.direct = &diffusion_[0], v_.face.cross_x = &diffusion_[n], v_.face.cross_y = &diffusion_[2 * n];
}

void LocalSteps::orderVertices(const Volumes &v) {
  const std::size_t n = at(vertices_.back()), all = at(v.vertex.n), cells = at(v.cell.n);
  ring_.resize(at(kRing) * n);
  low_.resize(n), high_.resize(n);
  for (std::size_t i = 0; i < all; ++i) {
    if (vertex_place_[i] < 0) continue;
    for (std::size_t k = 0; k < at(kRing); ++k)
      ring_[k * n + at(vertex_place_[i])] = place_[at(v.vertex.ring[k * all + i])];
  }
  std::vector<std::pair<int, int>> &crowds = pairs_;  // vertex, number in the mesh
  crowds.clear();
  for (int i = 0; i < v.vertex.crowds; ++i) crowds.emplace_back(vertex_place_[at(v.vertex.crowd[i])], i);
  std::sort(crowds.begin(), crowds.end());
  crowd_.clear(), crowded_.clear();
  crowd_first_.assign(1, 0);
  for (const auto &[vertex, i] : crowds) {
    crowd_.push_back(vertex);
    for (int k = v.vertex.first[i]; k < v.vertex.first[i + 1]; ++k) crowded_.push_back(place_[at(v.vertex.crowded[k])]);
    crowd_first_.push_back(static_cast<int>(crowded_.size()));
  }
  for (std::size_t k = 0, i = 0; k < crowds_.size(); ++k) {
    while (i < crowd_.size() && crowd_[i] < vertices_[k]) ++i;
    crowds_[k] = static_cast<int>(i);
  }
  v_.vertex = {static_cast<int>(n),
               ring_.data(),
               static_cast<int>(crowd_.size()),
               static_cast<int>(crowded_.size()),
               crowd_.data(),
               crowd_first_.data(),
               crowded_.data()};
  v_.low = low_.data(), v_.high = high_.data();
  // A cell drifts when a vertex of a finer class asks for it; by that class.
  std::vector<std::pair<int, int>> &asked = pairs_;
  asked.clear();
  for (std::size_t c = at(cells_.front()); c < cells; ++c) {
    int k = class_[c];
    for (std::size_t slot = c; slot < 3 * cells; slot += cells) k = std::min(k, vertex_class_[at(vertex_[slot])]);
    if (k < class_[c]) asked.emplace_back(k, static_cast<int>(c));
  }
  std::sort(asked.begin(), asked.end());
  cells_drifting_.clear();
  for (const auto &[k, c] : asked) {
    cells_drifting_.push_back(c);
    ++drifting_[at(k)];
  }
  std::partial_sum(drifting_.begin(), drifting_.end(), drifting_.begin());
}

void LocalSteps::orderGiven(const Volumes &v) {
  const GivenArrays &g = v.given;
  std::vector<std::pair<int, int>> &cells = pairs_;  // with faces of theirs, number in the mesh
  cells.clear();
  for (int i = 0; i < g.cells; ++i) cells.emplace_back(place_[at(v.face.left[g.face[g.first[i]]])], i);
  std::sort(cells.begin(), cells.end());
  given_first_.assign(1, 0), given_face_.clear(), given_vertex_.clear(), given_entry_.clear();
  std::size_t k = 0;
  for (const auto &[cell, i] : cells) {
    for (; cell >= cells_[k]; ++k)
      given_cells_[k] = static_cast<int>(given_first_.size()) - 1, given_faces_[k] = given_first_.back();
    for (int entry = g.first[i]; entry < g.first[i + 1]; ++entry) {
      given_entry_.push_back(entry);
      given_face_.push_back(face_place_[at(g.face[entry])]);
      for (const int side : {0, 1}) given_vertex_.push_back(vertex_place_[at(g.vertex[2 * entry + side])]);
    }
    given_first_.push_back(static_cast<int>(given_face_.size()));
  }
  for (; k < given_cells_.size(); ++k)
    given_cells_[k] = static_cast<int>(given_first_.size()) - 1, given_faces_[k] = given_first_.back();
  given_value_.assign(given_face_.size(), 0.);
  v_.given = {static_cast<int>(given_face_.size()),
              g.cells,
              given_first_.data(),
              given_face_.data(),
              given_vertex_.data(),
              given_value_.data()};
}

}  // namespace petrl::conservation
