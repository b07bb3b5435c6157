// LocalSteps: who takes which steps.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

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

/// Of each class, the blocks of n items up to it; of(b): class of a block.
template <class Of>
void collect(int n, int block, std::vector<std::vector<Range>> &ranges, const Of &of) {
  for (auto &list : ranges) list.clear();
  for (int begin = 0, b = 0; begin < n; begin += block, ++b) {
    const int end = std::min(n, begin + block);
    for (std::size_t k = at(of(b)); k < ranges.size(); ++k) {
      if (!ranges[k].empty() && ranges[k].back().end == begin)
        ranges[k].back().end = end;
      else
        ranges[k].push_back({begin, end});
    }
  }
}

/// By class, as they come; up_to: how many there are of each and of those before it.
template <class Item, class Of>
void sortByClass(std::vector<Item> &items, std::vector<Item> &sorted, std::vector<int> &up_to, const Of &of) {
  std::fill(up_to.begin(), up_to.end(), 0);
  for (const Item &item : items) ++up_to[at(of(item))];
  for (std::size_t k = 1; k < up_to.size(); ++k) up_to[k] += up_to[k - 1];
  sorted.resize(items.size());
  for (std::size_t i = items.size(); i-- > 0;) sorted[at(--up_to[at(of(items[i]))])] = items[i];
  for (std::size_t k = 0; k < up_to.size(); ++k)
    up_to[k] = k + 1 < up_to.size() ? up_to[k + 1] : static_cast<int>(items.size());
  items.swap(sorted);
}

}  // namespace

void LocalSteps::setUp() {
  const std::size_t n = at(v_.cell.n);
  for (auto *line : {&reach_, &damping_, &growth_, &speed_, &around_, &now_, &middle_, &span_}) line->resize(n);
  carry_.resize(2 * n);
  change_.assign(n, 0.);
  extra_.resize(v_.viscosity > 0 ? 2 * n : 0);
  given_value_.assign(at(v_.given.n), 0.);
  face_.assign(v_.cell.face, v_.cell.face + 3 * n);
  patched_.clear();
  rate_.resize((n + kBlock - 1) / kBlock);
  class_.resize(rate_.size());
  sweep(v_.cell.n, kernels::Carry{v_.cell, v_.face, v_.viscosity, carry_.data(), &carry_[n], growth_.data(),
                                  reach_.data(), damping_.data()});
  if (!v_.burgers) {
    std::fill(speed_.begin(), speed_.end(), 1.);
    fastestOfBlocks(v_.cell.n, {reach_.data(), damping_.data(), speed_.data()}, rate_.data());
  }
  known_ = true, ordered_ = false;
}

void LocalSteps::findRates(const double *u) {
  static_assert(kAround % 2 == 0 && kBlock == kFastestOf);
  for (int round = 0; round < kAround; round += 2) {
    sweep(v_.cell.n, kernels::FastestAround{v_.cell, round > 0 ? speed_.data() : u, around_.data()});
    sweep(v_.cell.n, kernels::FastestAround{v_.cell, around_.data(), speed_.data()});
  }
  fastestOfBlocks(v_.cell.n, {reach_.data(), damping_.data(), speed_.data()}, rate_.data());
}

void LocalSteps::sortRates(double cfl) {
  const double fastest = *std::max_element(rate_.begin(), rate_.end());
  std::fill(std::begin(count_), std::end(count_), 0);
  std::fill(std::begin(limit_), std::end(limit_), 0.);
  const int top = octave(fastest);
  int left = v_.cell.n;
  for (const double rate : rate_) {
    if (!(rate < std::numeric_limits<double>::infinity()))
      throw Error("FiniteVolume::advance: the solution is not finite", PETSC_ERR_FP);
    const int bin = std::min(top - octave(rate), kBins - 1);
    count_[bin] += std::min(left, kBlock);
    left -= kBlock;
    limit_[bin] = std::max(limit_[bin], rate / cfl);
  }
}

