#include "learn/tqc/quantile_huber.hpp"

#include <cstddef>

#include "base/clones.hpp"
#include "base/floats.hpp"

namespace petrl::learn {

namespace {

using simd::load;
using simd::store;

/// Running sums of one row for a register of quantiles.
template <class Set>
struct Sums {
  typename Set::Vector all = {}, negative = {}, loss = {};
};

template <class Set, bool Loss>
PETRL_INLINE void addTarget(Sums<Set> &s, float target, const typename Set::Vector &z,
                            const typename Set::Vector &above, const typename Set::Vector &below,
                            const typename Set::Vector &one) {
  using V = typename Set::Vector;
  const V minus = -one, zero = one - one, u = target - z;
  V clipped = u > minus ? u : minus;  // derivative of huber_1
  clipped = clipped < one ? clipped : one;
  s.all += clipped;
  s.negative += clipped < zero ? clipped : zero;
  if (Loss) s.loss += (u < zero ? below : above) * (clipped * (clipped * -.5f + u));  // c (u - c/2)
}

// One row, a register of quantiles: stores the gradient, adds the losses if they are asked for.
template <class Set, bool Loss>
PETRL_INLINE void quantiles(const QuantileHuber &q, const float *y, std::ptrdiff_t start, int m,
                            typename Set::Vector &total) {
  using V = typename Set::Vector;
  const V z = *load<Set>(q.z + start + m), above = *load<Set>(q.tau + m), below = 1 - above;
  const V one = V{} + q.kappa;  // no constant: the compiler then sees minima and maxima as such
  // Four sets of sums hide the latency of the additions.
  Sums<Set> s[4];
  int t = 0;
  for (; t + 4 <= q.targets; t += 4) {
    PETRL_UNROLL for (int i = 0; i < 4; ++i) addTarget<Set, Loss>(s[i], y[t + i], z, above, below, one);
  }
  for (; t < q.targets; ++t) addTarget<Set, Loss>(s[0], y[t], z, above, below, one);
  const V all = (s[0].all + s[1].all) + (s[2].all + s[3].all);
  const V negative = (s[0].negative + s[1].negative) + (s[2].negative + s[3].negative);
  // sum of weight * clipped, the weight being tau above the quantile and 1 - tau below
  V slope = above * (all - negative);
  slope += below * negative;
  const V valid = *load<Set>(q.valid + m);
  *store<Set>(q.dz + start + m) = slope * -q.scale * valid;
  if (Loss) total += ((s[0].loss + s[1].loss) + (s[2].loss + s[3].loss)) * valid;
}

template <class Set>
PETRL_INLINE void huber(const QuantileHuber &q) {
  const int width = padded(q.quantiles);
  for (int row = 0; row < q.rows; ++row) {
    const float *y = q.y + static_cast<std::ptrdiff_t>(row) * q.targets;
    const std::ptrdiff_t start = static_cast<std::ptrdiff_t>(row) * width;
    typename Set::Vector sum = {};
    if (row >= q.loss_rows) {
      for (int m = 0; m < width; m += Set::kLanes) quantiles<Set, false>(q, y, start, m, sum);
      continue;
    }
    for (int m = 0; m < width; m += Set::kLanes) quantiles<Set, true>(q, y, start, m, sum);
    for (int lane = 0; lane < Set::kLanes; ++lane) *q.loss += sum[lane];
  }
}

PETRL_VERSIONS(huber, QuantileHuber)

}  // namespace

double quantileHuber(QuantileHuber q) {
  double loss = 0;
  q.loss = &loss;
  huberVersions(q);
  return loss;
}

}  // namespace petrl::learn
