// What the tests of the fault's elasticity share: small faults, fields as plain numbers, a preconditioned CG.
#pragma once

#include <petscdmda.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "problems/fault/elasticity.hpp"

namespace petrl::test {

using Numbers = std::vector<double>;

inline const char *dampingName(fault::Damping damping) {
  return damping == fault::Damping::exact ? "exact" : "symbol";
}

/// K as a dense matrix, symmetric.
inline Numbers dense(const fault::Elasticity &e) {
  Numbers k;
  for (PetscInt i = 0; i < e.size(); ++i)
    for (PetscInt j = 0; j < e.size(); ++j) k.push_back(e.entry(i % e.nx(), i / e.nx(), j % e.nx(), j / e.nx()));
  return k;
}

/// A fault whose cells are not square and whose length is not its depth.
inline fault::ElasticityParameters faultOf(PetscInt nx, PetscInt nz, fault::Kernel kernel) {
  fault::ElasticityParameters p;
  p.nx = nx;
  p.nz = nz;
  p.lx = 3000;
  p.lz = 2000;
  p.poisson = 0.22;
  p.kernel = kernel;
  return p;
}

/// The same numbers on any number of ranks.
inline Numbers randomNumbers(PetscInt n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Numbers x(static_cast<std::size_t>(n));
  for (double &v : x) v = normal(generator);
  return x;
}

/// Applies an operator of `e` to a whole field that every rank holds; every rank gets the whole result. Collective.
inline Numbers on(const fault::Elasticity &e, const Numbers &whole, const std::function<void(Vec, Vec)> &op) {
  struct Pair {
    explicit Pair(const fault::Elasticity &f) : x(f.createVector()), y(f.createVector()) {}
    ~Pair() {
      (void)VecDestroy(&x);
      (void)VecDestroy(&y);
    }
    Vec x, y;
  } v(e);
  PetscInt x0, z0, width, height;
  PetscScalar **a;
  const auto cells = [&](const auto &each) {
    for (PetscInt z = z0; z < z0 + height; ++z)
      for (PetscInt x = x0; x < x0 + width; ++x) each(a[z][x], static_cast<std::size_t>(z * e.nx() + x));
  };
  PetRLThrow(DMDAGetCorners(e.grid(), &x0, &z0, nullptr, &width, &height, nullptr));
  PetRLThrow(DMDAVecGetArray(e.grid(), v.x, &a));
  cells([&](PetscScalar &cell, std::size_t i) { cell = whole[i]; });
  PetRLThrow(DMDAVecRestoreArray(e.grid(), v.x, &a));
  op(v.x, v.y);
  Numbers result(static_cast<std::size_t>(e.size()));
  PetRLThrow(DMDAVecGetArray(e.grid(), v.y, &a));
  cells([&](PetscScalar &cell, std::size_t i) { result[i] = cell; });
  PetRLThrow(DMDAVecRestoreArray(e.grid(), v.y, &a));
  MPI_Allreduce(MPI_IN_PLACE, result.data(), static_cast<int>(result.size()), MPI_DOUBLE, MPI_SUM, e.comm());
  return result;
}

/// ||a - b|| / ||b||
inline double difference(const Numbers &a, const Numbers &b) {
  double off = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    off += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(off / norm);
}

/// Iterations of preconditioned CG from zero until the residual of (c_mass m I + c_damping H + c_stiffness K) x = b has
/// fallen by `reduction`. Collective.
inline int cg(fault::Elasticity &e, double c_mass, double c_damping, double c_stiffness, const Numbers &b,
              double reduction) {
  Numbers r = b, z, p, ap;
  const auto dot = [](const Numbers &u, const Numbers &v) {
    double sum = 0;
    for (std::size_t i = 0; i < u.size(); ++i) sum += u[i] * v[i];
    return sum;
  };
  const double target = reduction * std::sqrt(dot(b, b));
  double old = 0;
  for (int k = 0; k < 1000; ++k) {
    if (std::sqrt(dot(r, r)) <= target) return k;
    z = on(e, r, [&](Vec x, Vec y) { e.precondition(c_mass, c_damping, c_stiffness, x, y); });
    const double rz = dot(r, z);
    if (k == 0) {
      p = z;
    } else {
      for (std::size_t i = 0; i < p.size(); ++i) p[i] = z[i] + rz / old * p[i];
    }
    old = rz;
    ap = on(e, p, [&](Vec x, Vec y) { e.apply(c_mass, c_damping, c_stiffness, x, y); });
    const double step = rz / dot(p, ap);
    for (std::size_t i = 0; i < r.size(); ++i) r[i] -= step * ap[i];
  }
  return 1000;
}

inline std::string contents(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A new folder, removed with all that it holds.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path((std::filesystem::temp_directory_path() / ("petrl-fault-" + std::to_string(getpid()))).string()) {
    std::filesystem::create_directories(path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::vector<std::string> files(const std::string &below) const {
    std::vector<std::string> all;
    for (const auto &entry : std::filesystem::directory_iterator(path + "/" + below))
      all.push_back(entry.path().string());
    return all;
  }
  std::string path;
};

}  // namespace petrl::test
