#include "problems/conservation/kernels.hpp"

#include "base/clones.hpp"

namespace petrl::conservation {

// Clones cannot be templates: one function a loop. The copy is local: nothing that is written can alias its pointers.
#define PETRL_SWEEP(...)                                                \
  PETRL_CLONES void sweep(std::ptrdiff_t n, const __VA_ARGS__ &given) { \
    const __VA_ARGS__ work = given;                                     \
    PETRL_INDEPENDENT for (std::ptrdiff_t i = 0; i < n; ++i) work(i);   \
  }
#define PETRL_SWEEP_RANGES(...)                                                                     \
  PETRL_CLONES void sweepAll(const Range *ranges, std::ptrdiff_t count, const __VA_ARGS__ &given) { \
    const __VA_ARGS__ work = given;                                                                 \
    for (std::ptrdiff_t r = 0; r < count; ++r) {                                                    \
      const std::ptrdiff_t end = ranges[r].end;                                                     \
      PETRL_INDEPENDENT for (std::ptrdiff_t i = ranges[r].begin; i < end; ++i) work(i);             \
    }                                                                                               \
  }
PETRL_SWEEP(kernels::Gradients)
PETRL_SWEEP(kernels::Bounds)
PETRL_SWEEP(kernels::Fluxes<false>)
PETRL_SWEEP(kernels::Fluxes<true>)
PETRL_SWEEP(kernels::Diffusion)
PETRL_SWEEP(kernels::Divergence)
PETRL_SWEEP(kernels::Limit<false>)
PETRL_SWEEP(kernels::Limit<true>)
PETRL_SWEEP(kernels::Speeds<false>)
PETRL_SWEEP(kernels::Speeds<true>)
PETRL_SWEEP(kernels::FastestAround)
PETRL_SWEEP(kernels::Carry)
PETRL_SWEEP(kernels::Primitives)
PETRL_SWEEP(kernels::GasFluxes)
PETRL_SWEEP(kernels::GasSpeeds)
PETRL_SWEEP_RANGES(kernels::Gradients)
PETRL_SWEEP_RANGES(kernels::Bounds)
PETRL_SWEEP_RANGES(kernels::Fluxes<false>)
PETRL_SWEEP_RANGES(kernels::Fluxes<true>)
PETRL_SWEEP_RANGES(kernels::Diffusion)
PETRL_SWEEP_RANGES(kernels::Divergence)
PETRL_SWEEP_RANGES(kernels::Start<false, false>)
PETRL_SWEEP_RANGES(kernels::Start<false, true>)
PETRL_SWEEP_RANGES(kernels::Start<true, false>)
PETRL_SWEEP_RANGES(kernels::Start<true, true>)
PETRL_SWEEP_RANGES(kernels::Update)
#undef PETRL_SWEEP_RANGES
#undef PETRL_SWEEP

PETRL_CLONES double fastest(std::ptrdiff_t n, const kernels::Rates &given) {
  const kernels::Rates work = given;
  constexpr int kLanes = 16;  // maxima of their own: a single one would be a chain
  double most[kLanes] = {};
  std::ptrdiff_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    PETRL_INDEPENDENT for (int k = 0; k < kLanes; ++k) most[k] = kernels::larger(most[k], work.of(i + k));
  }
  for (; i < n; ++i) most[0] = kernels::larger(most[0], work.of(i));
  for (int k = 1; k < kLanes; ++k) most[0] = kernels::larger(most[0], most[k]);
  return most[0];
}

PETRL_CLONES void fastestOfBlocks(std::ptrdiff_t n, const kernels::OwnRates &given, double *fastest) {
  const kernels::OwnRates work = given;
  for (std::ptrdiff_t begin = 0; begin < n; begin += kFastestOf, ++fastest) {
    const std::ptrdiff_t end = begin + kFastestOf < n ? begin + kFastestOf : n;
    double rate[kFastestOf] = {}, most = 0;
    PETRL_INDEPENDENT for (std::ptrdiff_t i = begin; i < end; ++i) rate[i - begin] = work.of(i);
    for (int k = 0; k < kFastestOf; ++k) most = most >= rate[k] || most != most ? most : rate[k];  // NaN stays
    *fastest = most;
  }
}

PETRL_CLONES bool positive(std::ptrdiff_t n, const double *values) {
  std::ptrdiff_t others = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) others += values[i] > 0 ? 0 : 1;
  return others == 0;
}

PETRL_CLONES void combine(int n, double a, const double *base, double b, const double *u, double dt, const double *dudt,
                          double *out) {
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) out[i] = a * base[i] + b * (u[i] + dt * dudt[i]);
}

}  // namespace petrl::conservation
