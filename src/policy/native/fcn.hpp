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

/// A fully convolutional network in float32, see NetworkSpec for its parameters and weights. "Valid" convolutions:
/// an output point needs inputs up to reach() points away. All layers advance together, a row at a time, each keeping
/// only the rows that the next one still needs: what is between the layers stays in the nearest caches.
/// The answer at a point is the same to the last bit however a grid is divided into patches.
class PETRL_API Fcn : public GridBackend {
 public:
  /// Throws petrl::Error naming `source`, the weight, what was found and expected.
  Fcn(const NetworkSpec &network, const std::string &source);

  const char *name() const override { return "native"; }
  int reach() const override { return reach_; }
  int inputs() const override { return layers_.front().inputs; }
  int outputs() const override { return layers_.back().outputs; }
  std::size_t weights() const;
  /// Multiply-adds for one point.
  std::size_t multiplyAdds() const;
  /// For example "3-16-16-10".
  std::string shape() const;

  void evaluate(GridInput &input, int nx, int ny, bool wrap, float *out) override;
  void evaluate(const float *in, int nx, int ny, float *out) override;
  /// A whole doubly periodic grid: inputs x ny x nx in, outputs x ny x nx out.
  void evaluatePeriodic(const float *in, int nx, int ny, float *out);

 private:
  struct Layer {
    int inputs, outputs, kernel, dilation;
    int reach;   // of this layer alone
    int beyond;  // of it and all layers after it: so far beyond the output its input rows reach
    convolution::Activation activation;
    std::vector<convolution::Block> blocks;
    std::vector<float> weight, bias;
    // Its input: a ring of the rows that it needs at a time.
    int rows;                          // 2 reach + 1
    int start;                         // of the first point in a row
    std::ptrdiff_t channel;            // from channel to channel
    std::ptrdiff_t offset;             // of the ring in the buffer
    int next;                          // the next row that comes in
    std::vector<std::ptrdiff_t> taps;  // of the row being computed
  };

  void prepare(int nx, bool wrap);
  float *inputRow(const Layer &layer, int y);
  void advance(std::size_t l, int y, GridInput &input);
  void compute(std::size_t l, int y, float *out, std::ptrdiff_t channel);
  void wrapRow(const Layer &layer, float *row) const;

  simd::Level level_ = simd::level();  // what the weights are packed for
  std::vector<Layer> layers_;
  int reach_ = 0;
  int nx_ = 0;
  bool wrap_ = false;
  Floats buffer_;
  std::ptrdiff_t last_channel_ = 0, last_offset_ = 0;  // one row of the last layer's output
};

}  // namespace petrl
