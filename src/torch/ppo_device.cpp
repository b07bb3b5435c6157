#include "torch/ppo_device.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace petrl::learn {

static void fetch(const torch::Tensor &tensor, float *to) {
  const torch::Tensor host = tensor.to(torch::kCPU).contiguous();
  std::copy_n(host.data_ptr<float>(), host.numel(), to);
}

TorchPpoDevice::TorchPpoDevice(const PpoConfig &config, int observations, int actions, const torch::Device &device)
    : config_(config),
      observations_(observations),
      actions_(actions),
      device_(device),
      network_(config.network, observations, actions, device) {}

torch::Tensor TorchPpoDevice::tensor(const float *data, std::int64_t rows, int channels, const GridSize &size) const {
  std::vector<std::int64_t> shape{rows, channels};
  for (int a = config_.network.policy.dimensions; a-- > 0;) shape.push_back(size.along(a));
  return torch::from_blob(const_cast<float *>(data), shape, torch::kFloat32).to(device_);
}

void TorchPpoDevice::setWeights(const std::vector<float> &weights) {
  const torch::NoGradGuard no_grad;
  const auto n = static_cast<std::int64_t>(weights.size());
  network_.parameters().values().copy_(torch::from_blob(const_cast<float *>(weights.data()), {n}, torch::kFloat32));
}

double TorchPpoDevice::act(const float *observation, std::int64_t rows, const GridSize &size,
                           std::vector<float> &action, std::vector<float> &log_prob, std::vector<float> &value) {
  const c10::InferenceMode inference;
  const auto output = network_.forward(tensor(observation, rows, observations_, size));
  const torch::Tensor drawn = output.mean + output.std * tensor(action.data(), rows, actions_, size);
  const std::size_t points = static_cast<std::size_t>(rows) * size.points();
  log_prob.resize(points);
  value.resize(points);
  fetch(logProbability(output, drawn), log_prob.data());
  fetch(output.value, value.data());
  fetch(drawn, action.data());
  return output.std.mean().item<double>();
}

void TorchPpoDevice::value(const float *observation, const GridSize &size, float *values) {
  const c10::InferenceMode inference;
  fetch(network_.value(tensor(observation, 1, observations_, size)), values);
}

PpoTerms TorchPpoDevice::gradient(const std::vector<PpoRow> &rows, const Interior &interior,
                                  std::vector<float> &gradient) {
  // Rows side by side: the same arrays for all minibatches.
  const std::size_t points = interior.points();
  const std::array<int, 5> channels{observations_, actions_, 1, 1, 1};
  const std::size_t width = static_cast<std::size_t>(std::accumulate(channels.begin(), channels.end(), 0)) * points;
  batch_.resize(rows.size() * width);
  std::array<float *, 5> place{};
  float *next = batch_.data();
  for (std::size_t k = 0; k < channels.size(); ++k) {
    place[k] = next;
    next += rows.size() * static_cast<std::size_t>(channels[k]) * points;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PpoRow &row = rows[i];
    const std::array<const float *, 5> from{row.observation, row.action, row.log_prob, row.advantage, row.target};
    for (std::size_t k = 0; k < channels.size(); ++k) {
      const std::size_t n = static_cast<std::size_t>(channels[k]) * points;
      std::copy_n(from[k], n, place[k] + i * n);
    }
  }
  const auto part = [&](std::size_t k) {
    return tensor(place[k], static_cast<std::int64_t>(rows.size()), channels[k], interior.size());
  };
  PpoBatch batch{part(0), part(1), part(2), part(3), part(4), {}};
  if (interior.counts() != nullptr) batch.counts = tensor(interior.counts(), 1, 1, interior.size()) > 0;
  if (config_.normalisation == PpoConfig::Normalisation::point) batch.advantage = normalisePerPoint(batch.advantage);
  network_.parameters().gradient().zero_();
  const PpoLoss loss = ppoLoss(network_.forward(batch.observation), batch, config_);
  loss.loss.backward();
  std::vector<float> own(gradient.size());
  fetch(network_.parameters().gradient(), own.data());
  std::transform(own.begin(), own.end(), gradient.begin(), gradient.begin(), std::plus<>());
  return {loss.policy.item<double>(), loss.value.item<double>(), loss.entropy.item<double>(), loss.kl.item<double>(),
          loss.clipped.item<double>()};
}

}  // namespace petrl::learn
