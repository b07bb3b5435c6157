// Native inference of fully convolutional networks: no libtorch, no allocation, tens of nanoseconds a point.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/floats.hpp"
#include "policy/backend.hpp"
#include "policy/native/convolution.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// The layers of a fully convolutional network, as a policy's file has them.
struct Convolutions {
  struct Layer {
    int inputs = 0, outputs = 0, kernel = 1, dilation = 1;
    int taps = 1;    ///< kernel^dimensions
    int reach = 0;   ///< of this layer alone
    int beyond = 0;  ///< of all layers after it: so far beyond the network's output its own reaches
    convolution::Activation activation = convolution::Activation::linear;
    std::vector<float> weight, bias;  ///< weight: outputs x inputs x taps, x fastest
  };
  int dimensions = 2, reach = 0;
  std::vector<Layer> layers;
};
/// Throws petrl::Error naming `source`, the weight, what was found and expected.
Convolutions readConvolutions(const NetworkSpec &network, const std::string &source);

/// A fully convolutional network in float32, see NetworkSpec for its parameters and weights. "Valid" convolutions:
/// an output point needs inputs up to reach() points away. All layers advance together, a slab at a time - a row of a
/// plane, a plane of a volume, all of a line -, each keeping only the slabs that the next one still needs: what is
/// between the layers stays in the nearest caches.
/// The answer at a point is the same to the last bit however a grid is divided into patches.
class PETRL_API Fcn : public GridBackend {
 public:
  /// Throws petrl::Error naming `source`, the weight, what was found and expected.
  Fcn(const NetworkSpec &network, const std::string &source);

  const char *name() const override { return "native"; }
  int dimensions() const override { return dimensions_; }
  int reach() const override { return reach_; }
  int inputs() const override { return layers_.front().inputs; }
  int outputs() const override { return layers_.back().outputs; }
  std::size_t weights() const;
  /// Multiply-adds for one point.
  std::size_t multiplyAdds() const;
  /// For example "3-16-16-10".
  std::string shape() const;

  void evaluate(GridInput &input, const GridSize &size, bool wrap, float *out) override;
  void evaluate(const float *in, const GridSize &size, float *out) override;
  /// A whole periodic grid: inputs x nz x ny x nx in, outputs x nz x ny x nx out.
  void evaluatePeriodic(const float *in, const GridSize &size, float *out);

 private:
  struct Layer {
    int inputs, outputs, kernel, dilation;
    int reach;   // of this layer alone
    int beyond;  // of it and all layers after it: so far beyond the output its input reaches
    convolution::Activation activation;
    std::vector<convolution::Block> blocks;
    std::vector<float> weight, bias;
    // Its input: a ring of the slabs that it needs at a time.
    int slabs;                         // 2 reach + 1
    int rows;                          // of a slab
    int start;                         // of the first point in a row
    std::ptrdiff_t row, channel;       // from row to row, from channel to channel
    std::ptrdiff_t offset;             // of the ring in the buffer
    int next;                          // the next slab that comes in
    std::vector<std::ptrdiff_t> taps;  // of the slab being computed
  };

  void prepare(const GridSize &size, bool wrap);
  float *inputSlab(const Layer &layer, int slab);
  void read(const Layer &layer, int slab, GridInput &input, float *to) const;
  void advance(std::size_t l, int slab, GridInput &input);
  void compute(std::size_t l, int slab, float *out, std::ptrdiff_t row, std::ptrdiff_t channel);
  void wrapSlab(const Layer &layer, float *slab) const;
  // Along the direction that slabs follow each other in.
  int along(int points) const { return dimensions_ > 1 ? points : 0; }

  simd::Level level_ = simd::level();  // what the weights are packed for
  int dimensions_ = 2;
  std::vector<Layer> layers_;
  int reach_ = 0;
  GridSize size_{0, 0, 0};
  bool wrap_ = false;
  Floats buffer_;
  std::ptrdiff_t last_row_ = 0, last_channel_ = 0, last_offset_ = 0;  // a slab of the last layer's output
};

}  // namespace petrl
