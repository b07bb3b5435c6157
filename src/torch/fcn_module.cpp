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
    std::vector<std::int64_t> shape = x.sizes().vec();
    for (std::size_t d = 2; d < shape.size(); ++d) shape[d] += 2 * p;
    const Tensor out = torch::empty(shape, x.options());
    // What is known along the directions before; then the two ends along this one.
    Tensor inner = out;
    for (std::int64_t d = 2; d < x.dim(); ++d) inner = inner.narrow(d, p, x.size(d));
    inner.copy_(x);
    for (std::int64_t d = x.dim() - 1; d >= 2; --d) {
      Tensor lines = out;
      for (std::int64_t e = 2; e < d; ++e) lines = lines.narrow(e, p, x.size(e));
      const std::int64_t n = x.size(d);
      lines.narrow(d, 0, p).copy_(lines.narrow(d, n, p));
      lines.narrow(d, n + p, p).copy_(lines.narrow(d, p, p));
    }
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const std::int64_t p = context->saved_data["p"].toInt();
    Tensor g = gradients[0];
    for (std::int64_t d = 2; d < gradients[0].dim(); ++d) {
      const std::int64_t n = g.size(d) - 2 * p;
      const Tensor inner = g.narrow(d, p, n).clone();
      inner.narrow(d, 0, p).add_(g.narrow(d, n + p, p));
      inner.narrow(d, n - p, p).add_(g.narrow(d, 0, p));
      g = inner;
    }
    return {g, Tensor()};
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
    std::vector<std::int64_t> shape{out, in};
    shape.insert(shape.end(), static_cast<std::size_t>(config_.dimensions), kernel);
    weight_.push_back(parameters_.add(shape));
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
    y = padCircular(y, config_.kernels[l] / 2 * dilation);
    if (config_.dimensions == 1)
      y = torch::conv1d(y, w, b, torch::IntArrayRef{1}, torch::IntArrayRef{0}, torch::IntArrayRef{dilation});
    if (config_.dimensions == 2)
      y = torch::conv2d(y, w, b, torch::IntArrayRef{1, 1}, torch::IntArrayRef{0, 0},
                        torch::IntArrayRef{dilation, dilation});
    if (config_.dimensions == 3)
      y = torch::conv3d(y, w, b, torch::IntArrayRef{1, 1, 1}, torch::IntArrayRef{0, 0, 0},
                        torch::IntArrayRef{dilation, dilation, dilation});
    if (!last) y = config_.tanh ? torch::tanh(y) : torch::relu(y);
  }
  return y;
}

}  // namespace petrl::learn
