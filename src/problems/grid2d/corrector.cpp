#include "problems/grid2d/corrector.hpp"

#include <cmath>

#include "base/error.hpp"

namespace petrl::grid2d {

ActionSpec readAction(YamlMap yaml, const std::string &transform, double bound, int components) {
  ActionSpec a;
  a.transform = yaml.get<std::string>("transform", transform);
  const double size = yaml.number("bound", bound, 1e-6, 1e6);
  const int actions = yaml.integer("actions", components, 1, 1000);
  a.low.assign(static_cast<std::size_t>(actions), -size);
  a.high.assign(static_cast<std::size_t>(actions), size);
  YamlMap parameters = yaml.map("parameters", false);
  for (const auto &name : parameters.keys()) a.parameters[name] = parameters.get<std::string>(name);
  yaml.finish();
  return a;
}

Corrector::Corrector(const Policy &specification, const Model &model, const Field &velocity, const std::string &source)
    : correction_(specification, source),
      dt_(model.sizes().dt()),
      h_(1. / model.sizes().n),
      actions_(specification.action.low.size()) {
  for (const int c : correction_.components()) {
    if (c >= model.components()) {
      throw Error(source + ": '" + specification.observation.names[static_cast<std::size_t>(c)] +
                  "' is no component of the state; an action cannot change it");
    }
  }
  if (velocity.components() > 0) velocity_ = velocity.dense();
}

// The fields as dense planes: the state's components, then the velocity's.
void Corrector::look(const Field &state) {
  const std::size_t plane = static_cast<std::size_t>(state.nx()) * static_cast<std::size_t>(state.ny());
  state_.resize(plane * static_cast<std::size_t>(state.components()));
  state.get(state_.data());
  fields_.clear();
  for (std::size_t i = 0; i < state_.size(); i += plane) fields_.push_back(&state_[i]);
  for (std::size_t i = 0; i < velocity_.size(); i += plane) fields_.push_back(&velocity_[i]);
}

void Corrector::observe(const Field &state, float *observation) {
  look(state);
  correction_.observe(fields_, {state.nx(), state.ny(), dt_, h_, h_}, observation);
}

void Corrector::correct(const float *action, Field &state) {
  look(state);
  const std::size_t plane = static_cast<std::size_t>(state.nx()) * static_cast<std::size_t>(state.ny());
  action_.assign(action, action + actions_ * plane);
  // The correction bounds them itself, in its own order (faces: mean bounds the mean of two).
  for (float &a : action_) a = std::isnan(a) ? 0.f : a;
  const auto &components = correction_.components();
  change_.resize(components.size() * plane);
  correction_.correct(fields_, action_.data(), {state.nx(), state.ny(), dt_, h_, h_}, change_.data());
  for (std::size_t c = 0; c < components.size(); ++c) {
    double *target = &state_[static_cast<std::size_t>(components[c]) * plane];
    for (std::size_t i = 0; i < plane; ++i) target[i] -= change_[c * plane + i];
  }
  state.set(state_.data());
}

}  // namespace petrl::grid2d
