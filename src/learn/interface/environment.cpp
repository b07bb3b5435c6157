#include "learn/interface/environment.hpp"

#include <cstring>

#include "adapt/controller.hpp"
#include "base/error.hpp"

namespace petrl {

void normaliseAll(const ObservationSpec &specification, const PetscReal *raw, std::vector<float> &input) {
  input.resize(specification.names.size());
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = normalise(specification, i, static_cast<double>(raw[i]));
}

}  // namespace petrl

PetscErrorCode PetRLEnvironmentRegister(const char name[], PetscErrorCode (*create)(PetRLEnvironment env)) {
  PetRLNotNull(name, 1);
  PetRLNotNull(create, 2);
  PetRLCallCXX(petrl::environments().add(
      name, {nullptr, [create](petrl::YamlMap yaml) {
               const auto said = std::make_shared<_n_PetRLEnvironment>(std::move(yaml));
               said->specification.observation.clip = 5;
               PetRLThrow(create(said.get()));
               if (!said->make)
                 said->yaml.fail("name", "this environment says no shape (PetRLEnvironmentSetStream(), ...)");
               auto made = said->make(said);
               said->yaml.finish();
               return made;
             }}));
  return PETSC_SUCCESS;
}

PetscErrorCode PetRLEnvironmentGetReal(PetRLEnvironment env, const char key[], PetscReal low, PetscReal high,
                                       PetscReal *value) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(key, 2);
  PetRLNotNull(value, 5);
  PetRLCallCXX(*value = static_cast<PetscReal>(env->yaml.number(key, static_cast<double>(*value),
                                                                static_cast<double>(low), static_cast<double>(high))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentGetInt(PetRLEnvironment env, const char key[], PetscInt low, PetscInt high,
                                      PetscInt *value) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(key, 2);
  PetRLNotNull(value, 5);
  PetRLCallCXX(*value = static_cast<PetscInt>(env->yaml.integer(key, *value, low, high)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentGetString(PetRLEnvironment env, const char key[], char value[], size_t len) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(key, 2);
  PetRLNotNull(value, 3);
  PetRLCallCXX({
    const auto text = env->yaml.get<std::string>(key, std::string(value));
    if (text.size() >= len)
      env->yaml.fail(
          key, "expected at most " + std::to_string(len - 1) + " characters, found " + std::to_string(text.size()));
    std::memcpy(value, text.c_str(), text.size() + 1);
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentSetContext(PetRLEnvironment env, void *ctx, PetscErrorCode (*destroy)(void *ctx)) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  env->context = ctx;
  env->destroy = destroy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentGetContext(PetRLEnvironment env, void *ctx) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(ctx, 2);
  *static_cast<void **>(ctx) = env->context;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentAddObservable(PetRLEnvironment env, const char name[], PetscReal offset,
                                             PetscReal scale) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(name, 2);
  PetscCheck(scale > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "%s: scale: expected a positive number, found %g",
             name, (double)scale);
  PetRLCallCXX({
    auto &observation = env->specification.observation;
    observation.names.emplace_back(name);
    observation.offset.push_back(static_cast<float>(offset));
    observation.scale.push_back(static_cast<float>(scale));
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentAddAction(PetRLEnvironment env, PetscReal low, PetscReal high) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLCallCXX({
    env->specification.action.low.push_back(static_cast<double>(low));
    env->specification.action.high.push_back(static_cast<double>(high));
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEnvironmentSetPolicy(PetRLEnvironment env, const char kind[], const char transform[]) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(kind, 2);
  PetRLNotNull(transform, 3);
  PetRLCallCXX({
    env->specification.kind = kind;
    env->specification.action.transform = transform;
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}
