// Behind petrllearn.h: what a plugin says of its environment, and the environments that are made of it.
#pragma once

#include <petrllearn.h>

#include <functional>
#include <memory>
#include <string>

#include "learn/environment.hpp"

/// Lives as long as the environment that is made of it.
struct _n_PetRLEnvironment {
  explicit _n_PetRLEnvironment(petrl::YamlMap keys) : yaml(std::move(keys)) {}
  ~_n_PetRLEnvironment() {
    if (destroy != nullptr) (void)(*destroy)(context);
  }
  _n_PetRLEnvironment(const _n_PetRLEnvironment &) = delete;
  _n_PetRLEnvironment &operator=(const _n_PetRLEnvironment &) = delete;

  petrl::YamlMap yaml;
  void *context = nullptr;
  PetscErrorCode (*destroy)(void *) = nullptr;
  petrl::Policy specification;  ///< kind, observation, action
  PetscInt nz = 1, margin = 0;  ///< of a grid
  /// Makes the environment, once the plugin has said all.
  std::function<std::unique_ptr<petrl::Environment>(std::shared_ptr<_n_PetRLEnvironment>)> make;
};

namespace petrl {

/// Seeds of validation: training does not come so far.
constexpr std::uint64_t kHeldOut = std::uint64_t{1} << 40;

/// Raw values become network inputs.
void normaliseAll(const ObservationSpec &specification, const PetscReal *raw, std::vector<float> &input);

}  // namespace petrl
