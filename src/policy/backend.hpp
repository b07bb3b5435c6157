// What evaluates a policy's network: one interface for each kind of policy. No libtorch here: backends that need it
// live in libpetrl_torch.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/grid_size.hpp"
#include "base/registry.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// Evaluates one network. Not thread safe: one backend a thread. What goes in is already offset, scaled and clipped.
class Backend {
 public:
  virtual ~Backend() = default;
  /// For the user: "native", "torch", ...
  virtual const char *name() const = 0;
};

/// One decision at a time (kind tsadapt).
class PETRL_API VectorBackend : public Backend {
 public:
  /// Network inputs in, network output in [-1, 1] out. Sizes as the policy says.
  virtual void evaluate(const float *observation, float *action) = 0;
};

/// Where a grid network's inputs come from, row by row: nobody needs to hold them all as floats.
class GridInput {
 public:
  virtual ~GridInput() = default;
  /// Writes the inputs of row (y, z) at the points first, ..., first + count - 1 of every channel: channel c goes to
  /// out + c * channel.
  virtual void row(int y, int z, int first, int count, float *out, std::ptrdiff_t channel) = 0;
};

/// A fully convolutional network on a patch of a grid (kind closure). Arrays are planar: channel by channel, each
/// nz x ny x nx, x fastest; what is beyond a patch is so in the directions that the grid has.
class PETRL_API GridBackend : public Backend {
 public:
  /// Of the grid: 1, 2 or 3.
  virtual int dimensions() const { return 2; }
  /// Input points needed beyond an output point, to each side.
  virtual int reach() const = 0;
  /// Channels in and out.
  virtual int inputs() const = 0;
  virtual int outputs() const = 0;
  /// The output at a patch's points. Asks for each row of the inputs once, from (-reach, -reach) to
  /// (ny - 1 + reach, nz - 1 + reach), z slowest; rows reach from -reach to nx - 1 + reach. With `wrap` the grid is
  /// periodic: of x, and of y where there is a z, only what lies on the grid is asked for; the slowest direction is
  /// asked for beyond.
  virtual void evaluate(GridInput &input, const GridSize &size, bool wrap, float *out);
  /// The same for a patch with all that is beyond it.
  virtual void evaluate(const float *in, const GridSize &size, float *out) = 0;
};

/// "7 x 7"
PETRL_API std::string receptiveField(const GridBackend &network);

/// A graph whose nodes have at most `slots` neighbours each (an interval mesh 2, a triangle mesh 3). Messages come to
/// node i from source[i * slots + s]; -1 where there is none. Owned nodes come first, ghosts behind them.
struct Graph {
  int owned = 0, nodes = 0, slots = 0;
  const int *source = nullptr;  ///< owned x slots
  /// Where some nodes' values are asked for: within[k] owned ones, the first, are at most k edges from these, k from 0
  /// to the network's reach; null: all are asked for.
  const int *within = nullptr;
};

/// A network that passes messages on a graph (kind refiner).
class GraphBackend : public Backend {
 public:
  /// Of a node, of an edge; values out of a node.
  virtual int inputs() const = 0;
  virtual int edgeInputs() const = 0;
  virtual int outputs() const = 0;
  /// So many edges away another node may matter.
  virtual int reach() const = 0;
  /// For views: "graph network: 2 layers, 8 wide".
  virtual std::string describe() const = 0;
  /// Fills the rows of ghosts (width values each, from row `owned` on) from their owners. Collective.
  using Exchange = std::function<void(float *rows, int width)>;
  /// node: owned x inputs; edge: owned x slots x edgeInputs; out: owned x outputs. With graph.within, edges of the last
  /// ring are not read, and only out of the first within[0] nodes is written.
  virtual void evaluate(const Graph &graph, const float *node, const float *edge, float *out,
                        const Exchange &exchange = {}) const = 0;
};

/// Makes the backend of the interface that a policy's kind wants. Throws petrl::Error, naming `source`, when the
/// network does not fit the policy.
using BackendFactory = std::function<std::unique_ptr<Backend>(const Policy &policy, const std::string &source)>;

/// Backends by name. "torch" (TorchScript modules) comes with libpetrl_torch.
PETRL_API Registry<BackendFactory> &backends();

}  // namespace petrl
