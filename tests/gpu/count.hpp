// What a closure's step costs at least, counted from its policy.
#pragma once

#include <algorithm>

#include "policy/native/fcn.hpp"

namespace petrl::test {

struct Count {
  double multiply_adds = 0;  ///< of the network at a point
  double halo = 1;           ///< the same with what a tile computes beyond its points, over that without
  double must_bytes = 0;     ///< read the state once, write what changes: at a point
  double moved_bytes = 0;    ///< by the kernels as they are, halos left out
  double scratch = 0;        ///< bytes of memory that a tile's team shares
};

/// fluxes: their change also reads the velocity. tile: null where the network takes a kernel a layer.
inline Count countStep(const Convolutions &network, int components, int changed, bool fluxes, const int tile[3]) {
  Count c;
  const int dimensions = network.dimensions, channels = network.layers.front().inputs,
            outputs = network.layers.back().outputs;
  double tiled = 0, between = 0, own = 1, whole = 2 * sizeof(float);
  int widest = 0;
  for (int d = 0; tile && d < dimensions; ++d) own *= tile[d], whole *= tile[d] + 2 * network.reach;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const Convolutions::Layer &layer = network.layers[l];
    double points = 1;
    for (int d = 0; tile && d < dimensions; ++d) points *= tile[d] + 2 * layer.beyond;
    c.multiply_adds += static_cast<double>(layer.weight.size());
    tiled += static_cast<double>(layer.weight.size()) * points / own;
    widest = std::max(widest, layer.inputs);
    if (l > 0) between += 2. * 4 * layer.inputs;
  }
  if (tile) c.halo = tiled / c.multiply_adds, c.scratch = whole * widest;
  c.must_bytes = 8. * (components + changed);
  const double halo = 2. * 8 * components, planes = channels * (8. * components + 8), inputs = channels * (8. + 4),
               network_bytes = 4. * (channels + outputs) + (tile ? 0 : between),
               change = 4. * outputs + (fluxes ? 8. * (changed + dimensions) : 0) + 8. * changed,
               look = 8. * (channels + changed),
               write = (components > changed ? 8. * components : 0) + changed * (8. + 16 * components),
               subtract = 3. * 8 * components;
  c.moved_bytes = halo + planes + inputs + network_bytes + change + look + write + subtract;
  return c;
}

}  // namespace petrl::test
