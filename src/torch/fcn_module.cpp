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

std::string layerName(std::size_t layer, const char *what) {
  return "layer" + std::to_string(layer) + "/" + what;
}

std::string text(const std::vector<std::size_t> &shape) {
  std::string out;
  for (const auto n : shape) out += (out.empty() ? "" : " x ") + std::to_string(n);
  return out.empty() ? "a scalar" : out;
}

[[noreturn]] void refuse(const std::string &what, const std::string &found, const std::string &expected) {
  throw Error("weights: " + what + ": found " + found + ", expected " + expected, PETSC_ERR_ARG_INCOMP);
}

// One array of the policy's weights, checked.
Tensor weightOf(const NetworkSpec &spec, const std::string &name, const std::vector<std::size_t> &shape) {
  const auto it = spec.weights.find(name);
  if (it == spec.weights.end()) throw Error("weights: " + name + " is missing", PETSC_ERR_ARG_INCOMP);
  if (it->second.shape != shape) refuse(name, text(it->second.shape), text(shape));
  std::vector<std::int64_t> sizes(shape.begin(), shape.end());
  std::size_t count = 1;
  for (const auto n : shape) count *= n;
  const auto &data = it->second.data;
  if (data.size() != count) refuse(name, std::to_string(data.size()) + " numbers", std::to_string(count));
  for (const float x : data) {
    if (!std::isfinite(x)) throw Error("weights: " + name + " is not finite", PETSC_ERR_FP);
  }
  return torch::from_blob(const_cast<float *>(data.data()), sizes, torch::kFloat32).clone();
}

petrl::Tensor plain(const Tensor &tensor) {
  const Tensor host = tensor.detach().to(torch::kCPU).contiguous();
  petrl::Tensor out;
  for (const auto n : host.sizes()) out.shape.push_back(static_cast<std::size_t>(n));
  out.data.assign(host.data_ptr<float>(), host.data_ptr<float>() + host.numel());
  return out;
}

}  // namespace

void checkReach(std::int64_t points, std::int64_t nx, std::int64_t ny) {
  if (points <= nx && points <= ny) return;
  throw Error("network: a layer reaches " + std::to_string(points) + " points, the grid has only " +
                  std::to_string(nx) + " x " + std::to_string(ny),
              PETSC_ERR_ARG_OUTOFRANGE);
}

Tensor padCircular(const Tensor &x, std::int64_t p) {
  if (p == 0) return x;
  checkReach(p, x.size(3), x.size(2));
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

void FcnModule::initialise(Rng &rng, int first_zero_row, int zero_rows) {
  const torch::NoGradGuard no_grad;
  for (std::size_t l = 0; l < weight_.size(); ++l) {
    const Tensor &w = parameters_[weight_[l]], &b = parameters_[bias_[l]];
    const double bound = 1 / std::sqrt(static_cast<double>(w.numel() / w.size(0)));
    for (const Tensor *tensor : {&w, &b}) {
      const Tensor random = torch::empty(tensor->sizes(), torch::kFloat32);
      for (std::int64_t i = 0; i < random.numel(); ++i)
        random.data_ptr<float>()[i] = static_cast<float>(bound * (2 * rng.uniform() - 1));
      if (l + 1 == weight_.size() && zero_rows > 0) random.narrow(0, first_zero_row, zero_rows).zero_();
      tensor->detach().copy_(random);
    }
  }
}

void FcnModule::setBias(int output, double value) {
  parameters_[bias_.back()].detach().narrow(0, output, 1).fill_(value);
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

std::vector<tape::Convolution> FcnModule::convolutions() const {
  std::vector<tape::Convolution> layers;
  for (std::size_t l = 0; l < weight_.size(); ++l) {
    const Tensor &w = parameters_[weight_[l]], &b = parameters_[bias_[l]];
    layers.push_back({static_cast<int>(w.size(1)), static_cast<int>(w.size(0)), config_.kernels[l],
                      config_.dilations[l], w.data_ptr<float>(), b.data_ptr<float>(), w.grad().data_ptr<float>(),
                      b.grad().data_ptr<float>()});
  }
  return layers;
}

NetworkSpec FcnModule::network(int outputs, const std::string &output) const {
  NetworkSpec spec;
  spec.architecture = "fcn";
  std::string dilation;
  for (const int d : config_.dilations) dilation += (dilation.empty() ? "" : " ") + std::to_string(d);
  spec.parameters = {{"activation", config_.tanh ? "tanh" : "relu"}, {"output", output}, {"dilation", dilation}};
  for (std::size_t l = 0; l < weight_.size(); ++l) {
    Tensor w = parameters_[weight_[l]].detach(), b = parameters_[bias_[l]].detach();
    if (l + 1 == weight_.size()) w = w.narrow(0, 0, outputs), b = b.narrow(0, 0, outputs);
    spec.weights[layerName(l, "weight")] = plain(w);
    spec.weights[layerName(l, "bias")] = plain(b);
  }
  return spec;
}

void FcnModule::loadWeights(const NetworkSpec &spec, int outputs, const std::string &output) {
  const NetworkSpec own = network(outputs, output);
  if (spec.architecture != "fcn") refuse("architecture", spec.architecture, "fcn");
  for (const auto &[key, expected] : own.parameters) {
    const auto it = spec.parameters.find(key);
    const std::string found = it == spec.parameters.end() ? "nothing" : it->second;
    if (found != expected) refuse(key, found, expected);
  }
  if (spec.weights.size() != own.weights.size()) {
    refuse("arrays", std::to_string(spec.weights.size()), std::to_string(own.weights.size()));
  }
  std::vector<Tensor> checked;  // all of them before the first is taken over
  for (std::size_t l = 0; l < weight_.size(); ++l) {
    for (const char *what : {"weight", "bias"}) {
      const std::string name = layerName(l, what);
      checked.push_back(weightOf(spec, name, own.weights.at(name).shape));
    }
  }
  const torch::NoGradGuard no_grad;
  for (std::size_t l = 0; l < weight_.size(); ++l) {
    for (const bool is_bias : {false, true}) {
      const Tensor &from = checked[2 * l + (is_bias ? 1 : 0)];
      parameters_[is_bias ? bias_[l] : weight_[l]].detach().narrow(0, 0, from.size(0)).copy_(from);
    }
  }
}

}  // namespace petrl::learn
