// An environment of reset and step: PetRLEnvironmentSetStream().
#include "base/error.hpp"
#include "learn/interface/environment.hpp"

namespace petrl {

namespace {

using Reset = PetscErrorCode (*)(PetRLEnvironment, PetscInt64, PetscReal[]);
using Step = PetscErrorCode (*)(PetRLEnvironment, const PetscReal[], PetscReal[], PetscReal *, PetRLOutcome *);

class CStream : public StreamEnvironment {
 public:
  CStream(std::shared_ptr<_n_PetRLEnvironment> said, Reset reset, Step step)
      : said_(std::move(said)), reset_(reset), step_(step) {
    validateSpecification(said_->specification, "environment");
    YamlMap validation = said_->yaml.map("validation", false);
    episodes_ = validation.integer("episodes", 10, 1, 100000);
    validation.finish();
  }
  std::string kind() const override { return said_->specification.kind; }
  ObservationSpec observation() const override { return said_->specification.observation; }
  ActionSpec action() const override { return said_->specification.action; }

  double episode(Agent &agent, std::uint64_t seed) override {
    const ObservationSpec &seen = said_->specification.observation;
    const std::size_t actions = said_->specification.action.low.size();
    std::vector<PetscReal> raw(seen.names.size()), deed(actions);
    Transition t;
    t.action.resize(actions);
    PetRLThrow(reset_(said_.get(), static_cast<PetscInt64>(seed), raw.data()));
    normaliseAll(seen, raw.data(), t.observation);
    double total = 0;
    for (PetRLOutcome outcome = PETRL_RUNNING; outcome == PETRL_RUNNING;) {
      agent.decide(t.observation.data(), t.action.data());
      for (std::size_t a = 0; a < actions; ++a) deed[a] = static_cast<PetscReal>(t.action[a]);
      PetscReal reward = 0;
      PetRLThrow(step_(said_.get(), deed.data(), raw.data(), &reward, &outcome));
      normaliseAll(seen, raw.data(), t.next_observation);
      t.reward = static_cast<float>(reward);
      t.terminal = outcome == PETRL_TERMINAL;
      if (t.terminal) t.next_observation = t.observation;
      agent.record(t);
      t.observation = t.next_observation;
      total += static_cast<double>(reward);
    }
    return total;
  }

  Evaluation evaluate(Agent &agent) override {
    // Validation must not teach.
    struct Still : Agent {
      explicit Still(Agent &from) : agent(from) {}
      void decide(const float *observation, float *action) override { agent.decide(observation, action); }
      Agent &agent;
    } still(agent);
    double sum = 0;
    for (std::int64_t e = 0; e < episodes_; ++e) sum += episode(still, kHeldOut + static_cast<std::uint64_t>(e));
    Evaluation out;
    out.details["return"] = sum / static_cast<double>(episodes_);
    out.score = -out.details["return"];
    return out;
  }

 private:
  std::shared_ptr<_n_PetRLEnvironment> said_;
  Reset reset_;
  Step step_;
  std::int64_t episodes_;
};

}  // namespace

}  // namespace petrl

PetscErrorCode PetRLEnvironmentSetStream(
    PetRLEnvironment env, PetscErrorCode (*reset)(PetRLEnvironment env, PetscInt64 seed, PetscReal observation[]),
    PetscErrorCode (*step)(PetRLEnvironment env, const PetscReal action[], PetscReal observation[], PetscReal *reward,
                           PetRLOutcome *outcome)) {
  PetscFunctionBegin;
  PetRLNotNull(env, 1);
  PetRLNotNull(reset, 2);
  PetRLNotNull(step, 3);
  PetRLCallCXX(env->make = [reset, step](std::shared_ptr<_n_PetRLEnvironment> said) {
    return std::make_unique<petrl::CStream>(std::move(said), reset, step);
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}
