#include "problems/grid2d/simulation.hpp"

#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace petrl::grid2d {

namespace {

// A coarse solver of a case, ready to go.
struct Run {
  Run(const Model &model, const Case &c, const Configuration &configuration)
      : n(configuration.n > 0 ? configuration.n : model.sizes().n),
        stepper(model.stepper(c, configuration.scheme, n,
                              model.sizes().dt() * configuration.stride / configuration.substeps)),
        state(model.components(), n, n) {
    if (configuration.stride < 1 || configuration.substeps < 1)
      throw Error("stride and substeps: expected at least 1", PETSC_ERR_ARG_OUTOFRANGE);
    if (!c.velocity.empty()) velocity = model.velocity(c, n);
    state.set(model.initial(c, n).data());
  }
  void go(int substeps, const StateCorrection &correction) {
    for (int i = 0; i < substeps; ++i) {
      if (correction) correction(state, velocity);
      stepper.step(state);
    }
  }
  int n;
  Stepper stepper;
  Field state, velocity;
};

}  // namespace

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
  Run run(model, c, configuration);
  const auto found = reference.states.find(run.n);
  if (found == reference.states.end())
    throw Error("the reference holds no grid of " + std::to_string(run.n) + " points a side");
  const auto &targets = found->second;
  Errors errors;
  const auto add = [&](std::size_t step) {
    const std::vector<double> state = run.state.dense();
    const auto finite = [](double e) { return std::isfinite(e) ? e : std::numeric_limits<double>::infinity(); };
    errors.step.push_back(static_cast<int>(step));
    errors.relative.push_back(finite(model.relativeError(state, targets[step])));
    errors.mass.push_back(finite(model.massError(state, targets[step])));
  };
  add(0);
  const auto stride = static_cast<std::size_t>(configuration.stride);
  for (std::size_t step = stride; step < targets.size(); step += stride) {
    run.go(configuration.substeps, correction);
    add(step);
  }
  return errors;
}

}  // namespace petrl::grid2d
