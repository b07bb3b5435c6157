#include "learn/unroll/network.hpp"

#include <cmath>

#include "base/error.hpp"

namespace petrl::learn {

namespace {

std::size_t weightCount(const tape::Convolution &l) {
  return static_cast<std::size_t>(l.in) * static_cast<std::size_t>(l.out * l.kernel * l.kernel);
}

std::string layerName(std::size_t layer, const char *what) {
  return "layer" + std::to_string(layer) + "/" + what;
}

}  // namespace

TapeNetwork::TapeNetwork(const FcnConfig &config, int inputs, int outputs) : config_(config) {
  std::size_t total = 0;
  for (int i = 0, in = inputs; i < config.layers(); ++i) {
    const auto l = static_cast<std::size_t>(i);
    tape::Convolution c;
    c.in = in;
    c.out = i + 1 < config.layers() ? config.channels[l] : outputs;
    c.kernel = config.kernels[l];
    c.dilation = config.dilations[l];
    total += weightCount(c) + static_cast<std::size_t>(c.out);
    in = c.out;
    layers_.push_back(c);
  }
  weights_.assign(total, 0.f);
  gradient_.assign(total, 0.f);
  std::size_t offset = 0;
  for (auto &c : layers_) {
    c.weight = &weights_[offset];
    c.weight_gradient = &gradient_[offset];
    offset += weightCount(c);
    c.bias = &weights_[offset];
    c.bias_gradient = &gradient_[offset];
    offset += static_cast<std::size_t>(c.out);
  }
}

void TapeNetwork::initialise(Rng &rng, double output_scale) {
  float *w = weights_.data();
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto &c = layers_[l];
    const double fan_in = c.in * c.kernel * c.kernel;
    const double deviation = l + 1 == layers_.size() ? output_scale / std::sqrt(fan_in) : std::sqrt(2 / fan_in);
    for (std::size_t i = 0; i < weightCount(c); ++i) *w++ = static_cast<float>(deviation * rng.normal());
    for (int i = 0; i < c.out; ++i) *w++ = 0.f;
  }
}

tape::Var TapeNetwork::forward(tape::Tape &tape, tape::Var x) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    x = tape.convolve(x, layers_[l]);
    if (l + 1 < layers_.size()) x = config_.tanh ? tape.tanh(x) : tape.relu(x);
  }
  return x;
}

NetworkSpec TapeNetwork::network() const {
  NetworkSpec spec;
  spec.architecture = "fcn";
  std::string dilation;
  for (const int d : config_.dilations) dilation += (dilation.empty() ? "" : " ") + std::to_string(d);
  spec.parameters = {{"activation", config_.tanh ? "tanh" : "relu"}, {"output", "linear"}, {"dilation", dilation}};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto &c = layers_[l];
    const auto in = static_cast<std::size_t>(c.in), out = static_cast<std::size_t>(c.out),
               k = static_cast<std::size_t>(c.kernel);
    spec.weights[layerName(l, "weight")] = {{out, in, k, k}, {c.weight, c.weight + weightCount(c)}};
    spec.weights[layerName(l, "bias")] = {{out}, {c.bias, c.bias + out}};
  }
  return spec;
}

void TapeNetwork::loadWeights(const NetworkSpec &spec) {
  const NetworkSpec own = network();
  if (spec.architecture != own.architecture)
    throw Error("weights: expected architecture fcn, found " + spec.architecture, PETSC_ERR_ARG_INCOMP);
  if (spec.parameters != own.parameters)
    throw Error("weights: activation, output or dilations differ from the learner's network", PETSC_ERR_ARG_INCOMP);
  if (spec.weights.size() != own.weights.size())
    throw Error("weights: found " + std::to_string(spec.weights.size() / 2) + " layers, expected " +
                    std::to_string(layers_.size()),
                PETSC_ERR_ARG_INCOMP);
  float *w = weights_.data();
  std::vector<float> all;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    for (const char *what : {"weight", "bias"}) {
      const std::string name = layerName(l, what);
      const auto it = spec.weights.find(name);
      if (it == spec.weights.end() || it->second.shape != own.weights.at(name).shape)
        throw Error("weights: " + name + " is missing or has another shape than the learner's", PETSC_ERR_ARG_INCOMP);
      all.insert(all.end(), it->second.data.begin(), it->second.data.end());
    }
  }
  std::copy(all.begin(), all.end(), w);
}

}  // namespace petrl::learn
