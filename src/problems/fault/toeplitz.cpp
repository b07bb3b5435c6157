#include "problems/fault/toeplitz.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "problems/fault/depth.hpp"
#include "problems/fault/fft.hpp"

namespace petrl::fault {

namespace {

/// On slabs of rows, on the host: MPI transpose, so that each rank owns all depths of some wavenumbers, and back.
class SlabToeplitz : public Toeplitz {
 public:
  SlabToeplitz(const Slab &slab, unsigned planning, Kernel kernel, const KernelParameters &p, std::string why);
  void apply(const SymbolFunction &f, const double *x, double *y) override;
  device::Space space() const override { return device::Space::host; }
  std::string describe() const override { return "FFTs by FFTW on the host" + why_; }

 private:
  void exchange(Complex *from, const std::vector<int> &fromCounts, const std::vector<int> &fromStarts, Complex *to,
                const std::vector<int> &toCounts, const std::vector<int> &toStarts);

  MPI_Comm comm_;
  std::ptrdiff_t nx_, nz_, rows_;
  std::string why_;                     // not on the device where the fields are
  std::vector<std::ptrdiff_t> starts_;  // first wavenumber of each rank, and the end
  std::unique_ptr<DepthOperator> depth_;
  Buffer<double> line_;
  Buffer<Complex> spectrum_;    // of one row
  Buffer<Complex> rowwise_;     // [rank][row][wavenumber of that rank]; one rank: [row][wavenumber]
  Buffer<Complex> columnwise_;  // [depth][wavenumber of this rank]; one rank: not used
  std::vector<int> row_counts_, row_starts_, column_counts_, column_starts_;  // in numbers of doubles
  std::unique_ptr<FFT> forward_, backward_;
};

SlabToeplitz::SlabToeplitz(const Slab &slab, unsigned planning, Kernel kernel, const KernelParameters &p,
                           std::string why)
    : comm_(slab.comm), nx_(slab.nx), nz_(slab.nz), rows_(slab.rows), why_(std::move(why)) {
  PetscMPIInt ranks = 1, rank = 0;
  PetRLThrow(static_cast<PetscErrorCode>(MPI_Comm_size(comm_, &ranks)));
  PetRLThrow(static_cast<PetscErrorCode>(MPI_Comm_rank(comm_, &rank)));
  const std::ptrdiff_t all = nx_ + 1;
  for (std::ptrdiff_t r = 0; r <= ranks; ++r) starts_.push_back(all * r / ranks);
  const std::ptrdiff_t own = starts_[static_cast<std::size_t>(rank) + 1] - starts_[static_cast<std::size_t>(rank)];
  std::vector<int> rowsOf(static_cast<std::size_t>(ranks));
  int mine = static_cast<int>(rows_);
  PetRLThrow(static_cast<PetscErrorCode>(MPI_Allgather(&mine, 1, MPI_INT, rowsOf.data(), 1, MPI_INT, comm_)));
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
  forward_ = makeFFT(device::Space::host, {Transform::real_to_complex, 2 * nx_, 1, 1, all, true}, line_.data(),
                     numbers(spectrum_), planning);
  backward_ = makeFFT(device::Space::host, {Transform::complex_to_real, 2 * nx_, 1, 1, all, false}, numbers(spectrum_),
                      line_.data(), planning);

  const DepthGrid grid{comm_, nx_, nz_, starts_[static_cast<std::size_t>(rank)], own, planning};
  depth_ = kernel == Kernel::half ? makeDenseDepth(grid, p) : makeCirculantDepth(grid, kernel, p);
}

void SlabToeplitz::exchange(Complex *from, const std::vector<int> &fromCounts, const std::vector<int> &fromStarts,
                            Complex *to, const std::vector<int> &toCounts, const std::vector<int> &toStarts) {
  if (MPI_Alltoallv(from, fromCounts.data(), fromStarts.data(), MPI_DOUBLE, to, toCounts.data(), toStarts.data(),
                    MPI_DOUBLE, comm_) != MPI_SUCCESS)
    throw Error("fault: MPI_Alltoallv failed", PETSC_ERR_LIB);
}

void SlabToeplitz::apply(const SymbolFunction &f, const double *x, double *y) {
  const std::size_t ranks = starts_.size() - 1;
  // Of the padded row, only the first half is ever written here, and FFTW preserves its input; the way back fills it.
  std::fill_n(line_.data() + nx_, nx_, 0.0);
  for (std::ptrdiff_t i = 0; i < rows_; ++i) {
    std::copy_n(x + i * nx_, nx_, line_.data());
    forward_->execute(line_.data(), numbers(spectrum_));
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
    backward_->execute(numbers(spectrum_), line_.data());
    std::copy_n(line_.data(), nx_, y + i * nx_);
  }
}

}  // namespace

std::unique_ptr<Toeplitz> makeToeplitz(const Slab &slab, Kernel kernel, const KernelParameters &p,
                                       device::Space fields) {
  PetscMPIInt ranks = 1;
  PetscBool measure = PETSC_FALSE;
  PetRLThrow(static_cast<PetscErrorCode>(MPI_Comm_size(slab.comm, &ranks)));
  PetRLThrow(PetscOptionsGetBool(nullptr, nullptr, "-fault_fftw_measure", &measure, nullptr));
  // The estimate gives the same plan, thus the same rounding, in every run.
  const unsigned planning = measure ? FFTW_MEASURE : FFTW_ESTIMATE;
  const bool on_device = fields == device::Space::device;
  if (on_device && ranks == 1 && kernel != Kernel::half)
    return makeDeviceToeplitz({slab.comm, slab.nx, slab.nz, 0, slab.nx + 1, planning}, kernel, p);
  const char *const why = !on_device               ? ""
                          : kernel == Kernel::half ? " (copied there: the half space)"
                                                   : " (copied there: more than one rank)";
  return std::make_unique<SlabToeplitz>(slab, planning, kernel, p, why);
}

}  // namespace petrl::fault
