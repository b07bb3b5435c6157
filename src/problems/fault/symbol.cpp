#include "problems/fault/symbol.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "problems/fault/fftw.hpp"

namespace petrl::fault {

// The kernel is even in X and Z: its transforms are cosine transforms (DCT-I), real.
CirculantSymbol circulantSymbol(const DepthGrid &grid, Kernel kernel, const KernelParameters &p) {
  const bool mirror = kernel == Kernel::mirror;
  const std::ptrdiff_t depths = mirror ? 2 * grid.nz + 1 : grid.nz + 1;
  CirculantSymbol result;
  result.modes = mirror ? 2 * grid.nz : grid.nz + 1;
  result.values.resize(static_cast<std::size_t>(grid.count * result.modes));
  Buffer<double> row(static_cast<std::size_t>(grid.nx + 1)), column(static_cast<std::size_t>(depths));
  std::vector<double> table(static_cast<std::size_t>(depths * grid.count));
  const Plan along =
      made(fftw_plan_r2r_1d(static_cast<int>(grid.nx + 1), row.data(), row.data(), FFTW_REDFT00, FFTW_ESTIMATE));
  const Plan down =
      made(fftw_plan_r2r_1d(static_cast<int>(depths), column.data(), column.data(), FFTW_REDFT00, FFTW_ESTIMATE));
  for (std::ptrdiff_t j = 0; j < depths; ++j) {
    for (std::ptrdiff_t i = 0; i <= grid.nx; ++i)
      row[static_cast<std::size_t>(i)] =
          p.dx * p.dz * fullSpace(p, static_cast<double>(i) * p.dx, static_cast<double>(j) * p.dz);
    fftw_execute(along.get());
    std::copy_n(row.data() + grid.first, grid.count, table.data() + j * grid.count);
  }
  double largest = 0;
  for (std::ptrdiff_t k = 0; k < grid.count; ++k) {
    for (std::ptrdiff_t j = 0; j < depths; ++j)
      column[static_cast<std::size_t>(j)] = table[static_cast<std::size_t>(j * grid.count + k)];
    fftw_execute(down.get());
    double *s = result.values.data() + k * result.modes;
    std::copy_n(column.data(), result.modes, s);
    for (std::ptrdiff_t q = 0; q < result.modes; ++q) largest = std::max(largest, s[q]);
  }
  if (MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, grid.comm)) throw Error("fault: MPI failed");
  result.floor = 1e-6 * largest;
  for (std::ptrdiff_t q = 0; q <= grid.nz; ++q) {
    const double angle = 3.14159265358979323846 * static_cast<double>(q) / static_cast<double>(2 * grid.nz);
    result.twiddle.push_back(std::cos(angle));
    result.twiddle.push_back(std::sin(angle));
  }
  return result;
}

}  // namespace petrl::fault
