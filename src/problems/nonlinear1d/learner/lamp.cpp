#include "problems/nonlinear1d/learner/lamp.hpp"

#include <petscsys.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "learn/yaml_values.hpp"

namespace petrl {

using nonlinear1d::Nonlinear1DDataset;
using nonlinear1d::VertexMesh;

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kCosts = 1. / 100;  // of a vertex, as in the reward

Nonlinear1DDataset readData(YamlMap environment) {
  const auto name = environment.get<std::string>("name");
  if (name != "nonlinear1d") environment.fail("name", "learner lamp: expected nonlinear1d, found '" + name + "'");
  const auto file = environment.get<std::string>("file");
  nonlinear1d::Nonlinear1DOptions options;
  const auto counts = environment.get<std::vector<int>>(
      "trajectories", std::vector<int>(options.trajectories.begin(), options.trajectories.end()));
  if (counts.size() != 3 || *std::min_element(counts.begin(), counts.end()) < 1)
    environment.fail("trajectories", "expected three positive numbers: train, valid, test");
  std::copy(counts.begin(), counts.end(), options.trajectories.begin());
  options.seed = static_cast<std::uint64_t>(environment.integer("seed", 0, 0, 1000000000000));
  environment.finish();
  return Nonlinear1DDataset::cached(options, file, PETSC_COMM_WORLD,
                                    [](const std::string &text) { std::printf("%s\n", text.c_str()); });
}

double cosine(double done) {
  return .5 * (1 + std::cos(kPi * std::clamp(done, 0., 1.)));
}

lamp::Model makeModel(const learn::LampConfig &c, std::uint64_t seed) {
  const learn::LampNetwork &e = c.evolution.network, &p = c.policy.network;
  lamp::Model model{{c.model, e.hidden, e.layers, e.shared}, {c.model, p.hidden, p.layers, p.shared}};
  model.count = c.policy.count;
  model.largest_trade_off = c.policy.largest_trade_off;
  learn::Rng rng(seed);  // the same on all ranks
  const auto uniform = [&rng] { return rng.uniform(); };
  model.evolution.network().initialise(uniform, .3);
  model.refiner.network().initialise(uniform, .3);
  return model;
}

}  // namespace

Lamp::Lamp(YamlMap keys, YamlMap environment, std::uint64_t seed)
    : config_(learn::LampConfig::parse(std::move(keys))),
      data_(readData(std::move(environment))),
      rng_((seed + 1) * 1000003 + static_cast<std::uint64_t>(reduction_.rank())),
      model_(makeModel(config_, seed)),
      evolution_(config_.evolution, data_.train()),
      actor_critic_(config_.policy, data_.train()),
      evolution_adam_(model_.evolution.network().size()),
      policy_adam_(model_.refiner.network().size()) {}

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
  std::vector<float> gradient(model_.evolution.network().size(), 0.f);
  std::vector<double> numbers{evolution_.gradient(model_, bundles, policy_share, rng_, gradient)};
  average(gradient, numbers);
  episodes_ += static_cast<std::int64_t>(config_.evolution.batch) * reduction_.ranks();
  count("evolution_loss", numbers[0]);
  // A roll-out that blew up says nothing that a small step could use.
  if (!std::isfinite(numbers[0])) return;
  clipNorm(gradient, config_.evolution.network.max_gradient_norm);
  evolution_adam_.step(model_.evolution.network().weights().data(), gradient.data(), rate);
}

void Lamp::updatePolicy(double rate) {
  std::vector<float> gradient(model_.refiner.network().size(), 0.f);
  const learn::LampStatistics s = actor_critic_.gradient(model_, rng_, gradient);
  std::vector<double> numbers(s.value, s.value + learn::LampStatistics::kCount);
  average(gradient, numbers);
  episodes_ += static_cast<std::int64_t>(config_.policy.batch) * config_.policy.samples_per_start * reduction_.ranks();
  for (std::size_t k = 0; k < numbers.size(); ++k) count(learn::LampStatistics::kNames[k], numbers[k]);
  const bool finite = std::all_of(gradient.begin(), gradient.end(), [](float g) { return std::isfinite(g); });
  if (!finite) return;
  clipNorm(gradient, config_.policy.network.max_gradient_norm);
  policy_adam_.step(model_.refiner.network().weights().data(), gradient.data(), rate);
}

double Lamp::refined() const {
  return static_cast<double>(updates_ - config_.evolution.updates) /
         static_cast<double>(std::max<std::int64_t>(config_.refining.updates, 1));
}

