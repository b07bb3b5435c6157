#include "policy/native/matrix_product.hpp"

#include <algorithm>
#include <vector>

#include "base/clones.hpp"

namespace petrl {

namespace {

using simd::load;
using simd::store;

/// R rows by N registers of C stay in registers while k runs.
template <class Set, int R, int N>
PETRL_INLINE void tile(const MatrixProduct &p, int i, int j) {
  using V = typename Set::Vector;
  V sum[R][N];
  PETRL_UNROLL for (int v = 0; v < N; ++v) {
    const V start = p.bias != nullptr ? *load<Set>(p.bias + j + v * Set::kLanes) : V{};
    PETRL_UNROLL for (int r = 0; r < R; ++r) {
      sum[r][v] = start;
      if (p.add) sum[r][v] += *load<Set>(p.c + (i + r) * p.c_row + j + v * Set::kLanes);
    }
  }
  const float *a = p.a + i * p.a_row, *b = p.b + j;
  const long a_row = p.a_row, a_inner = p.a_inner, b_row = p.b_row, later = 4 * a_row;
  for (int k = p.inner; k > 0; --k, a += a_inner, b += b_row) {
    const float *const more = a + later;  // few addresses, or they would not stay in registers
    V line[N];
    PETRL_UNROLL for (int v = 0; v < N; ++v) line[v] = *load<Set>(b + v * Set::kLanes);
    PETRL_UNROLL for (int r = 0; r < R; ++r) {
      const float factor = r < 4 ? a[r * a_row] : more[(r - 4) * a_row];
      PETRL_UNROLL for (int v = 0; v < N; ++v) sum[r][v] += factor * line[v];
    }
  }
  if (p.relu) {
    PETRL_UNROLL for (int r = 0; r < R; ++r) {
      PETRL_UNROLL for (int v = 0; v < N; ++v) sum[r][v] = sum[r][v] > 0 ? sum[r][v] : V{};
    }
  }
  if (p.mask != nullptr) {
    PETRL_UNROLL for (int r = 0; r < R; ++r) {
      const float *mask = p.mask + (i + r) * p.mask_row + j;
      PETRL_UNROLL for (int v = 0; v < N; ++v) sum[r][v] = *load<Set>(mask + v * Set::kLanes) > 0 ? sum[r][v] : V{};
    }
  }
  PETRL_UNROLL for (int r = 0; r < R; ++r) {
    float *c = p.c + (i + r) * p.c_row + j;
    PETRL_UNROLL for (int v = 0; v < N; ++v) * store<Set>(c + v * Set::kLanes) = sum[r][v];
  }
}

/// All rows of N registers of columns.
template <class Set, int R, int N>
PETRL_INLINE void panel(const MatrixProduct &p, int j) {
  int i = 0;
  for (; i + R <= p.rows; i += R) tile<Set, R, N>(p, i, j);
  if constexpr (R > 4) {
    for (; i + 4 <= p.rows; i += 4) tile<Set, 4, N>(p, i, j);
  }
  if constexpr (R > 2) {
    for (; i + 2 <= p.rows; i += 2) tile<Set, 2, N>(p, i, j);
  }
  for (; i < p.rows; ++i) tile<Set, 1, N>(p, i, j);
}

template <class Set>
PETRL_INLINE void blocks(const MatrixProduct &p) {
  // R x N sums, N registers of B and one number of A.
  int j = 0;
  if (p.rows == 1) {
    for (; j + 8 * Set::kLanes <= p.columns; j += 8 * Set::kLanes) tile<Set, 1, 8>(p, 0, j);
  }
  if constexpr (Set::kRegisters == 32) {
    for (; j + 4 * kPad <= p.columns; j += 4 * kPad) panel<Set, 6, 4>(p, j);
    if (j + 2 * kPad <= p.columns) panel<Set, 12, 2>(p, j), j += 2 * kPad;
    if (j < p.columns) panel<Set, 8, 1>(p, j);
  } else {
    constexpr int kVectors = kPad / Set::kLanes;
    for (; j < p.columns; j += kPad) panel<Set, kVectors == 2 ? 6 : 2, kVectors>(p, j);
  }
}

PETRL_VERSIONS(blocks, MatrixProduct)

/// Registers of half a block, where one of the widest is too long.
template <class Set>
struct Half {
  using Type = Set;
};
template <>
struct Half<simd::Avx512> {
  using Type = simd::Avx2;
};

/// As many columns as half a block has.
template <class Set>
PETRL_INLINE void halfBlock(const MatrixProduct &p) {
  using Short = typename Half<Set>::Type;
  constexpr int kVectors = kPad / 2 / Short::kLanes;
  panel<Short, Set::kRegisters == 32 ? 12 : kVectors == 1 ? 8 : 4, kVectors>(p, 0);
}

PETRL_VERSIONS(halfBlock, MatrixProduct)

/// The last columns, padded to a block.
void padColumns(const MatrixProduct &p) {
  thread_local std::vector<float> room;
  const auto width = static_cast<std::size_t>(kPad), b_size = static_cast<std::size_t>(p.inner) * width,
             c_size = static_cast<std::size_t>(p.rows) * width, columns = static_cast<std::size_t>(p.columns);
  room.resize(std::max(room.size(), b_size + 2 * c_size + width));
  float *b = room.data(), *c = b + b_size, *bias = c + c_size, *mask = bias + width;
  const auto pad = [&](const float *from, long row, int rows, float *to) {
    for (int i = 0; i < rows; ++i, to += width) {
      std::copy_n(from + i * row, columns, to);
      std::fill(to + columns, to + width, 0.f);
    }
  };
  MatrixProduct last = p;
  last.columns = kPad;
  pad(p.b, p.b_row, p.inner, b);
  last.b = b, last.b_row = kPad, last.c = c, last.c_row = kPad;
  if (p.add) pad(p.c, p.c_row, p.rows, c);
  if (p.bias != nullptr) pad(p.bias, 0, 1, bias), last.bias = bias;
  if (p.mask != nullptr) pad(p.mask, p.mask_row, p.rows, mask), last.mask = mask, last.mask_row = kPad;
  blocksVersions(last);
  for (int i = 0; i < p.rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j)
      p.c[i * p.c_row + static_cast<long>(j)] = c[static_cast<std::size_t>(i) * width + j];
  }
}

/// N registers of one row's columns, as U sums each: one sum would wait for itself.
template <class Set, int N, int U>
PETRL_INLINE void rowTile(const MatrixProduct &p, int j) {
  using V = typename Set::Vector;
  V sum[U][N];
  PETRL_UNROLL for (int v = 0; v < N; ++v) {
    PETRL_UNROLL for (int u = 0; u < U; ++u) sum[u][v] = V{};
    if (p.bias != nullptr) sum[0][v] = *load<Set>(p.bias + j + v * Set::kLanes);
  }
  const float *b = p.b + j;
  int k = 0;
  for (; k + U <= p.inner; k += U) {
    PETRL_UNROLL for (int u = 0; u < U; ++u, b += p.b_row) {
      PETRL_UNROLL for (int v = 0; v < N; ++v) sum[u][v] += p.a[k + u] * *load<Set>(b + v * Set::kLanes);
    }
  }
  for (; k < p.inner; ++k, b += p.b_row) {
    PETRL_UNROLL for (int v = 0; v < N; ++v) sum[0][v] += p.a[k] * *load<Set>(b + v * Set::kLanes);
  }
  PETRL_UNROLL for (int v = 0; v < N; ++v) {
    PETRL_UNROLL for (int u = 1; u < U; ++u) sum[0][v] += sum[u][v];
    if (p.relu) sum[0][v] = sum[0][v] > 0 ? sum[0][v] : V{};
    *store<Set>(p.c + j + v * Set::kLanes) = sum[0][v];
  }
}

template <class Set>
PETRL_INLINE void row(const MatrixProduct &p) {
  constexpr int kVectors = kPad / Set::kLanes;
  int j = 0;
  for (; j + 4 * Set::kLanes <= p.columns; j += 4 * Set::kLanes) rowTile<Set, 4, Set::kRegisters / 8>(p, j);
  for (; j < p.columns; j += kPad) rowTile<Set, kVectors, 8 / kVectors>(p, j);
}

PETRL_VERSIONS(row, MatrixProduct)

}  // namespace

