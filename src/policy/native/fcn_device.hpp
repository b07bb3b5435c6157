// Fully convolutional networks where the fields are: on a device, or by the same code on the host.
#pragma once

#include <string>

#include "device/array.hpp"
#include "policy/native/fcn.hpp"
#include "policy/native/fcn_kernels.hpp"

namespace petrl {

/// The same network as Fcn, to rounding. A narrow one is one kernel: a team computes a tile of points, everything between
/// input and output in its scratch memory. A wide one takes a kernel a layer.
class FcnDevice {
 public:
  /// Throws petrl::Error as Fcn does.
  FcnDevice(const NetworkSpec &network, const std::string &source);
  /// Room for a patch of these points. Weights go to `space`.
  PetscErrorCode setUp(device::Space space, const GridSize &size);
  /// in: inputs x the patch with reach() points around; out: outputs x the patch. Planar, both in the space.
  PetscErrorCode evaluate(const float *in, float *out);

  int dimensions() const { return network_.dimensions; }
  int reach() const { return network_.reach; }
  int inputs() const { return network_.layers.front().inputs; }
  int outputs() const { return network_.layers.back().outputs; }
  /// Of one evaluation.
  double flops() const;
  /// For views: "one kernel, tiles of 16 x 16", "a kernel a layer".
  std::string describe() const;
  /// Points of a tile along x, y, z; null: a kernel a layer.
  const int *tile() const { return tile_[0] > 0 ? tile_ : nullptr; }

 private:
  PetscErrorCode byTiles(const float *in, float *out);
  PetscErrorCode byLayers(const float *in, float *out);
  void chooseTile();

  Convolutions network_;
  device::Space space_ = device::Space::host;
  GridSize size_{0, 0, 0};
  int tile_[3] = {0, 0, 0};                   // 0: none fits
  std::vector<kernels::Convolution> layers_;  // of kernels, their weights in the space
  device::Array<kernels::Together> weights_;  // of all layers, each inputs x taps x groups of outputs, and biases
  device::Array<float> between_[2];           // of layers, where these are kernels of their own
};

}  // namespace petrl
