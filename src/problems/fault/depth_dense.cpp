#include <algorithm>
#include <cmath>

#include "problems/fault/depth.hpp"
#include "problems/fault/eigen.hpp"

namespace petrl::fault {

namespace {

/// The half space knows no translation in depth: K is one symmetric matrix in depth for each wavenumber along strike,
/// kept as its eigenvectors and eigenvalues so that every function of it costs two products.
class DenseDepth : public DepthOperator {
 public:
  DenseDepth(const DepthGrid &grid, const KernelParameters &p)
      : grid_(grid),
        vectors_(static_cast<std::size_t>(grid.count), std::vector<double>(square())),
        column_(static_cast<std::size_t>(grid.nz)),
        modal_(column_.size()) {
    transformKernel(p);
    double largest = 0;
    for (auto &v : vectors_) {
      values_.push_back(eigendecompose(v, grid.nz));
      largest = std::max(largest, values_.back().back());
    }
    if (MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, grid.comm)) throw Error("fault: MPI failed");
    floor_ = 1e-6 * largest;
  }

  void apply(const SymbolFunction &f, Complex *columns, std::ptrdiff_t pitch) override {
    const auto n = static_cast<std::size_t>(grid_.nz);
    const double norm = 1.0 / static_cast<double>(2 * grid_.nx);
    for (std::size_t k = 0; k < vectors_.size(); ++k) {
      for (std::size_t i = 0; i < n; ++i)
        column_[i] = columns[static_cast<std::ptrdiff_t>(i) * pitch + static_cast<std::ptrdiff_t>(k)];
      for (std::size_t q = 0; q < n; ++q) modal_[q] = norm * value(f, values_[k][q]) * project(&vectors_[k][q * n]);
      std::fill(column_.begin(), column_.end(), Complex());
      for (std::size_t q = 0; q < n; ++q) {
        const double *v = &vectors_[k][q * n], re = modal_[q].real(), im = modal_[q].imag();
        auto *y = reinterpret_cast<double *>(column_.data());
        for (std::size_t i = 0; i < n; ++i) {
          y[2 * i] += v[i] * re;
          y[2 * i + 1] += v[i] * im;
        }
      }
      for (std::size_t i = 0; i < n; ++i)
        columns[static_cast<std::ptrdiff_t>(i) * pitch + static_cast<std::ptrdiff_t>(k)] = column_[i];
    }
  }

 private:
  std::size_t square() const { return static_cast<std::size_t>(grid_.nz * grid_.nz); }

  // Four partial sums: one would wait for each addition.
  Complex project(const double *v) const {
    const auto *x = reinterpret_cast<const double *>(column_.data());
    const std::size_t n = column_.size();
    double sum[8] = {};
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4)
      for (std::size_t j = 0; j < 4; ++j) {
        sum[2 * j] += v[i + j] * x[2 * (i + j)];
        sum[2 * j + 1] += v[i + j] * x[2 * (i + j) + 1];
      }
    for (; i < n; ++i) {
      sum[0] += v[i] * x[2 * i];
      sum[1] += v[i] * x[2 * i + 1];
    }
    return {sum[0] + sum[2] + (sum[4] + sum[6]), sum[1] + sum[3] + (sum[5] + sum[7])};
  }

  double value(const SymbolFunction &f, double s) const {
    const double clipped = std::max(s, floor_);
    if (f.inverse) return 1 / (f.constant + f.root * std::sqrt(clipped) + f.linear * clipped);
    return f.constant + f.root * std::sqrt(clipped) + f.linear * s;
  }

  // Wraps the kernel along strike on 2 nx cells for each pair of depths: even, so a cosine transform (DCT-I).
  void transformKernel(const KernelParameters &p) {
    Buffer<double> row(static_cast<std::size_t>(grid_.nx + 1));
    const Plan along =
        made(fftw_plan_r2r_1d(static_cast<int>(grid_.nx + 1), row.data(), row.data(), FFTW_REDFT00, FFTW_ESTIMATE));
    const auto n = static_cast<std::size_t>(grid_.nz);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        const double zi = (static_cast<double>(i) + 0.5) * p.dz, zj = (static_cast<double>(j) + 0.5) * p.dz;
        for (std::ptrdiff_t x = 0; x <= grid_.nx; ++x)
          row[static_cast<std::size_t>(x)] =
              p.dx * p.dz * stiffness(Kernel::half, p, static_cast<double>(x) * p.dx, zi, zj);
        fftw_execute(along.get());
        for (std::size_t k = 0; k < vectors_.size(); ++k)
          vectors_[k][i * n + j] = vectors_[k][j * n + i] = row[static_cast<std::size_t>(grid_.first) + k];
      }
  }

  DepthGrid grid_;
  std::vector<std::vector<double>> vectors_, values_;  // a wavenumber each
  std::vector<Complex> column_, modal_;
  double floor_ = 0;
};

}  // namespace

std::unique_ptr<DepthOperator> makeDenseDepth(const DepthGrid &grid, const KernelParameters &p) {
  return std::make_unique<DenseDepth>(grid, p);
}

}  // namespace petrl::fault
