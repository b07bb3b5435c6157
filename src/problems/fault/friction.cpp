#include "problems/fault/friction.hpp"

#include <algorithm>
#include <cmath>

#include "learn/yaml_values.hpp"

namespace petrl::fault {

FrictionPoint FrictionLaw::evaluate(double known, double c, double speed) const {
  return std::visit([&](const auto &law) { return law(known, c, speed); }, formula());
}

double RateAndState::staticCoefficient() const {
  return evaluate(initialHistory(), 0, initial_speed_).mu;
}

double RateAndState::residualCoefficient() const {
  // Steady state at a seismic speed of 1 m/s.
  return evaluate(critical_slip_, 0, 1.0).mu;
}

std::unique_ptr<FrictionLaw> frictionLaw(YamlMap yaml, double initial_speed) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto law = learn::oneOf(yaml, "law", "exponential", {"exponential", "linear", "rate-and-state"});
  const double critical_slip = yaml.number("critical_slip", 0.1, 1e-12, 1e6);
  std::unique_ptr<FrictionLaw> result;
  if (law == "exponential" || law == "linear") {
    const double residual = yaml.number("residual", 0.5, 0, 100), drop = yaml.number("drop", 0.1, -100, 100);
    const double healing = yaml.number("healing_time", inf, 1e-300, inf);
    if (residual + drop < 0) yaml.fail("drop", "expected residual + drop >= 0: friction cannot push");
    if (law == "linear")
      result = std::make_unique<LinearWeakening>(residual, drop, critical_slip, healing);
    else
      result = std::make_unique<ExponentialWeakening>(residual, drop, critical_slip, healing);
  } else {
    if (!(initial_speed > 0)) yaml.fail("law", "rate-and-state needs an initial velocity above 0");
    result = std::make_unique<RateAndState>(yaml.number("f0", 0.6, 0, 100), yaml.number("a", 0.015, 1e-6, 1),
                                            yaml.number("b", 0.02, 0, 1), yaml.number("v0", 1e-6, 1e-30, 1e3),
                                            critical_slip, initial_speed);
  }
  yaml.finish();
  return result;
}

}  // namespace petrl::fault
