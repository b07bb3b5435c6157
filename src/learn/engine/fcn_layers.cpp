#include "learn/engine/fcn_layers.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::learn {

namespace {

std::size_t weightCount(const tape::Convolution &l) {
  return static_cast<std::size_t>(l.in) * static_cast<std::size_t>(l.out * l.taps());
}

std::string layerName(std::size_t layer, const char *what) {
  return "layer" + std::to_string(layer) + "/" + what;
}

std::string text(const std::vector<std::size_t> &shape) {
  std::string out;
  for (const auto n : shape) out += (out.empty() ? "" : " x ") + std::to_string(n);
  return out.empty() ? "a scalar" : out;
}

[[noreturn]] void refuse(const std::string &what, const std::string &found, const std::string &expected) {
  throw Error("weights: " + what + ": found " + found + ", expected " + expected, PETSC_ERR_ARG_INCOMP);
}

// One array of a policy's weights, checked.
const std::vector<float> &weightOf(const NetworkSpec &spec, const std::string &name,
                                   const std::vector<std::size_t> &shape) {
  const auto it = spec.weights.find(name);
  if (it == spec.weights.end()) throw Error("weights: " + name + " is missing", PETSC_ERR_ARG_INCOMP);
  if (it->second.shape != shape) refuse(name, text(it->second.shape), text(shape));
  std::size_t count = 1;
  for (const auto n : shape) count *= n;
  const auto &data = it->second.data;
  if (data.size() != count) refuse(name, std::to_string(data.size()) + " numbers", std::to_string(count));
  for (const float x : data) {
    if (!std::isfinite(x)) throw Error("weights: " + name + " is not finite", PETSC_ERR_FP);
  }
  return data;
}

}  // namespace

FcnLayers::FcnLayers(const FcnConfig &config, int inputs, int outputs) : config_(config) {
  for (int i = 0, in = inputs; i < config.layers(); ++i) {
    const auto l = static_cast<std::size_t>(i);
    tape::Convolution c;
    c.in = in;
    c.out = i + 1 < config.layers() ? config.channels[l] : outputs;
    c.kernel = config.kernels[l];
    c.dilation = config.dilations[l];
    c.dimensions = config.dimensions;
    at_.push_back(size_);
    bias_at_.push_back(size_ + weightCount(c));
    size_ = bias_at_.back() + static_cast<std::size_t>(c.out);
    in = c.out;
    layers_.push_back(c);
  }
}

void FcnLayers::bind(float *weights, float *gradient) {
  weights_ = weights;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].weight = weight(l);
    layers_[l].bias = bias(l);
    layers_[l].weight_gradient = gradient + at_[l];
    layers_[l].bias_gradient = gradient + bias_at_[l];
  }
}

void FcnLayers::initialiseUniform(Rng &rng, int first_zero_row, int zero_rows) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto outputs = static_cast<std::size_t>(layers_[l].out);
    const std::size_t fan_in = weightCount(layers_[l]) / outputs;
    const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
    const auto fill = [&](float *to, std::size_t width) {
      for (std::size_t i = 0; i < width * outputs; ++i) to[i] = static_cast<float>(bound * (2 * rng.uniform() - 1));
      if (l + 1 == layers_.size())
        std::fill_n(to + static_cast<std::size_t>(first_zero_row) * width, static_cast<std::size_t>(zero_rows) * width,
                    0.f);
    };
    fill(weight(l), fan_in);
    fill(bias(l), 1);
  }
}

void FcnLayers::initialiseNormal(Rng &rng, double output_scale) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto &c = layers_[l];
    const double fan_in = c.in * c.taps();
    const double deviation = l + 1 == layers_.size() ? output_scale / std::sqrt(fan_in) : std::sqrt(2 / fan_in);
    for (std::size_t i = 0; i < weightCount(c); ++i) weight(l)[i] = static_cast<float>(deviation * rng.normal());
    std::fill_n(bias(l), c.out, 0.f);
  }
}

tape::Var FcnLayers::forward(tape::Tape &tape, tape::Var x) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    x = tape.convolve(x, layers_[l]);
    if (l + 1 < layers_.size()) x = config_.tanh ? tape.tanh(x) : tape.relu(x);
  }
  return x;
}

NetworkSpec FcnLayers::network(int outputs, const std::string &output) const {
  NetworkSpec spec;
  spec.architecture = "fcn";
  std::string dilation;
  for (const int d : config_.dilations) dilation += (dilation.empty() ? "" : " ") + std::to_string(d);
  spec.parameters = {{"activation", config_.tanh ? "tanh" : "relu"}, {"output", output}, {"dilation", dilation}};
  // Two are what files are without it.
  if (config_.dimensions != 2) spec.parameters["dimensions"] = std::to_string(config_.dimensions);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto &c = layers_[l];
    const auto in = static_cast<std::size_t>(c.in), k = static_cast<std::size_t>(c.kernel),
               out = static_cast<std::size_t>(l + 1 == layers_.size() ? outputs : c.out);
    std::vector<std::size_t> shape{out, in};
    shape.insert(shape.end(), static_cast<std::size_t>(config_.dimensions), k);
    spec.weights[layerName(l, "weight")] = {shape,
                                            {c.weight, c.weight + out * in * static_cast<std::size_t>(c.taps())}};
    spec.weights[layerName(l, "bias")] = {{out}, {c.bias, c.bias + out}};
  }
  return spec;
}

void FcnLayers::loadWeights(const NetworkSpec &spec, int outputs, const std::string &output) {
  const NetworkSpec own = network(outputs, output);
  if (spec.architecture != "fcn") refuse("architecture", spec.architecture, "fcn");
  for (const auto &[key, expected] : own.parameters) {
    const auto it = spec.parameters.find(key);
    const std::string found = it == spec.parameters.end() ? "nothing" : it->second;
    if (found != expected) refuse(key, found, expected);
  }
  if (dimensionsOf(spec) != config_.dimensions)
    refuse("dimensions", std::to_string(dimensionsOf(spec)), std::to_string(config_.dimensions));
  if (spec.weights.size() != own.weights.size())
    refuse("arrays", std::to_string(spec.weights.size()), std::to_string(own.weights.size()));
  std::vector<const std::vector<float> *> checked;  // all of them before the first is taken over
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    for (const char *what : {"weight", "bias"})
      checked.push_back(&weightOf(spec, layerName(l, what), own.weights.at(layerName(l, what)).shape));
  }
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    std::copy(checked[2 * l]->begin(), checked[2 * l]->end(), weight(l));
    std::copy(checked[2 * l + 1]->begin(), checked[2 * l + 1]->end(), bias(l));
  }
}

void checkReach(const FcnConfig &config, const GridSize &size) {
  for (std::size_t l = 0; l < config.dilations.size(); ++l) {
    const int points = config.kernels[l] / 2 * config.dilations[l];
    bool fits = true;
    std::string grid;
    for (int a = 0; a < config.dimensions; ++a) {
      fits = fits && points <= size.along(a);
      grid += (a > 0 ? " x " : "") + std::to_string(size.along(a));
    }
    if (fits) continue;
    throw Error("network: a layer reaches " + std::to_string(points) + " points, the grid has only " + grid,
                PETSC_ERR_ARG_OUTOFRANGE);
  }
}

}  // namespace petrl::learn
