// A fully convolutional network as its definition says, in double precision: what faster ones are compared with.
#pragma once

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "policy/policy.hpp"

namespace petrl::naive {

inline std::vector<double> fcn(const NetworkSpec &spec, const std::vector<float> &input, int nx, int ny) {
  std::vector<double> x(input.begin(), input.end());
  std::istringstream dilations(spec.parameters.at("dilation"));
  const std::size_t layers = spec.weights.size() / 2;
  for (std::size_t l = 0; l < layers; ++l) {
    int dilation = 0;
    dilations >> dilation;
    const auto &w = spec.weights.at("layer" + std::to_string(l) + "/weight");
    const auto &b = spec.weights.at("layer" + std::to_string(l) + "/bias");
    const auto out = static_cast<int>(w.shape[0]), in = static_cast<int>(w.shape[1]), k = static_cast<int>(w.shape[2]);
    const std::string f = spec.parameters.at(l + 1 < layers ? "activation" : "output");
    std::vector<double> y;
    for (int o = 0; o < out; ++o) {
      for (int j = 0; j < ny; ++j) {
        for (int i = 0; i < nx; ++i) {
          auto sum = static_cast<double>(b.data[static_cast<std::size_t>(o)]);
          for (int c = 0; c < in; ++c) {
            for (int p = 0; p < k; ++p) {
              for (int q = 0; q < k; ++q) {
                const int jj = ((j + (p - k / 2) * dilation) % ny + ny) % ny;
                const int ii = ((i + (q - k / 2) * dilation) % nx + nx) % nx;
                sum += static_cast<double>(w.data[static_cast<std::size_t>(((o * in + c) * k + p) * k + q)]) *
                       x[static_cast<std::size_t>((c * ny + jj) * nx + ii)];
              }
            }
          }
          y.push_back(f == "relu" ? std::max(sum, 0.) : f == "tanh" ? std::tanh(sum) : sum);
        }
      }
    }
    x = y;
  }
  return x;
}

}  // namespace petrl::naive
