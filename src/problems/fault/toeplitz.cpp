#include "problems/fault/toeplitz.hpp"

#include <algorithm>

namespace petrl::fault {

Toeplitz::Toeplitz(MPI_Comm comm, PetscInt nx, PetscInt nz, PetscInt rows, Kernel kernel, const KernelParameters &p)
    : comm_(comm), nx_(nx), nz_(nz), rows_(rows) {
  PetscMPIInt ranks = 1, rank = 0;
  PetscBool measure = PETSC_FALSE;
  PetRLThrow(static_cast<PetscErrorCode>(MPI_Comm_size(comm, &ranks)));
  PetRLThrow(static_cast<PetscErrorCode>(MPI_Comm_rank(comm, &rank)));
  PetRLThrow(PetscOptionsGetBool(nullptr, nullptr, "-fault_fftw_measure", &measure, nullptr));
  // The estimate gives the same plan, thus the same rounding, in every run.
  const unsigned planning = measure ? FFTW_MEASURE : FFTW_ESTIMATE;

  const std::ptrdiff_t all = nx_ + 1;
  for (std::ptrdiff_t r = 0; r <= ranks; ++r) starts_.push_back(all * r / ranks);
  const std::ptrdiff_t own = starts_[static_cast<std::size_t>(rank) + 1] - starts_[static_cast<std::size_t>(rank)];
  std::vector<int> rowsOf(static_cast<std::size_t>(ranks));
  int mine = static_cast<int>(rows);
  PetRLThrow(static_cast<PetscErrorCode>(MPI_Allgather(&mine, 1, MPI_INT, rowsOf.data(), 1, MPI_INT, comm)));
  int rowStart = 0, columnStart = 0;
  for (std::size_t r = 0; r < rowsOf.size(); ++r) {
    row_counts_.push_back(2 * static_cast<int>(rows_ * (starts_[r + 1] - starts_[r])));
    column_counts_.push_back(2 * static_cast<int>(rowsOf[r] * own));
    row_starts_.push_back(rowStart);
    column_starts_.push_back(columnStart);
    rowStart += row_counts_.back();
    columnStart += column_counts_.back();
  }

  line_ = Buffer<double>(static_cast<std::size_t>(2 * nx_));
  spectrum_ = Buffer<Complex>(static_cast<std::size_t>(all));
  rowwise_ = Buffer<Complex>(static_cast<std::size_t>(rows_ * all));
  if (ranks > 1) columnwise_ = Buffer<Complex>(static_cast<std::size_t>(nz_ * own));
  const int n = static_cast<int>(2 * nx_);
  forward_ = made(fftw_plan_dft_r2c_1d(n, line_.data(), fftw(spectrum_.data()), planning | FFTW_PRESERVE_INPUT));
  backward_ = made(fftw_plan_dft_c2r_1d(n, fftw(spectrum_.data()), line_.data(), planning));

  const DepthGrid grid{comm, nx_, nz_, starts_[static_cast<std::size_t>(rank)], own, planning};
  depth_ = kernel == Kernel::half ? makeDenseDepth(grid, p) : makeCirculantDepth(grid, kernel, p);
}

void Toeplitz::exchange(Complex *from, const std::vector<int> &fromCounts, const std::vector<int> &fromStarts,
                        Complex *to, const std::vector<int> &toCounts, const std::vector<int> &toStarts) {
  if (MPI_Alltoallv(from, fromCounts.data(), fromStarts.data(), MPI_DOUBLE, to, toCounts.data(), toStarts.data(),
                    MPI_DOUBLE, comm_) != MPI_SUCCESS)
    throw Error("fault: MPI_Alltoallv failed", PETSC_ERR_LIB);
}

void Toeplitz::apply(const SymbolFunction &f, const double *x, double *y) {
  const std::size_t ranks = starts_.size() - 1;
  // Of the padded row, only the first half is ever written here, and FFTW preserves its input; the way back fills it.
  std::fill_n(line_.data() + nx_, nx_, 0.0);
  for (std::ptrdiff_t i = 0; i < rows_; ++i) {
    std::copy_n(x + i * nx_, nx_, line_.data());
    fftw_execute_dft_r2c(forward_.get(), line_.data(), fftw(spectrum_.data()));
    Complex *block = rowwise_.data();
    for (std::size_t r = 0; r < ranks; ++r) {
      const std::ptrdiff_t width = starts_[r + 1] - starts_[r];
      std::copy_n(spectrum_.data() + starts_[r], width, block + i * width);
      block += rows_ * width;
    }
  }
  if (ranks == 1) {
    depth_->apply(f, rowwise_.data(), nx_ + 1);
  } else {
    exchange(rowwise_.data(), row_counts_, row_starts_, columnwise_.data(), column_counts_, column_starts_);
    const std::ptrdiff_t own = nz_ > 0 ? (column_starts_.back() + column_counts_.back()) / (2 * nz_) : 0;
    depth_->apply(f, columnwise_.data(), own);
    exchange(columnwise_.data(), column_counts_, column_starts_, rowwise_.data(), row_counts_, row_starts_);
  }
  for (std::ptrdiff_t i = 0; i < rows_; ++i) {
    const Complex *block = rowwise_.data();
    for (std::size_t r = 0; r < ranks; ++r) {
      const std::ptrdiff_t width = starts_[r + 1] - starts_[r];
      std::copy_n(block + i * width, width, spectrum_.data() + starts_[r]);
      block += rows_ * width;
    }
    fftw_execute_dft_c2r(backward_.get(), fftw(spectrum_.data()), line_.data());
    std::copy_n(line_.data(), nx_, y + i * nx_);
  }
}

}  // namespace petrl::fault
