// Checkpoints of the learner "lamp": everything, of all ranks.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "learn/state_file.hpp"
#include "problems/nonlinear1d/learner/lamp.hpp"

namespace petrl {

static constexpr const char *kKind = "lamp";

namespace {

std::int64_t bits(double value) {
  std::int64_t word;
  std::memcpy(&word, &value, sizeof(word));
  return word;
}

double fromBits(std::int64_t word) {
  double value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

/// What only one rank has: the generator's state, then the starts.
std::vector<std::int64_t> own(const learn::Rng &rng, const learn::ActorCritic &actor_critic) {
  std::vector<std::int64_t> numbers(sizeof(learn::Rng::State) / sizeof(std::int64_t));
  const learn::Rng::State state = rng.state();
  std::memcpy(numbers.data(), &state, sizeof(state));
  const auto more = actor_critic.numbers();
  numbers.insert(numbers.end(), more.begin(), more.end());
  return numbers;
}

template <typename T>
std::vector<T> part(const std::vector<T> &all, const std::vector<std::int64_t> &counts, int rank) {
  auto begin = all.begin();
  for (int r = 0; r < rank; ++r) begin += counts[static_cast<std::size_t>(r)];
  return {begin, begin + counts[static_cast<std::size_t>(rank)]};
}

}  // namespace

void Lamp::save(const std::string &path) const {
  std::vector<std::int64_t> counts, float_counts;
  const auto numbers = reduction_.gather(own(rng_, actor_critic_), counts);
  const auto floats = reduction_.gather(actor_critic_.floats(), float_counts);
  if (reduction_.rank() != 0) return;
  learn::StateWriter out(path, kKind);
  out.number(reduction_.ranks());
  for (const std::int64_t n : {updates_, episodes_, evolution_adam_.steps, policy_adam_.steps}) out.number(n);
  for (const auto *n : {&std::as_const(model_).evolution.network(), &std::as_const(model_).refiner.network()}) {
    const Adam &adam = n == &model_.evolution.network() ? evolution_adam_ : policy_adam_;
    out.floats(n->weights().data(), n->size());
    for (const auto *array : {&adam.first, &adam.second}) out.floats(array->data(), array->size());
  }
  // The log's sums, so that its rows come out the same.
  std::vector<std::string> names{"evolution_loss"};
  names.insert(names.end(), std::begin(learn::LampStatistics::kNames), std::end(learn::LampStatistics::kNames));
  for (const auto &name : names) {
    const auto found = sums_.find(name);
    out.number(found == sums_.end() ? 0 : found->second.second);
    out.number(bits(found == sums_.end() ? 0 : found->second.first));
  }
  for (const std::vector<std::int64_t> *list : {&std::as_const(counts), &std::as_const(float_counts), &numbers}) {
    out.number(static_cast<std::int64_t>(list->size()));
    for (const std::int64_t n : *list) out.number(n);
  }
  out.floats(floats.data(), floats.size());
  out.finish();
}

void Lamp::load(const std::string &path) {
  learn::StateReader in(path, kKind);
  in.expect("ranks", reduction_.ranks());
  std::int64_t values[4];
  for (auto &v : values) v = in.number();
  const char *what[] = {"weights of the evolution model", "their first moments", "their second moments",
                        "weights of the policy",          "their first moments", "their second moments"};
  std::vector<float> arrays[6];
  for (std::size_t k = 0; k < 6; ++k) {
    const std::size_t size = (k < 3 ? model_.evolution.network() : model_.refiner.network()).size();
    in.floats(what[k], arrays[k], static_cast<std::int64_t>(size));
  }
  std::map<std::string, std::pair<double, std::int64_t>> sums;
  std::vector<std::string> names{"evolution_loss"};
  names.insert(names.end(), std::begin(learn::LampStatistics::kNames), std::end(learn::LampStatistics::kNames));
  for (const auto &name : names) {
    const std::int64_t n = in.number();
    const double sum = fromBits(in.number());
    if (n > 0) sums[name] = {sum, n};
  }
  std::vector<std::int64_t> lists[3];
  for (auto &list : lists) {
    const std::int64_t n = in.number();
    if (n < 0 || n > std::int64_t{1} << 32) in.fail("starts: wrong counts");
    for (std::int64_t k = 0; k < n; ++k) list.push_back(in.number());
  }
  std::vector<float> floats;
  in.floats("states", floats);
  in.finish();
  const auto ranks = static_cast<std::size_t>(reduction_.ranks());
  std::int64_t total[2] = {0, 0};
  for (std::size_t k = 0; k < 2; ++k) {
    if (lists[k].size() != ranks) in.fail("starts: wrong counts");
    for (const std::int64_t n : lists[k]) {
      if (n < 0) in.fail("starts: wrong counts");
      total[k] += n;
    }
  }
  if (total[0] != static_cast<std::int64_t>(lists[2].size()) || total[1] != static_cast<std::int64_t>(floats.size()))
    in.fail("starts: wrong counts");
  std::vector<std::int64_t> numbers = part(lists[2], lists[0], reduction_.rank());
  learn::Rng::State state;
  constexpr auto kState = static_cast<std::ptrdiff_t>(sizeof(state) / sizeof(std::int64_t));
  if (static_cast<std::ptrdiff_t>(numbers.size()) < kState) in.fail("random numbers: missing");
  std::memcpy(static_cast<void *>(&state), numbers.data(), sizeof(state));
  numbers.erase(numbers.begin(), numbers.begin() + kState);
  if (!actor_critic_.restore(numbers, part(floats, lists[1], reduction_.rank()), config_.model.ring))
    in.fail("starts: not those of this configuration");
  rng_.setState(state);
  updates_ = values[0], episodes_ = values[1];
  evolution_adam_.steps = values[2], policy_adam_.steps = values[3];
  model_.evolution.network().weights() = arrays[0];
  evolution_adam_.first.assign(arrays[1].begin(), arrays[1].end());
  evolution_adam_.second.assign(arrays[2].begin(), arrays[2].end());
  model_.refiner.network().weights() = arrays[3];
  policy_adam_.first.assign(arrays[4].begin(), arrays[4].end());
  policy_adam_.second.assign(arrays[5].begin(), arrays[5].end());
  sums_ = std::move(sums);
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
