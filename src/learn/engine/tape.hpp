// Reverse-mode differentiation of grid solvers: fields on a periodic grid of one, two or three dimensions, and the few operations that a coarse solver
// with a closure is made of. In float32, on one core; no libtorch.
//
// Why not libtorch: a step of a 64 x 64 solver is some hundred operations of a microsecond each; there they cost twenty
// times as much in padding, copies and dispatch.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/api.hpp"
#include "base/floats.hpp"

namespace petrl::tape {

/// A field on the tape: channels x nz x ny x nx, x fastest. Valid until the tape is cleared.
struct Var {
  int id = -1;
};

/// Weights of a convolution and where their gradient is added up. Owned by the caller; must outlive the tape's use.
struct Convolution {
  int in = 0, out = 0, kernel = 1, dilation = 1;
  const float *weight = nullptr, *bias = nullptr;  ///< out x in x kernel (x kernel (x kernel)), out
  float *weight_gradient = nullptr, *bias_gradient = nullptr;
  int dimensions = 2;  ///< of the kernel
  int taps() const { return dimensions == 1 ? kernel : dimensions == 2 ? kernel * kernel : kernel * kernel * kernel; }
};

/// One direction of transport: coefficients of offsets 1, 2, ... (see grid2d::Axis).
struct TransportAxis {
  std::vector<float> antisymmetric, dissipation;  ///< of -u sum a_k (q_k - q_-k) + |u| sum s_k (q_k + q_-k - 2 q)
  std::vector<float> diffusion;                   ///< of sum d_k (q_k + q_-k - 2 q)
};

class PETRL_API Tape {
 public:
  Tape(int nx, int ny, int nz = 1) : nx_(nx), ny_(ny), nz_(nz) {}
  int nx() const { return nx_; }
  int ny() const { return ny_; }
  int nz() const { return nz_; }
  std::size_t points() const {
    return static_cast<std::size_t>(nx_) * static_cast<std::size_t>(ny_) * static_cast<std::size_t>(nz_);
  }

  /// Forgets all fields; their memory is used again.
  void clear();
  /// A copy of channels x nz x ny x nx values.
  Var input(const float *values, int channels);
  const float *value(Var v) const { return node(v).value.data(); }
  /// Where d(loss)/d(v) is added up: write the seed of backward() here.
  float *gradient(Var v);
  int channels(Var v) const { return node(v).channels; }

  /// x with other values: they are more exact, or what x only stands for in the gradient.
  Var valued(Var x, const float *values);
  /// One channel, or several in a row, of a field.
  Var slice(Var x, int first, int count);
  Var concatenate(const std::vector<Var> &parts);
  /// Sum of factor_i x_i.
  Var combine(const std::vector<std::pair<float, Var>> &terms);
  Var multiply(Var x, Var y);  ///< y of one channel acts on all of x
  Var absolute(Var x);
  Var relu(Var x);
  Var tanh(Var x);
  /// scale * clamp(x, -1, 1); where it is clamped, only gradients that lead back are passed on.
  Var clamp(Var x, float scale);
  /// Periodic convolution ("same" size).
  Var convolve(Var x, const Convolution &layer);
  // The following are for planes only.
  /// sum_k coefficient[k] x(. + k - radius) along an axis (0: x, 1: y), every channel.
  Var stencil(Var x, const std::vector<float> &coefficients, int axis);
  /// Right-hand side of transport along one axis by the velocity u (one channel), every channel of q.
  Var transport(Var q, Var u, const TransportAxis &coefficients, int axis);
  /// Divergence of face fluxes, see FluxForm in closure/flux.hpp: one channel q, weights (2 m + 1 channels), velocity
  /// u; more: what is added to the speed at the face beyond each point (one channel), or none.
  Var fluxDivergence(Var q, Var weights, Var u, int m, float floor, float factor, int axis, Var more = {});

  /// Gradients of everything, from the seeds written through gradient(). Call once.
  void backward();

 private:
  struct Node {
    int channels = 0;
    Floats value, gradient;
    bool has_gradient = false;
    std::function<void()> backward;
  };
  Node &node(Var v) { return *nodes_[static_cast<std::size_t>(v.id)]; }
  const Node &node(Var v) const { return *nodes_[static_cast<std::size_t>(v.id)]; }
  Var make(int channels);
  // The same field with ghost points, in scratch memory of which there are a few, along so many directions. Rows of at
  // least `row` floats, zero beyond the ghost points; `gap` floats between channels.
  const float *padded(const float *values, int channels, int ghost, int scratch, int row = 0, int gap = 0,
                      int dimensions = 2);
  // Adds a padded plane, ghost points to the points they stand for.
  void fold(const float *padded, int ghost, float *gradient) const;

  // Throws petrl::Error.
  void needPlane() const;

  int nx_, ny_, nz_;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<Node>> nodes_;
  Floats scratch_[4];
};

}  // namespace petrl::tape
