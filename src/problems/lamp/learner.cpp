#include "problems/lamp/learner.hpp"

#include <petscsys.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "learn/yaml_values.hpp"

namespace petrl {

namespace {

constexpr double kPi = 3.14159265358979323846;

bool finite(const std::vector<float> &gradient) {
  return std::all_of(gradient.begin(), gradient.end(), [](float g) { return std::isfinite(g); });
}

double cosine(double done) {
  return .5 * (1 + std::cos(kPi * std::clamp(done, 0., 1.)));
}

}  // namespace

Lamp::Lamp(std::unique_ptr<learn::LampWorld> world, const learn::LampConfig &config, std::uint64_t seed)
    : config_(config),
      rng_((seed + 1) * 1000003 + static_cast<std::uint64_t>(reduction_.rank())),
      world_(std::move(world)),
      evolution_adam_(world_->evolution().size()),
      policy_adam_(world_->refiner().size()) {
  learn::Rng rng(seed);  // the same on all ranks
  const auto uniform = [&rng] { return rng.uniform(); };
  world_->evolution().initialise(uniform, .3);
  world_->refiner().initialise(uniform, .3);
}

void Lamp::count(const std::string &name, double value) {
  auto &[sum, number] = sums_[name];
  sum += value;
  ++number;
}

void Lamp::average(std::vector<float> &gradient, std::vector<double> &numbers) const {
  if (reduction_.ranks() == 1) return;
  reduction_.sum(gradient);
  reduction_.sum(numbers);
  const double share = 1. / reduction_.ranks();
  for (float &g : gradient) g *= static_cast<float>(share);
  for (double &x : numbers) x *= share;
}

void Lamp::updateEvolution(int bundles, double policy_share, double rate) {
  std::vector<float> gradient(world_->evolution().size(), 0.f);
  std::vector<double> numbers{world_->evolutionGradient(bundles, policy_share, rng_, gradient)};
  average(gradient, numbers);
  episodes_ += static_cast<std::int64_t>(config_.evolution.batch) * reduction_.ranks();
  // A roll-out that blew up says nothing that a small step could use.
  if (!std::isfinite(numbers[0]) || !finite(gradient)) return;
  count("evolution_loss", numbers[0]);
  clipNorm(gradient, config_.evolution.network.max_gradient_norm);
  evolution_adam_.step(world_->evolution().weights().data(), gradient.data(), rate);
}

void Lamp::updatePolicy(double rate) {
  std::vector<float> gradient(world_->refiner().size(), 0.f);
  const std::int64_t turn = config_.refining.policy + config_.refining.evolution,
                     done = updates_ - config_.evolution.updates,
                     before = done / turn * config_.refining.policy + done % turn;  // updates of the policy
  const learn::LampStatistics s = world_->policyGradient(before < config_.refining.demonstrations, rng_, gradient);
  std::vector<double> numbers(s.value, s.value + learn::LampStatistics::kCount);
  average(gradient, numbers);
  episodes_ += static_cast<std::int64_t>(config_.policy.batch) * config_.policy.samples_per_start * reduction_.ranks();
  if (!finite(gradient)) return;
  for (std::size_t k = 0; k < numbers.size(); ++k) count(learn::LampStatistics::kNames[k], numbers[k]);
  clipNorm(gradient, config_.policy.network.max_gradient_norm);
  policy_adam_.step(world_->refiner().weights().data(), gradient.data(), rate);
}

double Lamp::refined() const {
  return static_cast<double>(updates_ - config_.evolution.updates) /
         static_cast<double>(std::max<std::int64_t>(config_.refining.updates, 1));
}

void Lamp::iterate() {
  if (pretraining()) {
    const double done = static_cast<double>(updates_) / static_cast<double>(config_.evolution.updates);
    updateEvolution(world_->bundles(done), 0, config_.evolution.network.learning_rate * cosine(done));
  } else {
    const std::int64_t turn = config_.refining.policy + config_.refining.evolution;
    if ((updates_ - config_.evolution.updates) % turn < config_.refining.policy) {
      updatePolicy(config_.policy.network.learning_rate * cosine(refined()));
    } else {
      updateEvolution(world_->bundles(1), config_.evolution.policy_share,
                      config_.evolution.refining_rate * cosine(refined()));
    }
  }
  ++updates_;
}

Evaluation Lamp::evaluate() {
  return world_->evaluate(config_.refining.updates > 0);
}

std::map<std::string, double> Lamp::metrics() {
  std::map<std::string, double> out{{"evolution_loss", 0}};
  for (const char *name : learn::LampStatistics::kNames) out[name] = 0;  // the log has the same columns in every row
  for (const auto &[name, sum] : sums_) out[name] = sum.first / static_cast<double>(sum.second);
  sums_.clear();
  out["mean_return"] = out["reward"];
  return out;
}

void Lamp::archive(Archive &a) {
  a.kind("lamp");
  a("updates", updates_);
  a("episodes", episodes_);
  a.sized("weights of the evolution model", world_->evolution().weights());
  a("evolution_adam", evolution_adam_);
  a.sized("weights of the policy", world_->refiner().weights());
  a("policy_adam", policy_adam_);
  a("sums", sums_);
  a.ranked([&] {
    a("random", rng_);
    world_->archive(a);
  });
}

// Networks of the same shape are taken over; a policy network of another shape stays new, so that one pre-trained
// evolution model serves policies of all sizes.
void Lamp::loadWeights(const NetworkSpec &network) {
  Policy policy = world_->policy();
  policy.network = network;
  std::unique_ptr<GraphNetwork> evolution, refiner;
  world_->read(policy, evolution, refiner);
  const auto same = [](const GraphNetwork &x, const GraphNetwork &y) {
    return x.shape().hidden == y.shape().hidden && x.shape().layers == y.shape().layers &&
           x.shape().shared == y.shape().shared;
  };
  if (!same(world_->evolution(), *evolution)) {
    const GraphShape &wants = world_->evolution().shape(), &has = evolution->shape();
    const auto text = [](const GraphShape &s) {
      return "hidden " + std::to_string(s.hidden) + ", " + std::to_string(s.layers) + (s.shared ? " shared" : "") +
             " layers";
    };
    throw Error("learner lamp: initial policy: the evolution model has " + text(has) + "; expected " + text(wants));
  }
  world_->evolution().weights() = evolution->weights();
  if (same(world_->refiner(), *refiner)) world_->refiner().weights() = refiner->weights();
}

}  // namespace petrl
