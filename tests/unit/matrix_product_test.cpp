// Products of matrices against loops in double precision, on every instruction set at hand.
#include "policy/native/matrix_product.hpp"

#include <gtest/gtest.h>

#include <random>

#include "support/levels.hpp"

namespace petrl {
namespace {

using MatrixProductOn = test::OnEachLevel;
INSTANTIATE_TEST_SUITE_P(Processors, MatrixProductOn, test::kLevels, test::levelName);

std::vector<float> random(int rows, int columns) {
  static std::mt19937 rng(3);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  for (float &x : values) x = uniform(rng);
  return values;
}

std::size_t at(int row, int column, int columns) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column);
}

TEST_P(MatrixProductOn, AgreesWithLoopsForAnyShapeAndDoesNotMixRows) {
  for (int m : {1, 5, 16, 33}) {
    for (int n : {1, 8, 16, 24, 25, 48, 112, 128}) {
      for (int k : {1, 7, 64}) {
        const auto a = random(m, k), b = random(k, n), bias = random(1, n);
        std::vector<float> c(at(m, 0, n)), row(static_cast<std::size_t>(n));
        multiply(m, n, k, a.data(), b.data(), c.data(), bias.data());
        for (int i = 0; i < m; ++i) {
          multiply(1, n, k, a.data() + i * k, b.data(), row.data(), bias.data());
          for (int j = 0; j < n; ++j) {
            double sum = bias[at(0, j, n)];
            for (int l = 0; l < k; ++l) sum += static_cast<double>(a[at(i, l, k)]) * b[at(l, j, n)];
            EXPECT_NEAR(c[at(i, j, n)], sum, 1e-5);
            EXPECT_EQ(c[at(i, j, n)], row[at(0, j, n)]);
          }
        }
      }
    }
  }
}

TEST_P(MatrixProductOn, OneRowInParts) {
  for (int n : {16, 32, 64, 80, 144}) {
    for (int k : {1, 4, 7, 20, 64}) {
      for (const bool relu : {false, true}) {
        const auto x = random(1, k), b = random(k, n), bias = random(1, n);
        std::vector<float> y(static_cast<std::size_t>(n));
        multiplyRow(x.data(), k, b.data(), n, y.data(), bias.data(), relu);
        for (int j = 0; j < n; ++j) {
          double sum = bias[at(0, j, n)];
          for (int l = 0; l < k; ++l) sum += static_cast<double>(x[at(0, l, k)]) * b[at(l, j, n)];
          EXPECT_NEAR(y[at(0, j, n)], relu ? std::max(sum, 0.) : sum, 1e-5) << k << " x " << n;
        }
      }
    }
  }
}

// A transposed, C with rows of its own length, and what may follow the product.
TEST_P(MatrixProductOn, AddsRectifiesAndMasks) {
  constexpr int k = 9;
  for (int m : {1, 14}) {
    for (int n : {16, 37}) {
      const int stride = n + 3;
      const auto a = random(k, m), b = random(k, n), bias = random(1, n), mask = random(m, n),
                 before = random(m, stride);
      for (int kind = 0; kind < 8; ++kind) {
        const bool add = (kind & 1) != 0, relu = (kind & 2) != 0, masked = (kind & 4) != 0;
        std::vector<float> c = before;
        MatrixProduct product{m, n, k, a.data(), 1, m, b.data(), n, c.data(), stride, bias.data(), add, relu};
        if (masked) product.mask = mask.data(), product.mask_row = n;
        multiply(product);
        for (int i = 0; i < m; ++i) {
          for (int j = 0; j < stride; ++j) {
            double sum = before[at(i, j, stride)];
            if (j < n) {
              sum = (add ? sum : 0) + bias[at(0, j, n)];
              for (int l = 0; l < k; ++l) sum += static_cast<double>(a[at(l, i, m)]) * b[at(l, j, n)];
              if (relu) sum = std::max(sum, 0.);
              if (masked && mask[at(i, j, n)] <= 0) sum = 0;
            }
            EXPECT_NEAR(c[at(i, j, stride)], sum, 1e-5) << m << " x " << n << " kind " << kind;
          }
        }
      }
    }
  }
}

TEST_P(MatrixProductOn, GradientOfWeights) {
  constexpr int rows = 23, columns = 18, inner = 5;
  const auto a = random(rows, inner), b = random(rows, columns);
  auto c = random(inner, columns);
  const auto before = c;
  multiplyTransposedAdd(rows, columns, inner, a.data(), b.data(), c.data());
  for (int i = 0; i < inner; ++i) {
    for (int j = 0; j < columns; ++j) {
      double sum = before[at(i, j, columns)];
      for (int r = 0; r < rows; ++r) sum += static_cast<double>(a[at(r, i, inner)]) * b[at(r, j, columns)];
      EXPECT_NEAR(c[at(i, j, columns)], sum, 1e-5);
    }
  }
}

TEST(Transpose, PadsWithZeros) {
  const std::vector<float> from = {1, 2, 3, 4, 5, 6};  // 2 x 3
  Floats to;
  transpose(from.data(), 2, 3, 3, to);
  ASSERT_EQ(to.size(), 3u * 16u);
  for (int c = 0; c < 3; ++c) {
    for (int r = 0; r < 16; ++r) EXPECT_EQ(to[at(c, r, 16)], r < 2 ? from[at(r, c, 3)] : 0.f);
  }
}

}  // namespace
}  // namespace petrl
