// Friction laws of a fault: the coefficient of friction as a function of the speed and of one history variable.
#pragma once

#include <limits>
#include <memory>
#include <string>

#include "base/yaml.hpp"
#include "problems/fault/friction_formulas.hpp"

namespace petrl::fault {

/// mu(s, speed) with a history variable s, ds/dt = g(s, speed), that is integrated with the motion.
class FrictionLaw {
 public:
  virtual ~FrictionLaw() = default;
  virtual std::string name() const = 0;
  virtual FrictionFormula formula() const = 0;
  /// At s = known + c g(s, speed), speed >= 0 [m/s]; c = 0: at s = known.
  FrictionPoint evaluate(double known, double c, double speed) const;
  virtual double initialHistory() const { return 0; }
  /// Strength at rest before any slip.
  virtual double staticCoefficient() const = 0;
  /// Strength after long slip.
  virtual double residualCoefficient() const = 0;
  /// Slip over which it weakens [m].
  virtual double criticalSlip() const = 0;
  /// Largest rate of weakening with slip, - d mu / d slip [1/m]; 0 or less: never weakens.
  virtual double weakening() const = 0;
};

/// What the slip-weakening laws share: s is the slip, ds/dt = speed - s/t_heal. Healing (t_heal finite) lets a fault that
/// is loaded from afar slip again and again.
class SlipWeakening : public FrictionLaw {
 public:
  SlipWeakening(double residual, double drop, double critical_slip,
                double healing_time = std::numeric_limits<double>::infinity())
      : residual_(residual), drop_(drop), critical_slip_(critical_slip), healing_rate_(1 / healing_time) {}
  double staticCoefficient() const override { return residual_ + drop_; }
  double residualCoefficient() const override { return residual_; }
  double criticalSlip() const override { return critical_slip_; }
  double weakening() const override { return drop_ / critical_slip_; }

 protected:
  double residual_, drop_, critical_slip_, healing_rate_;
};

/// mu = mu_res + drop exp(-s/d_c) (Kanamori & Brodsky 2004; eq. 9 of the paper).
class ExponentialWeakening : public SlipWeakening {
 public:
  using SlipWeakening::SlipWeakening;
  std::string name() const override { return "exponential"; }
  FrictionFormula formula() const override {
    return ExponentialFormula{residual_, drop_, critical_slip_, healing_rate_};
  }
};

/// mu = mu_res + drop max(0, 1 - s/d_c) (Ida 1972).
class LinearWeakening : public SlipWeakening {
 public:
  using SlipWeakening::SlipWeakening;
  std::string name() const override { return "linear"; }
  FrictionFormula formula() const override { return LinearFormula{residual_, drop_, critical_slip_, healing_rate_}; }
};

/// Regularised rate and state, mu = a asinh(speed/(2 V0) exp((f0 + b ln(V0 s/d_c))/a)), aging law
/// ds/dt = 1 - speed s/d_c (Rice & Ben-Zion 1996; Lapusta et al. 2000). No strength at rest: nothing sticks exactly.
class RateAndState : public FrictionLaw {
 public:
  RateAndState(double f0, double a, double b, double v0, double critical_slip, double initial_speed)
      : f0_(f0), a_(a), b_(b), v0_(v0), critical_slip_(critical_slip), initial_speed_(initial_speed) {}
  std::string name() const override { return "rate-and-state"; }
  FrictionFormula formula() const override { return RateAndStateFormula{f0_, a_, b_, v0_, critical_slip_}; }
  double initialHistory() const override { return critical_slip_ / initial_speed_; }  // steady state
  double staticCoefficient() const override;
  double residualCoefficient() const override;
  double criticalSlip() const override { return critical_slip_; }
  double weakening() const override { return (b_ - a_) / critical_slip_; }

 private:
  double f0_, a_, b_, v0_, critical_slip_, initial_speed_;
};

/// From keys law (exponential | linear | rate-and-state), residual, drop, critical_slip, healing_time or f0, a, b, v0,
/// critical_slip; `initial_speed` is that of the scenario. Throws petrl::Error naming the key.
std::unique_ptr<FrictionLaw> frictionLaw(YamlMap yaml, double initial_speed);

}  // namespace petrl::fault
