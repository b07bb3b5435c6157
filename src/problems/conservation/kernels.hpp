// The loops of the finite volumes on the host: all of them vectorise.
#pragma once

#include "problems/conservation/cell_kernels.hpp"

namespace petrl::conservation {

/// work(i) for i = 0, ..., n - 1.
void sweep(std::ptrdiff_t n, const kernels::Gradients &work);
void sweep(std::ptrdiff_t n, const kernels::Bounds &work);
void sweep(std::ptrdiff_t n, const kernels::Limit<false> &work);
void sweep(std::ptrdiff_t n, const kernels::Limit<true> &work);
void sweep(std::ptrdiff_t n, const kernels::Fluxes<false> &work);
void sweep(std::ptrdiff_t n, const kernels::Fluxes<true> &work);
void sweep(std::ptrdiff_t n, const kernels::Diffusion &work);
void sweep(std::ptrdiff_t n, const kernels::Divergence &work);
void sweep(std::ptrdiff_t n, const kernels::Speeds<false> &work);
void sweep(std::ptrdiff_t n, const kernels::Speeds<true> &work);
void sweep(std::ptrdiff_t n, const kernels::Predict<false> &work);
void sweep(std::ptrdiff_t n, const kernels::Predict<true> &work);
void sweep(std::ptrdiff_t n, const kernels::Update &work);
void sweep(std::ptrdiff_t n, const kernels::FastestAround &work);
void sweep(std::ptrdiff_t n, const kernels::OwnRates &work);
/// What is done in few cells, or is a copy.
template <class Work>
void sweep(std::ptrdiff_t n, const Work &work) {
  for (std::ptrdiff_t i = 0; i < n; ++i) work(i);
}

/// Largest rate.
double fastest(std::ptrdiff_t n, const kernels::Rates &work);
/// Largest value, at least 0.
double largest(std::ptrdiff_t n, const double *values);
/// out = a base + b (u + dt dudt).
void combine(int n, double a, const double *base, double b, const double *u, double dt, const double *dudt,
             double *out);

}  // namespace petrl::conservation
