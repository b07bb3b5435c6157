// Environments from outside (PetRLEpisode): the agent of an episode is whoever calls step.
#include <petrl.h>
#include <petrllearn.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/error_text.hpp"
#include "learn/environment.hpp"
#include "learn/interface/coroutine.hpp"
#include "learn/interface/environment.hpp"
#include "policy/architectures.hpp"
#include "policy/shared_policy.hpp"

namespace petrl {

namespace {

// JSON is YAML that yaml-cpp writes when told to.
void asJson(YAML::Emitter &out) {
  out.SetStringFormat(YAML::DoubleQuoted);
  out.SetMapFormat(YAML::Flow);
  out.SetSeqFormat(YAML::Flow);
  out.SetDoublePrecision(17);
  out.SetFloatPrecision(9);
}

template <typename Values>
void list(YAML::Emitter &out, const char *key, const Values &values) {
  out << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (const auto &value : values) out << value;
  out << YAML::EndSeq;
}

std::string specificationText(const StreamEnvironment &environment) {
  const ObservationSpec observation = environment.observation();
  const ActionSpec action = environment.action();
  const Validity validity = environment.validity();
  YAML::Emitter out;
  asJson(out);
  out << YAML::BeginMap << YAML::Key << "kind" << YAML::Value << environment.kind();
  out << YAML::Key << "observation" << YAML::Value << YAML::BeginMap;
  list(out, "names", observation.names);
  list(out, "offset", observation.offset);
  list(out, "scale", observation.scale);
  out << YAML::Key << "clip" << YAML::Value << observation.clip << YAML::EndMap;
  out << YAML::Key << "action" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "transform" << YAML::Value << action.transform;
  list(out, "low", action.low);
  list(out, "high", action.high);
  out << YAML::Key << "parameters" << YAML::Value << YAML::BeginMap;
  for (const auto &[name, value] : action.parameters) out << YAML::Key << name << YAML::Value << value;
  out << YAML::EndMap << YAML::EndMap;
  out << YAML::Key << "validity" << YAML::Value << YAML::BeginMap << YAML::Key << "ranges" << YAML::Value
      << YAML::BeginMap;
  for (const auto &[name, range] : validity.ranges) list(out, name.c_str(), std::vector<double>{range.low, range.high});
  out << YAML::EndMap << YAML::Key << "words" << YAML::Value << YAML::BeginMap;
  for (const auto &[name, words] : validity.words) list(out, name.c_str(), words);
  out << YAML::EndMap << YAML::EndMap << YAML::EndMap;
  return out.c_str();
}

// A policy of somebody's sees what the environment shows, or its answers mean nothing.
void requireSame(const StreamEnvironment &environment, const Policy &policy, const std::string &source) {
  const ObservationSpec seen = environment.observation();
  const ActionSpec done = environment.action();
  const auto same = [&source](bool equal, const char *key) {
    if (!equal) throw Error(source + ": " + key + ": differs from what the environment says", PETSC_ERR_ARG_WRONG);
  };
  same(policy.observation.names == seen.names, "/observation/names");
  same(policy.observation.offset == seen.offset, "/observation/offset");
  same(policy.observation.scale == seen.scale, "/observation/scale");
  same(policy.observation.clip == seen.clip, "/observation: clip");
  same(policy.action.transform == done.transform, "/action: transform");
  same(policy.action.low == done.low, "/action/low");
  same(policy.action.high == done.high, "/action/high");
  same(policy.action.parameters == done.parameters, "/action");
}

struct PolicyAgent : Agent {
  explicit PolicyAgent(std::unique_ptr<VectorBackend> by) : backend(std::move(by)) {}
  void decide(const float *observation, float *action) override { backend->evaluate(observation, action); }
  std::unique_ptr<VectorBackend> backend;
};

// What a decision throws when its episode is left.
struct Left : Error {
  Left() : Error("the episode was left") {}
};

}  // namespace

}  // namespace petrl

