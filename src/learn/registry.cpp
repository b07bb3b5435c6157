// Learners and environments by name; and the functions of the interfaces that have bodies.
#include "base/error.hpp"
#include "learn/engine/tape.hpp"
#include "learn/environment.hpp"
#include "learn/learner.hpp"

namespace petrl {

Environment::~Environment() = default;
Agent::~Agent() = default;
GridPolicy::~GridPolicy() = default;
GridEpisode::~GridEpisode() = default;
Learner::~Learner() = default;

namespace {

[[noreturn]] void cannotDifferentiate() {
  throw Error("this environment's solver cannot be differentiated: choose another learner (ppo)", PETSC_ERR_SUP);
}

}  // namespace

std::vector<double> GridEpisode::state() const {
  cannotDifferentiate();
}
void GridEpisode::setState(const std::vector<double> &) {
  cannotDifferentiate();
}
std::vector<double> GridEpisode::target() const {
  cannotDifferentiate();
}
tape::Var GridEnvironment::record(tape::Tape &, tape::Var, tape::Var, tape::Var) const {
  cannotDifferentiate();
}

Registry<EnvironmentFactory> &environments() {
  static auto *instance = new Registry<EnvironmentFactory>("environment", "petrl_problems");
  return *instance;
}

std::unique_ptr<Environment> makeEnvironment(YamlMap yaml) {
  const auto name = yaml.get<std::string>("name");
  EnvironmentFactory factory;
  try {
    factory = environments().find(name);
  } catch (const Error &e) {
    yaml.fail("name", e.what());
  }
  return factory(yaml);
}

Registry<LearnerFactory> &learners() {
  static auto *instance = new Registry<LearnerFactory>("learner", "petrl_problems");
  return *instance;
}

}  // namespace petrl
