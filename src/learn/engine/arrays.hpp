// Loops over arrays of float32 that learners have in common.
#pragma once

#include <cstddef>

namespace petrl::learn {

/// y += factor x
void addScaled(std::size_t n, float factor, const float *x, float *y);
/// sum[j] (+)= sum over i of a[i][j]: columns of a matrix with rows of `stride`.
void columnSum(int rows, int columns, const float *a, std::ptrdiff_t stride, float *sum, bool add = false);
/// target += share (source - target)
void approach(std::size_t n, float share, const float *source, float *target);

/// Denormals flushed to zero while it lives, in this thread: Adam's moments of dead units decay into them.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals &) = delete;
  FlushDenormals &operator=(const FlushDenormals &) = delete;

 private:
  unsigned saved_ = 0;
};

}  // namespace petrl::learn
