#include "policy/native/fcn_device.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace petrl {

namespace {

constexpr std::size_t kMostScratch = 96 * 1024;  // two teams at a time on a card of compute capability 8.0

kernels::Convolution::Activation activationOf(convolution::Activation a) {
  switch (a) {
    case convolution::Activation::relu:
      return kernels::Convolution::relu;
    case convolution::Activation::tanh:
      return kernels::Convolution::tanh;
    default:
      return kernels::Convolution::linear;
  }
}

int groupsOf(const Convolutions::Layer &layer) {
  return (layer.outputs + kernels::kTogether - 1) / kernels::kTogether;
}

// The layers, with their weights where `at` points to, one after the other.
std::vector<kernels::Convolution> layersOf(const Convolutions &network, const kernels::Together *at) {
  std::vector<kernels::Convolution> result;
  for (const Convolutions::Layer &from : network.layers) {
    kernels::Convolution to{};
    const GridSize beyond = around(network.dimensions, from.beyond);
    to.inputs = from.inputs, to.outputs = from.outputs, to.dilation = from.dilation;
    to.groups = groupsOf(from);
    for (int d = 0; d < 3; ++d) {
      to.taps[d] = d < network.dimensions ? from.kernel : 1;
      to.beyond[d] = beyond.along(d);
    }
    to.activation = activationOf(from.activation);
    to.weight = at, at += from.inputs * from.taps * to.groups;
    to.bias = at, at += to.groups;
    result.push_back(to);
  }
  return result;
}

}  // namespace

FcnDevice::FcnDevice(const NetworkSpec &network, const std::string &source)
    : network_(readConvolutions(network, source)) {}

double FcnDevice::flops() const {
  double total = 0;
  for (const Convolutions::Layer &layer : network_.layers) {
    const auto points = static_cast<double>(size_.grown(around(network_.dimensions, layer.beyond)).points());
    total += points * (2. * static_cast<double>(layer.weight.size()) + layer.outputs);
  }
  return total;
}

std::string FcnDevice::describe() const {
  if (tile_[0] == 0) return "a kernel a layer";
  std::string text = "one kernel, tiles of " + std::to_string(tile_[0]);
  for (int d = 1; d < network_.dimensions; ++d) text += " x " + std::to_string(tile_[d]);
  return text;
}

void FcnDevice::chooseTile() {
  static const int tiles[3][4][3] = {{{256, 1, 1}, {128, 1, 1}, {64, 1, 1}, {32, 1, 1}},
                                     {{32, 16, 1}, {16, 16, 1}, {16, 8, 1}, {8, 8, 1}},
                                     {{16, 8, 8}, {8, 8, 8}, {8, 8, 4}, {8, 4, 4}}};
  std::fill_n(tile_, 3, 0);
  if (network_.layers.size() > kernels::kMostLayers) return;
  int widest = 0;
  for (const Convolutions::Layer &layer : network_.layers) widest = std::max(widest, layer.inputs);
  const GridSize halo = around(network_.dimensions, network_.reach);
  for (const auto &tile : tiles[network_.dimensions - 1]) {
    const std::size_t points = GridSize{tile[0], tile[1], tile[2]}.grown(halo).points();
    if (2 * points * static_cast<std::size_t>(widest) * sizeof(float) > kMostScratch) continue;
    std::copy_n(tile, 3, tile_);
    return;
  }
}

PetscErrorCode FcnDevice::setUp(device::Space space, const GridSize &size) {
  std::vector<kernels::Together> packed;

  PetscFunctionBegin;
  if (space == space_ && size == size_) PetscFunctionReturn(PETSC_SUCCESS);
  chooseTile();
  PetRLCallCXX({
    for (const Convolutions::Layer &layer : network_.layers) {
      const auto each = static_cast<std::size_t>(layer.inputs * layer.taps);
      const int groups = groupsOf(layer);
      // The bias comes last.
      for (std::size_t k = 0; k <= each; ++k) {
        for (int o = 0; o < groups * kernels::kTogether; ++o) {
          if (o % kernels::kTogether == 0) packed.push_back({});
          if (o >= layer.outputs) continue;
          const auto output = static_cast<std::size_t>(o);
          packed.back().of[o % kernels::kTogether] = k < each ? layer.weight[output * each + k] : layer.bias[output];
        }
      }
    }
  });
  PetscCall(weights_.resize(space, packed.size()));
  PetscCall(weights_.set(packed.data()));
  PetRLCallCXX(layers_ = layersOf(network_, weights_.data()));
  space_ = space;
  size_ = size;
  if (tile_[0] > 0) PetscFunctionReturn(PETSC_SUCCESS);
  std::size_t most = 0;
  for (const Convolutions::Layer &layer : network_.layers) {
    const GridSize all = size.grown(around(network_.dimensions, layer.beyond));
    most = std::max(most, all.points() * static_cast<std::size_t>(layer.outputs));
  }
  for (auto &buffer : between_) PetscCall(buffer.resize(space, most));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode FcnDevice::evaluate(const float *in, float *out) {
  PetscFunctionBegin;
  if (tile_[0] > 0)
    PetscCall(byTiles(in, out));
  else
    PetscCall(byLayers(in, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode FcnDevice::byTiles(const float *in, float *out) {
  kernels::ConvolveTile work{};
  std::ptrdiff_t tiles = 1;

  PetscFunctionBegin;
  const GridSize halo = around(network_.dimensions, network_.reach);
  work.layers = static_cast<int>(layers_.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    work.layer[l] = layers_[l];
    work.widest = std::max(work.widest, layers_[l].inputs);
  }
  for (int d = 0; d < 3; ++d) {
    work.patch.n[d] = size_.along(d), work.patch.beyond[d] = halo.along(d);
    work.tile[d] = tile_[d];
    work.tiles[d] = (size_.along(d) + tile_[d] - 1) / tile_[d];
    tiles *= work.tiles[d];
  }
  work.in = in, work.out = out;
  PetscCall(device::forEachTeam(space_, tiles, 2 * work.half() * sizeof(float), work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode FcnDevice::byLayers(const float *in, float *out) {
  GridSize width = size_.grown(around(network_.dimensions, network_.reach));

  PetscFunctionBegin;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    kernels::ConvolveLayer work{};
    work.layer = layers_[l];
    work.in = in;
    const GridSize next = size_.grown(around(network_.dimensions, network_.layers[l].beyond));
    for (int d = 0; d < 3; ++d) work.in_width[d] = width.along(d), work.width[d] = next.along(d);
    work.out = l + 1 == layers_.size() ? out : between_[l % 2].data();
    PetscCall(device::forEach(space_, static_cast<std::ptrdiff_t>(next.points()) * layers_[l].groups, work));
    in = work.out;
    width = next;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl
