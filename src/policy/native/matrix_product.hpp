// Products of tall matrices with small ones in float32: what networks on graphs spend their time with.
#pragma once

#include "base/api.hpp"

namespace petrl {

/// C (rows x columns) = [C +] [bias +] A (rows x inner) B (inner x columns). B and C are row major with these leading
/// dimensions; element (i, k) of A is a[i * a_row + k * a_inner], so that A may be a transposed matrix. bias: one a
/// column, or null. Every element of C is a sum in the order of k: a row's result does not depend on the other rows.
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
};

PETRL_API void multiply(const MatrixProduct &product);

/// C (rows x columns) = [C +] [bias +] A B, all row major and dense.
PETRL_API void multiply(int rows, int columns, int inner, const float *a, const float *b, float *c,
                        const float *bias = nullptr, bool add = false);
/// C (inner x columns) += A^T B with A (rows x inner), B (rows x columns): gradients of weights.
PETRL_API void multiplyTransposedAdd(int rows, int columns, int inner, const float *a, const float *b, float *c);

}  // namespace petrl
