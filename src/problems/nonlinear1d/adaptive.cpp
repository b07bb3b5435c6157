#include "problems/nonlinear1d/adaptive.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::nonlinear1d {

namespace {

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

// Rows have one ghost value in front: cell i is at [i + 1].
PETRL_CLONES void limitedSlopes(int n, const double *u, const double *between, const double *inverse, double *slope) {
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) {
    const double right = u[i + 1] - u[i], left = u[i] - u[i - 1];
    const double central = .5 * (right * between[i] + left * between[i - 1]);
    // No face value may pass the neighbour's mean.
    const double up = std::fabs(right), down = std::fabs(left), smaller = up < down ? up : down;
    const double most = 2 * smaller * inverse[i], middle = std::fabs(central);
    const double size = middle < most ? middle : most;
    slope[i] = right * left > 0 ? (right > 0 ? size : -size) : 0;
  }
}

// flux[i]: between cells i - 1 and i.
PETRL_CLONES void faceFluxes(int n, double viscosity, const double *u, const double *slope, const double *width,
                             const double *between, double *flux) {
  PETRL_INDEPENDENT for (int i = 0; i <= n; ++i) {
    const double left = u[i - 1] + .5 * slope[i - 1] * width[i - 1], right = u[i] - .5 * slope[i] * width[i];
    const double larger = left > -right ? left : -right, m = larger > 0 ? larger : 0;
    flux[i] = .5 * m * m - viscosity * (u[i] - u[i - 1]) * between[i - 1];
  }
}

PETRL_CLONES void changes(int n, const double *flux, const double *inverse, const double *sine, const double *cosine,
                          const Amplitudes<double> &f, double *out) {
  const double *__restrict s1 = sine + n;
  const double *__restrict s2 = s1 + n;
  const double *__restrict c1 = cosine + n;
  const double *__restrict c2 = c1 + n;
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) {
    out[i] = (flux[i] - flux[i + 1]) * inverse[i] + (f.sine[0] * sine[i] + f.cosine[0] * cosine[i]) +
             (f.sine[1] * s1[i] + f.cosine[1] * c1[i]) + (f.sine[2] * s2[i] + f.cosine[2] * c2[i]);
  }
}

PETRL_CLONES void combine(int n, double a, const double *u, double b, const double *v, double c, const double *k,
                          double *out) {
  PETRL_INDEPENDENT for (int i = 0; i < n; ++i) out[i] = a * u[i] + b * v[i] + c * k[i];
}

PETRL_CLONES double fastestRate(int n, double viscous, const double *u, const double *inverse) {
  return largestOver(n, 1e-9, [=](int i) { return inverse[i] * (std::fabs(u[i]) + viscous * inverse[i]); });
}

}  // namespace

AdaptiveVolumes::AdaptiveVolumes(const Nonlinear1DCase &pde, const AdaptiveOptions &options)
    : pde_(pde), options_(options), fine_(options.base << options.max_level), forcing_(pde, 2 * fine_, false) {
  if (options.base < 4 || options.max_level < 0 || options.max_level > 8 || !(options.threshold > 0))
    throw Error("nonlinear1d: adaptive volumes expect at least 4 base cells, 0..8 levels, a positive threshold");
  for (int level = 0; level <= options.max_level; ++level) {
    for (int m = 0; m < kModes; ++m) {
      const double half = 3.14159265358979323846 * (m + 1) / (options.base << level);
      mean_weight_.push_back(std::sin(half) / half);
    }
  }
}

void AdaptiveVolumes::setMesh(const std::vector<Cell> &cells) {
  mesh_ = cells;
  n_ = static_cast<int>(cells.size());
  for (auto *row : {&centre_, &width_, &inverse_, &between_, &u_, &slope_, &first_, &second_, &old_})
    row->assign(at(n_ + 2), 0);
  for (auto *row : {&flux_, &rate_, &old_rate_}) row->assign(at(n_ + 1), 0);
  sine_.resize(at(kModes * n_)), cosine_.resize(at(kModes * n_));
  for (int i = 0; i < n_; ++i) {
    const Cell &cell = mesh_[at(i)];
    const int size = 1 << (options_.max_level - cell.level);  // in finest cells
    const int middle = (2 * cell.index + 1) * size;           // in half finest cells
    width_[at(i + 1)] = kLength * size / fine_;
    centre_[at(i + 1)] = kLength * middle / (2 * fine_);
    inverse_[at(i + 1)] = 1 / width_[at(i + 1)];
    for (int m = 0; m < kModes; ++m) {
      const double weight = mean_weight_[at(cell.level * kModes + m)];
      sine_[at(m * n_ + i)] = weight * forcing_.sines()[m * forcing_.row() + middle];
      cosine_[at(m * n_ + i)] = weight * forcing_.cosines()[m * forcing_.row() + middle];
    }
  }
  for (auto *row : {&width_, &inverse_}) row->front() = (*row)[at(n_)], row->back() = (*row)[1];
  centre_.front() = centre_[at(n_)] - kLength, centre_.back() = centre_[1] + kLength;
  for (int i = 0; i <= n_; ++i) between_[at(i)] = 1 / (centre_[at(i + 1)] - centre_[at(i)]);
  between_.back() = between_[1];
}

