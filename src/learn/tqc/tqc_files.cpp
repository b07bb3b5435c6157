// What TQC writes and reads: checkpoints (everything) and networks (the deterministic actor).
#include <cmath>

#include "base/error.hpp"
#include "learn/tqc/tqc.hpp"

namespace petrl {

using learn::Layer;

void Tqc::archive(Archive &a) {
  if (!a.reading()) engine_->synchronise(state_);
  a.kind("tqc");
  a.expect("observations", shapes_.observations);
  a.expect("actions", shapes_.actions);
  a.expect("critics", config_.critics);
  a.expect("quantiles", config_.quantiles);
  for (const auto *layout : {&shapes_.actor, &shapes_.critic}) {
    a.group(layout == &shapes_.actor ? "actor layers" : "critic layers", [&] {
      a.expect("size", static_cast<std::int64_t>(layout->layers.size()));
      for (std::size_t l = 0; l < layout->layers.size(); ++l) a.expect(std::to_string(l), layout->layers[l].out);
    });
  }
  a("steps", steps_);
  a("updates_due", due_);
  a("random", rng_);
  a("losses", losses_);
  a("state", state_);
  a("average", average_);
  a("buffer", buffer_);
  if (a.reading()) engine_->invalidate();
}

NetworkSpec Tqc::network() const {
  NetworkSpec spec;
  spec.architecture = "mlp";
  spec.parameters = {{"activation", "relu"}, {"output", "hardtanh-tanh"}};
  dense::write(shapes_.actor, policyWeights().data(), spec);
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
  average_ = state_.actor;
  engine_->invalidate();
}

}  // namespace petrl
