#include "torch/fcn_module.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::learn {

using torch::Tensor;

namespace {

// libtorch's own circular padding is a chain of recorded slice copies; this is one node.
struct CircularPad : torch::autograd::Function<CircularPad> {
  static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &x, std::int64_t p) {
    context->saved_data["p"] = p;
    const std::int64_t ny = x.size(2), nx = x.size(3);
    Tensor out = torch::empty({x.size(0), x.size(1), ny + 2 * p, nx + 2 * p}, x.options());
    const Tensor rows = out.narrow(2, p, ny);
    rows.narrow(3, p, nx).copy_(x);
    rows.narrow(3, 0, p).copy_(x.narrow(3, nx - p, p));
    rows.narrow(3, nx + p, p).copy_(x.narrow(3, 0, p));
    out.narrow(2, 0, p).copy_(out.narrow(2, ny, p));
    out.narrow(2, ny + p, p).copy_(out.narrow(2, p, p));
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const std::int64_t p = context->saved_data["p"].toInt();
    const Tensor &g = gradients[0];
    const std::int64_t ny = g.size(2) - 2 * p, nx = g.size(3) - 2 * p;
    const Tensor rows = g.narrow(2, p, ny).clone();
    rows.narrow(2, 0, p).add_(g.narrow(2, ny + p, p));
    rows.narrow(2, ny - p, p).add_(g.narrow(2, 0, p));
    const Tensor all = rows.narrow(3, p, nx).clone();
    all.narrow(3, 0, p).add_(rows.narrow(3, nx + p, p));
    all.narrow(3, nx - p, p).add_(rows.narrow(3, 0, p));
    return {all, Tensor()};
  }
};

}  // namespace

Tensor padCircular(const Tensor &x, std::int64_t p) {
  if (p == 0) return x;
  return CircularPad::apply(x, p);
}

torch::Device chooseDevice(bool cuda, const std::string &learner) {
  if (!cuda) return torch::Device(torch::kCPU);
  if (!torch::cuda::is_available()) {
    throw Error("learner " + learner + ": device: cuda: this libtorch finds no CUDA device", PETSC_ERR_SUP_SYS);
  }
  return torch::Device(torch::kCUDA);
}

FcnModule::FcnModule(const FcnConfig &config, int inputs, int outputs, FlatParameters &parameters)
    : config_(config), inputs_(inputs), outputs_(outputs), parameters_(parameters) {
  int in = inputs;
  for (int l = 0; l < config_.layers(); ++l) {
    const int out = l + 1 < config_.layers() ? config_.channels[static_cast<std::size_t>(l)] : outputs;
    const int kernel = config_.kernels[static_cast<std::size_t>(l)];
    weight_.push_back(parameters_.add({out, in, kernel, kernel}));
    bias_.push_back(parameters_.add({out}));
    in = out;
  }
}

Tensor FcnModule::forward(const Tensor &x, int outputs) const {
  Tensor y = x;
  for (std::size_t l = 0; l < weight_.size(); ++l) {
    const bool last = l + 1 == weight_.size();
    const std::int64_t dilation = config_.dilations[l];
    Tensor w = parameters_[weight_[l]], b = parameters_[bias_[l]];
    if (last && outputs >= 0 && outputs < outputs_) w = w.narrow(0, 0, outputs), b = b.narrow(0, 0, outputs);
    y = torch::conv2d(padCircular(y, config_.kernels[l] / 2 * dilation), w, b, torch::IntArrayRef{1, 1},
                      torch::IntArrayRef{0, 0}, torch::IntArrayRef{dilation, dilation});
    if (!last) y = config_.tanh ? torch::tanh(y) : torch::relu(y);
  }
  return y;
}

}  // namespace petrl::learn
