// Space discretisation of the benchmark: fifth-order WENO finite volumes, as fast as one core allows.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clones.hpp"
#include "problems/nonlinear1d/pde.hpp"

namespace petrl::nonlinear1d {

/// Values that a Row carries beyond its end: a whole vector and what the stencil reads.
constexpr int kRowGhost = 24;

/// A periodic row of n values with ghost values around, aligned for vector instructions. Ghosts: see Weno::stage.
template <typename T>
class Row {
 public:
  Row() = default;
  explicit Row(int n) : n_(n), lines_(static_cast<std::size_t>((n + kRowGhost + 15) / 16 + 2)) {}
  T *data() { return &lines_[1].value[0]; }
  const T *data() const { return &lines_[1].value[0]; }
  int n() const { return n_; }

 private:
  struct alignas(64) Line {
    T value[16];
  };
  int n_ = 0;
  std::vector<Line> lines_;
};

/// (u^2/2)_x by WENO5 reconstruction (Jiang, Shu 1996) and the exact Riemann solver (Godunov flux), viscosity u_xx by
/// the fourth-order central difference, forcing added. Values are cell means: then both are of the order they claim,
/// and the sum over the cells changes by the forcing alone.
template <typename T>
class Weno {
 public:
  /// n >= 5 cells. `means`: the forcing is averaged over the cells (else sampled at their centres, which is of second
  /// order, as in the published data). Throws petrl::Error.
  Weno(const Nonlinear1DCase &pde, int n, bool means);
  int n() const { return n_; }
  double spacing() const { return kLength / n_; }
  Forcing<T> &forcing() { return forcing_; }
  double viscosity() const { return viscosity_; }

  /// out = a base + b u + c du/dt(u, forcing): one stage of an explicit method. u, base and out are n values of a Row;
  /// the ghosts of u are filled here, those of out hold rubbish. out may be base, not u.
  void stage(T a, const T *base, T b, T *u, T c, const Amplitudes<T> &forcing, T *out);

 private:
  int n_;
  double viscosity_;
  Forcing<T> forcing_;
  Row<T> right_, left_;
};

/// Largest of rate(i), i < n, and `least`. Lane by lane: a maximum over floating-point numbers is not reordered by the
/// compiler.
template <typename T, typename Rate>
PETRL_INLINE T largestOver(int n, T least, Rate rate) {
  constexpr int lanes = 64 / sizeof(T);
  T most[lanes] = {least};
  int i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int k = 0; k < lanes; ++k) {
      const T size = rate(i + k);
      most[k] = size > most[k] ? size : most[k];
    }
  }
  for (int k = 0; i < n; ++i, ++k) {
    const T size = rate(i);
    most[k] = size > most[k] ? size : most[k];
  }
  for (int half = lanes / 2; half > 0; half /= 2) {
    for (int k = 0; k < half; ++k) most[k] = most[k + half] > most[k] ? most[k + half] : most[k];
  }
  return most[0];
}

/// Largest |u|.
double largest(int n, const double *u);
float largest(int n, const float *u);

extern template class Weno<double>;
extern template class Weno<float>;

}  // namespace petrl::nonlinear1d
