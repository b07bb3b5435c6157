#include "torch/torch_engine.hpp"

#include <torch/torch.h>

#include <cmath>

#include "base/error.hpp"
#include "learn/tqc/formulas.hpp"
#include "learn/tqc/native_engine.hpp"

namespace petrl::learn {

using torch::Tensor;

// All parameters of a network are one tensor: the optimiser and the Polyak average are single operations on it.
struct TorchEngine::Device {
  torch::Device where;
  Tensor actor, critic, target;
  Tensor actor_first, actor_second, critic_first, critic_second;
  Tensor tau;
};

static Tensor toDevice(const Floats &array, const torch::Device &where) {
  return torch::from_blob(const_cast<float *>(array.data()), {static_cast<std::int64_t>(array.size())}, torch::kFloat32)
      .to(where, torch::kFloat32, false, true);
}

static Tensor matrix(const Floats &array, int rows, int columns, const torch::Device &where) {
  return toDevice(array, where).view({rows, columns});
}

static void fetch(const Tensor &tensor, Floats &array) {
  const Tensor host = tensor.detach().to(torch::kCPU).contiguous();
  std::copy_n(host.data_ptr<float>(), array.size(), array.begin());
}

// x: [members or 1][rows][in] -> outputs of the last and the last hidden layer.
static std::pair<Tensor, Tensor> network(const Layout &layout, const Tensor &parameters, const Tensor &x) {
  Tensor hidden, out = x;
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const Layer &layer = layout.layers[l];
    const std::int64_t members = layout.members, in = layer.in, pad = layer.pad;
    const auto slice = [&](std::size_t start, std::int64_t rows) {
      return parameters.narrow(0, static_cast<std::int64_t>(start), members * rows * pad)
          .view({members, rows, pad})
          .narrow(2, 0, layer.out);
    };
    hidden = out;
    out = torch::baddbmm(slice(layer.bias, 1), hidden.expand({members, hidden.size(1), in}), slice(layer.weight, in));
    if (l + 1 < layout.layers.size()) out = torch::relu(out);
  }
  return {out, hidden};
}

static std::pair<Tensor, Tensor> sample(const TqcShapes &shapes, const Tensor &actor, const Tensor &observation,
                                        const Tensor &eps) {
  constexpr double kHalfLogTwoPi = .9189385332046727;
  const auto output = network(shapes.actor, actor, observation.unsqueeze(0));
  const Tensor mean = torch::hardtanh(output.first.squeeze(0), -kMeanClip, kMeanClip);
  const Tensor phi = output.second.squeeze(0);
  const std::int64_t pad = padded(shapes.actions);
  const Tensor std = actor.narrow(0, static_cast<std::int64_t>(shapes.log_std), shapes.features * pad)
                         .view({shapes.features, pad})
                         .narrow(1, 0, shapes.actions)
                         .exp();
  const Tensor variance = torch::mm(phi.square(), std.square()) + kVarianceFloor;
  const Tensor x = mean + torch::mm(phi, std * eps), a = torch::tanh(x);
  const Tensor log_prob = -(x - mean).square() / (2 * variance) - .5 * variance.log() - kHalfLogTwoPi -
                          torch::log(1 - a.square() + kTanhFloor);
  return {a, log_prob.sum(1, true)};
}

static void adam(Tensor &parameter, Tensor &first, Tensor &second, const Tensor &gradient, double learning_rate,
                 std::int64_t step) {
  const torch::NoGradGuard no_grad;
  const auto t = static_cast<double>(step);
  first.mul_(.9).add_(gradient, .1);
  second.mul_(.999).addcmul_(gradient, gradient, .001);
  const Tensor root = second.sqrt().div_(std::sqrt(1 - std::pow(.999, t))).add_(1e-8);
  parameter.addcdiv_(first, root, -learning_rate / (1 - std::pow(.9, t)));
}

TorchEngine::TorchEngine(const TqcConfig &config, const TqcShapes &shapes, const std::string &device)
    : config_(config), shapes_(shapes) {
  if (device == "cuda" && !torch::cuda::is_available()) {
    throw Error("learner: device: found cuda, but this libtorch has no CUDA device; expected cpu", PETSC_ERR_SUP);
  }
  device_ = std::make_unique<Device>(Device{torch::Device(device), {}, {}, {}, {}, {}, {}, {}, {}});
  device_->tau = ((torch::arange(config.quantiles) + .5) / config.quantiles).to(device_->where, torch::kFloat32);
}

TorchEngine::~TorchEngine() = default;

