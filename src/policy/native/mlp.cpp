#include "policy/native/mlp.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl {

namespace {

constexpr std::size_t kVector = 16;  // floats of one AVX-512 register

// One source, three instruction sets, chosen when the library is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define PETRL_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PETRL_CLONES
#endif

// y[0..stride) = bias + sum_i x[i] weight[i][.], blocks of 64 outputs so that the sums stay in registers.
PETRL_CLONES void affine(const float *weight, const float *bias, std::size_t inputs, std::size_t stride, const float *x,
                         float *y) {
  constexpr std::size_t block = 4 * kVector;
  std::size_t j = 0;
  for (; j + block <= stride; j += block) {
    float sum[block];
    for (std::size_t k = 0; k < block; ++k) sum[k] = bias[j + k];
    for (std::size_t i = 0; i < inputs; ++i) {
      const float xi = x[i];
      const float *row = weight + i * stride + j;
      for (std::size_t k = 0; k < block; ++k) sum[k] += xi * row[k];
    }
    for (std::size_t k = 0; k < block; ++k) y[j + k] = sum[k];
  }
  for (; j < stride; j += kVector) {
    float sum[kVector];
    for (std::size_t k = 0; k < kVector; ++k) sum[k] = bias[j + k];
    for (std::size_t i = 0; i < inputs; ++i) {
      const float xi = x[i];
      const float *row = weight + i * stride + j;
      for (std::size_t k = 0; k < kVector; ++k) sum[k] += xi * row[k];
    }
    for (std::size_t k = 0; k < kVector; ++k) y[j + k] = sum[k];
  }
}

[[noreturn]] void bad(const std::string &source, const std::string &key, const std::string &message) {
  throw Error(source + ": /network/" + key + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

std::string shapeText(const std::vector<std::size_t> &shape) {
  std::string text;
  for (const std::size_t e : shape) text += (text.empty() ? "" : " x ") + std::to_string(e);
  return text.empty() ? "a single number" : text;
}

const std::string &parameter(const NetworkSpec &network, const std::string &key, const std::string &source) {
  const auto it = network.parameters.find(key);
  if (it == network.parameters.end()) bad(source, key, "missing");
  return it->second;
}

}  // namespace

Mlp::Mlp(const NetworkSpec &network, const std::string &source) {
  const std::string &activation = parameter(network, "activation", source);
  if (activation == "relu")
    activation_ = Activation::relu;
  else if (activation == "tanh")
    activation_ = Activation::tanh;
  else
    bad(source, "activation", "expected relu or tanh, found '" + activation + "'");
  const std::string &output = parameter(network, "output", source);
  if (output == "tanh")
    output_ = Output::tanh;
  else if (output == "hardtanh-tanh")
    output_ = Output::hardtanh_tanh;
  else if (output == "linear")
    output_ = Output::linear;
  else
    bad(source, "output", "expected tanh, hardtanh-tanh or linear, found '" + output + "'");

  std::size_t widest = 0;
  for (std::size_t l = 0;; ++l) {
    const std::string name = "layer" + std::to_string(l);
    const auto w = network.weights.find(name + "/weight");
    if (w == network.weights.end()) break;
    const auto b = network.weights.find(name + "/bias");
    if (b == network.weights.end()) bad(source, name + "/bias", "missing");
    if (w->second.shape.size() != 2 || w->second.shape[0] == 0 || w->second.shape[1] == 0) {
      bad(source, name + "/weight", "expected a matrix (outputs x inputs), found " + shapeText(w->second.shape));
    }
    Layer layer;
    layer.outputs = w->second.shape[0];
    layer.inputs = w->second.shape[1];
    layer.stride = (layer.outputs + kVector - 1) / kVector * kVector;
    if (l > 0 && layer.inputs != layers_.back().outputs) {
      bad(source, name + "/weight",
          "expected " + std::to_string(layers_.back().outputs) + " inputs (outputs of the layer before), found " +
              std::to_string(layer.inputs));
    }
    if (b->second.shape != std::vector<std::size_t>{layer.outputs}) {
      bad(source, name + "/bias",
          "expected " + std::to_string(layer.outputs) + " values, found " + shapeText(b->second.shape));
    }
    if (w->second.data.size() != layer.outputs * layer.inputs || b->second.data.size() != layer.outputs)
      bad(source, name, "shape and number of values disagree");
    layer.weight.assign(layer.inputs * layer.stride, 0.f);
    layer.bias.assign(layer.stride, 0.f);
    for (std::size_t j = 0; j < layer.outputs; ++j) {
      layer.bias[j] = b->second.data[j];
      for (std::size_t i = 0; i < layer.inputs; ++i)
        layer.weight[i * layer.stride + j] = w->second.data[j * layer.inputs + i];
    }
    widest = std::max({widest, layer.stride, layer.inputs});
    layers_.push_back(std::move(layer));
  }
  if (layers_.empty()) bad(source, "layer0/weight", "missing");
  if (network.weights.size() != 2 * layers_.size()) {
    bad(source, "layer" + std::to_string(layers_.size()),
        "expected weight and bias for consecutive layers, found " + std::to_string(network.weights.size()) +
            " arrays for " + std::to_string(layers_.size()) + " layers");
  }
  front_.assign(widest, 0.f);
  back_.assign(widest, 0.f);
}

std::string Mlp::shape() const {
  std::string text = std::to_string(inputs());
  for (const Layer &layer : layers_) text += "-" + std::to_string(layer.outputs);
  return text;
}

void Mlp::evaluate(const float *x, float *y) {
  const float *in = x;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer &layer = layers_[l];
    affine(layer.weight.data(), layer.bias.data(), layer.inputs, layer.stride, in, front_.data());
    if (l + 1 < layers_.size()) {
      if (activation_ == Activation::relu) {
        for (std::size_t j = 0; j < layer.stride; ++j) front_[j] = front_[j] > 0.f ? front_[j] : 0.f;
      } else {
        for (std::size_t j = 0; j < layer.outputs; ++j) front_[j] = std::tanh(front_[j]);
      }
    }
    std::swap(front_, back_);
    in = back_.data();
  }
  for (std::size_t j = 0; j < outputs(); ++j) {
    switch (output_) {
      case Output::tanh:
        y[j] = std::tanh(in[j]);
        break;
      // Written so that NaN stays NaN: the caller must see a broken network.
      case Output::hardtanh_tanh:
        y[j] = std::tanh(in[j] > 2.f ? 2.f : (in[j] < -2.f ? -2.f : in[j]));
        break;
      case Output::linear:
        y[j] = in[j];
        break;
    }
  }
}

}  // namespace petrl
