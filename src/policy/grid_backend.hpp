// What evaluates a fully convolutional network on a patch of a grid. No libtorch here.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/registry.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// Where the network's inputs come from, row by row: nobody needs to hold them all as floats.
class GridInput {
 public:
  virtual ~GridInput() = default;
  /// Writes the inputs (already offset, scaled, clipped) of row y at the points first, ..., first + count - 1 of every
  /// channel: channel c goes to out + c * channel.
  virtual void row(int y, int first, int count, float *out, std::ptrdiff_t channel) = 0;
};

/// Evaluates one fully convolutional network. Not thread safe: one backend a thread.
class PETRL_API GridBackend {
 public:
  virtual ~GridBackend() = default;
  /// For the user: "native", "torch", ...
  virtual const char *name() const = 0;
  /// Input points needed beyond an output point, to each side.
  virtual int reach() const = 0;
  /// Channels in and out.
  virtual int inputs() const = 0;
  virtual int outputs() const = 0;
  /// The output at the points (0..nx-1, 0..ny-1), planar: outputs x ny x nx. Asks for input rows from -reach to
  /// ny - 1 + reach in this order, each once. Rows reach from -reach to nx - 1 + reach; with `wrap` they are asked for
  /// from 0 to nx - 1, and x is periodic.
  virtual void evaluate(GridInput &input, int nx, int ny, bool wrap, float *out);
  /// The same for a planar patch, inputs x (ny + 2 reach) x (nx + 2 reach).
  virtual void evaluate(const float *in, int nx, int ny, float *out) = 0;
};

/// A native backend for a network of architecture fcn. Throws petrl::Error naming `source`.
std::unique_ptr<GridBackend> makeNativeGridBackend(const NetworkSpec &network, const std::string &source);

/// Makes a backend from a file and checks that it takes `observations` channels and gives `actions` channels.
using GridBackendFactory =
    std::function<std::unique_ptr<GridBackend>(const std::string &path, int observations, int actions)>;

/// Grid backends by name. "torch" (TorchScript modules) comes with libpetrl_torch.
PETRL_API Registry<GridBackendFactory> &gridBackends();

/// A closure policy ready for use.
struct PETRL_API GridDecider {
  Policy policy;
  std::unique_ptr<GridBackend> backend;  ///< "native", or "torch" for a .pt file

  /// From a policy file (.h5), or a TorchScript module (.pt) with a YAML sidecar; see Decider::load.
  static std::unique_ptr<GridDecider> load(const std::string &path, const std::string &kind);
  /// From a policy in memory, evaluated natively. Throws petrl::Error naming `source`.
  static std::unique_ptr<GridDecider> make(const Policy &policy, const std::string &source);
};

}  // namespace petrl
