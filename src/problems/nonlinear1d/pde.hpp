// The one-dimensional benchmark: viscous Burgers flow, forced by travelling waves, on a periodic line.
#pragma once

#include <cstdint>
#include <vector>

namespace petrl::nonlinear1d {

constexpr double kLength = 16;
constexpr double kTime = 4;
constexpr int kLevels = 250;  ///< time levels of a trajectory, both ends included
constexpr int kWaves = 5;     ///< waves in the forcing
constexpr int kModes = 3;     ///< different wave numbers that they may have
constexpr double kLevelStep = kTime / (kLevels - 1);

/// u_t + (u^2/2)_x = viscosity u_xx + delta(t, x), u(0, x) = delta(0, x), period kLength, with
/// delta = sum_j A_j sin(omega_j t + 2 pi l_j x / kLength + phi_j), 1 <= l_j <= kModes.
/// Source: equation "E2" of Brandstetter, Worrall, Welling, Message passing neural PDE solvers, ICLR 2022.
struct Nonlinear1DCase {
  double A[kWaves] = {}, omega[kWaves] = {}, phi[kWaves] = {};
  int l[kWaves] = {1, 1, 1, 1, 1};
  double viscosity = 0;
};

enum class Split { train, valid, test };

/// A ~ U[-.5, .5], omega ~ U[-.4, .4], phi ~ U[0, 2 pi], l uniform in 1..modes, viscosity ~ U[0, .2]. A function of its
/// arguments alone: no matter in which order or on which rank cases are drawn. Throws petrl::Error unless
/// 1 <= modes <= kModes.
Nonlinear1DCase drawCase(std::uint64_t seed, std::int64_t index, Split split, int modes = kModes);

/// Time of a level.
inline double levelTime(int level) {
  return level * kLevelStep;
}

/// The forcing gathered by wave number: delta = sum_l sine[l] sin(2 pi (l+1) x / L) + cosine[l] cos(..).
template <typename T>
struct Amplitudes {
  T sine[kModes], cosine[kModes];
};

/// The forcing on a uniform grid x_i = i L / n.
template <typename T>
class Forcing {
 public:
  /// `means`: of the cells [x_i - h/2, x_i + h/2] rather than values at x_i.
  Forcing(const Nonlinear1DCase &pde, int n, bool means);
  /// At any time; costs the sines and cosines of kWaves angles.
  Amplitudes<T> at(double t) const;
  /// Goes to a time, then on from there in equal steps: next() costs a few multiplications, and so does to start where
  /// the last step ended with steps as before.
  void start(double t, double step);
  Amplitudes<T> now() const;
  void next();
  /// Tables of sin and cos, kModes rows of n values, the rows `row()` apart.
  const T *sines() const { return table_.data(); }
  const T *cosines() const { return table_.data() + kModes * row_; }
  int row() const { return row_; }
  /// delta(t, x_i) or its cell means.
  void evaluate(double t, T *out) const;

 private:
  void phasors(double t, double (&re)[kWaves], double (&im)[kWaves]) const;
  Nonlinear1DCase pde_;
  int n_, row_;
  double weight_[kModes];  // of a mode in a cell mean
  double re_[kWaves] = {}, im_[kWaves] = {}, turn_re_[kWaves] = {}, turn_im_[kWaves] = {};
  double time_ = -1, step_ = 0;
  std::vector<T> table_;
};

extern template class Forcing<double>;
extern template class Forcing<float>;

}  // namespace petrl::nonlinear1d
