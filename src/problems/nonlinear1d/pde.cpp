#include "problems/nonlinear1d/pde.hpp"

#include <cmath>
#include <string>

#include "base/error.hpp"
#include "problems/random.hpp"

namespace petrl::nonlinear1d {

namespace {

constexpr double kPi = 3.14159265358979323846;

// Numbers by their places in the stream.
class Stream {
 public:
  Stream(std::uint64_t seed, std::uint64_t index, std::uint64_t split)
      : key_(splitmix64(splitmix64(splitmix64(seed) ^ index) ^ split)) {}
  double uniform(double low, double high) {
    return low +
           (high - low) * (static_cast<double>(splitmix64(key_ + 0x632be59bd9b4e019ull * ++count_) >> 11) * 0x1.0p-53);
  }

 private:
  std::uint64_t key_, count_ = 0;
};

double waveNumber(int mode) {
  return 2 * kPi * (mode + 1) / kLength;
}

// A sin(kx + a) = A cos(a) sin(kx) + A sin(a) cos(kx), gathered by wave number.
template <typename T>
Amplitudes<T> gathered(const Nonlinear1DCase &pde, const double (&re)[kWaves], const double (&im)[kWaves]) {
  double sine[kModes] = {}, cosine[kModes] = {};
  for (int j = 0; j < kWaves; ++j) sine[pde.l[j] - 1] += re[j], cosine[pde.l[j] - 1] += im[j];
  Amplitudes<T> out;
  for (int m = 0; m < kModes; ++m) out.sine[m] = static_cast<T>(sine[m]), out.cosine[m] = static_cast<T>(cosine[m]);
  return out;
}

}  // namespace

Nonlinear1DCase drawCase(std::uint64_t seed, std::int64_t index, Split split, int modes) {
  if (modes < 1 || modes > kModes)
    throw Error("nonlinear1d: wave numbers 1.." + std::to_string(modes) + "; expected at most " +
                std::to_string(kModes) + " of them");
  Stream draw(seed, static_cast<std::uint64_t>(index), static_cast<std::uint64_t>(split));
  Nonlinear1DCase pde;
  for (int j = 0; j < kWaves; ++j) {
    pde.A[j] = draw.uniform(-.5, .5);
    pde.omega[j] = draw.uniform(-.4, .4);
    pde.phi[j] = draw.uniform(0, 2 * kPi);
    pde.l[j] = 1 + static_cast<int>(draw.uniform(0, modes));
  }
  pde.viscosity = draw.uniform(0, .2);
  return pde;
}

template <typename T>
Forcing<T>::Forcing(const Nonlinear1DCase &pde, int n, bool means)
    : pde_(pde), n_(n), row_((n + 15) / 16 * 16), table_(static_cast<std::size_t>(2 * kModes * row_)) {
  for (const int l : pde.l) {
    if (l < 1 || l > kModes)
      throw Error("nonlinear1d: wave number " + std::to_string(l) + "; expected 1.." + std::to_string(kModes));
  }
  for (int m = 0; m < kModes; ++m) {
    const double half = waveNumber(m) * kLength / n / 2;
    weight_[m] = means ? std::sin(half) / half : 1;
    for (int i = 0; i < n; ++i) {
      const double angle = waveNumber(m) * i * kLength / n;
      table_[static_cast<std::size_t>(m * row_ + i)] = static_cast<T>(std::sin(angle));
      table_[static_cast<std::size_t>((kModes + m) * row_ + i)] = static_cast<T>(std::cos(angle));
    }
  }
}

template <typename T>
void Forcing<T>::phasors(double t, double (&re)[kWaves], double (&im)[kWaves]) const {
  for (int j = 0; j < kWaves; ++j) {
    const double size = pde_.A[j] * weight_[pde_.l[j] - 1], angle = pde_.omega[j] * t + pde_.phi[j];
    re[j] = size * std::cos(angle), im[j] = size * std::sin(angle);
  }
}

template <typename T>
void Forcing<T>::start(double t, double step) {
  const auto same = [](double a, double b) { return std::fabs(a - b) < 1e-12; };
  if (!same(t, time_)) phasors(t, re_, im_);
  for (int j = 0; j < kWaves && !same(step, step_); ++j)
    turn_re_[j] = std::cos(pde_.omega[j] * step), turn_im_[j] = std::sin(pde_.omega[j] * step);
  time_ = t, step_ = step;
}

template <typename T>
Amplitudes<T> Forcing<T>::now() const {
  return gathered<T>(pde_, re_, im_);
}

template <typename T>
void Forcing<T>::next() {
  time_ += step_;
  for (int j = 0; j < kWaves; ++j) {
    const double re = re_[j] * turn_re_[j] - im_[j] * turn_im_[j];
    im_[j] = re_[j] * turn_im_[j] + im_[j] * turn_re_[j];
    re_[j] = re;
  }
}

template <typename T>
Amplitudes<T> Forcing<T>::at(double t) const {
  double re[kWaves], im[kWaves];
  phasors(t, re, im);
  return gathered<T>(pde_, re, im);
}

template <typename T>
void Forcing<T>::evaluate(double t, T *out) const {
  const Amplitudes<T> a = at(t);
  for (int i = 0; i < n_; ++i) {
    T sum = 0;
    for (int m = 0; m < kModes; ++m) sum += a.sine[m] * sines()[m * row_ + i] + a.cosine[m] * cosines()[m * row_ + i];
    out[i] = sum;
  }
}

template class Forcing<double>;
template class Forcing<float>;

}  // namespace petrl::nonlinear1d
