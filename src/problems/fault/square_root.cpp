#include "problems/fault/square_root.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "device/vec_view.hpp"
#include "problems/fault/dense_device.hpp"
#include "problems/fault/eigen.hpp"
#include "problems/fault/grid.hpp"

namespace petrl::fault {

namespace {

using device::Space;

/// Even and odd combinations of the columns ix and nx-1-ix, orthonormal; the middle column of an odd nx is even.
class DenseRoot : public SquareRoot {
 public:
  explicit DenseRoot(const Elasticity &e)
      : comm_(e.comm()),
        nx_(e.nx()),
        pairs_(e.nx() / 2),
        even_((e.nx() + 1) / 2),
        rows_(e.rows().count()),
        all_(static_cast<std::size_t>(e.size())),
        field_(static_cast<std::size_t>(even_ * e.nz())),
        image_even_(static_cast<std::size_t>(even_ * rows_)),
        image_odd_(static_cast<std::size_t>(pairs_ * rows_)) {
    PetscMPIInt ranks = 1;
    check(static_cast<PetscErrorCode>(MPI_Comm_size(comm_, &ranks)), "MPI_Comm_size");
    counts_.resize(static_cast<std::size_t>(ranks));
    starts_.resize(counts_.size());
    int mine = static_cast<int>(rows_ * nx_), start = static_cast<int>(e.rows().first() * nx_);
    check(static_cast<PetscErrorCode>(MPI_Allgather(&mine, 1, MPI_INT, counts_.data(), 1, MPI_INT, comm_)), "MPI");
    check(static_cast<PetscErrorCode>(MPI_Allgather(&start, 1, MPI_INT, starts_.data(), 1, MPI_INT, comm_)), "MPI");
    const RootBlocks blocks = share(e);
    const double unit = std::sqrt(e.parameters().shear_modulus);
    root_even_ = localRows(blocks.even, even_, e, unit);
    root_odd_ = localRows(blocks.odd, pairs_, e, unit);
    on_device_ = e.space() == Space::device;
    if (!on_device_ || ranks > 1) return;
    device_ = makeDenseDevice(e.nx(), e.nz(), root_even_, root_odd_);
    root_even_ = root_odd_ = {};
  }

  std::string describe() const override {
    return std::string("dense square root") + (!on_device_ ? " on the host"
                                               : device_   ? " on the device"
                                                           : " on the host (copied there: more than one rank)");
  }

  void apply(Vec x, Vec y) override {
    const Space space = device_ ? Space::device : Space::host;
    const PetscScalar *from;
    PetscScalar *to;
    device::VecView source, target;
    PetRLThrow(source.beginRead(x, space, &from));
    PetRLThrow(target.begin(y, space, device::Access::write, &to));
    if (device_)
      device_->apply(from, to);
    else
      applyOnHost(from, to);
    PetRLThrow(target.end());
    PetRLThrow(source.end());
  }

 private:
  void applyOnHost(const double *from, double *to) {
    const double *whole = from;
    if (counts_.size() > 1) {
      const int mine = static_cast<int>(rows_ * nx_);
      if (MPI_Allgatherv(from, mine, MPI_DOUBLE, all_.data(), counts_.data(), starts_.data(), MPI_DOUBLE, comm_))
        throw Error("fault: MPI_Allgatherv failed", PETSC_ERR_LIB);
      whole = all_.data();
    }
    multiply(whole, 1, even_, root_even_, image_even_);
    multiply(whole, -1, pairs_, root_odd_, image_odd_);
    for (PetscInt i = 0; i < rows_; ++i, to += nx_) {
      const double *even = image_even_.data() + i * even_, *odd = image_odd_.data() + i * pairs_;
      for (PetscInt j = 0; j < nx_; ++j) to[j] = unfoldAt(even, odd, nx_, j);
    }
  }

  // One of the blocks of K / (scale G), and its square root.
  static std::vector<double> block(const Elasticity &e, bool even) {
    const PetscInt nx = e.nx(), half = even ? (nx + 1) / 2 : nx / 2, n = half * e.nz();
    const auto size = static_cast<std::size_t>(n);
    const double unit = 1 / (e.scale() * e.parameters().shear_modulus);
    // Weight of a column: the middle one is its own mirror image.
    const auto weight = [nx](PetscInt i) { return 2 * i == nx - 1 ? M_SQRT1_2 : 1.0; };
    std::vector<double> k(size * size);
    for (PetscInt a = 0; a < n; ++a)
      for (PetscInt b = 0; b <= a; ++b) {
        const PetscInt ix = a % half, iz = a / half, jx = b % half, jz = b / half;
        const double direct = e.entry(ix, iz, jx, jz), image = e.entry(ix, iz, nx - 1 - jx, jz);
        const double value = unit * weight(ix) * weight(jx) * (even ? direct + image : direct - image);
        k[static_cast<std::size_t>(a * n + b)] = k[static_cast<std::size_t>(b * n + a)] = value;
      }
    const std::vector<double> values = eigendecompose(k, n);
    if (n > 0 && values[0] <= 0) throw Error("fault: the stiffness matrix is not positive definite", PETSC_ERR_LIB);
    return assemble(k, values);
  }

