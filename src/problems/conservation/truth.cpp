#include "problems/conservation/truth.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"

namespace petrl::conservation {

namespace {

// Degree 4 on triangles (Dunavant): two triples of points; degree 5 on intervals (Gauss).
constexpr double kA = 0.445948490915965, kB = 0.091576213509771;
constexpr double kWeightA = 0.223381589678011, kWeightB = 0.109951743655322;
constexpr double kBarycentric[6][3] = {{kA, kA, 1 - 2 * kA}, {kA, 1 - 2 * kA, kA}, {1 - 2 * kA, kA, kA},
                                       {kB, kB, 1 - 2 * kB}, {kB, 1 - 2 * kB, kB}, {1 - 2 * kB, kB, kB}};
constexpr double kLine[3] = {0.1127016653792583, 0.5, 0.8872983346207417}, kLineWeight[3] = {5. / 18, 8. / 18, 5. / 18};
constexpr double kMostParts[3] = {0, 4096, 64};  // along a side, by dimension

// Points of all m^2 parts of a triangle with their weights.
void trianglePoints(const double *corner, int m, std::vector<double> &x, std::vector<double> &weight) {
  const double *a = corner, *b = corner + 2, *c = corner + 4;
  const auto part = [&](double i, double j, double sign) {
    for (int q = 0; q < 6; ++q) {
      const double p = (i + sign * kBarycentric[q][1]) / m, r = (j + sign * kBarycentric[q][2]) / m;
      for (int d = 0; d < 2; ++d) x.push_back(a[d] + p * (b[d] - a[d]) + r * (c[d] - a[d]));
      weight.push_back((q < 3 ? kWeightA : kWeightB) / (m * m));
    }
  };
  for (int i = 0; i < m; ++i) {
    for (int j = 0; i + j < m; ++j) {
      part(i, j, 1);
      if (i + j + 1 < m) part(i + 1, j + 1, -1);
    }
  }
}

void linePoints(const double *corner, int m, std::vector<double> &x, std::vector<double> &weight) {
  for (int i = 0; i < m; ++i) {
    for (int q = 0; q < 3; ++q) {
      x.push_back(corner[0] + (i + kLine[q]) / m * (corner[1] - corner[0]));
      weight.push_back(kLineWeight[q] / m);
    }
  }
}

constexpr double kOffset[2] = {0.6180339887, 0.4142135624};  // of the points within their squares

}  // namespace

void Truth::cellAverages(const CellMesh &mesh, double t, double *out, int component) const {
  const int dim = mesh.dim, slots = mesh.slots();
  std::vector<double> x, weight, value;
  for (int c = 0; c < mesh.owned; ++c) {
    const double *corner = &mesh.corner[static_cast<std::size_t>(c * slots * dim)];
    const double *centre = &mesh.centre[static_cast<std::size_t>(c * dim)];
    double radius = 0;
    for (int s = 0; s < slots; ++s)
      radius = std::max(radius, dim == 1 ? std::fabs(corner[s] - centre[0])
                                         : std::hypot(corner[2 * s] - centre[0], corner[2 * s + 1] - centre[1]));
    // A cell's longest side is about twice that.
    const double parts = std::ceil(2 * radius / sharpness(t, centre, radius));
    const int m = static_cast<int>(std::clamp(parts, 1., kMostParts[dim]));
    x.clear(), weight.clear();
    (dim == 2 ? trianglePoints : linePoints)(corner, m, x, weight);
    value.resize(weight.size());
    this->component(component, t, static_cast<int>(weight.size()), x.data(), value.data());
    double sum = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) sum += weight[i] * value[i];
    out[c] = sum;
  }
}

std::vector<double> Truth::initialAverages(const CellMesh &mesh) const {
  std::vector<double> out(static_cast<std::size_t>(components() * mesh.cells));
  for (int k = 0; k < components(); ++k)
    cellAverages(mesh, 0, out.data() + static_cast<std::ptrdiff_t>(k) * mesh.cells, k);
  return out;
}

CarriedTruth::CarriedTruth(Profile start, double vx, double vy, double rate)
    : start_(std::move(start)), velocity_{vx, vy}, rate_(rate) {
  if (rate != 0 && start_.periodic) throw Error("a rotation does not fit a periodic box");
}

void CarriedTruth::values(double t, int n, const double *x, double *out) const {
  const double shift[2] = {-t * velocity_[0], -t * velocity_[1]};
  start_.values(n, x, shift, -t * rate_, out);
}

