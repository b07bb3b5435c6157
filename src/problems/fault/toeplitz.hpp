// Functions of the stiffness matrix by FFT.
#pragma once

#include <memory>
#include <string>

#include "device/runtime.hpp"
#include "problems/fault/symbol.hpp"

namespace petrl::fault {

/// Applies the circulant that K is cut from, or a function of it, to a zero padded field and cuts the result: exact for
/// K itself, an approximation for other functions. Real-to-complex FFT of each row padded to 2 nx; an operator in depth
/// for each wavenumber; and back.
class Toeplitz {
 public:
  virtual ~Toeplitz() = default;
  /// y = f(K) x of local arrays of rows * nx numbers in space(); x and y may be the same. Collective.
  virtual void apply(const SymbolFunction &f, const double *x, double *y) = 0;
  virtual device::Space space() const = 0;
  /// "FFTs by FFTW on the host"
  virtual std::string describe() const = 0;
};

/// What is transformed: this rank owns `rows` rows, those of lower ranks come before.
struct Slab {
  MPI_Comm comm;
  PetscInt nx, nz, rows;
};

/// On a device where the fields live on one, one rank has all of it and the kernel is not that of the half space; else
/// on the host, on slabs. Collective.
std::unique_ptr<Toeplitz> makeToeplitz(const Slab &slab, Kernel kernel, const KernelParameters &p,
                                       device::Space fields);

/// toeplitz_device.cpp: the whole field at once, for one rank.
std::unique_ptr<Toeplitz> makeDeviceToeplitz(const DepthGrid &grid, Kernel kernel, const KernelParameters &p);

}  // namespace petrl::fault
