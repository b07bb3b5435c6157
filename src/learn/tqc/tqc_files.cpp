// What TQC writes and reads: checkpoints (everything) and networks (the deterministic actor).
#include <cmath>

#include "base/error.hpp"
#include "learn/state_file.hpp"
#include "learn/tqc/tqc.hpp"

namespace petrl {

using learn::Floats;
using learn::Layer;

static constexpr const char *kKind = "tqc";

static std::vector<std::int64_t> shapeNumbers(const learn::Layout &layout) {
  std::vector<std::int64_t> numbers;
  for (const Layer &layer : layout.layers) numbers.push_back(layer.out);
  return numbers;
}

void Tqc::save(const std::string &path, const std::vector<double> &more) const {
  engine_->synchronise(state_);
  learn::StateWriter out(path, kKind);
  out.number(shapes_.observations);
  out.number(shapes_.actions);
  out.number(config_.critics);
  for (const auto *layout : {&shapes_.actor, &shapes_.critic}) {
    const auto numbers = shapeNumbers(*layout);
    out.number(static_cast<std::int64_t>(numbers.size()));
    for (const auto number : numbers) out.number(number);
  }
  out.number(buffer_.capacity());
  out.number(steps_);
  out.number(state_.updates);
  out.number(buffer_.head());
  for (const double value : {due_, state_.log_alpha, state_.alpha_first, state_.alpha_second, losses_.critic,
                             losses_.actor, losses_.temperature, losses_.log_prob, losses_.mean_q}) {
    out.bytes(&value, sizeof(value));
  }
  out.bytes(&rng_.state(), sizeof(learn::Rng::State));
  for (const auto *array : {&state_.actor, &state_.critic, &state_.target, &state_.actor_adam.first,
                            &state_.actor_adam.second, &state_.critic_adam.first, &state_.critic_adam.second}) {
    out.floats(array->data(), array->size());
  }
  out.floats(buffer_.data().data(), buffer_.data().size());
  out.number(static_cast<std::int64_t>(more.size()));
  out.bytes(more.data(), more.size() * sizeof(double));
  out.finish();
}

std::vector<double> Tqc::load(const std::string &path) {
  learn::StateReader in(path, kKind);
  in.expect("observations", shapes_.observations);
  in.expect("actions", shapes_.actions);
  in.expect("critics", config_.critics);
  const char *names[] = {"actor", "critic"};
  for (const auto *layout : {&shapes_.actor, &shapes_.critic}) {
    const std::string name = names[layout == &shapes_.critic];
    const auto numbers = shapeNumbers(*layout);
    in.expect("layers of the " + name, static_cast<std::int64_t>(numbers.size()));
    for (std::size_t l = 0; l < numbers.size(); ++l) {
      const bool quantiles = layout == &shapes_.critic && l + 1 == numbers.size();
      in.expect(quantiles ? "quantiles" : "width of layer " + std::to_string(l) + " of the " + name, numbers[l]);
    }
  }
  in.expect("buffer_size", buffer_.capacity());
  const std::int64_t steps = in.number();
  // Into copies first: a file that turns out damaged leaves this learner as it was.
  learn::TqcState state = state_;
  state.updates = in.number();
  const std::int64_t head = in.number();
  double due;
  learn::TqcLosses losses;
  for (double *value : {&due, &state.log_alpha, &state.alpha_first, &state.alpha_second, &losses.critic, &losses.actor,
                        &losses.temperature, &losses.log_prob, &losses.mean_q}) {
    in.bytes(value, sizeof(*value));
  }
  learn::Rng::State random;
  in.bytes(&random, sizeof(random));
  const auto read = [&in](const char *name, Floats &array) {
    in.floats(name, array, static_cast<std::int64_t>(array.size()));
  };
  read("actor weights", state.actor);
  read("critic weights", state.critic);
  read("target weights", state.target);
  read("actor moments", state.actor_adam.first);
  read("actor moments", state.actor_adam.second);
  read("critic moments", state.critic_adam.first);
  read("critic moments", state.critic_adam.second);
  std::vector<float> data;
  in.floats("replay buffer", data);
  const auto width = static_cast<std::size_t>(buffer_.width());
  const auto rows = static_cast<std::int64_t>(data.size() / width);
  if (data.size() % width != 0 || rows > buffer_.capacity() || head < 0 || head > rows || head >= buffer_.capacity()) {
    in.fail("replay buffer: found " + std::to_string(data.size()) + " numbers, expected whole transitions of " +
            std::to_string(width));
  }
  const std::int64_t count = in.number();
  if (count < 0 || count > 1000) in.fail("returns: wrong length");
  std::vector<double> more(static_cast<std::size_t>(count));
  in.bytes(more.data(), more.size() * sizeof(double));
  in.finish();

  state_ = std::move(state);
  buffer_.restore(std::move(data), head);
  rng_.setState(random);
  losses_ = losses;
  steps_ = steps;
  due_ = due;
  engine_->invalidate();
  return more;
}

NetworkSpec Tqc::network() const {
  NetworkSpec spec;
  spec.architecture = "mlp";
  spec.parameters = {{"activation", "relu"}, {"output", "hardtanh-tanh"}};
  dense::write(shapes_.actor, state_.actor.data(), spec);
  return spec;
}

static std::string text(const std::vector<std::size_t> &shape) {
  std::string out;
  for (const auto n : shape) out += (out.empty() ? "" : " x ") + std::to_string(n);
  return out.empty() ? "a scalar" : out;
}

static void checkWeights(const NetworkSpec &spec, const std::string &name, const std::vector<std::size_t> &shape) {
  const auto it = spec.weights.find(name);
  if (it == spec.weights.end()) throw Error("weights for tqc: " + name + " is missing", PETSC_ERR_ARG_INCOMP);
  if (it->second.shape != shape) {
    throw Error("weights for tqc: " + name + ": found " + text(it->second.shape) + ", expected " + text(shape),
                PETSC_ERR_ARG_INCOMP);
  }
  std::size_t size = 1;
  for (const auto n : shape) size *= n;
  if (it->second.data.size() != size) {
    throw Error("weights for tqc: " + name + ": found " + std::to_string(it->second.data.size()) +
                    " numbers, expected " + std::to_string(size),
                PETSC_ERR_ARG_SIZ);
  }
  for (const float x : it->second.data) {
    if (!std::isfinite(x)) throw Error("weights for tqc: " + name + " is not finite", PETSC_ERR_FP);
  }
}

void Tqc::loadWeights(const NetworkSpec &spec) {
  const auto require = [&spec](const std::string &key, const std::string &expected) {
    const auto it = spec.parameters.find(key);
    const std::string found = it == spec.parameters.end() ? "nothing" : it->second;
    if (found != expected) {
      throw Error("weights for tqc: " + key + ": found " + found + ", expected " + expected, PETSC_ERR_ARG_INCOMP);
    }
  };
  if (spec.architecture != "mlp") {
    throw Error("weights for tqc: architecture: found " + spec.architecture + ", expected mlp", PETSC_ERR_ARG_INCOMP);
  }
  require("activation", "relu");
  require("output", "hardtanh-tanh");
  const std::size_t expected = 2 * shapes_.actor.layers.size();
  if (spec.weights.size() != expected) {
    throw Error("weights for tqc: found " + std::to_string(spec.weights.size()) + " arrays, expected " +
                    std::to_string(expected),
                PETSC_ERR_ARG_INCOMP);
  }
  for (std::size_t l = 0; l < shapes_.actor.layers.size(); ++l) {
    const Layer &layer = shapes_.actor.layers[l];
    const auto in = static_cast<std::size_t>(layer.in), out = static_cast<std::size_t>(layer.out);
    checkWeights(spec, "layer" + std::to_string(l) + "/weight", {out, in});
    checkWeights(spec, "layer" + std::to_string(l) + "/bias", {out});
  }
  engine_->synchronise(state_);
  dense::read(spec, shapes_.actor, state_.actor.data());
  engine_->invalidate();
}

}  // namespace petrl