/// The agent of the episodes. Rewards are told in two ways (Agent::earned(), Agent::record()); what a step earned is the
/// difference of two sums.
struct _n_PetRLEpisode : petrl::Agent {
  _n_PetRLEpisode(const char *yaml, const std::string &name) {
    petrl::YamlMap all = petrl::YamlMap::parse(yaml, name);
    petrl::loadPlugins(PETSC_COMM_SELF, all, name);
    environment = petrl::makeEnvironment<petrl::StreamEnvironment>(all.map("environment"), "gymnasium");
    observation.resize(environment->observation().names.size());
    action.resize(environment->action().low.size());
  }
  ~_n_PetRLEpisode() override { leave(); }

  void decide(const float *x, float *y) override {
    if (leaving) throw petrl::Left();  // some code went on after the first one
    std::copy_n(x, observation.size(), observation.data());
    sum = recorded + pending;
    coroutine->yield();
    if (leaving) throw petrl::Left();
    std::copy(action.begin(), action.end(), y);
    fresh = false;
  }
  bool foresee(const float *, float *y) override {
    std::fill_n(y, action.size(), 0.f);
    return false;
  }
  void earned(double reward) override { pending = reward; }
  void record(const petrl::Transition &t) override {
    recorded += static_cast<double>(t.reward);
    pending = 0;
    fresh = true;
    terminal = t.terminal;
    last = t.next_observation;
  }

  void start(std::uint64_t seed) {
    leave();
    recorded = pending = sum = 0;
    fresh = terminal = false;
    coroutine = std::make_unique<petrl::Coroutine>([this, seed] { environment->episode(*this, seed); });
    go();
    if (coroutine->done()) {
      coroutine.reset();
      throw petrl::Error("the episode of seed " + std::to_string(seed) + " ended before a decision was asked for");
    }
  }

  // Until the next decision, or the end.
  void go() {
    try {
      coroutine->resume();
    } catch (const petrl::Error &e) {
      coroutine.reset();
      // That a call failed says little; PETSc knows why.
      const char *why = petrl::errorText(PetscErrorMessage, e.code());
      const std::string message = e.what();
      const bool bare = message.size() > 7 && message.compare(message.size() - 7, 7, " failed") == 0;
      throw petrl::Error(bare && why != nullptr && *why != 0 ? message + ": " + why : message, e.code());
    } catch (...) {
      coroutine.reset();
      throw;
    }
  }

  PetRLOutcome step(double *reward) {
    const double before = sum;
    go();
    if (!coroutine->done()) {
      *reward = sum - before;
      return PETRL_RUNNING;
    }
    coroutine.reset();
    *reward = recorded - before;
    // The end may have come before the latest action did anything: then nothing follows from it.
    if (fresh) observation = last;
    return fresh && terminal ? PETRL_TERMINAL : PETRL_TRUNCATED;
  }

  // What the episode holds is released by its own functions, which see an error; nobody needs to read of it.
  void leave() {
    if (!coroutine) return;
    leaving = true;
    (void)PetscPushErrorHandler(PetscReturnErrorHandler, nullptr);
    try {
      coroutine->resume();
    } catch (...) {
    }
    (void)PetscPopErrorHandler();
    leaving = false;
    coroutine.reset();
  }

  // What evaluates a policy file.
  std::unique_ptr<petrl::VectorBackend> read(const std::string &name) const {
    const std::string file = petrl::findPolicy(name);
    const petrl::Policy policy = petrl::loadPolicy(file, environment->kind());
    petrl::requireSame(*environment, policy, file);
    return petrl::makeBackend<petrl::VectorBackend>(policy, file);
  }

  std::unique_ptr<petrl::StreamEnvironment> environment;
  std::unique_ptr<petrl::Coroutine> coroutine;  ///< null: no episode is under way
  std::vector<float> observation, action, last;
  double recorded = 0, pending = 0, sum = 0;
  bool fresh = false;  ///< something was recorded since the latest decision
  bool terminal = false, leaving = false;
  std::string text, asked_file;
  std::unique_ptr<petrl::VectorBackend> asked;  ///< what evaluates the policy of this file
  const std::thread::id thread = std::this_thread::get_id();
};

#define EpisodeValid(episode)                                                                                     \
  do {                                                                                                            \
    PetRLNotNull(episode, 1);                                                                                     \
    PetscCheck((episode)->thread == std::this_thread::get_id(), PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE,        \
               "PetRLEpisode: called by another thread than the one that created it; PETSc belongs to a thread"); \
  } while (0)

