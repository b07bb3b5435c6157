#include "closure/fields.hpp"

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

FieldInput::FieldInput(const ObservationSpec &observation) : clip_(observation.clip) {
  for (std::size_t c = 0; c < observation.names.size(); ++c) {
    offset_.push_back(observation.offset[c]);
    factor_.push_back(1.0 / observation.scale[c]);
  }
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

void FieldInput::row(int y, int z, int first, int count, float *out, std::ptrdiff_t channel) {
  if (period_.nx > 0) {
    y = (y % period_.ny + period_.ny) % period_.ny;
    z = (z % period_.nz + period_.nz) % period_.nz;
  }
  const std::ptrdiff_t at = (z - shift_.nz) * fields_->slice + (y - shift_.ny) * fields_->row + first - shift_.nx;
  for (std::size_t c = 0; c < offset_.size(); ++c, out += channel)
    normalise(fields_->channel[c] + at, count, offset_[c], factor_[c], clip_, out);
}

bool allFinite(const double *values, std::size_t n) {
  return zeroTimesSum(values, n) == 0;
}

bool allFinite(const double *values, std::size_t n, double *low, double *high) {
  return zeroTimesSum(values, n, low, high) == 0;
}

}  // namespace petrl
