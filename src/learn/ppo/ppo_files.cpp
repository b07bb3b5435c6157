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
  a("iterations", iterations_);
  a("steps", steps_);
  a("episodes", episodes_);
  a("sums", sums_);
  a("rate_share", rate_share_);
  a.sized("weights", network_.weights());
  a("adam", adam_);
  // Ranks may have parts of different sizes.
  a.ranked([&] {
    GridSize size = interior_.size();
    a("nx", size.nx);
    a("ny", size.ny);
    a("nz", size.nz);
    a("margin", margin_);
    if (a.reading()) {
      for (int axis = 0; axis < 3; ++axis)
        if (size.along(axis) < 0 || size.along(axis) > 1 << 20) a.fail("nx", "expected the size of a grid");
      if (margin_ < 0 || margin_ > 1 << 20) a.fail("margin", "expected a number of points");
      interior_ = size.nx == 0 ? learn::Interior() : learn::Interior(size, config_.network.policy.dimensions, margin_);
    }
    slots_.archive(a, size.points() * static_cast<std::size_t>(actions_));
  });
}

}  // namespace petrl
