// FiniteVolume: from a mesh to arrays.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "problems/conservation/finite_volume.hpp"

namespace petrl::conservation {

namespace {

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

// Weights of the least-squares gradient; d: vectors to the neighbours, zero where there is none.
void leastSquares(const double d[3][2], double x[3], double y[3]) {
  double a = 0, b = 0, c = 0, w[3];
  for (int s = 0; s < 3; ++s) {
    const double square = d[s][0] * d[s][0] + d[s][1] * d[s][1];
    w[s] = square > 0 ? 1 / square : 0;
    a += w[s] * d[s][0] * d[s][0];
    b += w[s] * d[s][0] * d[s][1];
    c += w[s] * d[s][1] * d[s][1];
  }
  // Entries are of order 1. Where all neighbours lie on a line (intervals; corners of a domain) the gradient is along
  // it.
  const double determinant = a * c - b * b, trace = a + c;
  if (determinant > 1e-8 * trace * trace) {
    const double inverse = 1 / determinant;
    for (int s = 0; s < 3; ++s) {
      x[s] = inverse * w[s] * (c * d[s][0] - b * d[s][1]);
      y[s] = inverse * w[s] * (a * d[s][1] - b * d[s][0]);
    }
    return;
  }
  const double scale = trace > 0 ? 1 / trace : 0;
  for (int s = 0; s < 3; ++s) {
    x[s] = scale * w[s] * d[s][0];
    y[s] = scale * w[s] * d[s][1];
  }
}

}  // namespace

void FiniteVolume::reset(const CellMesh &mesh) {
  dim_ = mesh.dim, owned_ = mesh.owned, cells_ = mesh.cells, vertices_ = mesh.vertices;
  faces_ = static_cast<int>(mesh.faces.size());
  steady_rate_ = -1;
  local_.forget();
  setFaces(mesh);
  setGiven();
  setCells(mesh);
  setRings(mesh);
  const std::size_t count = at(law_.components());
  for (auto *line : {&gx_, &gy_}) line->assign(count * at(cells_), 0.);
  if (law_.kind == Law::Kind::gas) primitive_.assign(count * at(cells_), 0.);
  if (law_.viscosity > 0)
    for (auto *line : {&plain_x_, &plain_y_}) line->assign(at(cells_), 0.);
  low_.resize(at(vertices_));
  high_.resize(at(vertices_));
  flux_.resize(count * at(faces_));
  dudt_.resize(count * at(owned_));
  stage_.resize(count * at(cells_));
}

void FiniteVolume::setFaces(const CellMesh &mesh) {
  const std::size_t n = at(faces_);
  const bool gas = law_.kind == Law::Kind::gas;
  left_.resize(n), right_.resize(n), k_.resize(n);
  normal_.resize(gas ? 2 * n : 0);
  offset_.resize(4 * n);
  diffusion_.resize(3 * n);
  given_.clear();
  for (std::size_t i = 0; i < n; ++i) {
    const CellMesh::Face &f = mesh.faces[i];
    left_[i] = f.left;
    // Outflow needs no loop of its own: beyond the face is what is inside.
    right_[i] = f.right < 0 ? f.left : f.right;
  }
  const int slots = mesh.slots();
  for (int c = 0; c < owned_; ++c) {
    for (int s = 0; s < slots; ++s) {
      const std::size_t slot = at(c * slots + s);
      const int index = mesh.face[slot];
      if (index < 0) throw Error("cell " + std::to_string(c) + " of a CellMesh has a slot without a face");
      const std::size_t i = at(index);
      if (left_[i] != c) continue;
      const CellMesh::Face &f = mesh.faces[i];
      if (gas) {
        const double area = dim_ == 2 ? std::hypot(f.normal[0], f.normal[1]) : std::fabs(f.normal[0]);
        k_[i] = area, normal_[i] = f.normal[0] / area, normal_[n + i] = dim_ == 2 ? f.normal[1] / area : 0;
      } else {
        k_[i] = faceVelocity(mesh, c, s, f);
      }
      double towards[2] = {0, 0}, offset[2] = {0, 0}, normal[2] = {0, 0};
      for (int d = 0; d < dim_; ++d) {
        towards[d] = mesh.towards[slot * at(dim_) + at(d)];
        offset[d] = f.centre[d] - mesh.centre[at(c * dim_ + d)];
        normal[d] = f.normal[d];
      }
      const bool inside = f.right >= 0;
      for (int d = 0; d < 2; ++d) {
        offset_[at(d) * n + i] = offset[d];
        offset_[at(2 + d) * n + i] = inside ? offset[d] - towards[d] : offset[d];
      }
      const double along = normal[0] * towards[0] + normal[1] * towards[1];
      const double direct = (normal[0] * normal[0] + normal[1] * normal[1]) / along;
      if (!(direct > 0)) throw Error("cell " + std::to_string(c) + " of a CellMesh is turned inside out");
      const auto value = inside ? boundary_.end()
                                : std::find_if(boundary_.begin(), boundary_.end(),
                                               [&f](const BoundaryValue &b) { return b.label == f.label; });
      // Nothing diffuses through an outflow face.
      const bool diffuses = inside || value != boundary_.end();
      diffusion_[i] = diffuses ? direct : 0;
      for (int d = 0; d < 2; ++d) diffusion_[at(1 + d) * n + i] = diffuses ? normal[d] - direct * towards[d] : 0;
      if (value == boundary_.end()) continue;
      Given given{index, static_cast<int>(value - boundary_.begin()), {}, {f.centre[0], f.centre[1]}};
      for (int k = 0; k < 2; ++k)
        given.vertices[k] = mesh.vertex[at(c * slots + (s + 1 + (dim_ == 2 ? k : 0)) % slots)];
      given_.push_back(given);
    }
  }
}

void FiniteVolume::setGiven() {
  given_first_.assign(1, 0), given_face_.clear(), given_vertex_.clear();
  given_value_.assign(at(law_.components()) * given_.size(), 0.);
  for (std::size_t i = 0; i < given_.size(); ++i) {
    if (i > 0 && left_[at(given_[i].face)] != left_[at(given_face_.back())])
      given_first_.push_back(static_cast<int>(i));
    given_face_.push_back(given_[i].face);
    for (const int v : given_[i].vertices) given_vertex_.push_back(v);
  }
  if (!given_.empty()) given_first_.push_back(static_cast<int>(given_.size()));
}

double FiniteVolume::faceVelocity(const CellMesh &mesh, int cell, int slot, const CellMesh::Face &face) const {
  if (law_.kind == Law::Kind::burgers || !law_.velocity) {
    return law_.direction[0] * face.normal[0] + (dim_ == 2 ? law_.direction[1] * face.normal[1] : 0);
  }
  double v[2] = {0, 0};
  if (dim_ == 1) {
    law_.velocity(face.centre, v);
    return v[0] * face.normal[0];
  }
  // Gauss's three points along the edge.
  constexpr double kPoint[3] = {-0.7745966692414834, 0, 0.7745966692414834}, kWeight[3] = {5. / 18, 8. / 18, 5. / 18};
  const double *a = &mesh.corner[at((cell * 3 + (slot + 1) % 3) * 2)];
  const double *b = &mesh.corner[at((cell * 3 + (slot + 2) % 3) * 2)];
  double sum = 0;
  for (int q = 0; q < 3; ++q) {
    const double x[2] = {0.5 * (a[0] + b[0] + kPoint[q] * (b[0] - a[0])),
                         0.5 * (a[1] + b[1] + kPoint[q] * (b[1] - a[1]))};
    law_.velocity(x, v);
    sum += kWeight[q] * (v[0] * face.normal[0] + v[1] * face.normal[1]);
  }
  return sum;
}

void FiniteVolume::setCells(const CellMesh &mesh) {
  const std::size_t n = at(owned_), lines = 3 * n;
  neighbour_.resize(lines), vertex_.resize(lines), face_.resize(lines);
  weight_.resize(2 * lines), corner_.resize(2 * lines), out_.resize(lines);
  const bool smooth = settings_.limiter == Limiter::smooth;
  epsilon_.resize(smooth ? n : 0);
  const int slots = mesh.slots();
  for (std::size_t c = 0; c < n; ++c) {
    const auto cell = static_cast<int>(c);
    const double share = 1 / mesh.volume[c];
    double d[3][2] = {}, x[3], y[3];
    for (int s = 0; s < 3; ++s) {
      const std::size_t i = at(s) * n + c;
      // The third slot of an interval repeats the second, weightless.
      const int real = std::min(s, slots - 1);
      const std::size_t slot = at(cell * slots + real);
      const bool padded = s != real;
      neighbour_[i] = mesh.neighbour[slot] < 0 ? cell : mesh.neighbour[slot];
      vertex_[i] = mesh.vertex[slot];
      face_[i] = mesh.face[slot];
      out_[i] = padded ? 0 : left_[at(mesh.face[slot])] == cell ? -share : share;
      corner_[i] = corner_[lines + i] = 0;
      for (int k = 0; k < dim_; ++k) {
        corner_[at(k) * lines + i] = mesh.corner[slot * at(dim_) + at(k)] - mesh.centre[c * at(dim_) + at(k)];
        d[s][k] = padded || mesh.neighbour[slot] < 0 ? 0 : mesh.towards[slot * at(dim_) + at(k)];
      }
    }
    leastSquares(d, x, y);
    for (int s = 0; s < 3; ++s) {
      weight_[at(s) * n + c] = x[s];
      weight_[lines + at(s) * n + c] = dim_ == 2 ? y[s] : 0;
    }
    const double size = dim_ == 2 ? std::sqrt(mesh.volume[c]) : mesh.volume[c];
    if (smooth) epsilon_[c] = std::pow(settings_.smoothness * size, 1.5);
  }
}

void FiniteVolume::setRings(const CellMesh &mesh) {
  const std::size_t n = at(vertices_);
  ring_.resize(kRing * n);
  filled_.assign(n, 0);
  beyond_.clear(), crowd_.clear(), crowded_.clear();
  crowd_first_.assign(1, 0);
  const int slots = mesh.slots();
  for (int c = 0; c < cells_; ++c) {
    for (int s = 0; s < slots; ++s) {
      const int v = mesh.vertex[at(c * slots + s)];
      const int k = filled_[at(v)]++;
      if (k < kRing)
        ring_[at(k) * n + at(v)] = c;
      else
        beyond_.emplace_back(v, c);
    }
  }
  for (std::size_t v = 0; v < n; ++v) {
    const int first = filled_[v] > 0 ? ring_[v] : 0;
    for (int k = std::min(filled_[v], kRing); k < kRing; ++k) ring_[at(k) * n + v] = first;
  }
  std::sort(beyond_.begin(), beyond_.end());
  for (const auto &[v, c] : beyond_) {
    if (crowd_.empty() || crowd_.back() != v) crowd_.push_back(v), crowd_first_.push_back(crowd_first_.back());
    crowded_.push_back(c);
    ++crowd_first_.back();
  }
}

}  // namespace petrl::conservation
