// Networks on graphs, and a solver that is differentiated, as one would write them with libtorch.
#include <torch/torch.h>

#include <map>

#include "bench/engines.hpp"
#include "learn/engine/fcn_layers.hpp"
#include "policy/native/graph_network.hpp"
#include "torch/fcn_module.hpp"

namespace petrl::bench {

namespace {

// The formulas of policy/native/graph_network.hpp.
class TorchGraph {
 public:
  explicit TorchGraph(const GraphNetwork &network) : layers_(network.shape().layers) {
    for (const auto &part : network.parts()) {
      const float *from = network.weights().data() + part.offset;
      weights_[part.name] =
          torch::from_blob(const_cast<float *>(from), {part.rows, part.columns}).clone().requires_grad_();
    }
  }
  torch::Tensor forward(const torch::Tensor &node, const torch::Tensor &edge, const torch::Tensor &source,
                        const torch::Tensor &there) const {
    const auto w = [this](const std::string &name) { return weights_.at(name); };
    const auto linear = [&](const torch::Tensor &x, const std::string &name) {
      return torch::addmm(w(name + "/bias"), x, w(name + "/weight"));
    };
    torch::Tensor x = linear(torch::silu(linear(node, "encoder0")), "encoder1");
    for (int l = 0; l < layers_; ++l) {
      const std::string name = "layer" + std::to_string(l) + "/";
      const torch::Tensor a = torch::addmm(w(name + "message_bias"), x, w(name + "receiver")),
                          b = torch::mm(x, w(name + "sender"));
      const std::int64_t n = x.size(0), h = x.size(1);
      const torch::Tensor message = a.unsqueeze(1) + b.index_select(0, source).view({n, -1, h}) +
                                    torch::mm(edge, w(name + "edge")).view({n, -1, h});
      const torch::Tensor sum = (torch::silu(message) * there).sum(1);
      const torch::Tensor q =
          torch::silu(torch::addmm(w(name + "node_bias"), x, w(name + "node")) + torch::mm(sum, w(name + "sum")));
      x = x + torch::addmm(w(name + "update_bias"), q, w(name + "update"));
    }
    return linear(torch::silu(linear(x, "decoder0")), "decoder1");
  }
  std::map<std::string, torch::Tensor> &weights() { return weights_; }

 private:
  int layers_;
  std::map<std::string, torch::Tensor> weights_;
};

}  // namespace

void graph(int nodes, int hidden, int layers) {
  constexpr int kSlots = 3, kInputs = 5, kOutputs = 2;
  GraphNetwork network({kInputs, kInputs, hidden, layers, kOutputs, false});
  learn::Rng rng(1);
  network.initialise([&] { return rng.uniform(); });
  const auto count = static_cast<std::size_t>(nodes);
  std::vector<int> source(count * kSlots);
  std::vector<std::int64_t> index;
  std::vector<float> there;
  for (std::size_t e = 0; e < source.size(); ++e) {
    // Neighbours lie near in memory, and a few triangles have none on a side.
    const int away = static_cast<int>(e % kSlots) == 0 ? 1 : static_cast<int>(e % kSlots) == 1 ? -1 : 37;
    source[e] = rng.uniform() < .02 ? -1 : (static_cast<int>(e / kSlots) + away + nodes) % nodes;
    index.push_back(std::max(source[e], 0));
    there.push_back(source[e] < 0 ? 0.f : 1.f);
  }
  const auto node = normal(count * kInputs, 1, 1), edge = normal(count * kSlots * kInputs, 2, 1),
             up = normal(count * kOutputs, 3, 1);
  const Graph mesh{nodes, nodes, kSlots, source.data()};
  const auto tensor = [](const std::vector<float> &v, std::vector<std::int64_t> shape) {
    return torch::from_blob(const_cast<float *>(v.data()), shape);
  };
  const torch::Tensor x = tensor(node, {nodes, kInputs}), e = tensor(edge, {nodes * kSlots, kInputs}),
                      s = torch::tensor(index), t = tensor(there, {nodes, kSlots, 1}),
                      g = tensor(up, {nodes, kOutputs});
  TorchGraph twin(network);
  std::vector<float> out(count * kOutputs), gradient(network.size(), 0.f);
  GraphNetwork::Record record;
  const auto backward = [&] {
    network.forward(mesh, node.data(), edge.data(), record);
    network.backward(mesh, node.data(), edge.data(), record, up.data(), gradient.data(), nullptr);
  };
  const auto inference = [&] {
    const torch::NoGradGuard none;
    return twin.forward(x, e, s, t);
  };
  const auto autograd = [&] { twin.forward(x, e, s, t).backward(g); };
  network.evaluate(mesh, node.data(), edge.data(), out.data());
  agree("graph", out.data(), inference().data_ptr<float>(), out.size(), 1e-4);
  backward(), autograd();
  for (const auto &part : network.parts())
    agree(part.name.c_str(), gradient.data() + part.offset, twin.weights().at(part.name).grad().data_ptr<float>(),
          static_cast<std::size_t>(part.rows * part.columns), 2e-3);
  const std::string size =
      std::to_string(nodes) + " triangles; " + std::to_string(layers) + " layers of " + std::to_string(hidden);
  compare(
      "network on a graph: inference", size, [&] { network.evaluate(mesh, node.data(), edge.data(), out.data()); },
      inference);
  compare("network on a graph: forward and backward", size, backward, autograd);
}

namespace {

// Fifth-order upwind differences, as antisymmetric and dissipative parts.
const std::vector<float> kOdd{45.f / 60, -9.f / 60, 1.f / 60}, kEven{15.f / 60, -6.f / 60, 1.f / 60};
constexpr float kCourant = .4f, kBound = .1f;

// -u D q + |u| S q along both axes: two convolutions of two outputs each on the field continued periodically.
class TorchTransport {
 public:
  TorchTransport(const torch::Tensor &u, const torch::Tensor &v) : u_(u), v_(v), abs_u_(u.abs()), abs_v_(v.abs()) {
    std::vector<float> k(14, 0.f);
    for (std::size_t i = 1; i <= 3; ++i) {
      k[3 + i] = kOdd[i - 1], k[3 - i] = -kOdd[i - 1];
      k[10 + i] = k[10 - i] = kEven[i - 1], k[10] -= 2 * kEven[i - 1];
    }
    along_x_ = torch::tensor(k).view({2, 1, 1, 7});
    along_y_ = torch::tensor(k).view({2, 1, 7, 1});
  }
  torch::Tensor operator()(const torch::Tensor &q) const {
    const torch::Tensor wide = learn::padCircular(q, 3);
    const std::int64_t n = q.size(2), m = q.size(3);
    const torch::Tensor x = torch::conv2d(wide.narrow(2, 3, n), along_x_),
                        y = torch::conv2d(wide.narrow(3, 3, m), along_y_);
    return abs_u_ * x.narrow(1, 1, 1) - u_ * x.narrow(1, 0, 1) + abs_v_ * y.narrow(1, 1, 1) - v_ * y.narrow(1, 0, 1);
  }