void multiply(const MatrixProduct &p) {
  const int main = p.columns / kPad * kPad, rest = p.columns - main;
  if (rest == 0) return blocksVersions(p);
  if (p.rows == 0) return;
  MatrixProduct part = p;
  if (main > 0) {
    part.columns = main;
    blocksVersions(part);
    part.b += main, part.c += main;
    if (p.bias != nullptr) part.bias += main;
    if (p.mask != nullptr) part.mask += main;
    part.columns = rest;
  }
  if (rest == kPad / 2) return halfBlockVersions(part);
  padColumns(part);
}

void multiplyRow(const float *x, int inner, const float *b, int columns, float *y, const float *bias, bool relu) {
  MatrixProduct p{1, columns, inner, x, inner, 1, b, columns, y, columns, bias};
  p.relu = relu;
  rowVersions(p);
}

void multiply(int rows, int columns, int inner, const float *a, const float *b, float *c, const float *bias, bool add) {
  multiply({rows, columns, inner, a, inner, 1, b, columns, c, columns, bias, add});
}

void multiplyTransposedAdd(int rows, int columns, int inner, const float *a, const float *b, float *c) {
  multiply({inner, columns, rows, a, 1, inner, b, columns, c, columns, nullptr, true});
}

void transpose(const float *from, int rows, int columns, long stride, Floats &to) {
  const int pad = padded(rows);
  to.resize(static_cast<std::size_t>(pad) * static_cast<std::size_t>(columns));
  for (int r0 = 0; r0 < pad; r0 += kPad) {
    for (int c = 0; c < columns; ++c) {
      float *line = to.data() + static_cast<long>(c) * pad + r0;
      const float *column = from + r0 * stride + c;
      const int n = std::min(kPad, rows - r0);
      for (int r = 0; r < n; ++r) line[r] = column[r * stride];
      for (int r = n; r < kPad; ++r) line[r] = 0;
    }
  }
}

}  // namespace petrl
