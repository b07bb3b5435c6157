// Products of matrices in float32: what networks spend their time with.
//
// Why not BLAS: a system's reference BLAS runs at a few percent of the processor, and a layer is too small for the
// overhead of a call and of passes over its result.
#pragma once

#include "base/api.hpp"
#include "base/floats.hpp"

namespace petrl {

/// C (rows x columns) = [C +] [bias +] A (rows x inner) B (inner x columns), then what is asked for below. B and C are
/// row major with these leading dimensions; element (i, k) of A is a[i * a_row + k * a_inner], so that A may be a
/// transposed matrix, or one number again and again. bias: one a column, or null. Every element of C is a sum in the
/// order of k: a row's result does not depend on the other rows. Fastest where columns are a multiple of 8.
struct MatrixProduct {
  int rows, columns, inner;
  const float *a;
  long a_row, a_inner;
  const float *b;
  long b_row;
  float *c;
  long c_row;
  const float *bias = nullptr;
  bool add = false;
  bool relu = false;            ///< negative results become 0
  const float *mask = nullptr;  ///< a matrix like C: results become 0 where it is not positive (backward of ReLU)
  long mask_row = 0;
};

PETRL_API void multiply(const MatrixProduct &product);

/// y (columns: a multiple of 16) = bias + x (inner) B (inner x columns), negative results 0 if `relu`. Twice as fast as
/// multiply() with one row, but not equal to the last digit: each sum is made of several.
void multiplyRow(const float *x, int inner, const float *b, int columns, float *y, const float *bias, bool relu);

/// C (rows x columns) = [C +] [bias +] A B, all row major and dense.
PETRL_API void multiply(int rows, int columns, int inner, const float *a, const float *b, float *c,
                        const float *bias = nullptr, bool add = false);
/// C (inner x columns) += A^T B with A (rows x inner), B (rows x columns): gradients of weights.
PETRL_API void multiplyTransposedAdd(int rows, int columns, int inner, const float *a, const float *b, float *c);
/// to (columns x padded(rows)) = from (rows x columns)^T, the padding zero.
PETRL_API void transpose(const float *from, int rows, int columns, long stride, Floats &to);

}  // namespace petrl