double CarriedTruth::sharpness(double t, const double *x, double radius) const {
  const double shift[2] = {-t * velocity_[0], -t * velocity_[1]};
  return start_.sharpness(x, radius, shift, -t * rate_);
}

ErrorMeter::ErrorMeter(std::shared_ptr<const Truth> truth, int dim, double length, int points)
    : truth_(std::move(truth)), dim_(dim), points_(points), length_(length) {
  if (points < 1) throw Error("an error meter needs at least one point");
}

const std::vector<double> &ErrorMeter::samples(double t) {
  const auto known = samples_.find(t);
  if (known != samples_.end()) return known->second;
  const int rows = dim_ == 2 ? points_ : 1;
  const double h = length_ / points_;
  std::vector<double> x, &out = samples_[t];
  out.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(points_));
  x.resize(static_cast<std::size_t>(points_ * dim_));
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < points_; ++i) {
      x[static_cast<std::size_t>(i * dim_)] = (i + kOffset[0]) * h;
      if (dim_ == 2) x[static_cast<std::size_t>(i * 2 + 1)] = (j + kOffset[1]) * h;
    }
    truth_->values(t, points_, x.data(), &out[static_cast<std::size_t>(j) * static_cast<std::size_t>(points_)]);
  }
  return out;
}

// each(cell, u - truth) for all points.
template <class Each>
void ErrorMeter::visit(const CellMesh &mesh, const double *u, const double *gradient, double t, Each each) {
  const std::vector<double> &truth = samples(t);
  const double h = length_ / points_;
  const auto above = [h](double x, double offset) { return static_cast<int>(std::ceil(x / h - offset)); };
  // One row of points at y, from `from` to before `to`, which may be beyond the grid's ends.
  const auto line = [&](int c, int row, int from, int to, double y) {
    const double gx = gradient ? gradient[dim_ * c] : 0, gy = gradient && dim_ == 2 ? gradient[2 * c + 1] : 0;
    const double x0 = mesh.centre[static_cast<std::size_t>(dim_ * c)];
    const double y0 = dim_ == 2 ? mesh.centre[static_cast<std::size_t>(2 * c + 1)] : 0;
    const double base = u[c] + gy * (y - y0) + gx * (kOffset[0] * h - x0);
    for (int i = from; i < to; ++i) {
      const int k = i < 0 ? i + points_ : i >= points_ ? i - points_ : i;
      each(c, base + gx * h * i - truth[static_cast<std::size_t>(row + k)]);
    }
  };
  for (int c = 0; c < mesh.owned; ++c) {
    const double *p = &mesh.corner[static_cast<std::size_t>(c * mesh.slots() * dim_)];
    if (dim_ == 1) {
      line(c, 0, above(p[0], kOffset[0]), above(p[1], kOffset[0]), 0.);
      continue;
    }
    const double low = std::min({p[1], p[3], p[5]}), high = std::max({p[1], p[3], p[5]});
    for (int j = above(low, kOffset[1]), end = above(high, kOffset[1]); j < end; ++j) {
      const double y = (j + kOffset[1]) * h;
      double from = 1e300, to = -1e300;
      for (int s = 0; s < 3; ++s) {
        const double *a = p + 2 * s, *b = p + 2 * ((s + 1) % 3);
        if ((a[1] <= y) == (b[1] <= y)) continue;
        const double x = a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
        from = std::min(from, x), to = std::max(to, x);
      }
      if (from < to)
        line(c, ((j % points_ + points_) % points_) * points_, above(from, kOffset[0]), above(to, kOffset[0]), y);
    }
  }
}

Errors ErrorMeter::measure(const CellMesh &mesh, const double *u, const double *gradient, double t) {
  double sum = 0, squares = 0;
  std::int64_t count = 0;
  visit(mesh, u, gradient, t, [&](int, double e) {
    sum += std::fabs(e);
    squares += e * e;
    ++count;
  });
  const auto n = static_cast<double>(std::max<std::int64_t>(count, 1));
  return {sum / n, std::sqrt(squares / n)};
}

void ErrorMeter::cellErrors(const CellMesh &mesh, const double *u, const double *gradient, double t, double *out) {
  const double h = length_ / points_, area = dim_ == 2 ? h * h : h;
  std::fill(out, out + mesh.owned, 0.);
  visit(mesh, u, gradient, t, [&](int c, double e) { out[c] += area * std::fabs(e); });
}

}  // namespace petrl::conservation