void TorchEngine::upload(const TqcState &s) {
  Device &d = *device_;
  d.actor = toDevice(s.actor, d.where).requires_grad_();
  d.critic = toDevice(s.critic, d.where).requires_grad_();
  d.target = toDevice(s.target, d.where);
  d.actor_first = toDevice(s.actor_adam.first, d.where);
  d.actor_second = toDevice(s.actor_adam.second, d.where);
  d.critic_first = toDevice(s.critic_adam.first, d.where);
  d.critic_second = toDevice(s.critic_adam.second, d.where);
  current_ = true;
}

void TorchEngine::synchronise(TqcState &s) {
  if (!current_) return;
  Device &d = *device_;
  fetch(d.actor, s.actor);
  fetch(d.critic, s.critic);
  fetch(d.target, s.target);
  fetch(d.actor_first, s.actor_adam.first);
  fetch(d.actor_second, s.actor_adam.second);
  fetch(d.critic_first, s.critic_adam.first);
  fetch(d.critic_second, s.critic_adam.second);
}

TqcLosses TorchEngine::update(TqcState &state, const Batch &batch, const float *eps, double learning_rate) {
  if (!current_) upload(state);
  Device &d = *device_;
  const Tensor observation = matrix(batch.observation, batch.rows, shapes_.observations, d.where);
  const Tensor next_observation = matrix(batch.next_observation, batch.rows, shapes_.observations, d.where);
  const Tensor action = matrix(batch.action, batch.rows, shapes_.actions, d.where);
  const Tensor reward = matrix(batch.reward, batch.rows, 1, d.where), done = matrix(batch.done, batch.rows, 1, d.where);
  const Tensor noise = torch::from_blob(const_cast<float *>(eps), {shapes_.features, shapes_.actions}).to(d.where);
  const auto critics = [&](const Tensor &parameters, const Tensor &o, const Tensor &a) {
    return network(shapes_.critic, parameters, torch::cat({o, a}, 1).unsqueeze(0)).first;  // [critics][rows][quantiles]
  };
  TqcLosses losses;
  const double alpha = std::exp(state.log_alpha);
  ++state.updates;
  const double actor_rate = state.updates > config_.critic_only_updates ? learning_rate : 0;

  const auto policy = sample(shapes_, d.actor, observation, noise);
  losses.log_prob = policy.second.mean().item<double>();
  adamScalar(state.log_alpha, state.alpha_first, state.alpha_second, -(losses.log_prob + config_.target_entropy),
             actor_rate, state.updates);

  Tensor y;
  {
    const torch::NoGradGuard no_grad;
    const auto next = sample(shapes_, d.actor, next_observation, noise);
    const Tensor pooled = critics(d.target, next_observation, next.first).permute({1, 0, 2}).reshape({batch.rows, -1});
    const std::int64_t kept = pooled.size(1) - config_.dropped_quantiles_per_net * config_.critics;
    const Tensor lowest = std::get<0>(pooled.sort(1)).narrow(1, 0, kept);
    y = reward + config_.gamma * (1 - done) * (lowest - alpha * next.second);
  }

  const Tensor z = critics(d.critic, observation, action);
  const Tensor u = y.unsqueeze(0).unsqueeze(2) - z.unsqueeze(3);  // [critics][rows][quantiles][targets]
  const Tensor huber = torch::where(u.abs() > 1, u.abs() - .5, .5 * u.square());
  const Tensor weight = (d.tau.view({1, 1, -1, 1}) - (u.detach() < 0).to(torch::kFloat32)).abs();
  const Tensor critic_loss = (weight * huber).mean();
  adam(d.critic, d.critic_first, d.critic_second, torch::autograd::grad({critic_loss}, {d.critic})[0], learning_rate,
       state.updates);

  const Tensor q = critics(d.critic, observation, policy.first).mean(torch::IntArrayRef({0, 2})).unsqueeze(1);
  const Tensor actor_loss = (alpha * policy.second - q).mean();
  adam(d.actor, d.actor_first, d.actor_second, torch::autograd::grad({actor_loss}, {d.actor})[0], actor_rate,
       state.updates);
  {
    const torch::NoGradGuard no_grad;
    d.target.lerp_(d.critic, config_.tau);
  }
  fetch(d.actor, state.actor);
  losses.critic = critic_loss.item<double>();
  losses.actor = actor_loss.item<double>();
  losses.mean_q = z.mean().item<double>();
  losses.temperature = std::exp(state.log_alpha);
  return losses;
}

}  // namespace petrl::learn
