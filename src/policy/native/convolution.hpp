// The inner loop of convolutions on grids, vectorised along x: of networks in use and of those that learn.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clones.hpp"
#include "base/floats.hpp"

namespace petrl::convolution {

enum class Activation { linear, relu, tanh };

/// One row of one layer's output, for a block of output channels. The sum at a point starts from the bias and runs over
/// inputs and taps in order, wherever the point lies: the answer does not depend on how a grid is divided.
struct Row {
  const float *in;            ///< first input channel, at the point that `tap` offsets start from
  std::ptrdiff_t in_channel;  ///< from one input channel to the next
  int inputs;
  const std::ptrdiff_t *tap;  ///< where each tap of the stencil lies, relative to `in`
  int taps;
  const float *weight;  ///< inputs x taps x outputs
  const float *bias;    ///< outputs, or null
  int outputs;          ///< those of a Block
  float *out;
  std::ptrdiff_t out_channel;
  int width;  ///< points; rounded up to whole registers: buffers must be as long
  Activation activation;
};
PETRL_API extern const simd::Versions<Row> row;

/// Output channels whose sums are kept in registers together.
struct Block {
  int first, count;
  std::size_t weight;  ///< where its weights start
};

/// Nearly equal blocks that suit this set of registers, and the weights in the order in which row() takes them: for
/// each block inputs x taps x outputs. `mirrored`: the same convolution's adjoint, inputs and outputs exchanged, taps
/// in reverse; `outputs` and `inputs` are then those of the adjoint.
/// weight: outputs x inputs x taps (of the adjoint: inputs x outputs x taps).
PETRL_API std::vector<Block> pack(simd::Level level, const float *weight, int outputs, int inputs, int taps, bool mirrored,
                        std::vector<float> &packed);

}  // namespace petrl::convolution
