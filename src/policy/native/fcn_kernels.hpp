// Fully convolutional networks point by point, on the host or on a device (native/fcn.hpp is what the host uses).
#pragma once

#include <cmath>
#include <cstddef>

#include "device/for_each.hpp"

namespace petrl::kernels {

/// Some outputs at a point, summed together so that what is read serves them all.
constexpr int kTogether = 4;
struct alignas(kTogether * sizeof(float)) Together {
  float of[kTogether];
};
/// Points that a lane of a tile computes together, so that weights that are read serve them all.
constexpr int kPoints = 4;

/// A convolution and what follows it. Outputs are in groups of kTogether, the last one filled up with zeros.
struct Convolution {
  enum Activation { linear, relu, tanh };
  int inputs, outputs, groups;
  int taps[3];  ///< along x, y, z; 1 where the grid has no such direction
  int dilation;
  int beyond[3];  ///< how far its output reaches beyond the network's
  Activation activation;
  const Together *weight, *bias;  ///< weight: inputs x taps x groups
};

/// A group of outputs at some points. in: of the first input channel, at the points of the first tap; out: at the points
/// of the group's first output; null: nobody wants that point.
template <int points>
PETRL_BOTH void convolve(const Convolution &l, const float *const (&in)[points], std::ptrdiff_t channel,
                         std::ptrdiff_t row, std::ptrdiff_t slice, int group, float *const (&out)[points],
                         std::ptrdiff_t out_channel) {
  Together sum[points];
  for (int p = 0; p < points; ++p) sum[p] = l.bias[group];
  const Together *weight = l.weight + group;
  std::ptrdiff_t plane = 0;
  for (int c = 0; c < l.inputs; ++c, plane += channel) {
    for (int z = 0; z < l.taps[2]; ++z) {
      for (int y = 0; y < l.taps[1]; ++y) {
        const std::ptrdiff_t x = plane + z * l.dilation * slice + y * l.dilation * row;
        for (int k = 0; k < l.taps[0]; ++k, weight += l.groups) {
          const Together w = *weight;
          for (int p = 0; p < points; ++p) {
            const float value = in[p][x + k * l.dilation];
            for (int o = 0; o < kTogether; ++o) sum[p].of[o] += w.of[o] * value;
          }
        }
      }
    }
  }
  const int count = l.outputs - group * kTogether;
  for (int p = 0; p < points; ++p) {
    for (int o = 0; o < kTogether; ++o) {
      float y = sum[p].of[o];
      if (l.activation == Convolution::relu) y = y < 0 ? 0 : y;  // NaN stays
      if (l.activation == Convolution::tanh) y = tanhf(y);
      if (o < count && out[p]) out[p][o * out_channel] = y;
    }
  }
}

constexpr int kMostLayers = 12;

/// What a network computes on a patch: its input reaches beyond by beyond[] of the whole.
struct Patch {
  int n[3], beyond[3];
  PETRL_BOTH int width(int d) const { return n[d] + 2 * beyond[d]; }
};

/// One layer on the whole patch: wide networks, whose layers' output does not fit into scratch memory. i: a point and a
/// group of outputs.
struct ConvolveLayer {
  Convolution layer;
  const float *in;
  int in_width[3];  ///< points of its input
  int width[3];     ///< and of its output
  float *out;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t points = static_cast<std::ptrdiff_t>(width[0]) * width[1] * width[2], at = i % points;
    const int x = static_cast<int>(at % width[0]), y = static_cast<int>(at / width[0] % width[1]),
              z = static_cast<int>(at / width[0] / width[1]), group = static_cast<int>(i / points);
    const std::ptrdiff_t row = in_width[0], slice = row * in_width[1];
    const float *const from[] = {in + z * slice + y * row + x};
    float *const to[] = {out + group * kTogether * points + at};
    convolve(layer, from, slice * in_width[2], row, slice, group, to, points);
  }
};

/// The whole network on a tile of the patch, everything between input and output in a team's scratch memory.
struct ConvolveTile {
  Convolution layer[kMostLayers];
  int layers, widest;  ///< widest: channels of the widest input of a layer
  Patch patch;
  int tile[3], tiles[3];
  const float *in;  ///< planar on the patch with what is beyond
  float *out;       ///< planar on the patch

  /// Floats of scratch memory: the inputs of two layers.
  PETRL_BOTH std::size_t half() const {
    std::size_t points = 1;
    for (int d = 0; d < 3; ++d) points *= static_cast<std::size_t>(tile[d] + 2 * patch.beyond[d]);
    return points * static_cast<std::size_t>(widest);
  }

  PETRL_BOTH void operator()(std::ptrdiff_t i, const device::Team &team) const {
    const int t[3] = {static_cast<int>(i % tiles[0]), static_cast<int>(i / tiles[0] % tiles[1]),
                      static_cast<int>(i / tiles[0] / tiles[1])};
    int start[3], w[3];  // of the tile; points of the current layer's input
    for (int d = 0; d < 3; ++d) start[d] = t[d] * tile[d], w[d] = tile[d] + 2 * patch.beyond[d];
    float *here = static_cast<float *>(team.scratch()), *there = here + half();
    load(team, start, w, here);
    for (int l = 0; l < layers; ++l) {
      team.sync();
      int next[3];
      for (int d = 0; d < 3; ++d) next[d] = tile[d] + 2 * layer[l].beyond[d];
      if (l + 1 < layers)
        inner(team, layer[l], here, w, next, there);
      else
        last(team, layer[l], here, w, start);
      float *const swap = here;
      here = there;
      there = swap;
      for (int d = 0; d < 3; ++d) w[d] = next[d];
    }
  }

 private:
  // Tiles may reach beyond the patch: there what lies on its border, which nobody looks at afterwards.
  PETRL_BOTH void load(const device::Team &team, const int start[3], const int w[3], float *to) const {
    const std::ptrdiff_t row = patch.width(0), slice = row * patch.width(1), channel = slice * patch.width(2);
    const int points = w[0] * w[1] * w[2], all = points * layer[0].inputs;
    for (int k = team.lane(); k < all; k += team.lanes()) {
      const int at = k % points;
      int p[3] = {start[0] + at % w[0], start[1] + at / w[0] % w[1], start[2] + at / w[0] / w[1]};
      for (int d = 0; d < 3; ++d) p[d] = p[d] < patch.width(d) ? p[d] : patch.width(d) - 1;
      to[k] = in[k / points * channel + p[2] * slice + p[1] * row + p[0]];
    }
  }
  // A lane's points lie far apart, so that neighbouring lanes read neighbouring values.
  PETRL_BOTH static void inner(const device::Team &team, const Convolution &l, const float *from, const int w[3],
                               const int next[3], float *to) {
    const int row = w[0], slice = row * w[1], channel = slice * w[2], points = next[0] * next[1] * next[2],
              each = (points + kPoints - 1) / kPoints;
    for (int k = team.lane(); k < each * l.groups; k += team.lanes()) {
      const int group = k / each;
      const float *read[kPoints];
      float *write[kPoints];
      for (int p = 0; p < kPoints; ++p) {
        const int place = k % each + p * each, at = place < points ? place : 0, x = at % next[0],
                  y = at / next[0] % next[1], z = at / next[0] / next[1];
        read[p] = from + z * slice + y * row + x;
        write[p] = place < points ? to + group * kTogether * points + at : nullptr;
      }
      convolve(l, read, channel, row, slice, group, write, points);
    }
  }
  PETRL_BOTH void last(const device::Team &team, const Convolution &l, const float *from, const int w[3],
                       const int start[3]) const {
    const int row = w[0], slice = row * w[1], channel = slice * w[2], points = tile[0] * tile[1] * tile[2],
              each = (points + kPoints - 1) / kPoints;
    const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(patch.n[0]) * patch.n[1] * patch.n[2];
    for (int k = team.lane(); k < each * l.groups; k += team.lanes()) {
      const int group = k / each;
      const float *read[kPoints];
      float *write[kPoints];
      for (int p = 0; p < kPoints; ++p) {
        const int place = k % each + p * each, at = place < points ? place : 0, x = at % tile[0],
                  y = at / tile[0] % tile[1], z = at / tile[0] / tile[1];
        const bool there =
            place < points && start[0] + x < patch.n[0] && start[1] + y < patch.n[1] && start[2] + z < patch.n[2];
        read[p] = from + z * slice + y * row + x;
        write[p] = there ? out + group * kTogether * plane +
                               (static_cast<std::ptrdiff_t>(start[2] + z) * patch.n[1] + start[1] + y) * patch.n[0] +
                               start[0] + x
                         : nullptr;
      }
      convolve(l, read, channel, row, slice, group, write, plane);
    }
  }
};

}  // namespace petrl::kernels