LocalSteps::Plan LocalSteps::best(double length) const {
  const int most = v_.burgers ? kMostMoving : kMostSteady;
  const double fewest = stepsIn(length * limit_[0], std::ldexp(1, most)), all = stepsIn(length * limit_[0], 1);
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
  for (std::size_t b = 0; b < rate_.size(); ++b) rate = std::max(rate, std::ldexp(rate_[b], class_[b]));
  for (int k = 0; k <= halvings_; ++k) work += std::ldexp(static_cast<double>(in_class_[at(k)]), halvings_ - k);
  const double pieces = stepsIn(length * rate, std::ldexp(cfl, halvings_));
  return {pieces, halvings_, pieces * work};
}

void LocalSteps::order(const Plan &plan, double length, double cfl) {
  halvings_ = plan.halvings;
  const std::size_t classes = at(halvings_) + 1;
  for (auto *lists : {&cells_, &faces_, &vertices_}) lists->resize(classes);
  for (auto *counts : {&between_, &drifting_}) counts->resize(classes);
  in_class_.assign(classes, 0);
  elapsed_.assign(classes, 0.);
  const double macro = length / plan.pieces;
  int left = v_.cell.n;
  for (std::size_t b = 0; b < rate_.size(); ++b, left -= kBlock) {
    class_[b] = halvings_ - std::min(halvings_, halvingsTo(macro * rate_[b] / cfl));
    in_class_[at(class_[b])] += std::min(left, kBlock);
  }
  orderCells();
  orderFaces();
  orderVertices();
  ordered_ = true, regret_ = 0;
}

void LocalSteps::orderCells() {
  collect(v_.cell.n, kBlock, cells_, [this](int b) { return class_[at(b)]; });
}

void LocalSteps::orderFaces() {
  const int n = v_.face.n, cells = v_.cell.n;
  for (const auto &[slot, face] : patched_) face_[at(slot)] = face;
  patched_.clear(), faces_between_.clear();
  collect(n, kBlock, faces_, [&](int b) {
    int finest = halvings_;
    for (int f = b * kBlock; f < std::min(n, (b + 1) * kBlock); ++f) {
      const int l = classOf(v_.face.left[f]), r = classOf(v_.face.right[f]);
      finest = std::min({finest, l, r});
      if (l != r) faces_between_.push_back({f, std::min(l, r), std::max(l, r), std::ldexp(1., -std::abs(l - r))});
    }
    return finest;
  });
  sortByClass(faces_between_, between_sorted_, between_, [](const Between &b) { return b.fine; });
  int flux = n;
  for (const Between &b : faces_between_) {
    for (const int cell : {v_.face.left[b.face], v_.face.right[b.face]}) {
      for (int slot = cell; slot < 3 * cells; slot += cells) {
        if (face_[at(slot)] != b.face) continue;
        patched_.emplace_back(slot, b.face);
        face_[at(slot)] = classOf(cell) == b.fine ? flux : flux + 1;
      }
    }
    flux += 2;
  }
  flux_.resize(at(flux));
}

void LocalSteps::orderVertices() {
  const int n = v_.vertex.n, cells = v_.cell.n;
  vertex_class_.assign(at(n), static_cast<unsigned char>(halvings_));
  // Finer ones later: theirs stays.
  for (int k = halvings_ - 1; k >= 0; --k) {
    for (const Range &r : cells_[at(k)])
      for (int slot = 0; slot < 3; ++slot)
        for (int c = r.begin; c < r.end; ++c)
          vertex_class_[at(v_.cell.vertex[slot * cells + c])] = static_cast<unsigned char>(k);
  }
  collect(n, kBlock, vertices_, [&](int b) {
    unsigned char finest = static_cast<unsigned char>(halvings_);
    for (int i = b * kBlock; i < std::min(n, (b + 1) * kBlock); ++i) finest = std::min(finest, vertex_class_[at(i)]);
    return finest;
  });
  // A cell drifts when a vertex of a finer class asks for it.
  cells_drifting_.clear();
  for (int c = 0; c < cells; ++c) {
    const int own = classOf(c);
    int k = own;
    for (int slot = c; slot < 3 * cells; slot += cells) k = std::min<int>(k, vertex_class_[at(v_.cell.vertex[slot])]);
    if (k < own) cells_drifting_.push_back({c, k});
  }
  sortByClass(cells_drifting_, drifting_sorted_, drifting_, [](const Drifting &d) { return d.finest; });
}

}  // namespace petrl::conservation
