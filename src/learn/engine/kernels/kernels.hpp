// The few dense operations of small-network training on a CPU, vectorised, chosen for the processor at run time.
//
// Why not BLAS: a system's reference BLAS runs at a few percent of the processor, and one ensemble layer is
// too small for the call overhead and autograd bookkeeping around it.
#pragma once

#include <cstddef>

#include "base/api.hpp"

namespace petrl::learn {

/// What happens to a product before it is stored.
enum class Epilogue {
  kNone,      ///< C = A B
  kBias,      ///< C = A B + extra (one row)
  kBiasRelu,  ///< C = max(A B + extra, 0)
  kMask       ///< C = A B where extra (a matrix like C) > 0, else 0: backward of ReLU
};

/// C (m x n) = A (m x k) B (k x n), row major. n is a multiple of kPad; A has any strides (its transpose is free).
struct Gemm {
  int m, n, k;
  const float *a;
  std::ptrdiff_t a_row, a_col;
  const float *b;
  std::ptrdiff_t b_row;
  float *c;
  std::ptrdiff_t c_row;
  Epilogue epilogue = Epilogue::kNone;
  const float *extra = nullptr;
  std::ptrdiff_t extra_row = 0;
};

/// Quantile Huber loss of one critic and its gradient (Dabney et al. 2018; kappa = 1).
struct QuantileHuber {
  int rows, quantiles, targets;
  const float *z;      ///< rows x padded(quantiles)
  const float *y;      ///< rows x targets
  const float *tau;    ///< padded(quantiles): (m + 1/2) / quantiles
  const float *valid;  ///< padded(quantiles): 1 for quantiles, 0 for padding
  float scale;         ///< dz = scale * d(sum of losses)/dz
  float *dz;           ///< rows x padded(quantiles), padding 0
  int loss_rows;       ///< the loss is added up over the first so many rows only (it costs as much as its gradient)
};

/// One step of Adam (Kingma, Ba 2015) as PyTorch rounds it.
struct Adam {
  std::size_t size;  ///< a multiple of kPad
  float *parameter, *first, *second;
  const float *gradient;
  float learning_rate, beta1, beta2, epsilon;
  double correction1, correction2;  ///< 1 - beta^t
};

struct Kernels {
  const char *name;  ///< "avx512", "avx2", "portable"
  void (*gemm)(const Gemm &);
  /// sum[j] = sum over i of a[i][j], n a multiple of kPad.
  void (*columnSum)(int m, int n, const float *a, std::ptrdiff_t a_row, float *sum);
  /// Returns the sum of the losses over the first loss_rows rows, quantiles and targets.
  double (*quantileHuber)(const QuantileHuber &);
  void (*adam)(const Adam &);
  /// target += tau (source - target), n a multiple of kPad.
  void (*polyak)(std::size_t n, float *target, const float *source, float tau);
};

/// The best set for this processor. PETRL_KERNELS=avx2|portable in the environment asks for a lesser one.
PETRL_API const Kernels &kernels();

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
