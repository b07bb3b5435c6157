// Message passing node by node, on the host or on a device (native/graph_kernels.hpp is what the host uses).
#pragma once

#include <cstddef>

#include "base/vector_math.hpp"
#include "device/for_each.hpp"

namespace petrl::kernels {

/// The arrays of a graph network of which a team computes a tile of nodes at a time; what is between the products of a
/// layer stays in its scratch memory. Matrices are inputs x outputs.
struct GraphTile {
  int nodes, tile;  ///< owned ones; of one team
  int hidden;

  /// Floats of scratch memory: four rows a node.
  std::size_t scratch() const { return 4 * static_cast<std::size_t>(tile) * static_cast<std::size_t>(hidden); }
  PETRL_BOTH int first(std::ptrdiff_t team) const { return static_cast<int>(team) * tile; }
  PETRL_BOTH int count(std::ptrdiff_t team) const {
    const int left = nodes - first(team);
    return left < tile ? left : tile;
  }
  PETRL_BOTH float *row(const device::Team &team, int which) const {
    return static_cast<float *>(team.scratch()) + static_cast<std::ptrdiff_t>(which) * tile * hidden;
  }
};

PETRL_BOTH float silu(float x) {
  return x / (1 + vector_math::exponential(-x));
}

enum class After { nothing, silu };

/// out = (out if `add`) + in weight + bias, and what comes after. count x inputs -> count x outputs; bias may be null.
PETRL_BOTH void product(const device::Team &team, int count, int inputs, int outputs, const float *in,
                        const float *weight, const float *bias, bool add, After after, float *out) {
  for (int k = team.lane(); k < count * outputs; k += team.lanes()) {
    const int i = k / outputs, o = k % outputs;
    const float *const from = in + static_cast<std::ptrdiff_t>(i) * inputs;
    float sum = (add ? out[k] : 0.f) + (bias ? bias[o] : 0.f);
    for (int j = 0; j < inputs; ++j) sum += from[j] * weight[static_cast<std::ptrdiff_t>(j) * outputs + o];
    out[k] = after == After::silu ? silu(sum) : sum;
  }
}

/// x = E2 silu(E1 node), and what the first layer's neighbours ask for: b = x B.
struct EncodeNodes {
  GraphTile tile;
  int inputs;
  const float *node, *e1, *e1_bias, *e2, *e2_bias, *sender;
  float *x, *b;

  PETRL_BOTH void operator()(std::ptrdiff_t i, const device::Team &team) const {
    const int h = tile.hidden, first = tile.first(i), count = tile.count(i);
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(first) * h;
    float *const t = tile.row(team, 0);
    product(team, count, inputs, h, node + static_cast<std::ptrdiff_t>(first) * inputs, e1, e1_bias, false, After::silu,
            t);
    team.sync();
    product(team, count, h, h, t, e2, e2_bias, false, After::nothing, x + at);
    team.sync();
    product(team, count, h, h, x + at, sender, nullptr, false, After::nothing, b + at);
  }
};

/// One layer, and what comes next: the next layer's b, or behind the last one the output.
struct PassMessages {
  GraphTile tile;
  int slots, edge_inputs, outputs;
  const int *source;            ///< nodes x slots; -1: none
  const float *edge;            ///< nodes x slots x edge_inputs
  const float *a, *c, *c_bias;  ///< of messages
  const float *u, *u_bias, *w;  ///< of what becomes of them
  const float *v, *v_bias;      ///< of the update
  const float *sender;          ///< of the next layer; null behind the last one
  const float *d1, *d1_bias, *d2, *d2_bias;
  const float *b;
  float *x, *next, *out;

  PETRL_BOTH void operator()(std::ptrdiff_t i, const device::Team &team) const {
    const int h = tile.hidden, first = tile.first(i), count = tile.count(i);
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(first) * h;
    float *const here = tile.row(team, 0), *const received = tile.row(team, 1), *const sum = tile.row(team, 2),
                 *const t = tile.row(team, 3);
    for (int k = team.lane(); k < count * h; k += team.lanes()) here[k] = x[at + k];
    team.sync();
    product(team, count, h, h, here, a, c_bias, false, After::nothing, received);
    product(team, count, h, h, here, u, u_bias, false, After::nothing, t);
    team.sync();
    add(team, first, count, received, sum);
    team.sync();
    product(team, count, h, h, sum, w, nullptr, true, After::silu, t);
    team.sync();
    product(team, count, h, h, t, v, v_bias, true, After::nothing, here);
    team.sync();
    if (sender) {
      for (int k = team.lane(); k < count * h; k += team.lanes()) x[at + k] = here[k];
      product(team, count, h, h, here, sender, nullptr, false, After::nothing, next + at);
      return;
    }
    product(team, count, h, h, here, d1, d1_bias, false, After::silu, t);
    team.sync();
    product(team, count, h, outputs, t, d2, d2_bias, false, After::nothing,
            out + static_cast<std::ptrdiff_t>(first) * outputs);
  }

 private:
  PETRL_BOTH void add(const device::Team &team, int first, int count, const float *received, float *sum) const {
    const int h = tile.hidden;
    for (int k = team.lane(); k < count * h; k += team.lanes()) {
      const int n = k / h, o = k % h;
      float total = 0;
      for (int s = 0; s < slots; ++s) {
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(first + n) * slots + s;
        const int j = source[at];
        if (j < 0) continue;
        float message = received[k] + b[static_cast<std::ptrdiff_t>(j) * h + o];
        for (int f = 0; f < edge_inputs; ++f)
          message += edge[at * edge_inputs + f] * c[static_cast<std::ptrdiff_t>(f) * h + o];
        total += silu(message);
      }
      sum[k] = total;
    }
  }
};

}  // namespace petrl::kernels
