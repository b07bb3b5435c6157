#include "learn/ppo/host_gradient.hpp"

#include <utility>

namespace petrl::learn {

PpoHostGradient::PpoHostGradient(const PpoConfig &config, PpoNetwork &network, int actions, const Interior &interior)
    : config_(config),
      network_(network),
      actions_(actions),
      interior_(interior),
      tape_(interior.size().nx, interior.size().ny, interior.size().nz),
      loss_(config) {}

PpoTerms PpoHostGradient::add(std::vector<PpoRow> rows) {
  const std::size_t points = tape_.points();
  const double all = static_cast<double>(rows.size()) * static_cast<double>(interior_.count());
  if (config_.normalisation == PpoConfig::Normalisation::point) {
    std::vector<const float *> advantages;
    for (const PpoRow &row : rows) advantages.push_back(row.advantage);
    normalisePerPoint(advantages, points, advantage_);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].advantage = advantage_.data() + i * points;
  }
  const auto actions = static_cast<std::size_t>(actions_);
  const bool free = network_.logStd() != nullptr;
  PpoTerms terms;
  for (const PpoRow &row : rows) {
    tape_.clear();
    const tape::Var in = tape_.input(row.observation, network_.policy().inputs());
    const tape::Var heads = network_.policy().forward(tape_, in);
    const FcnLayers *value = network_.value();
    const tape::Var values = value != nullptr ? value->forward(tape_, in) : heads;
    const std::size_t value_at = static_cast<std::size_t>(tape_.channels(values) - 1) * points;
    const float *y = tape_.value(heads);
    float *d = tape_.gradient(heads);
    PpoGrid grid{};
    grid.actions = actions_;
    grid.points = points;
    grid.counts = interior_.counts();
    grid.counted = interior_.count();
    grid.mean = y;
    grid.raw_std = free ? nullptr : y + actions * points;
    grid.log_std = network_.logStd();
    grid.value = tape_.value(values) + value_at;
    grid.action = row.action;
    grid.log_prob = row.log_prob;
    grid.advantage = row.advantage;
    grid.target = row.target;
    grid.d_mean = d;
    grid.d_raw_std = free ? nullptr : d + actions * points;
    grid.d_value = tape_.gradient(values) + value_at;
    grid.d_log_std = network_.logStdGradient();
    loss_.add(grid, static_cast<float>(1 / all), terms);
    tape_.backward();
  }
  for (double *term : {&terms.policy, &terms.value, &terms.entropy, &terms.kl, &terms.clipped}) *term /= all;
  return terms;
}

}  // namespace petrl::learn