// The coarsest mesh whose cells respect the indicator: wanted[k] is its largest value around finest cell k.
std::vector<AdaptiveVolumes::Cell> AdaptiveVolumes::marked(const std::vector<double> &wanted) const {
  const int power = options_.indicator == Indicator::gradient ? 1 : 2;
  std::vector<int> level(at(fine_));
  for (int k = 0; k < fine_; ++k) {
    double h = kLength / options_.base, size = power == 1 ? h : h * h;
    int deep = 0;
    for (; deep < options_.max_level && wanted[at(k)] * size > options_.threshold; ++deep) size /= 1 << power;
    level[at(k)] = deep;
  }
  std::vector<Cell> cells, graded;
  // A cell is split where any of it is to be deeper.
  const auto cover = [&](auto &&self, int deep, int index) -> void {
    const int size = 1 << (options_.max_level - deep);
    const auto from = level.begin() + index * size;
    if (deep == options_.max_level || *std::max_element(from, from + size) <= deep) {
      cells.push_back({deep, index});
    } else {
      self(self, deep + 1, 2 * index);
      self(self, deep + 1, 2 * index + 1);
    }
  };
  for (int i = 0; i < options_.base; ++i) cover(cover, 0, i);
  for (bool again = true; again;) {
    again = false;
    graded.clear();
    const std::size_t n = cells.size();
    for (std::size_t i = 0; i < n; ++i) {
      const Cell &cell = cells[i];
      if (std::max(cells[(i + 1) % n].level, cells[(i + n - 1) % n].level) > cell.level + 1) {
        again = true;
        graded.push_back({cell.level + 1, 2 * cell.index});
        graded.push_back({cell.level + 1, 2 * cell.index + 1});
      } else {
        graded.push_back(cell);
      }
    }
    cells.swap(graded);
  }
  return cells;
}

void AdaptiveVolumes::start(int level, const float *label) {
  level_ = level;
  // On the finest cells first: means of the labels' linear interpolation.
  std::vector<Cell> finest;
  for (int k = 0; k < fine_; ++k) finest.push_back({options_.max_level, k});
  setMesh(finest);
  for (int k = 0; k < fine_; ++k) {
    double sum = 0;
    constexpr int kSamples = 8;
    for (int s = 0; s < kSamples; ++s) {
      const double x = (k + (s + .5) / kSamples) * kPoints / fine_;
      const int p = static_cast<int>(x);
      sum += label[p % kPoints] + (x - p) * (double(label[(p + 1) % kPoints]) - label[p % kPoints]);
    }
    u_[at(k + 1)] = sum / kSamples;
  }
}

void AdaptiveVolumes::remesh(int levels) {
  const double travel = levels * kLevelStep, finest = kLength / fine_;
  slopes(u_.data() + 1, slope_.data() + 1);
  std::vector<double> wanted(at(fine_));
  for (int i = 1; i <= n_; ++i) {
    const double right = (u_[at(i + 1)] - u_[at(i)]) * between_[at(i)];
    const double left = (u_[at(i)] - u_[at(i - 1)]) * between_[at(i - 1)];
    const double value = options_.indicator == Indicator::gradient
                             ? std::max(std::fabs(right), std::fabs(left))
                             : std::fabs(right - left) * 2 / (1 / between_[at(i)] + 1 / between_[at(i - 1)]);
    const double around = (.5 + options_.reach) * width_[at(i)], u = u_[at(i)];
    const int from = static_cast<int>(std::floor((centre_[at(i)] - around + std::min(0., u * travel)) / finest));
    const int to = static_cast<int>(std::ceil((centre_[at(i)] + around + std::max(0., u * travel)) / finest));
    for (int left_over = std::min(to - from, fine_), k = (from % fine_ + fine_) % fine_; left_over > 0; --left_over) {
      wanted[at(k)] = std::max(wanted[at(k)], value);
      if (++k == fine_) k = 0;
    }
  }
  const std::vector<Cell> fresh = marked(wanted);
  // Transfer: the integral over each new cell of the old cells' linear pieces.
  std::vector<double> value(fresh.size());
  const auto face = [&](const Cell &c, int side) { return (c.index + side) << (options_.max_level - c.level); };
  int old = 0;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const int begin = face(fresh[i], 0), end = face(fresh[i], 1);
    while (face(mesh_[at(old)], 1) <= begin) ++old;
    for (int j = old; j < n_ && face(mesh_[at(j)], 0) < end; ++j) {
      const int a = std::max(begin, face(mesh_[at(j)], 0)), b = std::min(end, face(mesh_[at(j)], 1));
      const double middle = .5 * (a + b) * finest;
      value[i] += (b - a) * (u_[at(j + 1)] + slope_[at(j + 1)] * (middle - centre_[at(j + 1)]));
    }
    value[i] /= end - begin;
  }
  setMesh(fresh);
  std::copy(value.begin(), value.end(), u_.begin() + 1);
}

