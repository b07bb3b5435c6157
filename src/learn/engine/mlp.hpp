// Multilayer perceptrons, alone or as an ensemble of equal shape, in one flat array of parameters.
#pragma once

#include <cstddef>
#include <vector>

#include "learn/engine/floats.hpp"
#include "learn/engine/rng.hpp"

namespace petrl::learn {

/// Where one layer lies in the flat array: weights [member][in][pad] (input major, so that both the product and its
/// gradient read rows), then biases [member][pad]. Columns from `out` to `pad` are zero and stay zero.
struct Layer {
  int in, out, pad;
  std::size_t weight, bias;
};

struct Layout {
  int members = 1;
  std::vector<Layer> layers;
  std::size_t size = 0;  ///< floats, a multiple of kPad

  /// `widths`: inputs, hidden layers, outputs.
  Layout(int ensemble, const std::vector<int> &widths);
  const float *weight(const float *parameters, std::size_t layer, int member) const;
  const float *bias(const float *parameters, std::size_t layer, int member) const;
  /// PyTorch's default for linear layers: uniform in +-1/sqrt(in).
  void initialise(float *parameters, Rng &rng) const;
};

/// One array [member][row][pad] a layer: outputs going forward, gradients coming back.
struct LayerArrays {
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

/// Outputs of the first `depth` layers (all if negative) of one member; ReLU after each but the network's last.
void forward(const Layout &layout, const float *parameters, int member, const Rows &x, LayerArrays &out,
             int depth = -1);

/// Backward through layer `layer` of one member: reads delta.at(layer) (the gradient of its output before the
/// activation), writes delta.at(layer - 1) unless layer is 0, and the layer's part of `gradient` unless that is null.
void backwardLayer(const Layout &layout, const float *parameters, int member, const Rows &x, const LayerArrays &out,
                   LayerArrays &delta, std::size_t layer, float *gradient, Floats &scratch);

/// Gradient of inputs `first` ... `first + count - 1` from delta.at(0): dx is [row][padded(count)].
void backwardInput(const Layout &layout, const float *parameters, int member, const LayerArrays &delta, int rows,
                   int first, int count, float *dx, Floats &scratch);

}  // namespace petrl::learn
