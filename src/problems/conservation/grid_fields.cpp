#include "problems/conservation/grid_fields.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace petrl::conservation {

void checkReference(int points, const std::vector<double> &times) {
  if (points < 8) throw Error("a reference of " + std::to_string(points) + " points a side; expected at least 8");
  for (std::size_t i = 0; i < times.size(); ++i)
    if (!(times[i] > (i > 0 ? times[i - 1] : 0.))) throw Error("the times of a reference must increase from 0");
}

void GridFields::values(double t, int n, const double *x, double *out) const {
  // Times that were summed up differ from those that were multiplied by rounding.
  const double tolerance = 1e-9 * std::max(1., std::fabs(t));
  const auto field = fields_.lower_bound(t - tolerance);
  if (field == fields_.end() || field->first > t + tolerance)
    throw Error("the reference knows nothing of time " + std::to_string(t));
  const float *q = field->second.data();
  const double scale = points_ / length_;
  const auto split = [&](double where, int &a, int &b) {
    const double p = where * scale - 0.5, floor = std::floor(p);
    a = static_cast<int>(floor);
    if (periodic_) {
      a = a % points_;
      a = a < 0 ? a + points_ : a;
      b = a + 1 == points_ ? 0 : a + 1;
    } else {
      b = std::clamp(a + 1, 0, points_ - 1);
      a = std::clamp(a, 0, points_ - 1);
    }
    return static_cast<float>(p - floor);
  };
  for (int k = 0; k < n; ++k) {
    int i, i1, j = 0, j1 = 0;
    const float a = split(x[dim_ * k], i, i1);
    const float b = dim_ == 2 ? split(x[2 * k + 1], j, j1) : 0.f;
    const float *low = q + static_cast<std::ptrdiff_t>(j) * points_,
                *high = q + static_cast<std::ptrdiff_t>(j1) * points_;
    out[k] = (1 - b) * ((1 - a) * low[i] + a * low[i1]) + b * ((1 - a) * high[i] + a * high[i1]);
  }
}

}  // namespace petrl::conservation