 private:
  torch::Tensor u_, v_, abs_u_, abs_v_, along_x_, along_y_;
};

}  // namespace

void unroll(int n, int window) {
  learn::FcnConfig config;
  config.channels = {8, 8};
  config.dilations = {1, 2, 1};
  config.kernels = {3, 3, 1};
  learn::FcnLayers layers(config, 3, 1);
  std::vector<float> weights(layers.size()), gradient(layers.size(), 0.f);
  layers.bind(weights.data(), gradient.data());
  learn::Rng rng(1);
  layers.initialiseNormal(rng, .05);  // never clamped: there libtorch has no gradient, and the tape has one
  const auto points = static_cast<std::size_t>(n * n);
  const auto q = normal(points, 1, 1), velocity = normal(2 * points, 2, 1), up = normal(points, 3, 1);
  std::vector<float> u(velocity), result(points);
  for (float &x : u) x *= kCourant;

  // state + bound clamp(network), then the classical Runge-Kutta method.
  tape::Tape tape(n, n);
  const tape::TransportAxis axis{kOdd, kEven, {0, 0, 0}};
  const auto native = [&] {
    tape.clear();
    const tape::Var fixed = tape.input(u.data(), 2), along_x = tape.input(u.data(), 1),
                    along_y = tape.input(u.data() + points, 1);
    tape::Var state = tape.input(q.data(), 1);
    const auto slope = [&](tape::Var x) {
      return tape.combine({{1.f, tape.transport(x, along_x, axis, 0)}, {1.f, tape.transport(x, along_y, axis, 1)}});
    };
    for (int s = 0; s < window; ++s) {
      const tape::Var correction = tape.clamp(layers.forward(tape, tape.concatenate({state, fixed})), kBound);
      const tape::Var y = tape.combine({{1.f, state}, {1.f, correction}});
      const tape::Var k1 = slope(y), k2 = slope(tape.combine({{1.f, y}, {.5f, k1}})),
                      k3 = slope(tape.combine({{1.f, y}, {.5f, k2}})), k4 = slope(tape.combine({{1.f, y}, {1.f, k3}}));
      state = tape.combine({{1.f, y}, {1.f / 6, k1}, {1.f / 3, k2}, {1.f / 3, k3}, {1.f / 6, k4}});
    }
    std::copy_n(tape.value(state), points, result.data());
    std::copy_n(up.data(), points, tape.gradient(state));
    tape.backward();
  };

  learn::FlatParameters parameters;
  const learn::FcnModule module(config, 3, 1, parameters);
  parameters.allocate(torch::kCPU);
  {
    const torch::NoGradGuard none;
    parameters.values().copy_(torch::from_blob(weights.data(), {static_cast<std::int64_t>(weights.size())}));
  }
  const auto tensor = [n](const float *v, int channels) {
    return torch::from_blob(const_cast<float *>(v), {1, channels, n, n});
  };
  const torch::Tensor fixed = tensor(u.data(), 2), seed = tensor(up.data(), 1);
  const TorchTransport slope(fixed.narrow(1, 0, 1), fixed.narrow(1, 1, 1));
  torch::Tensor end;
  const auto libtorch = [&] {
    torch::Tensor state = tensor(q.data(), 1);
    for (int s = 0; s < window; ++s) {
      const torch::Tensor y = state + kBound * torch::clamp(module.forward(torch::cat({state, fixed}, 1)), -1, 1);
      const torch::Tensor k1 = slope(y), k2 = slope(y + .5 * k1), k3 = slope(y + .5 * k2), k4 = slope(y + k3);
      state = y + (k1 + 2 * k2 + 2 * k3 + k4) / 6;
    }
    end = state.detach();
    state.backward(seed);
  };
  native(), libtorch();
  agree("unroll", result.data(), end.contiguous().data_ptr<float>(), points, 1e-4);
  agree("unroll, gradient", gradient.data(), parameters.gradient().data_ptr<float>(), gradient.size(), 5e-3);
  compare("unroll: forward and backward",
          std::to_string(window) + " steps of RK4 with upwind 5 on " + std::to_string(n) + " x " + std::to_string(n) +
              "; closure 3-8-8-1",
          native, libtorch);
}

}  // namespace petrl::bench
