#include "problems/nonlinear1d/weno.hpp"

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
  T *right, *left, *flux;
};

// A value on the right and on the left face of every cell from -1 to n. Both share the smoothness indicators; the
// weights d_k / (eps + beta_k)^2 are multiplied out, so that one division does for each.
template <typename T>
PETRL_INLINE void reconstruct(int n, const T *__restrict u, T *__restrict right, T *__restrict left) {
  const T eps = T(1e-6), third = T(13. / 3);
#pragma GCC ivdep
  for (int i = -1; i < n + 1; ++i) {
    const T p = u[i - 2], q = u[i - 1], r = u[i], s = u[i + 1], t = u[i + 2];
    const T c0 = p - 2 * q + r, c1 = q - 2 * r + s, c2 = r - 2 * s + t;
    const T g0 = p - 4 * q + 3 * r, g1 = q - s, g2 = 3 * r - 4 * s + t;
    // four times the usual indicators, hence four times eps
    const T b0 = third * c0 * c0 + (g0 * g0 + 4 * eps);
    const T b1 = third * c1 * c1 + (g1 * g1 + 4 * eps);
    const T b2 = third * c2 * c2 + (g2 * g2 + 4 * eps);
    const T m0 = b1 * b2, m1 = b0 * b2, m2 = b0 * b1;
    const T w0 = m0 * m0, w1 = 6 * (m1 * m1), w2 = m2 * m2;
    const T down0 = 2 * p - 7 * q + 11 * r, down1 = 5 * r - q + 2 * s, down2 = 2 * r + 5 * s - t;
    const T up0 = 2 * t - 7 * s + 11 * r, up1 = 5 * r - s + 2 * q, up2 = 2 * r + 5 * q - p;
    const T w0x3 = 3 * w0, w2x3 = 3 * w2;
    right[i] = (w0 * down0 + w1 * down1 + w2x3 * down2) / (6 * (w0 + w1 + w2x3));
    left[i] = (w2 * up0 + w1 * up1 + w0x3 * up2) / (6 * (w2 + w1 + w0x3));
  }
}

template <typename T>
PETRL_INLINE void stageOf(const Work<T> &w, const Amplitudes<T> &f, const T *base, T *u, T *out) {
  const int n = w.n;
  for (int g = 1; g <= kWenoGhost; ++g) u[-g] = u[n - g], u[n - 1 + g] = u[g - 1];
  reconstruct(n, u, w.right, w.left);
  {
    const T *__restrict v = u;
    const T *__restrict right = w.right;
    const T *__restrict left = w.left;
    T *__restrict flux = w.flux;
    const T advect = w.advect, viscous = w.viscous;
    // flux[i]: through the face between i - 1 and i, divided by the spacing. Godunov: the larger of u^2/2 at
    // max(left state, 0) and at min(right state, 0).
#pragma GCC ivdep
    for (int i = 0; i < n + 1; ++i) {
      const T l = right[i - 1], r = -left[i];
      T m = l > r ? l : r;
      m = m > 0 ? m : T(0);
      flux[i] = advect * (m * m) - viscous * (15 * (v[i] - v[i - 1]) - (v[i + 1] - v[i - 2]));
    }
  }
  const T *__restrict v = u;
  const T *__restrict flux = w.flux;
  const T *__restrict s0 = w.sines;
  const T *__restrict s1 = s0 + w.row;
  const T *__restrict s2 = s1 + w.row;
  const T *__restrict c0 = w.cosines;
  const T *__restrict c1 = c0 + w.row;
  const T *__restrict c2 = c1 + w.row;
  static_assert(kModes == 3);
#pragma GCC ivdep
  for (int i = 0; i < n; ++i) {
    const T force = (f.sine[0] * s0[i] + f.cosine[0] * c0[i]) + (f.sine[1] * s1[i] + f.cosine[1] * c1[i]) +
                    (f.sine[2] * s2[i] + f.cosine[2] * c2[i]);
    out[i] = w.a * base[i] + w.b * v[i] + w.c * ((flux[i] - flux[i + 1]) + force);
  }
}

PETRL_CLONES void run(const Work<double> &w, const Amplitudes<double> &f, const double *base, double *u, double *out) {
  stageOf(w, f, base, u, out);
}
PETRL_CLONES void run(const Work<float> &w, const Amplitudes<float> &f, const float *base, float *u, float *out) {
  stageOf(w, f, base, u, out);
}

}  // namespace

template <typename T>
Weno<T>::Weno(const Nonlinear1DCase &pde, int n, bool means)
    : n_(n), viscosity_(pde.viscosity), forcing_(pde, n, means), right_(n), left_(n), flux_(n) {
  if (n < 5) throw Error("nonlinear1d: " + std::to_string(n) + " cells; WENO5 expects at least 5");
}

template <typename T>
void Weno<T>::stage(T a, const T *base, T b, T *u, T c, const Amplitudes<T> &forcing, T *out) {
  const double h = spacing();
  run(Work<T>{n_, forcing_.row(), a, b, c, static_cast<T>(.5 / h), static_cast<T>(viscosity_ / (12 * h * h)),
              forcing_.sines(), forcing_.cosines(), right_.data(), left_.data(), flux_.data()},
      forcing, base, u, out);
}

template <typename T>
T largest(int n, const T *u) {
  T out = 0;
  for (int i = 0; i < n; ++i) {
    const T size = u[i] < 0 ? -u[i] : u[i];
    out = size > out ? size : out;
  }
  return out;
}

template class Weno<double>;
template class Weno<float>;
template double largest<double>(int n, const double *u);
template float largest<float>(int n, const float *u);

}  // namespace petrl::nonlinear1d
