#include "problems/nonlinear1d/weno.hpp"

#include <cstring>
#include <string>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::nonlinear1d {

namespace {

template <typename T>
struct Work {
  int n, row;
  T a, b, c, advect, viscous;  // advect = 1 / (2 h), viscous = viscosity / (12 h^2)
  const T *sines, *cosines;
  T *right, *left;
};

// Loops run over whole vectors; what they compute beyond the end has ghosts to read and is read by nobody.
template <typename T>
PETRL_INLINE int wholeVectors(int n) {
  constexpr int width = 64 / sizeof(T);
  return (n + width - 1) & ~(width - 1);
}

template <typename T>
PETRL_INLINE void fillGhosts(int n, T *u) {
  if (n >= kRowGhost) {
    std::memcpy(u + n, u, kRowGhost * sizeof(T));
    std::memcpy(u - 8, u + n - 8, 8 * sizeof(T));
  } else {
    for (int g = 0; g < kRowGhost; ++g) u[n + g] = u[g];
    for (int g = 1; g <= 8; ++g) u[-g] = u[n - g];
  }
}

// A value on the right and on the left face of every cell from -1 to n. Both share the smoothness indicators; the
// weights d_k / (eps + beta_k)^2 are multiplied out, so that one division does for all.
template <typename T>
PETRL_INLINE void reconstruct(int n, const T *__restrict u, T *__restrict right, T *__restrict left) {
  const T eps = T(1e-6), third = T(13. / 3);
  const int count = wholeVectors<T>(n + 2);
  --u, --right, --left;
  const T *__restrict west2 = u - 2;
  const T *__restrict west = u - 1;
  const T *__restrict east = u + 1;
  const T *__restrict east2 = u + 2;
  PETRL_INDEPENDENT for (int i = 0; i < count; ++i) {
    const T p = west2[i], q = west[i], r = u[i], s = east[i], t = east2[i];
    const T c0 = p - 2 * q + r, c1 = q - 2 * r + s, c2 = r - 2 * s + t;
    const T g0 = p - 4 * q + 3 * r, g1 = q - s, g2 = 3 * r - 4 * s + t;
    // four times the usual indicators, hence four times eps
    const T b0 = third * c0 * c0 + (g0 * g0 + 4 * eps);
    const T b1 = third * c1 * c1 + (g1 * g1 + 4 * eps);
    const T b2 = third * c2 * c2 + (g2 * g2 + 4 * eps);
    const T m0 = b1 * b2, m1 = b0 * b2, m2 = b0 * b1;
    const T w0 = m0 * m0, w1 = 6 * (m1 * m1), w2 = m2 * m2;
    // differences to the cell's own value, six times
    const T down0 = 2 * p - 7 * q + 5 * r, down1 = 2 * s - q - r, down2 = 5 * s - t - 4 * r;
    const T up0 = 2 * t - 7 * s + 5 * r, up1 = 2 * q - s - r, up2 = 5 * q - p - 4 * r;
    const T w0x3 = 3 * w0, w2x3 = 3 * w2;
    const T down = w0 * down0 + w1 * down1 + w2x3 * down2, up = w2 * up0 + w1 * up1 + w0x3 * up2;
    const T down_sum = 6 * (w0 + w1 + w2x3), up_sum = 6 * (w2 + w1 + w0x3);
    if constexpr (sizeof(T) == 8) {
      const T inverse = 1 / (down_sum * up_sum);
      right[i] = r + down * (up_sum * inverse);
      left[i] = r + up * (down_sum * inverse);
    } else {  // the product would leave the range of single precision
      right[i] = r + down / down_sum;
      left[i] = r + up / up_sum;
    }
  }
}

// Godunov flux, twice: the larger of u^2 at max(left state, 0) and at min(right state, 0).
template <typename T>
PETRL_INLINE T godunov(T left, T right) {
  T m = left > -right ? left : -right;
  m = m > 0 ? m : T(0);
  return m * m;
}

template <typename T>
PETRL_INLINE void stageOf(const Work<T> &w, const Amplitudes<T> &f, const T *base, T *u, T *out) {
  const int n = w.n, count = wholeVectors<T>(n);
  fillGhosts(n, u);
  reconstruct(n, u, w.right, w.left);
  const T *__restrict v = u;
  const T *__restrict right = w.right;
  const T *__restrict left = w.left;
  const T *__restrict s0 = w.sines;
  const T *__restrict s1 = s0 + w.row;
  const T *__restrict s2 = s1 + w.row;
  const T *__restrict c0 = w.cosines;
  const T *__restrict c1 = c0 + w.row;
  const T *__restrict c2 = c1 + w.row;
  static_assert(kModes == 3);
  const T a = w.a, b = w.b, c = w.c, advect = w.advect, viscous = w.viscous;
  const T f0 = f.sine[0], f1 = f.sine[1], f2 = f.sine[2], e0 = f.cosine[0], e1 = f.cosine[1], e2 = f.cosine[2];
  PETRL_INDEPENDENT for (int i = 0; i < count; ++i) {
    const T force = (f0 * s0[i] + e0 * c0[i]) + (f1 * s1[i] + e1 * c1[i]) + (f2 * s2[i] + e2 * c2[i]);
    // Fluxes are computed on either side of a cell: cheaper than to store them and read them again, shifted.
    const T flow = godunov(right[i - 1], left[i]) - godunov(right[i], left[i + 1]);
    const T bend = 16 * (v[i - 1] + v[i + 1]) - 30 * v[i] - (v[i - 2] + v[i + 2]);
    out[i] = a * base[i] + b * v[i] + c * (advect * flow + (viscous * bend + force));
  }
}

PETRL_CLONES void run(const Work<double> &w, const Amplitudes<double> &f, const double *base, double *u, double *out) {
  stageOf(w, f, base, u, out);
}
PETRL_CLONES void run(const Work<float> &w, const Amplitudes<float> &f, const float *base, float *u, float *out) {
  stageOf(w, f, base, u, out);
}

template <typename T>
PETRL_INLINE T largestIn(int n, const T *u) {
  return largestOver(n, T(0), [u](int i) { return u[i] < 0 ? -u[i] : u[i]; });
}

PETRL_CLONES double largestOf(int n, const double *u) {
  return largestIn(n, u);
}
PETRL_CLONES float largestOf(int n, const float *u) {
  return largestIn(n, u);
}

}  // namespace

template <typename T>
Weno<T>::Weno(const Nonlinear1DCase &pde, int n, bool means)
    : n_(n), viscosity_(pde.viscosity), forcing_(pde, n, means), right_(n), left_(n) {
  if (n < 5) throw Error("nonlinear1d: " + std::to_string(n) + " cells; WENO5 expects at least 5");
}

template <typename T>
void Weno<T>::stage(T a, const T *base, T b, T *u, T c, const Amplitudes<T> &forcing, T *out) {
  const double h = spacing();
  run(Work<T>{n_, forcing_.row(), a, b, c, static_cast<T>(.5 / h), static_cast<T>(viscosity_ / (12 * h * h)),
              forcing_.sines(), forcing_.cosines(), right_.data(), left_.data()},
      forcing, base, u, out);
}

double largest(int n, const double *u) {
  return largestOf(n, u);
}
float largest(int n, const float *u) {
  return largestOf(n, u);
}

template class Weno<double>;
template class Weno<float>;

}  // namespace petrl::nonlinear1d
