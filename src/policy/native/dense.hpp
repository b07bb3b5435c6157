// Multilayer perceptrons, alone or as an ensemble of equal shape, in one flat array of parameters.
#pragma once

#include <cstddef>
#include <vector>

#include "base/floats.hpp"
#include "policy/policy.hpp"

namespace petrl::dense {

/// Where one layer lies in the flat array: weights [member][in][pad] (input major, so that both the product and its
/// gradient read rows), then biases [member][pad]. Columns from `out` to `pad` are zero and stay zero.
struct Layer {
  int in, out, pad;
  std::size_t weight, bias;
};

struct PETRL_API Layout {
  int members = 1;
  std::vector<Layer> layers;
  std::size_t size = 0;  ///< floats, a multiple of kPad

  /// `widths`: inputs, hidden layers, outputs.
  Layout(int ensemble, const std::vector<int> &widths);
  const float *weight(const float *parameters, std::size_t layer, int member) const;
  const float *bias(const float *parameters, std::size_t layer, int member) const;
};

/// One array [member][row][pad] a layer: outputs going forward, gradients coming back.
struct PETRL_API LayerArrays {
  LayerArrays(const Layout &layout, int rows);
  float *at(std::size_t layer, int member) {
    return data[layer].data() + offset[layer] * static_cast<std::size_t>(member);
  }
  const float *at(std::size_t layer, int member) const {
    return data[layer].data() + offset[layer] * static_cast<std::size_t>(member);
  }
  std::vector<Floats> data;
  std::vector<std::size_t> offset;  ///< between members
};

/// Rows of input, [row][stride].
struct Rows {
  const float *data;
  std::ptrdiff_t stride;
  int rows;
};

enum class Activation { relu, tanh };

/// Outputs of the first `depth` layers (all if negative) of one member; the activation follows each but the network's
/// last.
PETRL_API void forward(const Layout &layout, const float *parameters, int member, const Rows &x, LayerArrays &out, int depth = -1,
             Activation activation = Activation::relu);

/// A policy's arrays "layer0/weight" (outputs x inputs), "layer0/bias", ... to the first member's parameters, and back.
/// Shapes have been checked.
PETRL_API void read(const NetworkSpec &network, const Layout &layout, float *parameters);
PETRL_API void write(const Layout &layout, const float *parameters, NetworkSpec &network);

}  // namespace petrl::dense
