#include "closure/fields.hpp"

#include <algorithm>

#include "base/clones.hpp"

namespace petrl {

namespace {

PETRL_CLONES void normalise(const double *value, int n, double offset, double factor, float clip, float *out) {
  for (int i = 0; i < n; ++i) {
    const auto x = static_cast<float>((value[i] - offset) * factor);
    const float y = x > clip ? clip : x;
    out[i] = y < -clip ? -clip : y;
  }
}

PETRL_CLONES void gather(int n, const double *__restrict value, double *__restrict sum, double *__restrict low,
                         double *__restrict high) {
  for (int i = 0; i < n; ++i) {
    const double x = value[i];
    sum[i] += x;
    low[i] = x < low[i] ? x : low[i];
    high[i] = x > high[i] ? x : high[i];
  }
}

// sum, low, high: of columns, from r points before the first on.
PETRL_CLONES void normaliseLocally(const double *__restrict value, int n, int r, double share, double floor, float clip,
                                   const double *__restrict sum, const double *__restrict low,
                                   const double *__restrict high, float *__restrict out) {
  for (int i = 0; i < n; ++i) {
    double total = sum[i], least = low[i], most = high[i];
    for (int k = 1; k <= 2 * r; ++k) {
      total += sum[i + k];
      least = low[i + k] < least ? low[i + k] : least;
      most = high[i + k] > most ? high[i + k] : most;
    }
    const double range = most - least + floor, inverse = range > 0 ? 1 / range : 0;
    const auto x = static_cast<float>((value[i] - share * total) * inverse);
    const float y = x > clip ? clip : x;
    out[i] = y < -clip ? -clip : y;
  }
}

// Zero times a finite number is zero, times any other it is NaN.
PETRL_CLONES double zeroTimesSum(const double *values, std::size_t n) {
  double sum[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) sum[k] += 0.0 * values[i + k];
  }
  for (; i < n; ++i) sum[0] += 0.0 * values[i];
  for (std::size_t k = 1; k < 8; ++k) sum[0] += sum[k];
  return sum[0];
}

// Comparisons with NaN are false: it is left to the sum.
PETRL_CLONES double zeroTimesSum(const double *values, std::size_t n, double *smallest, double *largest) {
  double sum[8] = {}, low[8], high[8];
  for (std::size_t k = 0; k < 8; ++k) low[k] = high[k] = values[0];
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) {
      const double x = values[i + k];
      sum[k] += 0.0 * x;
      low[k] = x < low[k] ? x : low[k];
      high[k] = x > high[k] ? x : high[k];
    }
  }
  for (; i < n; ++i) {
    sum[0] += 0.0 * values[i];
    low[0] = values[i] < low[0] ? values[i] : low[0];
    high[0] = values[i] > high[0] ? values[i] : high[0];
  }
  for (std::size_t k = 1; k < 8; ++k) {
    sum[0] += sum[k];
    low[0] = low[k] < low[0] ? low[k] : low[0];
    high[0] = high[k] > high[0] ? high[k] : high[0];
  }
  *smallest = low[0], *largest = high[0];
  return sum[0];
}

}  // namespace

FieldInput::FieldInput(const Policy &policy)
    : floor_(policy.observation.names.size(), 0.),
      dimensions_(dimensionsOf(policy.network)),
      reach_(policy.observation.anyLocal() ? policy.observation.radius : 0),
      clip_(policy.observation.clip) {
  const ObservationSpec &observation = policy.observation;
  for (std::size_t c = 0; c < observation.names.size(); ++c) {
    offset_.push_back(observation.offset[c]);
    scale_.push_back(observation.scale[c]);
    factor_.push_back(1 / scale_[c]);
    courant_.push_back(observation.courant(c) ? velocityAxis(policy, c) : -1);
    local_.push_back(observation.local(c));
    unseen_.push_back(observation.unseen(c));
  }
}

void FieldInput::setRange(std::size_t channel, double range) {
  floor_[channel] = kRangeFloor * range;
}

void FieldInput::setCourant(const std::array<double, 3> &step_over_spacing) {
  for (std::size_t c = 0; c < courant_.size(); ++c)
    if (courant_[c] >= 0) factor_[c] = step_over_spacing[static_cast<std::size_t>(courant_[c])] / scale_[c];
}

void FieldInput::setPatch(const Fields &fields, const GridSize &shift) {
  fields_ = &fields;
  shift_ = shift;
  period_ = {0, 0, 0};
}

void FieldInput::setPeriodic(const Fields &fields, const GridSize &size) {
  fields_ = &fields;
  shift_ = {0, 0, 0};
  period_ = size;
}

static int wrapped(int i, int n) {
  return n > 0 ? (i % n + n) % n : i;
}

// Sums along y and z of whole rows, then along x: always in the same order, wherever the point lies.
void FieldInput::localRow(std::size_t c, int y, int z, int first, int count, float *out) {
  const int r = reach_, ry = dimensions_ > 1 ? r : 0, rz = dimensions_ > 2 ? r : 0, width = count + 2 * r;
  const auto n = static_cast<std::size_t>(width);
  work_.resize(4 * n);
  double *const sum = work_.data(), *const low = sum + n, *const high = low + n, *const end = high + n;
  const double *middle = nullptr;
  for (int k = z - rz; k <= z + rz; ++k) {
    for (int j = y - ry; j <= y + ry; ++j) {
      const double *from = fields_->channel[c] + (wrapped(k, period_.nz) - shift_.nz) * fields_->slice +
                           (wrapped(j, period_.ny) - shift_.ny) * fields_->row + first - shift_.nx;
      if (j == y && k == z) middle = from;
      if (period_.nx > 0) {
        for (int i = 0; i < width; ++i) end[i] = from[wrapped(first + i - r, period_.nx) - first];
        from = end;
      } else {
        from -= r;
      }
      if (j == y - ry && k == z - rz)
        std::copy_n(from, n, sum), std::copy_n(from, n, low), std::copy_n(from, n, high);
      else
        gather(width, from, sum, low, high);
    }
  }
  const double share = 1. / ((2. * r + 1) * (2. * ry + 1) * (2. * rz + 1));
  normaliseLocally(middle, count, r, share, floor_[c], clip_, sum, low, high, out);
}

void FieldInput::row(int y, int z, int first, int count, float *out, std::ptrdiff_t channel) {
  y = wrapped(y, period_.ny);
  z = wrapped(z, period_.nz);
  const std::ptrdiff_t at = (z - shift_.nz) * fields_->slice + (y - shift_.ny) * fields_->row + first - shift_.nx;
  for (std::size_t c = 0; c < offset_.size(); ++c, out += channel) {
    if (unseen_[c])
      std::fill_n(out, count, 0.f);
    else if (local_[c])
      localRow(c, y, z, first, count, out);
    else
      normalise(fields_->channel[c] + at, count, offset_[c], factor_[c], clip_, out);
  }
}

bool allFinite(const double *values, std::size_t n) {
  return zeroTimesSum(values, n) == 0;
}

bool allFinite(const double *values, std::size_t n, double *low, double *high) {
  return zeroTimesSum(values, n, low, high) == 0;
}

}  // namespace petrl
