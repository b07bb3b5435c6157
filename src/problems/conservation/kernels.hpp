// The loops of the finite volumes on the host: all of them vectorise.
#pragma once

#include "problems/conservation/cell_kernels.hpp"
#include "problems/conservation/gas_kernels.hpp"

namespace petrl::conservation {

/// work(i) for i = 0, ..., n - 1.
void sweep(std::ptrdiff_t n, const kernels::Gradients &work);
void sweep(std::ptrdiff_t n, const kernels::Bounds &work);
void sweep(std::ptrdiff_t n, const kernels::Fluxes<false> &work);
void sweep(std::ptrdiff_t n, const kernels::Fluxes<true> &work);
void sweep(std::ptrdiff_t n, const kernels::Diffusion &work);
void sweep(std::ptrdiff_t n, const kernels::Divergence &work);
void sweep(std::ptrdiff_t n, const kernels::Limit<false> &work);
void sweep(std::ptrdiff_t n, const kernels::Limit<true> &work);
void sweep(std::ptrdiff_t n, const kernels::Speeds<false> &work);
void sweep(std::ptrdiff_t n, const kernels::Speeds<true> &work);
void sweep(std::ptrdiff_t n, const kernels::FastestAround &work);
void sweep(std::ptrdiff_t n, const kernels::Carry &work);
void sweep(std::ptrdiff_t n, const kernels::Primitives &work);
void sweep(std::ptrdiff_t n, const kernels::GasFluxes &work);
void sweep(std::ptrdiff_t n, const kernels::GasSpeeds &work);
/// The same for all i in some ranges.
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Gradients &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Bounds &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Fluxes<false> &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Fluxes<true> &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Diffusion &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Divergence &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Start<false, false> &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Start<false, true> &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Start<true, false> &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Start<true, true> &work);
void sweepAll(const Range *ranges, std::ptrdiff_t count, const kernels::Update &work);
/// What is done in few cells, or is a copy.
template <class Work>
void sweep(std::ptrdiff_t n, const Work &work) {
  for (std::ptrdiff_t i = 0; i < n; ++i) work(i);
}

/// Largest rate.
double fastest(std::ptrdiff_t n, const kernels::Rates &work);
template <class Work>
void sweepAll(const Range *ranges, std::ptrdiff_t count, const Work &work) {
  for (std::ptrdiff_t r = 0; r < count; ++r)
    for (std::ptrdiff_t i = ranges[r].begin; i < ranges[r].end; ++i) work(i);
}

/// Of each kFastestOf cells the largest rate, at least 0.
constexpr int kFastestOf = 16;
void fastestOfBlocks(std::ptrdiff_t n, const kernels::OwnRates &work, double *fastest);
/// Whether all of them are above 0; false for NaN.
bool positive(std::ptrdiff_t n, const double *values);
/// out = a base + b (u + dt dudt).
void combine(int n, double a, const double *base, double b, const double *u, double dt, const double *dudt,
             double *out);

}  // namespace petrl::conservation
