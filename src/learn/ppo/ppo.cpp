#include "learn/ppo/ppo.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.hpp"
#include "learn/engine/normals.hpp"

namespace petrl {

namespace learn {

PpoDevice::~PpoDevice() = default;

Registry<PpoDeviceFactory> &ppoDevices() {
  static auto *instance = new Registry<PpoDeviceFactory>("PPO device", "petrl_torch");
  return *instance;
}

}  // namespace learn

namespace {

int positive(int n, const char *what) {
  if (n < 1) throw Error(std::string("learner ppo: needs at least one ") + what, PETSC_ERR_ARG_OUTOFRANGE);
  return n;
}

// Random numbers of their own for every iteration and rank.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t rank, std::uint64_t iteration) {
  std::uint64_t z = seed;
  for (const std::uint64_t word : {rank + 1, iteration + 1}) {
    z = (z ^ word) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 30)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
  }
  return z;
}

class Stopwatch {
 public:
  explicit Stopwatch(double &total) : total_(total), begin_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() { total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  Stopwatch(const Stopwatch &) = delete;
  Stopwatch &operator=(const Stopwatch &) = delete;

 private:
  double &total_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace

static learn::PpoConfig configured(YamlMap keys, int dimensions) {
  learn::PpoConfig c = learn::PpoConfig::parse(std::move(keys));
  c.network.policy.dimensions = c.network.value.dimensions = dimensions;
  return c;
}

Ppo::Ppo(YamlMap keys, int observations, int actions, std::uint64_t seed, int dimensions)
    : config_(configured(std::move(keys), dimensions)),
      observations_(positive(observations, "observation")),
      actions_(positive(actions, "action")),
      seed_(seed),
      rng_(seed),
      network_(config_.network, observations, actions, rng_),
      adam_(network_.weights().size(), config_.weight_decay),
      slots_(config_.slots, seed, reduction_.rank(), reduction_.ranks(), config_.horizon > 0) {
  if (config_.cuda) device_ = learn::ppoDevices().find("cuda")(config_, observations, actions);
}

Ppo::~Ppo() = default;

GridPolicy &Ppo::deterministic() {
  deterministic_.set(network());
  return deterministic_;
}

// The grid is that of the first time, or of the checkpoint.
void Ppo::setGrid(const GridEnvironment &environment) {
  const GridSize found = environment.size(), &known = interior_.size();
  const int dimensions = config_.network.policy.dimensions, margin = environment.margin();
  const auto text = [dimensions](const GridSize &size, int beyond) {
    std::string out;
    for (int a = 0; a < dimensions; ++a) out += (a > 0 ? " x " : "") + std::to_string(size.along(a));
    return out + (beyond > 0 ? " with a margin of " + std::to_string(beyond) : "");
  };
  if (environment.dimensions() != dimensions) {
    throw Error("learner ppo: found a grid of " + std::to_string(environment.dimensions()) + " dimensions, expected " +
                    std::to_string(dimensions),
                PETSC_ERR_ARG_INCOMP);
  }
  if (known.nx != 0 && (found != known || margin != margin_)) {
    throw Error("learner ppo: found a grid of " + text(found, margin) + ", expected " + text(known, margin_) +
                    ", on which it learned so far",
                PETSC_ERR_ARG_INCOMP);
  }
  interior_ = learn::Interior(found, dimensions, margin);
  margin_ = margin;
  const auto &networks = config_.network;
  const int reach = std::max(networks.policy.reach(), networks.separate_value ? networks.value.reach() : 0);
  if (margin > 0 && reach > margin) {
    throw Error("learner ppo: the network sees " + std::to_string(reach) +
                    " points around each point, the environment has a margin of only " + std::to_string(margin),
                PETSC_ERR_ARG_INCOMP);
  }
  if (interior_.count() == 0)
    throw Error("learner ppo: a grid of " + text(found, margin) + " has no point inside", PETSC_ERR_ARG_INCOMP);
}

void Ppo::iterate(GridEnvironment &environment) {
  setGrid(environment);
  const GridSize size = interior_.size();
  learn::checkReach(config_.network.policy, size);
  if (config_.network.separate_value) learn::checkReach(config_.network.value, size);
  if (!rollout_) rollout_ = std::make_unique<learn::Rollout>(observations_, actions_, size.points());
  rng_ =
      learn::Rng(mixed(seed_, static_cast<std::uint64_t>(reduction_.rank()), static_cast<std::uint64_t>(iterations_)));
  if (device_) {
    device_->setWeights(network_.weights());
  } else {
    acting_ = network_.acting();
    if (!host_gradient_)
      host_gradient_ = std::make_unique<learn::PpoHostGradient>(config_, network_, actions_, interior_);
  }
  collect(environment);
  estimate();
  {
    const Stopwatch watch(seconds_.update);
    update();
  }
  ++iterations_;
}

// Actions for the running episodes: on a GPU in one call of the network, on the host grid by grid, which stays in
// cache.
void Ppo::decideForAll(const std::vector<learn::Slot *> &running) {
  const std::size_t points = rollout_->points();
  const std::size_t seen = static_cast<std::size_t>(observations_) * points;
  observation_.resize(running.size() * seen);
  {
    const Stopwatch watch(seconds_.environment);
    for (std::size_t i = 0; i < running.size(); ++i) running[i]->episode->observe(observation_.data() + i * seen);
  }
  const Stopwatch watch(seconds_.network);
  const auto rows = static_cast<std::int64_t>(running.size());
  action_.resize(running.size() * static_cast<std::size_t>(actions_) * points);
  if (device_) {
    learn::fillNormal(rng_, action_.data(), action_.size());
    sums_[kStd] += device_->act(observation_.data(), rows, interior_.size(), action_, log_prob_, value_);
    return;
  }
  const std::size_t width = static_cast<std::size_t>(actions_) * points;
  log_prob_.resize(running.size() * points);
  value_.resize(running.size() * points);
  mean_.resize(config_.mean_baseline ? running.size() * width : 0);
  double std = 0;
  for (std::size_t i = 0; i < running.size(); ++i) {
    std += acting_->act(observation_.data() + i * seen, interior_.size(), rng_, action_.data() + i * width,
                        log_prob_.data() + i * points, value_.data() + i * points);
    if (config_.mean_baseline) std::copy_n(acting_->mean(), width, mean_.data() + i * width);
  }
  if (config_.mean_baseline) std::fill(value_.begin(), value_.end(), 0.f);
  sums_[kStd] += std / static_cast<double>(rows);
}

// The part of an episode that belongs to this iteration ends here. Without a discount nothing counts beyond.
void Ppo::close(learn::Slot &slot, bool terminal) {
  terminal = terminal || config_.gamma == 0;
  if (!terminal) {
    last_.resize(static_cast<std::size_t>(observations_) * rollout_->points());
    slot.episode->observe(last_.data());
  }
  rollout_->endSegment(std::move(slot.rows), terminal ? nullptr : last_.data());
  slot.rows.clear();
}

void Ppo::collect(GridEnvironment &environment) {
  const std::size_t points = rollout_->points(), width = static_cast<std::size_t>(actions_) * points;
  const std::size_t seen = static_cast<std::size_t>(observations_) * points;
  const bool whole = config_.horizon == 0;
  rollout_->clear();
  slots_.prepare(environment, width, interior_);
  for (auto &slot : slots_.slots()) {
    if (!slot.open) slots_.start(environment, slot);
  }
  std::vector<learn::Slot *> running;
  double forwards = 0, std_before = sums_[kStd];
  std::vector<double> counts(4, 0.);  // transitions, episodes, their returns and lengths
  while (whole || rollout_->rows() < config_.horizon) {
    running.clear();
    for (auto &slot : slots_.slots()) {
      if (slot.open) running.push_back(&slot);
    }
    if (running.empty()) break;
    decideForAll(running);
    ++forwards;
    const Stopwatch watch(seconds_.environment);
    for (std::size_t i = 0; i < running.size(); ++i) {
      learn::Slot &slot = *running[i];
      const float *action = action_.data() + i * width;
      const std::int64_t row = rollout_->add(observation_.data() + i * seen, action, log_prob_.data() + i * points,
                                             value_.data() + i * points);
      slot.rows.push_back(row);
      float *reward = rollout_->reward(row);
      GridOutcome outcome;
      if (config_.mean_baseline) slot.episode->compare(mean_.data() + i * width);
      slots_.step(slot, action, width, reward, interior_, outcome);
      if (config_.reward_scale != 1) {
        for (std::size_t p = 0; p < points; ++p) reward[p] *= static_cast<float>(config_.reward_scale);
      }
      if (config_.reward_reach > 0) environment.spread(reward, config_.reward_reach);
      if (outcome == GridOutcome::running) continue;
      close(slot, outcome == GridOutcome::terminal);
      counts[1] += 1;
      counts[2] += slot.reward;
      counts[3] += static_cast<double>(slot.steps);
      if (!whole) slots_.start(environment, slot);
    }
  }
  for (auto &slot : slots_.slots()) {
    if (slot.open) close(slot, false);
  }
  counts[0] = static_cast<double>(rollout_->rows());
  // What all ranks do together counts once.
  for (double &count : counts) count /= environment.shared() ? reduction_.ranks() : 1;
  counts.push_back((sums_[kStd] - std_before) / std::max(forwards, 1.));
  reduction_.sum(counts);
  steps_ += std::llround(counts[0]);
  episodes_ += std::llround(counts[1]);
  sums_[kEpisodes] += counts[1];
  sums_[kReturn] += counts[2];
  sums_[kLength] += counts[3];
  sums_[kStd] = std_before + counts[4] / reduction_.ranks();
}

// Advantages and targets; advantages normalised over all ranks, if globally.
void Ppo::estimate() {
  std::vector<float> values;
  if (rollout_->lastCount() > 0) {
    const Stopwatch watch(seconds_.network);
    const std::size_t points = rollout_->points(), seen = static_cast<std::size_t>(observations_) * points;
    std::vector<float> one(points);
    for (std::int64_t i = 0; i < rollout_->lastCount(); ++i) {
      const float *from = rollout_->lastObservations().data() + static_cast<std::size_t>(i) * seen;
      if (device_) {
        device_->value(from, interior_.size(), one.data());
      } else {
        acting_->value(from, interior_.size(), one.data());
      }
      values.insert(values.end(), one.begin(), one.end());
    }
  }
  rollout_->estimate(values.data(), config_.gamma, config_.lambda);

  const std::size_t n = static_cast<std::size_t>(rollout_->rows()) * rollout_->points();
  float *advantage = rollout_->advantage(0);
  const float *target = rollout_->target(0);
  std::vector<double> sum{static_cast<double>(rollout_->rows()) * static_cast<double>(interior_.count()), 0, 0, 0, 0};
  for (std::size_t row = 0; row < n; row += rollout_->points()) {
    interior_.each([&](std::size_t i) {
      const double a = static_cast<double>(advantage[row + i]), t = static_cast<double>(target[row + i]);
      sum[1] += a, sum[2] += a * a, sum[3] += t, sum[4] += t * t;
    });
  }
  reduction_.sum(sum);
  const double mean = sum[1] / sum[0], variance = std::max(0., sum[2] / sum[0] - mean * mean);
  const double target_mean = sum[3] / sum[0], target_variance = sum[4] / sum[0] - target_mean * target_mean;
  // The advantage is what the value did not foresee of the target.
  sums_[kExplained] += target_variance > 0 ? 1 - variance / target_variance : 0;
  sums_[kIterations] += 1;
  if (config_.normalisation != learn::PpoConfig::Normalisation::global) return;
  const double scale = 1 / (std::sqrt(variance) + 1e-8);
  for (std::size_t i = 0; i < n; ++i)
    advantage[i] = static_cast<float>((static_cast<double>(advantage[i]) - mean) * scale);
}

}  // namespace petrl
