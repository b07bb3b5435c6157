#include "problems/grid2d/simulation.hpp"

#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace petrl::grid2d {

Reference reference(const Model &model, const Case &c, int steps, const std::vector<int> &sizes) {
  Reference out;
  const auto fine = model.fine(c);
  for (int i = 0; i <= steps; ++i) {
    if (i > 0) fine->advance();
    for (const int n : sizes) {
      std::vector<double> state(static_cast<std::size_t>(model.components()) * static_cast<std::size_t>(n) *
                                static_cast<std::size_t>(n));
      model.restrictTo(n, fine->state().patch(), state.data());
      out.states[n].push_back(std::move(state));
    }
  }
  return out;
}

Errors simulate(const Model &model, const Case &c, const Reference &reference, const Configuration &configuration,
                const StateCorrection &correction) {
  if (configuration.stride < 1 || configuration.substeps < 1)
    throw Error("stride and substeps: expected at least 1", PETSC_ERR_ARG_OUTOFRANGE);
  const int n = configuration.n > 0 ? configuration.n : model.sizes().n;
  Stepper stepper =
      model.stepper(c, configuration.scheme, n, model.sizes().dt() * configuration.stride / configuration.substeps);
  Field state(model.components(), n, n), velocity;
  if (!c.velocity.empty()) velocity = model.velocity(c, n);
  state.set(model.initial(c, n).data());
  const auto found = reference.states.find(n);
  if (found == reference.states.end())
    throw Error("the reference holds no grid of " + std::to_string(n) + " points a side");
  const auto &targets = found->second;
  Errors errors;
  const auto add = [&](std::size_t step) {
    const std::vector<double> now = state.dense();
    const auto finite = [](double e) { return std::isfinite(e) ? e : std::numeric_limits<double>::infinity(); };
    errors.step.push_back(static_cast<int>(step));
    errors.relative.push_back(finite(model.relativeError(now, targets[step])));
    errors.mass.push_back(finite(model.massError(now, targets[step])));
  };
  add(0);
  const auto stride = static_cast<std::size_t>(configuration.stride);
  for (std::size_t step = stride; step < targets.size(); step += stride) {
    for (int i = 0; i < configuration.substeps; ++i) {
      if (correction) correction(state, velocity);
      stepper.step(state);
    }
    add(step);
  }
  return errors;
}

}  // namespace petrl::grid2d
