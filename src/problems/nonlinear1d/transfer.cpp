#include "problems/nonlinear1d/transfer.hpp"

#include <cmath>
#include <string>

#include "base/error.hpp"
#include "problems/nonlinear1d/dataset.hpp"

namespace petrl::nonlinear1d {

namespace {

constexpr double kBoxWidth = kBox * kLength / kFinePoints;

class Builder {
 public:
  Builder(int rows, int columns) : columns_(columns), value_(static_cast<std::size_t>(rows * columns)), rows_(rows) {}
  void add(int row, int column, double weight) {
    value_[static_cast<std::size_t>(row * columns_ + ((column % columns_) + columns_) % columns_)] += weight;
  }
  LinearMap map() const { return {rows_, columns_, std::vector<float>(value_.begin(), value_.end())}; }

 private:
  int columns_;
  std::vector<double> value_;
  int rows_;
};

void checkDegree(int degree, int n) {
  if (degree < 1 || degree > 9 || degree % 2 == 0 || n <= degree)
    throw Error("nonlinear1d: interpolation of degree " + std::to_string(degree) + " on " + std::to_string(n) +
                " points; expected an odd degree up to 9 and more points");
}

// Calls use(node, weight) for the polynomial through the degree + 1 nodes (at the integers) around s.
template <typename Use>
void lagrange(double s, int degree, Use use) {
  const int first = static_cast<int>(std::floor(s)) - degree / 2;
  for (int i = 0; i <= degree; ++i) {
    double weight = 1;
    for (int j = 0; j <= degree; ++j) {
      if (j != i) weight *= (s - first - j) / (i - j);
    }
    use(first + i, weight);
  }
}

// Linear interpolation from `columns` evenly spaced points of the periodic line to `rows` others.
LinearMap linear(int rows, int columns) {
  Builder out(rows, columns);
  for (int i = 0; i < rows; ++i)
    lagrange(static_cast<double>(i) * columns / rows, 1, [&](int node, double w) { out.add(i, node, w); });
  return out.map();
}

}  // namespace

void LinearMap::apply(const float *in, float *out) const {
  const float *row = value.data();
  for (int r = 0; r < rows; ++r, row += columns) {
    float sum = 0;
    for (int c = 0; c < columns; ++c) sum += row[c] * in[c];
    out[r] = sum;
  }
}

LinearMap sampleLabels(int n) {
  return linear(n, kPoints);
}

LinearMap projectLabels(int n, int degree) {
  checkDegree(degree, kPoints);
  Builder out(n, kPoints);
  const double h = kLength / n, extra = h * h - kBoxWidth * kBoxWidth;
  for (int i = 0; i < n; ++i) {
    const double centre = i * h / kSpacing;
    const auto point = [&](double s, double weight) {
      lagrange(s, degree, [&](int node, double w) { out.add(i, node, weight * w); });
    };
    if (extra >= 0) {
      // A box of width a then one of width b do as one of width sqrt(a^2 + b^2), to fourth order; two points average.
      const double reach = std::sqrt(extra / 12) / kSpacing;
      point(centre - reach, .5);
      point(centre + reach, .5);
    } else {
      const double sharpen = extra / (24 * kSpacing * kSpacing);
      point(centre - 1, sharpen);
      point(centre, 1 - 2 * sharpen);
      point(centre + 1, sharpen);
    }
  }
  return out.map();
}

LinearMap interpolateCells(int n) {
  return linear(kPoints, n);
}

LinearMap averageCells(int n, int degree) {
  checkDegree(degree, n);
  Builder out(kPoints, n);
  const double h = kLength / n;
  for (int p = 0; p < kPoints; ++p) {
    // The primitive at face f (left of cell f) is h times the sum of the cells from an origin far to the left.
    const auto primitive = [&](double x, double weight, int origin) {
      lagrange(x / h + .5, degree, [&](int face, double w) {
        for (int cell = origin; cell < face; ++cell) out.add(p, cell, weight * w * h / kBoxWidth);
      });
    };
    const double x = p * kSpacing;
    const int origin = static_cast<int>(std::floor((x - kBoxWidth / 2) / h)) - degree - 2;
    primitive(x + kBoxWidth / 2, 1, origin);
    primitive(x - kBoxWidth / 2, -1, origin);
  }
  return out.map();
}

}  // namespace petrl::nonlinear1d