void Lamp::iterate() {
  if (pretraining()) {
    const double done = static_cast<double>(updates_) / static_cast<double>(config_.evolution.updates);
    updateEvolution(evolution_.bundles(done), 0, config_.evolution.network.learning_rate * cosine(done));
  } else {
    const std::int64_t turn = config_.refining.policy + config_.refining.evolution;
    if ((updates_ - config_.evolution.updates) % turn < config_.refining.policy) {
      updatePolicy(config_.policy.network.learning_rate * cosine(refined()));
    } else {
      updateEvolution(evolution_.bundles(1), config_.evolution.policy_share,
                      config_.evolution.refining_rate * cosine(refined()));
    }
  }
  ++updates_;
}

// Never the test cases. With a policy, what its reward counts: errors and vertices, at several trade-offs, from coarse
// and middling meshes. Without, the evolution model's errors on meshes adapted with hindsight.
Evaluation Lamp::evaluate() {
  using Kind = lamp::Remeshing::Kind;
  const int n = std::min(config_.validation, data_.valid().size());
  const bool ring = config_.model.ring;
  Evaluation e;
  const auto run = [&](int stride, const lamp::Remeshing &remeshing, const std::string &name) {
    double error = 0, vertices = 0;
    for (const auto &r : lamp::rollOut(model_, data_.valid(), 0, n, VertexMesh::uniform(stride, ring), remeshing))
      error += r.total() / n, vertices += r.vertices() / n;
    e.details[name] = error;
    if (remeshing.kind == Kind::policy) e.details[name + "_vertices"] = vertices;
    return std::make_pair(error, vertices);
  };
  run(4, {}, "error_25");
  run(2, {}, "error_50");
  run(1, {}, "error_100");
  const double adapted =
      run(4, {Kind::oracle, 0, 38, 0}, "hindsight_38").first + run(2, {Kind::oracle, 0, 53, 0}, "hindsight_53").first;
  double objective = 0;
  for (const double part : {.2, .5, 1.}) {
    const double beta = part * config_.policy.largest_trade_off;
    char name[32];
    for (const int stride : {4, 2}) {
      std::snprintf(name, sizeof(name), "from_%d_at_%.2f", 100 / stride, beta);
      const auto [error, vertices] = run(stride, {Kind::policy, beta, 0, 0}, name);
      objective += (5 * (1 - beta) * error + beta * kCosts * lamp::kBundles * vertices) / 6;
    }
  }
  e.score = config_.refining.updates > 0 ? objective : adapted / 2;
  return e;
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
  a.sized("weights of the evolution model", model_.evolution.network().weights());
  a("evolution_adam", evolution_adam_);
  a.sized("weights of the policy", model_.refiner.network().weights());
  a("policy_adam", policy_adam_);
  a("sums", sums_);
  a.ranked([&] {
    a("random", rng_);
    actor_critic_.archive(a, config_.model.ring);
  });
}

// Networks of the same shape are taken over; a policy network of another shape stays new, so that one pre-trained
// evolution model serves policies of all sizes.
void Lamp::loadWeights(const NetworkSpec &network) {
  Policy policy = model_.policy();
  policy.network = network;
  const lamp::Model other = lamp::Model::read(policy, "learner lamp: initial policy");
  const lamp::ModelOptions &a = config_.model, &b = other.evolution.options();
  if (a.parameters != b.parameters || a.ring != b.ring || a.residual != b.residual)
    throw Error("learner lamp: initial policy: its model sees or predicts something else (parameters, ring, residual)");
  const auto same = [](const GraphNetwork &x, const GraphNetwork &y) {
    return x.shape().hidden == y.shape().hidden && x.shape().layers == y.shape().layers &&
           x.shape().shared == y.shape().shared;
  };
  if (!same(model_.evolution.network(), other.evolution.network())) {
    const GraphShape &wants = model_.evolution.network().shape(), &has = other.evolution.network().shape();
    throw Error("learner lamp: initial policy: the evolution model has hidden " + std::to_string(has.hidden) + ", " +
                std::to_string(has.layers) + " layers; expected hidden " + std::to_string(wants.hidden) + ", " +
                std::to_string(wants.layers) + " layers");
  }
  model_.evolution.network().weights() = other.evolution.network().weights();
  if (same(model_.refiner.network(), other.refiner.network()))
    model_.refiner.network().weights() = other.refiner.network().weights();
}

}  // namespace petrl
