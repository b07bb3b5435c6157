// Gradients of multilayer perceptrons (see policy/native/dense.hpp), and weights to start from.
#pragma once

#include "learn/engine/rng.hpp"
#include "policy/native/dense.hpp"

namespace petrl::learn {

using dense::forward;
using dense::Layer;
using dense::LayerArrays;
using dense::Layout;
using dense::Rows;

/// PyTorch's default for linear layers: uniform in +-1/sqrt(in).
void initialise(const Layout &layout, float *parameters, Rng &rng);

/// Backward through layer `layer` of one member (activations: ReLU): reads delta.at(layer) (the gradient of its output
/// before the activation), writes delta.at(layer - 1) unless layer is 0, and the layer's part of `gradient` unless that
/// is null.
void backwardLayer(const Layout &layout, const float *parameters, int member, const Rows &x, const LayerArrays &out,
                   LayerArrays &delta, std::size_t layer, float *gradient, Floats &scratch);

/// Gradient of inputs `first` ... `first + count - 1` from delta.at(0): dx is [row][padded(count)].
void backwardInput(const Layout &layout, const float *parameters, int member, const LayerArrays &delta, int rows,
                   int first, int count, float *dx, Floats &scratch);

}  // namespace petrl::learn
