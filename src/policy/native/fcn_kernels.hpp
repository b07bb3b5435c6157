// The inner loops of a fully convolutional network, vectorised along x, chosen for the processor at run time.
#pragma once

#include <cstddef>

#include "base/api.hpp"

namespace petrl::fcn {

enum class Activation { linear, relu, tanh };

/// Row buffers are padded to whole vectors of the widest kind, and aligned to them.
constexpr int kPad = 16;

/// One row of one layer's output, for a block of output channels.
struct Row {
  const float *in;            ///< first input channel, at the point that `tap` offsets start from
  std::ptrdiff_t in_channel;  ///< from one input channel to the next
  int inputs;
  const std::ptrdiff_t *tap;  ///< where each tap of the stencil lies, relative to `in`
  int taps;
  const float *weight;  ///< inputs x taps x outputs
  const float *bias;    ///< outputs
  int outputs;          ///< at most Kernels::max_outputs
  float *out;
  std::ptrdiff_t out_channel;
  int width;  ///< points; rounded up to whole vectors: buffers must be as long
  Activation activation;
};

struct Kernels {
  const char *name;  ///< "avx512", "avx2", "portable"
  int max_outputs;   ///< output channels whose sums stay in registers
  /// The sum at a point starts from the bias and runs over inputs and taps in order, wherever the point lies: the
  /// answer does not depend on how a grid is divided.
  void (*row)(const Row &);
};

/// The best set for this processor. PETRL_KERNELS=avx2|portable in the environment asks for a lesser one.
PETRL_API const Kernels &kernels();

/// A set by name; NULL where the processor does not have it.
PETRL_API const Kernels *kernels(const char *name);

}  // namespace petrl::fcn
