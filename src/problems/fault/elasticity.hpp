// Elastic stiffness and damping of a planar fault cut into equal cells, matrix-free by FFT on any number of ranks.
#pragma once

#include <petscdm.h>

#include <memory>
#include <string>
#include <vector>

#include "device/runtime.hpp"
#include "problems/fault/kernel.hpp"

namespace petrl::fault {

/// How H = 2 zeta sqrt(m) K^(1/2) is formed.
enum class Damping {
  exact,  ///< the square root of K itself: dense up to dense_limit cells, Lanczos (some 50 products with K) beyond
  symbol  ///< the square root of the circulant that K is cut from: FFT only, some 3 % away in norm
};

/// "exact" or "symbol". Throws petrl::Error for another name.
Damping dampingFromName(const std::string &name);

/// The fault: nx x nz cells, lx along strike and lz down dip, loaded from ly away (which sets the moving mass).
struct ElasticityParameters {
  PetscInt nx = 1, nz = 1;
  double lx = 3000, ly = 3000, lz = 3000;  ///< [m]
  double shear_modulus = 30e9;             ///< G [Pa]
  double poisson = 0.25;                   ///< nu, in [0, 0.5)
  double density = 2500;                   ///< rho [kg/m3]
  double damping_ratio = 0.27;             ///< zeta
  Kernel kernel = Kernel::mirror;
  Damping damping = Damping::exact;
  /// Factor on K. 0: mesh-consistent, so that the weakest mode is as stiff as the one-cell fault of the same kernel,
  /// (K_1 / (lx lz)) / (lambda_min(K_N) / (Dx Dz)); without it finer meshes are stiffer than one cell.
  double k_scale = 1;
  PetscInt dense_limit = 1024;  ///< most cells for which exact damping is a dense matrix
  std::string cache;            ///< folder that keeps dense square roots between runs; empty: none
};

class Rows;
class Toeplitz;
class SquareRoot;

/// K [N/m] and H [N s/m] on the cells of a fault, a DMDA (grid.hpp), whose options may change the number of cells. As
/// long as there are rows for all ranks, each owns whole rows and vectors are in natural order, x fastest
/// (iz * nx + ix, iz downwards).
/// A product costs O(N log N), some 20 to 40 ns a cell, with the full space and the mirror; O(N nz) time and memory
/// with the half space. All member functions that take vectors are collective, need vectors of the layout of
/// createVector() (x and y different), allocate nothing after the first few calls and throw petrl::Error.
/// Where vectors live on a device (-vec_type cuda) all of it is done there, but for several ranks, the half space (fields
/// are copied to the host and back for their FFTs), and set-up.
class Elasticity {
 public:
  /// Collective. Throws petrl::Error for a parameter out of range; it names the parameter, what was found and what was
  /// expected.
  Elasticity(MPI_Comm comm, const ElasticityParameters &parameters);
  static std::unique_ptr<Elasticity> create(MPI_Comm comm, const ElasticityParameters &parameters);
  ~Elasticity();
  Elasticity(const Elasticity &) = delete;
  Elasticity &operator=(const Elasticity &) = delete;

  DM grid() const { return grid_; }  ///< borrowed
  /// A new vector of the grid; the caller destroys it. Collective.
  Vec createVector() const;
  MPI_Comm comm() const { return comm_; }
  const ElasticityParameters &parameters() const { return parameters_; }
  PetscInt nx() const { return parameters_.nx; }
  PetscInt nz() const { return parameters_.nz; }
  PetscInt size() const { return nx() * nz(); }
  PetscInt localSize() const { return local_size_; }  ///< cells of this rank
  /// The whole rows that this rank transforms: as a rule its cells.
  const Rows &rows() const { return *rows_; }

  device::Space space() const { return space_; }  ///< where fields live
  /// Where what is done: for -ts_view.
  std::string describe() const;

  double cellArea() const { return dx_ * dz_; }  ///< Dx Dz [m2]
  double mass() const { return mass_; }          ///< m = rho ly Dx Dz [kg], of one cell
  double scale() const { return scale_; }        ///< the factor on K in use

  /// y = K x.
  void stiffness(Vec x, Vec y);
  /// y = H x, H = 2 zeta sqrt(m) K^(1/2).
  void damping(Vec x, Vec y);
  /// y = (c_mass m I + c_damping H + c_stiffness K) x; one pair of FFTs where damping is `symbol`.
  void apply(double c_mass, double c_damping, double c_stiffness, Vec x, Vec y);
  /// The same of vectors of rows().
  void applyRows(double c_mass, double c_damping, double c_stiffness, Vec x, Vec y);
  /// y = an approximation of (c_mass m I + c_damping H + c_stiffness K)^-1 x: the inverse of the circulant that the
  /// operator is cut from, cut in the same way. Symmetric positive definite; the coefficients must not be negative and
  /// not all zero.
  void precondition(double c_mass, double c_damping, double c_stiffness, Vec x, Vec y);
  /// Extreme eigenvalues of K [N/m], to better than 1 %. Collective; computed once.
  void bounds(double *lo, double *hi);

  /// K between two cells, by the closed form [N/m]. Not collective.
  double entry(PetscInt ix, PetscInt iz, PetscInt jx, PetscInt jz) const;

 private:
  void checkParameters() const;
  void checkLayout(Vec x) const;
  void operate(bool inverse, double c_mass, double c_damping, double c_stiffness, Vec x, Vec y);
  double extreme(bool smallest, double tolerance);

  ElasticityParameters parameters_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  double dx_, dz_, mass_, scale_ = 1;
  DM grid_ = nullptr;
  PetscInt local_size_ = 0;
  std::unique_ptr<Rows> rows_;
  device::Space space_ = device::Space::host;
  double single_stiffness_ = 0, single_damping_ = 0;  // of a fault of one cell
  double lo_ = 0, hi_ = 0;                            // of K, once known
  std::unique_ptr<Toeplitz> toeplitz_;
  std::unique_ptr<SquareRoot> root_;
  Vec work_ = nullptr;
};

}  // namespace petrl::fault
