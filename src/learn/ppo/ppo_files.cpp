// What PPO writes and reads: checkpoints (everything) and networks (the deterministic policy).
#include "base/error.hpp"
#include "learn/ppo/ppo.hpp"

namespace petrl {

NetworkSpec Ppo::network() const {
  return network_.network();
}

void Ppo::loadWeights(const NetworkSpec &network) {
  try {
    network_.loadWeights(network);
  } catch (const Error &e) {
    throw Error(std::string("learner ppo: ") + e.what(), e.code());
  }
}

void Ppo::archive(Archive &a) {
  a.kind("ppo");
  a.expect("observations", observations_);
  a.expect("actions", actions_);
  a.expect("slots", config_.slots);
  a("nx", nx_);
  a("ny", ny_);
  a("iterations", iterations_);
  a("steps", steps_);
  a("episodes", episodes_);
  a("sums", sums_);
  a.sized("weights", network_.weights());
  a("adam", adam_);
  a.ranked([&] { slots_.archive(a, static_cast<std::size_t>(nx_) * static_cast<std::size_t>(ny_ * actions_)); });
}

}  // namespace petrl
