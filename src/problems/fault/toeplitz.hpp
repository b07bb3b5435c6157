// Functions of the stiffness matrix by FFT on slabs of rows.
#pragma once

#include <vector>

#include "problems/fault/depth.hpp"

namespace petrl::fault {

/// Applies the circulant that K is cut from, or a function of it, to a zero padded vector and cuts the result: exact
/// for K itself, an approximation for other functions. Real-to-complex FFT of each row of this rank padded to 2 nx; MPI
/// transpose, so that each rank owns all depths of some wavenumbers; an operator in depth for each; and back.
class Toeplitz {
 public:
  /// This rank owns `rows` rows, those of lower ranks come before. Collective.
  Toeplitz(MPI_Comm comm, PetscInt nx, PetscInt nz, PetscInt rows, Kernel kernel, const KernelParameters &p);

  /// y = f(K) x of local arrays of rows * nx numbers; x and y may be the same. Collective.
  void apply(const SymbolFunction &f, const double *x, double *y);

 private:
  void exchange(Complex *from, const std::vector<int> &fromCounts, const std::vector<int> &fromStarts, Complex *to,
                const std::vector<int> &toCounts, const std::vector<int> &toStarts);

  MPI_Comm comm_;
  std::ptrdiff_t nx_, nz_, rows_;
  std::vector<std::ptrdiff_t> starts_;  // first wavenumber of each rank, and the end
  std::unique_ptr<DepthOperator> depth_;
  Buffer<double> line_;
  Buffer<Complex> spectrum_;    // of one row
  Buffer<Complex> rowwise_;     // [rank][row][wavenumber of that rank]; one rank: [row][wavenumber]
  Buffer<Complex> columnwise_;  // [depth][wavenumber of this rank]; one rank: not used
  std::vector<int> row_counts_, row_starts_, column_counts_, column_starts_;  // in numbers of doubles
  Plan forward_, backward_;
};

}  // namespace petrl::fault