  // V sqrt(Lambda) V' from eigenvectors one after the other: sum of outer products, four at a time for each pass over
  // the result.
  static std::vector<double> assemble(const std::vector<double> &v, const std::vector<double> &values) {
    const std::size_t n = values.size();
    std::vector<double> root(n * n), padded(v), weights(values);
    while (weights.size() % 4) {
      weights.push_back(0);
      padded.resize(padded.size() + n);
    }
    for (std::size_t q = 0; q < weights.size(); q += 4) {
      const double *v0 = &padded[q * n], *v1 = v0 + n, *v2 = v1 + n, *v3 = v2 + n;
      const double s0 = std::sqrt(weights[q]), s1 = std::sqrt(weights[q + 1]), s2 = std::sqrt(weights[q + 2]),
                   s3 = std::sqrt(weights[q + 3]);
      for (std::size_t i = 0; i < n; ++i) {
        const double a = s0 * v0[i], b = s1 * v1[i], c = s2 * v2[i], d = s3 * v3[i];
        double *row = &root[i * n];
        for (std::size_t j = 0; j < n; ++j) row[j] += a * v0[j] + b * v1[j] + (c * v2[j] + d * v3[j]);
      }
    }
    return root;
  }

  // Rank 0 reads or computes, all get the result or its error.
  static RootBlocks share(const Elasticity &e) {
    const PetscInt even = (e.nx() + 1) / 2 * e.nz(), odd = e.nx() / 2 * e.nz();
    RootBlocks blocks;
    PetscMPIInt rank = 0;
    int failed = 0;
    std::string message;
    check(static_cast<PetscErrorCode>(MPI_Comm_rank(e.comm(), &rank)), "MPI_Comm_rank");
    if (rank == 0) {
      try {
        if (!readRoot(e.parameters(), blocks)) {
          blocks.even = block(e, true);
          blocks.odd = block(e, false);
          writeRoot(e.parameters(), blocks);
        }
      } catch (const std::exception &error) {
        failed = 1;
        message = error.what();
      }
    }
    check(static_cast<PetscErrorCode>(MPI_Bcast(&failed, 1, MPI_INT, 0, e.comm())), "MPI_Bcast");
    if (failed) throw Error(rank == 0 ? message : "fault: the square root failed on the first rank", PETSC_ERR_LIB);
    blocks.even.resize(static_cast<std::size_t>(even * even));
    blocks.odd.resize(static_cast<std::size_t>(odd * odd));
    for (auto *b : {&blocks.even, &blocks.odd})
      check(static_cast<PetscErrorCode>(MPI_Bcast(b->data(), static_cast<int>(b->size()), MPI_DOUBLE, 0, e.comm())),
            "MPI_Bcast");
    return blocks;
  }

  // The rows of this rank, stored by columns so that the product is a sum of long vectors.
  std::vector<double> localRows(const std::vector<double> &root, PetscInt half, const Elasticity &e,
                                double unit) const {
    const PetscInt n = half * e.nz(), own = half * rows_, first = half * e.rows().first();
    std::vector<double> out(static_cast<std::size_t>(own * n));
    for (PetscInt j = 0; j < n; ++j)
      for (PetscInt i = 0; i < own; ++i)
        out[static_cast<std::size_t>(j * own + i)] = unit * root[static_cast<std::size_t>(j * n + first + i)];
    return out;
  }

  // image = root * (even or odd part of the field)
  void multiply(const double *x, int sign, PetscInt half, const std::vector<double> &root, std::vector<double> &image) {
    const PetscInt n = half * (static_cast<PetscInt>(all_.size()) / nx_);
    double *f = field_.data();
    for (PetscInt a = 0; a < n; a += half, x += nx_)
      for (PetscInt ix = 0; ix < half; ++ix) f[a + ix] = foldAt(x, nx_, ix, sign);
    const std::size_t own = image.size();
    double *__restrict y = image.data();
    const double *m = root.data();
    std::fill_n(y, own, 0.0);
    PetscInt j = 0;
    for (; j + 4 <= n; j += 4, m += 4 * own) {
      const double a = f[j], b = f[j + 1], c = f[j + 2], d = f[j + 3];
      for (std::size_t i = 0; i < own; ++i)
        y[i] += a * m[i] + b * m[own + i] + (c * m[2 * own + i] + d * m[3 * own + i]);
    }
    for (; j < n; ++j, m += own)
      for (std::size_t i = 0; i < own; ++i) y[i] += f[j] * m[i];
  }

  MPI_Comm comm_;
  PetscInt nx_, pairs_, even_, rows_;
  std::vector<double> all_, field_, image_even_, image_odd_, root_even_, root_odd_;
  std::vector<int> counts_, starts_;
  bool on_device_ = false;  // the fields are
  std::unique_ptr<DenseDevice> device_;
};

}  // namespace

std::unique_ptr<SquareRoot> makeDenseRoot(const Elasticity &elasticity) {
  return std::make_unique<DenseRoot>(elasticity);
}

}  // namespace petrl::fault
