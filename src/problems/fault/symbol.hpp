// Eigenvalues of the circulant that K is cut from, and what a function of it does to transformed fields: on the host and
// on a device.
#pragma once

#include <petscsys.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "device/space.hpp"
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

/// Sources are zero padded to twice the depth. Full space: a Fourier transform of that length M = 2 nz. Mirror: the
/// field is even about the surface, so it is a cosine transform (DCT-II) of length M, diagonal for the circulant of the
/// 4 nz cells of the evenly extended grid. The DCT is done as a complex FFT of length M (Makhoul 1980): even entries
/// first, odd ones backwards after them; with V its transform and w = exp(-i pi q / (2 M)),
///   X_q = w V_q + conj(w) V_(M-q).
/// Multiplying X_q and X_(M-q) by s1 and s2 and transforming back is, on V,
///   V_q <- (s1+s2)/2 V_q + (s1-s2)/2 conj(w)^2 V_(M-q), and likewise with q and M-q exchanged.
struct CirculantSymbol {
  std::ptrdiff_t modes = 0;     ///< in depth: q = 0 ... nz, mirror: 0 ... 2 nz - 1
  std::vector<double> values;   ///< [wavenumber][mode]
  double floor = 0;             ///< 1e-6 of the largest of all ranks
  std::vector<double> twiddle;  ///< exp(i pi q / M), q = 0 ... nz
};

/// Full space or mirror. Collective.
CirculantSymbol circulantSymbol(const DepthGrid &grid, Kernel kernel, const KernelParameters &p);

/// Where the transform in depth of length 2 nz has cell i.
PETRL_BOTH std::ptrdiff_t placeInDepth(std::ptrdiff_t i, std::ptrdiff_t nz, bool mirror) {
  return !mirror ? i : i % 2 ? 2 * nz - 1 - (i - 1) / 2 : i / 2;
}

/// f at an eigenvalue, times the factor that the transforms leave out.
struct Multiplier {
  SymbolFunction f;
  double norm, floor;
  PETRL_BOTH double clipped(double s) const { return s < floor ? floor : s; }
  PETRL_BOTH double inverse(double symbol) const {
    const double s = clipped(symbol);
    return norm / (f.constant + f.root * sqrt(s) + f.linear * s);
  }
  PETRL_BOTH double withRoot(double s) const { return norm * (f.constant + f.root * sqrt(clipped(s)) + f.linear * s); }
  PETRL_BOTH double withoutRoot(double s) const { return norm * (f.constant + f.linear * s); }
  PETRL_BOTH double operator()(double s) const {
    return f.inverse ? inverse(s) : f.root != 0 ? withRoot(s) : withoutRoot(s);
  }
};

/// V_q (a) and V_(M-q) (b), real and imaginary parts, with the multipliers of X_q and X_(M-q); c + i s = exp(i pi q / M).
PETRL_BOTH void multiplyCosine(double m1, double m2, double c, double s, double *a, double *b) {
  const double mean = (m1 + m2) / 2, half = (m1 - m2) / 2, hc = half * c, hs = half * s;
  const double ar = a[0], ai = a[1], br = b[0], bi = b[1];
  a[0] = mean * ar + hc * br - hs * bi;
  a[1] = mean * ai + hc * bi + hs * br;
  b[0] = mean * br + hc * ar + hs * ai;
  b[1] = mean * bi + hc * ai - hs * ar;
}

}  // namespace petrl::fault
