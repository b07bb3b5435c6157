// What is left of K, and of functions of it, after a Fourier transform along strike: one operator in depth for every
// wavenumber.
#pragma once

#include <memory>
#include <vector>

#include "problems/fault/fftw.hpp"
#include "problems/fault/kernel.hpp"

namespace petrl::fault {

/// f(s) = constant + root sqrt(s) + linear s, or one over it, of the eigenvalues s of the circulant that K is cut from.
/// Where a root or an inverse is taken, eigenvalues below 1e-6 of the largest count as that (rounding, and the
/// truncation of the kernel by the wrap, might make them negative); the plain linear term is always exact.
struct SymbolFunction {
  double constant = 0, root = 0, linear = 0;
  bool inverse = false;
};

/// The grid, and the range of wavenumbers (0 ... nx of them in all) that this rank works on.
struct DepthGrid {
  MPI_Comm comm;
  std::ptrdiff_t nx, nz;
  std::ptrdiff_t first, count;
  unsigned planning;  ///< FFTW_ESTIMATE or FFTW_MEASURE
};

class DepthOperator {
 public:
  virtual ~DepthOperator() = default;
  /// Applies f in place to columns[iz * pitch + k], k < count; includes the factor 1 / (2 nx) that the transforms along
  /// strike leave out. Not collective.
  virtual void apply(const SymbolFunction &f, Complex *columns, std::ptrdiff_t pitch) = 0;
};

/// Full space and mirror: Fourier in depth as well. Collective.
std::unique_ptr<DepthOperator> makeCirculantDepth(const DepthGrid &grid, Kernel kernel, const KernelParameters &p);

/// Half space: a dense nz x nz eigendecomposition for each wavenumber (8 nz^2 bytes each). Collective.
std::unique_ptr<DepthOperator> makeDenseDepth(const DepthGrid &grid, const KernelParameters &p);

}  // namespace petrl::fault
