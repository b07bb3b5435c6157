// What is left of K, and of functions of it, after a Fourier transform along strike: one operator in depth for every
// wavenumber.
#pragma once

#include <memory>

#include "problems/fault/fftw.hpp"
#include "problems/fault/symbol.hpp"

namespace petrl::fault {

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
