#include "mesh/forest_base.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>

#include "base/error.hpp"
#include "mesh/tetrahedron.hpp"

namespace petrl {

namespace {

[[noreturn]] void refuse(const std::string &what) {
  throw Error("base mesh: " + what, PETSC_ERR_ARG_WRONG);
}

std::string name(const BaseMesh &mesh, int cell) {
  std::string s = "cell " + std::to_string(cell) + " (vertices";
  for (int k = 0; k <= mesh.dim; ++k) s += " " + std::to_string(mesh.cell[cell * (mesh.dim + 1) + k]);
  return s + ")";
}

void checkSizes(const BaseMesh &mesh) {
  if (mesh.dim < 1 || mesh.dim > 3) refuse("dimension " + std::to_string(mesh.dim) + ", expected 1, 2 or 3");
  const std::size_t n = mesh.cell.size(), d = static_cast<std::size_t>(mesh.dim), slots = d + 1;
  if (n == 0) refuse("no cells");
  if (n % slots || mesh.corner.size() != n * d || mesh.face.size() != n)
    refuse("arrays of " + std::to_string(n) + " vertices, " + std::to_string(mesh.corner.size()) + " coordinates, " +
           std::to_string(mesh.face.size()) + " face labels do not fit together");
}

void checkCells(const BaseMesh &mesh) {
  const int slots = mesh.dim + 1;
  for (int c = 0; c < mesh.cells(); ++c) {
    const int *const v = &mesh.cell[c * slots];
    for (int k = 0; k < slots; ++k) {
      if (v[k] < 0 || v[k] >= mesh.vertices)
        refuse(name(mesh, c) + ": expected vertices from 0 to " + std::to_string(mesh.vertices - 1));
      if (std::count(v, v + slots, v[k]) > 1)
        refuse(name(mesh, c) + ": a vertex twice (too few cells in a periodic direction?)");
    }
    const double *const x = &mesh.corner[c * slots * mesh.dim];
    const double volume = mesh.dim == 1   ? x[1] - x[0]
                          : mesh.dim == 2 ? (x[2] - x[0]) * (x[5] - x[1]) - (x[4] - x[0]) * (x[3] - x[1])
                                          : tetDeterminant(x);
    static const char *const turned[] = {"from left to right", "anticlockwise", "that turn right-handed"};
    if (!(volume > 0) || !std::isfinite(volume))
      refuse(name(mesh, c) + ": expected corners " + turned[mesh.dim - 1] + " and a volume that is not zero");
  }
}

/// Pairs up sides; numbers the edges.
void connect(ForestBase &base) {
  const BaseMesh &mesh = base.mesh;
  const int slots = base.slots(), sides = mesh.cells() * slots;
  base.twin.assign(sides, -1);
  base.edge.assign(sides, -1);
  std::vector<std::vector<int>> at(mesh.vertices);  // sides, by their lowest vertex
  for (int s = 0; s < sides; ++s) {
    const int *const v = &mesh.cell[s / slots * slots];
    // In 1D the face opposite corner 0 is vertex 1.
    const int a = v[(s % slots + 1) % slots], b = v[(s % slots + 2) % slots], low = mesh.dim == 1 ? a : std::min(a, b);
    for (const int t : at[low]) {
      const int *const w = &mesh.cell[t / slots * slots];
      const int c = w[(t % slots + 1) % slots], d = w[(t % slots + 2) % slots];
      if (mesh.dim == 2 && std::minmax(a, b) != std::minmax(c, d)) continue;
      if (mesh.dim == 2 ? a == c : s % 2 == t % 2)
        refuse(name(mesh, s / slots) + " and " + name(mesh, t / slots) + " overlap");
      if (base.twin[t] >= 0)
        refuse(name(mesh, s / slots) +
               ": a face of it belongs to three cells at least (not a manifold, or too few "
               "cells in a periodic direction)");
      base.twin[s] = t;
      base.twin[t] = s;
      base.edge[s] = base.edge[t];
    }
    if (base.twin[s] >= 0) continue;
    base.edge[s] = static_cast<int>(base.from.size());
    base.side.push_back(s);
    base.from.push_back(a);
    base.to.push_back(mesh.dim == 1 ? a : b);
    at[low].push_back(s);
  }
}

/// A vertex inside a boundary edge hangs there: cells on either side do not conform.
void checkHanging(const ForestBase &base) {
  const BaseMesh &mesh = base.mesh;
  if (mesh.dim == 1) return;
  struct Place {
    double x, y;
    int vertex;
  };
  std::vector<Place> places;
  for (int s = 0; s < mesh.cells() * 3; ++s) {
    if (base.twin[s] >= 0) continue;
    const int k = s / 3 * 3 + (s + 1) % 3;
    places.push_back({mesh.corner[2 * k], mesh.corner[2 * k + 1], mesh.cell[k]});
  }
  std::sort(places.begin(), places.end(), [](const Place &a, const Place &b) { return a.x < b.x; });
  for (int s = 0; s < mesh.cells() * 3; ++s) {
    if (base.twin[s] >= 0) continue;
    const double *const a = &mesh.corner[(s / 3 * 3 + (s + 1) % 3) * 2];
    const double *const b = &mesh.corner[(s / 3 * 3 + (s + 2) % 3) * 2];
    const double ex = b[0] - a[0], ey = b[1] - a[1], square = ex * ex + ey * ey, near = 1e-9 * std::sqrt(square);
    auto p = std::lower_bound(places.begin(), places.end(), std::min(a[0], b[0]) - near,
                              [](const Place &q, double x) { return q.x < x; });
    for (; p != places.end() && p->x <= std::max(a[0], b[0]) + near; ++p) {
      const double along = (ex * (p->x - a[0]) + ey * (p->y - a[1])) / square;
      const double off = ex * (p->y - a[1]) - ey * (p->x - a[0]);
      if (along > 1e-6 && along < 1 - 1e-6 && std::abs(off) < near * std::sqrt(square))
        refuse("vertex " + std::to_string(p->vertex) + " lies inside an edge of " + name(mesh, s / 3) +
               " (not conforming)");
    }
  }
}

void checkBoundary(const ForestBase &base) {
  const BaseMesh &mesh = base.mesh;
  const int slots = base.slots(), sides = mesh.cells() * slots;
  std::vector<int> boundary(mesh.vertices, 0);
  for (int s = 0; s < sides; ++s) {
    if (base.twin[s] >= 0) continue;
    if (mesh.face[s] <= 0)
      refuse(name(mesh, s / slots) + ": the boundary face opposite corner " + std::to_string(s % slots) +
             " has label " + std::to_string(mesh.face[s]) + ", expected a positive one");
    if (mesh.dim == 1) continue;
    const int *const v = &mesh.cell[s / slots * slots];
    for (const int w : {v[(s % slots + 1) % slots], v[(s % slots + 2) % slots]})
      if (++boundary[w] > 2)
        refuse("vertex " + std::to_string(w) + ": more than two boundary faces meet there (not a manifold)");
  }
}

void collectAround(ForestBase &base) {
  const BaseMesh &mesh = base.mesh;
  base.first.assign(mesh.vertices + 1, 0);
  for (const int v : mesh.cell) ++base.first[v + 1];
  std::partial_sum(base.first.begin(), base.first.end(), base.first.begin());
  base.around.resize(mesh.cell.size());
  std::vector<int> next(base.first.begin(), base.first.end() - 1);
  for (std::size_t i = 0; i < mesh.cell.size(); ++i)
    base.around[next[mesh.cell[i]]++] = static_cast<int>(i) / base.slots();
}

/// A vertex with several places makes a mesh periodic; the places differ by the period.
void findPeriods(ForestBase &base) {
  const int d = base.mesh.dim;
  double largest[3] = {0, 0, 0};
  std::vector<int> one(base.mesh.vertices, -1);
  for (int i = 0; i < d; ++i) base.low[i] = base.mesh.corner[i];
  for (std::size_t k = 0; k < base.mesh.cell.size(); ++k) {
    const int v = base.mesh.cell[k], first = one[v] < 0 ? one[v] = static_cast<int>(k) : one[v];
    for (int i = 0; i < d; ++i) {
      const double x = base.mesh.corner[k * d + i], shift = std::abs(x - base.mesh.corner[first * d + i]);
      base.low[i] = std::min(base.low[i], x);
      base.period[i] = std::max(base.period[i], shift);
      largest[i] = std::max(largest[i], std::abs(x));
    }
  }
  // Files give the same place with rounding errors.
  for (int i = 0; i < d; ++i)
    if (base.period[i] > 1e-8 * largest[i])
      base.periodic = true;
    else
      base.period[i] = 0;
}

std::uint64_t hilbert(std::uint32_t x, std::uint32_t y, int bits) {
  std::uint64_t d = 0;
  for (std::uint32_t s = 1u << (bits - 1); s > 0; s >>= 1) {
    const std::uint32_t rx = (x & s) > 0, ry = (y & s) > 0;
    d += std::uint64_t(s) * s * ((3 * rx) ^ ry);
    if (ry == 0) {
      if (rx == 1) {
        x = (1u << bits) - 1 - x;
        y = (1u << bits) - 1 - y;
      }
      std::swap(x, y);
    }
  }
  return d;
}

/// In space: Skilling's transposed coordinates (Programming the Hilbert curve, 2004), their bits interleaved.
std::uint64_t hilbert(std::uint32_t x[3], int bits) {
  const std::uint32_t top = 1u << (bits - 1);
  for (std::uint32_t q = top; q > 1; q >>= 1)
    for (int i = 0; i < 3; ++i) {
      const std::uint32_t p = q - 1, t = (x[0] ^ x[i]) & p;
      if (x[i] & q) {
        x[0] ^= p;
      } else {
        x[0] ^= t;
        x[i] ^= t;
      }
    }
  std::uint32_t t = 0;
  for (int i = 1; i < 3; ++i) x[i] ^= x[i - 1];
  for (std::uint32_t q = top; q > 1; q >>= 1)
    if (x[2] & q) t ^= q - 1;
  std::uint64_t d = 0;
  for (int b = bits - 1; b >= 0; --b)
    for (int i = 0; i < 3; ++i) d = d << 1 | ((x[i] ^ t) >> b & 1);
  return d;
}

}  // namespace

std::vector<int> curveOrder(const BaseMesh &mesh) {
  const int n = mesh.cells(), d = mesh.dim, slots = d + 1, bits = 20;
  std::vector<double> centre(n * d, 0);
  double low[3] = {HUGE_VAL, HUGE_VAL, HUGE_VAL}, high = 0;
  for (int c = 0; c < n; ++c)
    for (int k = 0; k < d; ++k) {
      for (int s = 0; s < slots; ++s) centre[c * d + k] += mesh.corner[(c * slots + s) * d + k] / slots;
      low[k] = std::min(low[k], centre[c * d + k]);
    }
  for (int i = 0; i < n * d; ++i) high = std::max(high, centre[i] - low[i % d]);
  const double scale = high > 0 ? ((1 << bits) - 1) / high : 0;
  std::vector<std::uint64_t> key(n);
  for (int c = 0; c < n; ++c) {
    std::uint32_t q[3] = {0, 0, 0};
    for (int k = 0; k < d; ++k) q[k] = static_cast<std::uint32_t>((centre[c * d + k] - low[k]) * scale);
    key[c] = d == 1 ? q[0] : d == 2 ? hilbert(q[0], q[1], bits) : hilbert(q, bits);
  }
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return key[a] < key[b]; });
  return order;
}

ForestBase::ForestBase(BaseMesh base, MPI_Comm user_comm) : mesh(std::move(base)) {
  checkSizes(mesh);
  checkCells(mesh);
  if (mesh.dim == 3) {
    setUpTetrahedra();
  } else {
    connect(*this);
    checkHanging(*this);
    checkBoundary(*this);
  }
  collectAround(*this);
  findPeriods(*this);
  order = curveOrder(mesh);
  place.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int>(i);
  PetscMPIInt size = 1;
  MPI_Comm_size(user_comm, &size);
  comm = user_comm;
  if (size > 1) PetRLThrow(PetscCommDuplicate(user_comm, &comm, &tag));
}

ForestBase::~ForestBase() {
  PetscMPIInt size = 1;
  PetscBool finalized = PETSC_FALSE;
  if (comm == MPI_COMM_NULL || PetscFinalized(&finalized) || finalized) return;
  MPI_Comm_size(comm, &size);
  if (size > 1) (void)PetscCommDestroy(&comm);
}

}  // namespace petrl
