// The WENO scheme under fixed explicit Runge-Kutta methods with the largest stable step: the fast rival.
#pragma once

#include "problems/nonlinear1d/weno.hpp"

namespace petrl::nonlinear1d {

enum class Stepper { ssprk3, rk4 };

struct FastOptions {
  Stepper stepper = Stepper::ssprk3;
  double safety = 1;         ///< fraction of the step at which the linear problem becomes unstable
  bool every_level = false;  ///< steps end on every level; else cubic Hermite interpolation in between
  bool means = true;         ///< forcing averaged over the cells, see Weno
};

template <typename T>
class FastWeno {
 public:
  /// Throws petrl::Error (fewer than 5 cells, safety not positive).
  FastWeno(const Nonlinear1DCase &pde, int n, const FastOptions &options);
  /// Starts from n cell means at a level.
  void start(int level, const T *u);
  /// Advances by so many levels; out: levels x n, the first row one level later.
  void advance(int levels, T *out);
  /// Evaluations of the right-hand side and steps since the object was made.
  long evaluations() const { return evaluations_; }
  long steps() const { return steps_; }
  int n() const { return weno_.n(); }

 private:
  double limit() const;
  void step(double h);
  Weno<T> weno_;
  FastOptions options_;
  double time_ = 0;
  long evaluations_ = 0, steps_ = 0;
  int level_ = 0;
  Row<T> old_, old_slope_, now_, slope_, first_, second_;
};

extern template class FastWeno<double>;
extern template class FastWeno<float>;

}  // namespace petrl::nonlinear1d
