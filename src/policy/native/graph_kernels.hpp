// The parts of message passing that are not products of matrices.
#pragma once

#include "base/api.hpp"

namespace petrl::graph {

/// y = silu(y); with `gate` its derivative there too.
PETRL_API void silu(long n, float *y);
PETRL_API void silu(long n, float *y, float *gate);

/// One layer's messages to `count` nodes: sum[i] = sum over s of silu(a[i] + b[source[i, s]] + edge[i, s] c).
/// source: count x slots; edge: count x slots x edge_inputs; rows of a, sum: count; of b: any that source names.
struct Messages {
  int count, slots, edge_inputs, hidden;
  const int *source;
  const float *edge;
  const float *a, *b, *c;
  float *sum;
};
PETRL_API void messages(const Messages &m);
/// The same, keeping the derivatives of silu: gate (count x slots x hidden).
PETRL_API void messages(const Messages &m, float *gate);
/// With sum_gradient given: a_gradient = (count x hidden), b_gradient += (rows of b), c_gradient += (edge_inputs x
/// hidden).
PETRL_API void messagesBackward(const Messages &m, const float *gate, const float *sum_gradient, float *a_gradient,
                                float *b_gradient, float *c_gradient);

}  // namespace petrl::graph
