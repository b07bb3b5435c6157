#include "problems/fault/elasticity.hpp"

#include <cmath>
#include <sstream>

#include "base/error.hpp"
#include "device/vec_view.hpp"
#include "problems/fault/extreme.hpp"
#include "problems/fault/grid.hpp"
#include "problems/fault/square_root.hpp"
#include "problems/fault/toeplitz.hpp"

namespace petrl::fault {

Damping dampingFromName(const std::string &name) {
  if (name == "exact") return Damping::exact;
  if (name == "symbol") return Damping::symbol;
  throw Error("fault: damping: found \"" + name + "\", expected exact or symbol", PETSC_ERR_ARG_UNKNOWN_TYPE);
}

void Elasticity::checkParameters() const {
  const ElasticityParameters &p = parameters_;
  const auto require = [](bool good, const char *name, double found, const char *expected) {
    if (good) return;
    std::ostringstream message;
    message << "fault: " << name << ": found " << found << ", expected " << expected;
    throw Error(message.str(), PETSC_ERR_ARG_OUTOFRANGE);
  };
  const auto positive = [&](double x, const char *name) {
    require(std::isfinite(x) && x > 0, name, x, "a positive number");
  };
  // FFTW and MPI count with int; one rank may hold a whole field, padded.
  constexpr PetscInt most = 1 << 20;
  require(p.nx > 0 && p.nx <= most, "nx", static_cast<double>(p.nx), "1 to 1048576 cells");
  require(p.nz > 0 && p.nz <= most, "nz", static_cast<double>(p.nz), "1 to 1048576 cells");
  require(static_cast<double>(p.nx) * static_cast<double>(p.nz) <= (1 << 28), "nx * nz",
          static_cast<double>(p.nx) * static_cast<double>(p.nz), "at most 268435456 cells");
  positive(p.lx, "lx");
  positive(p.ly, "ly");
  positive(p.lz, "lz");
  positive(p.shear_modulus, "shear_modulus");
  positive(p.density, "density");
  require(p.poisson >= 0 && p.poisson < 0.5, "poisson", p.poisson, "a number in [0, 0.5)");
  require(std::isfinite(p.damping_ratio) && p.damping_ratio >= 0, "damping_ratio", p.damping_ratio,
          "a number that is not negative");
  require(std::isfinite(p.k_scale) && p.k_scale >= 0, "k_scale", p.k_scale,
          "a positive number, or 0 for the mesh-consistent value");
  require(p.dense_limit >= 0 && p.dense_limit <= 16384, "dense_limit", static_cast<double>(p.dense_limit),
          "0 to 16384 cells");
}

Elasticity::Elasticity(MPI_Comm comm, const ElasticityParameters &parameters) : parameters_(parameters) {
  checkParameters();
  PetRLThrow(PetscCommDuplicate(comm, &comm_, nullptr));
  try {
    grid_ = createGrid(comm_, parameters_);
    checkParameters();
    const ElasticityParameters &p = parameters_;
    dx_ = p.lx / static_cast<double>(p.nx);
    dz_ = p.lz / static_cast<double>(p.nz);
    mass_ = p.density * p.ly * cellArea();
    rows_ = std::make_unique<Rows>(grid_);
    work_ = rows_->createVector();
    PetscInt width, height;
    PetRLThrow(DMDAGetCorners(grid_, nullptr, nullptr, nullptr, &width, &height, nullptr));
    local_size_ = width * height;
    PetRLThrow(device::VecSpace(work_, &space_));
    const KernelParameters k{p.shear_modulus, p.poisson, dx_, dz_};
    const bool single = size() == 1;
    if (!single) toeplitz_ = makeToeplitz({comm_, p.nx, p.nz, rows_->count()}, p.kernel, k, space_);
    scale_ = 1;
    if (p.k_scale > 0) {
      scale_ = p.k_scale;
    } else if (!single) {
      const KernelParameters whole{p.shear_modulus, p.poisson, p.lx, p.lz};
      const double one = fault::stiffness(p.kernel, whole, 0, p.lz / 2, p.lz / 2);
      // To rounding, so that the same fault behaves the same on any number of ranks.
      lo_ = extreme(true, 1e-14);
      scale_ = one * cellArea() / lo_;
      lo_ *= scale_;
    }
    if (single) {
      single_stiffness_ = scale_ * fault::stiffness(p.kernel, k, 0, dz_ / 2, dz_ / 2) * cellArea();
      single_damping_ = 2 * p.damping_ratio * std::sqrt(mass_ * single_stiffness_);
    } else if (p.damping == Damping::exact) {
      root_ = size() <= p.dense_limit ? makeDenseRoot(*this) : makeLanczosRoot(*this);
    }
  } catch (...) {
    // A constructor that throws is not followed by the destructor.
    (void)VecDestroy(&work_);
    (void)DMDestroy(&grid_);
    (void)PetscCommDestroy(&comm_);
    throw;
  }
}

std::unique_ptr<Elasticity> Elasticity::create(MPI_Comm comm, const ElasticityParameters &parameters) {
  return std::make_unique<Elasticity>(comm, parameters);
}

Elasticity::~Elasticity() {
  root_.reset();
  (void)VecDestroy(&work_);
  (void)DMDestroy(&grid_);
  (void)PetscCommDestroy(&comm_);
}

Vec Elasticity::createVector() const {
  Vec v;
  PetRLThrow(DMCreateGlobalVector(grid_, &v));
  return v;
}

std::string Elasticity::describe() const {
  if (!toeplitz_) return "one cell";
  return toeplitz_->describe() + (root_ ? ", " + root_->describe() : "");
}

void Elasticity::checkLayout(Vec x) const {
  PetscInt own;
  PetRLThrow(VecGetLocalSize(x, &own));
  if (own != localSize())
    throw Error("fault: found a vector of another layout than createVector()'s", PETSC_ERR_ARG_SIZ);
}

// Of vectors of rows().
void Elasticity::operate(bool inverse, double c_mass, double c_damping, double c_stiffness, Vec x, Vec y) {
  const PetscScalar *from;
  PetscScalar *to;
  const SymbolFunction f{c_mass * mass_, c_damping * 2 * parameters_.damping_ratio * std::sqrt(mass_ * scale_),
                         c_stiffness * scale_, inverse};
  if (!toeplitz_) {
    const double a = c_mass * mass_ + c_damping * single_damping_ + c_stiffness * single_stiffness_;
    if (!inverse) {
      PetRLThrow(VecAXPBY(y, a, 0, x));
      return;
    }
    PetRLThrow(VecSet(y, a));
    PetRLThrow(VecPointwiseDivide(y, x, y));
    return;
  }
  device::VecView source, target;
  PetRLThrow(source.beginRead(x, toeplitz_->space(), &from));
  PetRLThrow(target.begin(y, toeplitz_->space(), device::Access::write, &to));
  toeplitz_->apply(f, from, to);
  PetRLThrow(target.end());
  PetRLThrow(source.end());
}

void Elasticity::apply(double c_mass, double c_damping, double c_stiffness, Vec x, Vec y) {
  checkLayout(x);
  rows_->with(x, y, [&](Vec from, Vec to) { applyRows(c_mass, c_damping, c_stiffness, from, to); });
}

void Elasticity::applyRows(double c_mass, double c_damping, double c_stiffness, Vec x, Vec y) {
  if (!root_ || c_damping == 0) {
    operate(false, c_mass, c_damping, c_stiffness, x, y);
    return;
  }
  root_->apply(x, work_);
  const double factor = c_damping * 2 * parameters_.damping_ratio * std::sqrt(mass_ * scale_);
  if (c_stiffness == 0) {
    PetRLThrow(VecAXPBYPCZ(y, factor, c_mass * mass_, 0, work_, x));
  } else {
    operate(false, c_mass, 0, c_stiffness, x, y);
    PetRLThrow(VecAXPY(y, factor, work_));
  }
}

void Elasticity::stiffness(Vec x, Vec y) {
  apply(0, 0, 1, x, y);
}

void Elasticity::damping(Vec x, Vec y) {
  apply(0, 1, 0, x, y);
}

void Elasticity::precondition(double c_mass, double c_damping, double c_stiffness, Vec x, Vec y) {
  if (!(c_mass >= 0 && c_damping >= 0 && c_stiffness >= 0 && c_mass + c_damping + c_stiffness > 0))
    throw Error("fault: precondition: the coefficients must not be negative and not all zero",
                PETSC_ERR_ARG_OUTOFRANGE);
  checkLayout(x);
  rows_->with(x, y, [&](Vec from, Vec to) { operate(true, c_mass, c_damping, c_stiffness, from, to); });
}

double Elasticity::extreme(bool smallest, double tolerance) {
  Vec start = createVector();
  PetscScalar *v;
  PetscInt first_x, first_z, width, height;
  PetRLThrow(DMDAGetCorners(grid_, &first_x, &first_z, nullptr, &width, &height, nullptr));
  // Close to the weakest mode (a bump) and to the stiffest (signs alternate from cell to cell).
  device::VecView view;
  PetRLThrow(view.begin(start, device::Space::host, device::Access::write, &v));
  for (PetscInt iz = first_z; iz < first_z + height; ++iz)
    for (PetscInt ix = first_x; ix < first_x + width; ++ix) {
      const double depth = (static_cast<double>(iz) + 0.5) / static_cast<double>(nz());
      const double bump = std::sin(M_PI * (static_cast<double>(ix) + 0.5) / static_cast<double>(nx())) *
                          (parameters_.kernel == Kernel::full ? std::sin(M_PI * depth) : std::cos(M_PI * depth / 2));
      *v++ = smallest || (iz + ix) % 2 == 0 ? bump : -bump;
    }
  PetRLThrow(view.end());
  const auto k = [this](Vec x, Vec y) { stiffness(x, y); };
  const auto inverse = [this](Vec x, Vec y) { precondition(0, 0, 1, x, y); };
  const double value =
      smallest ? smallestEigenvalue(k, inverse, start, tolerance) : largestEigenvalue(k, start, tolerance);
  PetRLThrow(VecDestroy(&start));
  return value;
}

void Elasticity::bounds(double *lo, double *hi) {
  if (!toeplitz_) lo_ = hi_ = single_stiffness_;
  if (lo_ == 0) lo_ = extreme(true, 1e-6);
  if (hi_ == 0) hi_ = extreme(false, 1e-5);
  *lo = lo_;
  *hi = hi_;
}

double Elasticity::entry(PetscInt ix, PetscInt iz, PetscInt jx, PetscInt jz) const {
  const KernelParameters k{parameters_.shear_modulus, parameters_.poisson, dx_, dz_};
  return scale_ * cellArea() *
         fault::stiffness(parameters_.kernel, k, static_cast<double>(ix - jx) * dx_,
                          (static_cast<double>(iz) + 0.5) * dz_, (static_cast<double>(jz) + 0.5) * dz_);
}

}  // namespace petrl::fault