void AdaptiveVolumes::slopes(double *u, double *slope) const {
  u[-1] = u[n_ - 1], u[n_] = u[0];
  limitedSlopes(n_, u, between_.data() + 1, inverse_.data() + 1, slope);
  slope[-1] = slope[n_ - 1], slope[n_] = slope[0];
}

void AdaptiveVolumes::rate(double *u, const Amplitudes<double> &f, double *out) {
  slopes(u, slope_.data() + 1);
  faceFluxes(n_, pde_.viscosity, u, slope_.data() + 1, width_.data() + 1, between_.data() + 1, flux_.data());
  changes(n_, flux_.data(), inverse_.data() + 1, sine_.data(), cosine_.data(), f, out);
}

double AdaptiveVolumes::limit() const {
  // Limited slopes allow a Courant number of 1; SSPRK3 is stable on the real axis down to -2.51, diffusion reaches -4.
  const double fastest = fastestRate(n_, pde_.viscosity * 4 / 2.51, u_.data() + 1, inverse_.data() + 1);
  return options_.safety / fastest;
}

void AdaptiveVolumes::advance(int levels) {
  output_.resize(at(levels * n_));
  double time = levelTime(level_);
  const double end = levelTime(level_ + levels);
  double *u = u_.data() + 1, *v = first_.data() + 1, *w = second_.data() + 1, *old = old_.data() + 1;
  double *k = rate_.data(), *old_k = old_rate_.data();
  rate(u, forcing_.at(time), k);
  for (int done = 0; done < levels;) {
    const int count = std::max(1, static_cast<int>(std::ceil((end - time) / limit() * (1 - 1e-12))));
    const double h = (end - time) / count;
    forcing_.start(time, h / 2);
    for (int s = 0; s < count; ++s) {
      std::copy(u, u + n_, old);
      std::copy(k, k + n_, old_k);
      forcing_.next();
      const Amplitudes<double> half = forcing_.now();
      forcing_.next();
      const Amplitudes<double> whole = forcing_.now();
      combine(n_, 1, u, 0, u, h, k, v);
      rate(v, whole, k);
      combine(n_, .75, old, .25, v, .25 * h, k, w);
      rate(w, half, k);
      combine(n_, 1. / 3, old, 2. / 3, w, 2. / 3 * h, k, u);
      rate(u, whole, k);
      const double before = time;
      time = s + 1 == count ? end : time + h;
      for (; done < levels && levelTime(level_ + done + 1) <= time + 1e-9; ++done) {
        const double x = std::min(1., (levelTime(level_ + done + 1) - before) / h), y = 1 - x;
        double *row = &output_[at(done * n_)];
        combine(n_, y * y * (1 + 2 * x), old, x * x * (1 + 2 * y), u, h * x * y * y, old_k, row);
        combine(n_, 1, row, 0, u, -h * x * x * y, k, row);
      }
      if (s + 1 < count && h > 1.02 * limit()) break;
    }
  }
  level_ += levels;
}

double AdaptiveVolumes::integral() const {
  double sum = 0;
  for (int i = 1; i <= n_; ++i) sum += u_[at(i)] * width_[at(i)];
  return sum;
}

void AdaptiveVolumes::label(int level, float *out) const {
  std::vector<double> u(at(n_ + 2)), slope(at(n_ + 2)), sum(at(n_ + 1));
  std::copy_n(&output_[at(level * n_)], n_, u.begin() + 1);
  slopes(u.data() + 1, slope.data() + 1);
  for (int i = 0; i < n_; ++i) sum[at(i + 1)] = sum[at(i)] + u[at(i + 1)] * width_[at(i + 1)];
  const double half = kLength * kBox / kFinePoints / 2;
  for (int p = 0; p < kPoints; ++p) {
    const double x = labelPoint(p);
    out[p] = static_cast<float>((primitive(u.data(), slope.data(), sum.data(), x + half) -
                                 primitive(u.data(), slope.data(), sum.data(), x - half)) /
                                (2 * half));
  }
}

double AdaptiveVolumes::primitive(const double *u, const double *slope, const double *sum, double x) const {
  const double turns = std::floor(x / kLength);
  x -= turns * kLength;
  int low = 0, high = n_ - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (centre_[at(middle + 1)] - width_[at(middle + 1)] / 2 <= x)
      low = middle;
    else
      high = middle - 1;
  }
  const double left = -width_[at(low + 1)] / 2, s = x - centre_[at(low + 1)];
  return turns * sum[n_] + sum[low] + u[low + 1] * (s - left) + slope[low + 1] * (s * s - left * left) / 2;
}

void AdaptiveVolumes::interpolated(int level, float *out) const {
  const double *u = &output_[at(level * n_)];
  int right = 0;  // first centre at or beyond the point
  for (int p = 0; p < kPoints; ++p) {
    const double x = labelPoint(p);
    while (right < n_ && centre_[at(right + 1)] < x) ++right;
    const int left = right - 1;
    const double weight = (x - centre_[at(left + 1)]) * between_[at(left + 1)];
    out[p] = static_cast<float>((1 - weight) * u[(left + n_) % n_] + weight * u[right % n_]);
  }
}

}  // namespace petrl::nonlinear1d
