// Small closure policies for tests.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "policy/policy.hpp"

namespace petrl::test {

/// Widths and stencils of a fully convolutional network: channels.size() - 1 layers.
struct FcnShape {
  std::vector<std::size_t> channels, kernels, dilations;
  std::size_t dimensions = 2;
  std::size_t taps(std::size_t layer) const {
    std::size_t n = 1;
    for (std::size_t a = 0; a < dimensions; ++a) n *= kernels[layer];
    return n;
  }
};

inline NetworkSpec randomFcn(const FcnShape &shape, const std::string &activation, const std::string &output,
                             unsigned seed) {
  NetworkSpec n;
  n.architecture = "fcn";
  std::string dilation;
  for (const std::size_t d : shape.dilations) dilation += (dilation.empty() ? "" : " ") + std::to_string(d);
  n.parameters = {{"activation", activation}, {"output", output}, {"dilation", dilation}};
  if (shape.dimensions != 2) n.parameters["dimensions"] = std::to_string(shape.dimensions);
  std::mt19937 rng(seed);
  for (std::size_t l = 0; l + 1 < shape.channels.size(); ++l) {
    const std::size_t in = shape.channels[l], out = shape.channels[l + 1], taps = shape.taps(l);
    std::normal_distribution<float> normal(0.f, 1 / std::sqrt(static_cast<float>(in * taps)));
    Tensor w{{out, in}, {}}, b{{out}, {}};
    w.shape.insert(w.shape.end(), shape.dimensions, shape.kernels[l]);
    for (std::size_t i = 0; i < out * in * taps; ++i) w.data.push_back(normal(rng));
    for (std::size_t i = 0; i < out; ++i) b.data.push_back(normal(rng));
    n.weights["layer" + std::to_string(l) + "/weight"] = w;
    n.weights["layer" + std::to_string(l) + "/bias"] = b;
  }
  return n;
}

/// A closure that observes these fields as they are (clipped at 1000) and changes by a number of [low, high].
inline Policy closurePolicy(const std::vector<std::string> &names, std::size_t actions, const std::string &transform,
                            double low, double high) {
  Policy p;
  p.kind = "closure";
  p.observation.names = names;
  p.observation.offset.assign(names.size(), 0.f);
  p.observation.scale.assign(names.size(), 1.f);
  p.observation.clip = 1000;
  p.action.transform = transform;
  p.action.low.assign(actions, low);
  p.action.high.assign(actions, high);
  p.network.architecture = "fcn";
  p.network.parameters = {{"activation", "relu"}, {"output", "linear"}};
  p.provenance.config = "test: true\n";
  p.provenance.version = "test";
  p.provenance.libraries = "none";
  return p;
}

/// One whose network ignores what it observes: its outputs are `bias`.
inline Policy constantClosure(const std::vector<std::string> &names, const std::string &transform, double low,
                              double high, const std::vector<float> &bias) {
  Policy p = closurePolicy(names, bias.size(), transform, low, high);
  p.network.weights["layer0/weight"] = {{bias.size(), names.size(), 1, 1},
                                        std::vector<float>(bias.size() * names.size(), 0.f)};
  p.network.weights["layer0/bias"] = {{bias.size()}, bias};
  return p;
}

/// One linear layer per component: minus the five-point Laplacian on unit spacing, times `factor`, in units of `bound`
/// (so that |factor x Laplacian| < bound is not clamped).
inline Policy diffusionClosure(const std::vector<std::string> &names, const std::string &transform, double factor,
                               double bound) {
  Policy p = closurePolicy(names, names.size(), transform, -bound, bound);
  const std::size_t n = names.size();
  Tensor w{{n, n, 3, 3}, std::vector<float>(n * n * 9, 0.f)};
  for (std::size_t c = 0; c < n; ++c) {
    const float stencil[9] = {0, -1, 0, -1, 4, -1, 0, -1, 0};
    for (std::size_t t = 0; t < 9; ++t) w.data[(c * n + c) * 9 + t] = static_cast<float>(factor / bound) * stencil[t];
  }
  p.network.weights["layer0/weight"] = w;
  p.network.weights["layer0/bias"] = {{n}, std::vector<float>(n, 0.f)};
  return p;
}

}  // namespace petrl::test
