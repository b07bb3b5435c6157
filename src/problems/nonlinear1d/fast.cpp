#include "problems/nonlinear1d/fast.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::nonlinear1d {

namespace {

// Where linear fifth-order upwind advection (Courant number) and the fourth-order difference of diffusion
// (dt viscosity / h^2; its symbol reaches -16/3) leave the stability region.
struct Bounds {
  double courant, diffusion;
};
constexpr Bounds kBounds[] = {{1.43, 2.512 * 3 / 16}, {1.73, 2.785 * 3 / 16}};

template <typename T>
PETRL_INLINE void sum2(int n, T a, const T *u, T b, const T *v, T *__restrict out) {
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) out[i] = a * u[i] + b * v[i];
}
template <typename T>
PETRL_INLINE void sum4(int n, const T *w, const T *a, const T *b, const T *c, const T *d, T *out) {
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) out[i] = (w[0] * a[i] + w[1] * b[i]) + (w[2] * c[i] + w[3] * d[i]);
}

PETRL_CLONES void add(int n, double a, const double *u, double b, const double *v, double *out) {
  sum2(n, a, u, b, v, out);
}
PETRL_CLONES void add(int n, float a, const float *u, float b, const float *v, float *out) {
  sum2(n, a, u, b, v, out);
}
PETRL_CLONES void add(int n, const double *w, const double *a, const double *b, const double *c, const double *d,
                      double *out) {
  sum4(n, w, a, b, c, d, out);
}
PETRL_CLONES void add(int n, const float *w, const float *a, const float *b, const float *c, const float *d,
                      float *out) {
  sum4(n, w, a, b, c, d, out);
}

}  // namespace

template <typename T>
FastWeno<T>::FastWeno(const Nonlinear1DCase &pde, int n, const FastOptions &options)
    : weno_(pde, n, options.means),
      options_(options),
      old_(n),
      old_slope_(n),
      now_(n),
      slope_(n),
      first_(n),
      second_(n) {
  if (!(options.safety > 0))
    throw Error("nonlinear1d: safety factor " + std::to_string(options.safety) + "; expected a positive one");
}

template <typename T>
void FastWeno<T>::start(int level, const T *u) {
  level_ = level;
  time_ = levelTime(level);
  std::copy(u, u + n(), now_.data());
  weno_.stage(0, now_.data(), 0, now_.data(), 1, weno_.forcing().at(time_), slope_.data());
  ++evaluations_;
}

template <typename T>
double FastWeno<T>::limit() const {
  const Bounds &bound = kBounds[static_cast<int>(options_.stepper)];
  const double h = weno_.spacing();
  const double rate = static_cast<double>(largest(weno_.n(), now_.data())) / (h * bound.courant) +
                      weno_.viscosity() / (h * h * bound.diffusion);
  return options_.safety / std::max(rate, 1e-9);
}

// One step; the forcing stands at its beginning and goes on by half a step at a time.
template <typename T>
void FastWeno<T>::step(double size) {
  const int cells = n();
  const T h = static_cast<T>(size), one = 1;
  std::swap(old_, now_);
  std::swap(old_slope_, slope_);
  Forcing<T> &forcing = weno_.forcing();
  T *u = old_.data(), *k = old_slope_.data(), *v = first_.data(), *w = second_.data(), *out = now_.data();
  forcing.next();
  const Amplitudes<T> half = forcing.now();
  forcing.next();
  const Amplitudes<T> whole = forcing.now();
  if (options_.stepper == Stepper::ssprk3) {
    // Shu, Osher (1988)
    add(cells, one, u, h, k, v);
    weno_.stage(T(.75), u, T(.25), v, T(.25) * h, whole, w);
    weno_.stage(T(1. / 3), u, T(2. / 3), w, T(2. / 3) * h, half, out);
    evaluations_ += 3;
  } else {
    add(cells, one, u, h / 2, k, v);
    weno_.stage(one, u, 0, v, h / 2, half, w);
    weno_.stage(one, u, 0, w, h, half, out);
    const T weight[4] = {T(-1. / 3), T(1. / 3), T(2. / 3), T(1. / 3)};
    std::swap(now_, first_);  // the third stage is an input of the next evaluation: it may not be its output
    add(cells, weight, u, v, w, first_.data(), second_.data());
    weno_.stage(one, second_.data(), 0, first_.data(), h / 6, whole, now_.data());
    evaluations_ += 4;
  }
  // The slope at the end serves the interpolation and is the first stage of the next step.
  weno_.stage(0, now_.data(), 0, now_.data(), one, whole, slope_.data());
  time_ += size;
  ++steps_;
}

template <typename T>
void FastWeno<T>::advance(int levels, T *out) {
  const int cells = n();
  int done = 0;
  while (done < levels) {
    // Equal steps to the end (of the bundle, of the level), as long as the flow does not outrun them.
    const double end = levelTime(level_ + (options_.every_level ? done + 1 : levels)), span = end - time_;
    const double bound = limit();
    const int count = std::max(1, static_cast<int>(std::ceil(span / bound * (1 - 1e-12))));
    const double size = span / count;
    weno_.forcing().start(time_, size / 2);
    for (int s = 0; s < count; ++s) {
      const double before = time_;
      step(size);
      if (s + 1 == count) time_ = end;
      while (done < levels && levelTime(level_ + done + 1) <= time_ + 1e-9) {
        const double x = (levelTime(level_ + done + 1) - before) / size, y = 1 - x;
        T *row = out + static_cast<std::ptrdiff_t>(done++) * cells;
        if (y < 1e-9) {
          std::copy(now_.data(), now_.data() + cells, row);
          continue;
        }
        const T weight[4] = {static_cast<T>(y * y * (1 + 2 * x)), static_cast<T>(x * x * (1 + 2 * y)),
                             static_cast<T>(size * x * y * y), static_cast<T>(-size * x * x * y)};
        add(cells, weight, old_.data(), now_.data(), old_slope_.data(), slope_.data(), row);
      }
      if (s + 1 < count && size > 1.02 * limit()) break;
    }
  }
  level_ += levels;
}

template class FastWeno<double>;
template class FastWeno<float>;

}  // namespace petrl::nonlinear1d
