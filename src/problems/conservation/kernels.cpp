#include "problems/conservation/kernels.hpp"

#include "base/clones.hpp"

namespace petrl::conservation {

// Clones cannot be templates: one function a loop. The copy is local: nothing that is written can alias its pointers.
#define PETRL_SWEEP(...)                                                \
  PETRL_CLONES void sweep(std::ptrdiff_t n, const __VA_ARGS__ &given) { \
    const __VA_ARGS__ work = given;                                     \
    PETRL_INDEPENDENT for (std::ptrdiff_t i = 0; i < n; ++i) work(i);   \
  }
PETRL_SWEEP(kernels::Gradients)
PETRL_SWEEP(kernels::Bounds)
PETRL_SWEEP(kernels::Limit<false>)
PETRL_SWEEP(kernels::Limit<true>)
PETRL_SWEEP(kernels::Fluxes<false>)
PETRL_SWEEP(kernels::Fluxes<true>)
PETRL_SWEEP(kernels::Diffusion)
PETRL_SWEEP(kernels::Divergence)
PETRL_SWEEP(kernels::Speeds<false>)
PETRL_SWEEP(kernels::Speeds<true>)
PETRL_SWEEP(kernels::Predict<false>)
PETRL_SWEEP(kernels::Predict<true>)
PETRL_SWEEP(kernels::Update)
PETRL_SWEEP(kernels::FastestAround)
PETRL_SWEEP(kernels::OwnRates)
#undef PETRL_SWEEP

namespace {

// of(i), maxima of their own: a single one would be a chain.
template <class Of>
PETRL_INLINE double most(std::ptrdiff_t n, const Of &of) {
  constexpr int kLanes = 16;
  double lane[kLanes] = {};
  std::ptrdiff_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    PETRL_INDEPENDENT for (int k = 0; k < kLanes; ++k) lane[k] = kernels::larger(lane[k], of(i + k));
  }
  for (; i < n; ++i) lane[0] = kernels::larger(lane[0], of(i));
  for (int k = 1; k < kLanes; ++k) lane[0] = kernels::larger(lane[0], lane[k]);
  return lane[0];
}

}  // namespace

PETRL_CLONES double fastest(std::ptrdiff_t n, const kernels::Rates &given) {
  const kernels::Rates work = given;
  return most(
      n, [&work](std::ptrdiff_t i) __attribute__((always_inline)) { return work.of(i); });
}

PETRL_CLONES double largest(std::ptrdiff_t n, const double *values) {
  return most(
      n, [values](std::ptrdiff_t i) __attribute__((always_inline)) { return values[i]; });
}

PETRL_CLONES void combine(int n, double a, const double *base, double b, const double *u, double dt, const double *dudt,
                          double *out) {
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) out[i] = a * base[i] + b * (u[i] + dt * dudt[i]);
}

}  // namespace petrl::conservation