PetscErrorCode PetRLEpisodeCreate(const char yaml[], const char name[], PetRLEpisode *episode) {
  PetscFunctionBegin;
  PetRLNotNull(yaml, 1);
  PetRLNotNull(episode, 3);
  *episode = NULL;
  PetscCall(PetRLInitialize());
  PetRLCallCXX(*episode = new _n_PetRLEpisode(yaml, name != NULL ? name : "environment"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEpisodeGetSizes(PetRLEpisode episode, int *observations, int *actions) {
  PetscFunctionBegin;
  EpisodeValid(episode);
  if (observations != NULL) *observations = static_cast<int>(episode->observation.size());
  if (actions != NULL) *actions = static_cast<int>(episode->action.size());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEpisodeGetSpecification(PetRLEpisode episode, const char *text[]) {
  PetscFunctionBegin;
  EpisodeValid(episode);
  PetRLNotNull(text, 2);
  PetRLCallCXX(episode->text = petrl::specificationText(*episode->environment));
  *text = episode->text.c_str();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEpisodeReset(PetRLEpisode episode, PetscInt64 seed, float observation[]) {
  PetscFunctionBegin;
  EpisodeValid(episode);
  PetRLNotNull(observation, 3);
  PetscCheck(seed >= 0 && static_cast<std::uint64_t>(seed) < petrl::kHeldOut, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "PetRLEpisodeReset(): seed: expected 0 to 2^40 - 1, found %lld", (long long)seed);
  PetRLCallCXX(episode->start(static_cast<std::uint64_t>(seed)));
  std::copy(episode->observation.begin(), episode->observation.end(), observation);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEpisodeStep(PetRLEpisode episode, const float action[], float observation[], double *reward,
                                PetRLOutcome *outcome) {
  PetscFunctionBegin;
  EpisodeValid(episode);
  PetRLNotNull(action, 2);
  PetRLNotNull(observation, 3);
  PetRLNotNull(reward, 4);
  PetRLNotNull(outcome, 5);
  PetscCheck(episode->coroutine, PETSC_COMM_SELF, PETSC_ERR_ORDER,
             "PetRLEpisodeStep(): no episode is under way: PetRLEpisodeReset() starts one");
  for (std::size_t i = 0; i < episode->action.size(); ++i) {
    PetscCheck(std::fabs(action[i]) <= 1.f, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "PetRLEpisodeStep(): action %d: expected -1 to 1, found %g", (int)i, (double)action[i]);
    episode->action[i] = action[i];
  }
  PetRLCallCXX(*outcome = episode->step(reward));
  std::copy(episode->observation.begin(), episode->observation.end(), observation);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEpisodeDecide(PetRLEpisode episode, const char policy[], const float observation[],
                                  float action[]) {
  PetscFunctionBegin;
  EpisodeValid(episode);
  PetRLNotNull(policy, 2);
  PetRLNotNull(observation, 3);
  PetRLNotNull(action, 4);
  PetRLCallCXX({
    if (!episode->asked || episode->asked_file != policy) {
      episode->asked = episode->read(policy);
      episode->asked_file = policy;
    }
    episode->asked->evaluate(observation, action);
  });
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEpisodeEvaluate(PetRLEpisode episode, const char policy[], double *score, const char *text[]) {
  PetscFunctionBegin;
  EpisodeValid(episode);
  PetRLNotNull(policy, 2);
  PetRLNotNull(score, 3);
  PetRLCallCXX({
    petrl::PolicyAgent agent(episode->read(policy));
    episode->leave();
    const petrl::Evaluation found = episode->environment->evaluate(agent);
    *score = found.score;
    YAML::Emitter out;
    petrl::asJson(out);
    out << YAML::BeginMap;
    for (const auto &[name, value] : found.details) {
      if (std::isfinite(value)) out << YAML::Key << name << YAML::Value << value;
    }
    out << YAML::EndMap;
    episode->text = out.c_str();
  });
  if (text != NULL) *text = episode->text.c_str();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode PetRLEpisodeDestroy(PetRLEpisode *episode) {
  PetscFunctionBegin;
  PetRLNotNull(episode, 1);
  if (*episode == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  EpisodeValid(*episode);
  delete *episode;
  *episode = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}
