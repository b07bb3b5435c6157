// Learners and environments by name; and the functions of the interfaces that have bodies.
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "learn/engine/tape.hpp"
#include "learn/environment.hpp"
#include "learn/learner.hpp"
#include "learn/ppo/rollout.hpp"
#include "learn/study.hpp"

namespace petrl {

Environment::~Environment() = default;

Validity Environment::validity() const {
  return {};
}
Agent::~Agent() = default;
GridPolicy::~GridPolicy() = default;
GridEpisode::~GridEpisode() = default;
Learner::~Learner() = default;

void Learner::save(const std::string &path) {
  saveArchive(
      path, [this](Archive &a) { archive(a); }, parallel() ? PETSC_COMM_WORLD : PETSC_COMM_SELF);
}

void Learner::load(const std::string &path) {
  loadArchive(
      path, [this](Archive &a) { archive(a); }, parallel() ? PETSC_COMM_WORLD : PETSC_COMM_SELF);
}

// The range of each field in its own values, as far as the network's inputs tell (they are clipped), and the largest
// Courant number of each grid.
void WatchedGridPolicy::decide(const float *observation, const GridSize &size, float *action) {
  const std::size_t points = size.points();
  const auto velocity = seen_.words.find("velocity");
  const auto step = seen_.ranges.find("step"), spacing = seen_.ranges.find("spacing");
  double speed = 0;
  for (std::size_t c = 0; c < observation_.names.size(); ++c) {
    if (observation_.local(c) || observation_.unseen(c)) continue;  // its inputs do not tell its values
    const auto [low, high] = std::minmax_element(observation + c * points, observation + (c + 1) * points);
    const auto value = [&](float x) { return static_cast<double>(x * observation_.scale[c] + observation_.offset[c]); };
    if (observation_.courant(c)) {
      seen_.saw("courant", std::max(std::fabs(value(*low)), std::fabs(value(*high))));
      continue;
    }
    seen_.saw(observation_.names[c], value(*low));
    seen_.saw(observation_.names[c], value(*high));
    if (velocity == seen_.words.end()) continue;
    const auto &names = velocity->second;
    if (std::find(names.begin(), names.end(), observation_.names[c]) != names.end())
      speed = std::max({speed, std::fabs(value(*low)), std::fabs(value(*high))});
  }
  if (speed > 0 && step != seen_.ranges.end() && spacing != seen_.ranges.end())
    seen_.saw("courant", speed * step->second.high / spacing->second.low);
  policy_.decide(observation, size, action);
}

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
void GridEpisode::compare(const float *) {
  throw Error("this environment does not tell what another action would earn", PETSC_ERR_SUP);
}

GridOutcome GridEpisode::descend(const float *, float *, double &) {
  throw Error("this environment does not tell what an action should have been", PETSC_ERR_SUP);
}

void GridEnvironment::spread(float *reward, int reach) const {
  learn::spreadRewards(reward, size(), dimensions(), reach);
}

tape::Var GridEnvironment::record(tape::Tape &, tape::Var, tape::Var, tape::Var) const {
  cannotDifferentiate();
}

// Never destroyed: see Registry.
template <typename Thing>
static Registry<Thing> &problems(const char *what) {
  static auto *instance = new Registry<Thing>(what, "petrl_problems");
  return *instance;
}

Registry<EnvironmentEntry> &environments() {
  return problems<EnvironmentEntry>("environment");
}
Registry<LearnerFactory> &learners() {
  return problems<LearnerFactory>("learner");
}
Registry<Study> &studyTable() {
  return problems<Study>("study");
}
Registry<Simulation> &simulationTable() {
  return problems<Simulation>("simulation");
}

void loadPlugins(MPI_Comm comm, YamlMap &yaml, const std::string &file) {
  for (const auto &plugin : yaml.get<std::vector<std::string>>("plugins", {})) {
    const bool relative = plugin.find('/') != std::string::npos && plugin.front() != '/';
    const std::string library = relative ? file.substr(0, file.rfind('/') + 1) + plugin : plugin;
    if (PetscDLLibraryAppend(comm, &PetscDLLibrariesLoaded, library.c_str()) != PETSC_SUCCESS)
      yaml.fail("plugins", "cannot load '" + library + "'");
  }
}

std::unique_ptr<Environment> makeEnvironment(YamlMap yaml, const char *shape, const std::string &learner) {
  const auto name = yaml.get<std::string>("name");
  const EnvironmentEntry entry = found(yaml, "name", name, environments());
  const auto refuse = [&](const std::string &other) {
    yaml.fail("name", "learner " + learner + " learns in environments of shape " + shape + ", '" + name +
                          "' is of shape " + other + "; known: " + environments().names());
  };
  if (entry.shape != nullptr && std::string(entry.shape) != shape) refuse(entry.shape);
  std::unique_ptr<Environment> made = entry.make(yaml);
  if (std::string(made->shape()) != shape) refuse(made->shape());
  return made;
}

}  // namespace petrl
