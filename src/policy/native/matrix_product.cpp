#include "policy/native/matrix_product.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/clones.hpp"

namespace petrl {

namespace {

constexpr int kLanes = 16;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

/// R rows by V vectors of C stay in registers while k runs.
template <int R, int V>
PETRL_INLINE void block(const float *a, long a_row, long a_inner, int inner, const float *b, long b_row, float *c,
                        long c_row, const float *bias, bool add) {
  Lanes sum[R][V];
  for (int v = 0; v < V; ++v) {
    Lanes start = {};
    if (bias) start = *reinterpret_cast<const Lanes *>(bias + v * kLanes);
    for (int r = 0; r < R; ++r) {
      sum[r][v] = start;
      if (add) sum[r][v] += *reinterpret_cast<const Lanes *>(c + r * c_row + v * kLanes);
    }
  }
  for (int k = 0; k < inner; ++k) {
    Lanes line[V];
    for (int v = 0; v < V; ++v) line[v] = *reinterpret_cast<const Lanes *>(b + k * b_row + v * kLanes);
    for (int r = 0; r < R; ++r) {
      const float x = a[r * a_row + k * a_inner];
      for (int v = 0; v < V; ++v) sum[r][v] += x * line[v];
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) *reinterpret_cast<Lanes *>(c + r * c_row + v * kLanes) = sum[r][v];
  }
}

/// All rows of V vectors of columns.
template <int R, int V>
PETRL_INLINE void panel(const MatrixProduct &p, const float *b, long b_row, float *c, long c_row, const float *bias) {
  int i = 0;
  for (; i + R <= p.rows; i += R) {
    block<R, V>(p.a + i * p.a_row, p.a_row, p.a_inner, p.inner, b, b_row, c + i * c_row, c_row, bias, p.add);
  }
  for (; i < p.rows; ++i) {
    block<1, V>(p.a + i * p.a_row, p.a_row, p.a_inner, p.inner, b, b_row, c + i * c_row, c_row, bias, p.add);
  }
}

PETRL_CLONES void whole(const MatrixProduct &p) {
  int j = 0;
  for (; j + 4 * kLanes <= p.columns; j += 4 * kLanes) {
    panel<6, 4>(p, p.b + j, p.b_row, p.c + j, p.c_row, p.bias ? p.bias + j : nullptr);
  }
  for (; j + 2 * kLanes <= p.columns; j += 2 * kLanes) {
    panel<10, 2>(p, p.b + j, p.b_row, p.c + j, p.c_row, p.bias ? p.bias + j : nullptr);
  }
  for (; j + kLanes <= p.columns; j += kLanes) {
    panel<16, 1>(p, p.b + j, p.b_row, p.c + j, p.c_row, p.bias ? p.bias + j : nullptr);
  }
}

}  // namespace

void multiply(const MatrixProduct &p) {
  const int main = p.columns / kLanes * kLanes, rest = p.columns - main;
  if (main > 0) {
    MatrixProduct most = p;
    most.columns = main;
    whole(most);
  }
  if (rest == 0 || p.rows == 0) return;
  // The last columns, padded to a vector.
  thread_local std::vector<float> room;
  const std::size_t lanes = kLanes, b_size = static_cast<std::size_t>(p.inner) * lanes,
                    c_size = static_cast<std::size_t>(p.rows) * lanes;
  room.assign(b_size + c_size + lanes, 0);
  float *b = room.data(), *c = b + b_size, *bias = c + c_size;
  const std::size_t bytes = static_cast<std::size_t>(rest) * sizeof(float);
  for (int k = 0; k < p.inner; ++k) std::memcpy(b + k * kLanes, p.b + k * p.b_row + main, bytes);
  if (p.add) {
    for (int i = 0; i < p.rows; ++i) std::memcpy(c + i * kLanes, p.c + i * p.c_row + main, bytes);
  }
  if (p.bias) std::memcpy(bias, p.bias + main, bytes);
  MatrixProduct last = p;
  last.columns = kLanes;
  last.b = b, last.b_row = kLanes, last.c = c, last.c_row = kLanes, last.bias = bias;
  whole(last);
  for (int i = 0; i < p.rows; ++i) std::memcpy(p.c + i * p.c_row + main, c + i * kLanes, bytes);
}

void multiply(int rows, int columns, int inner, const float *a, const float *b, float *c, const float *bias, bool add) {
  multiply({rows, columns, inner, a, inner, 1, b, columns, c, columns, bias, add});
}

void multiplyTransposedAdd(int rows, int columns, int inner, const float *a, const float *b, float *c) {
  multiply({inner, columns, rows, a, 1, inner, b, columns, c, columns, nullptr, true});
}

}  // namespace petrl
