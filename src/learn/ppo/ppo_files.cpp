// What PPO writes and reads: checkpoints (everything, of all ranks) and networks (the deterministic policy).
#include "base/error.hpp"
#include "learn/ppo/ppo.hpp"
#include "learn/state_file.hpp"

namespace petrl {

static constexpr const char *kKind = "ppo";

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

void Ppo::save(const std::string &path) const {
  std::vector<std::int64_t> numbers, number_counts, action_counts;
  std::vector<float> actions;
  slots_.pack(numbers, actions);
  numbers = reduction_.gather(numbers, number_counts);
  actions = reduction_.gather(actions, action_counts);
  if (reduction_.rank() != 0) return;
  learn::StateWriter out(path, kKind);
  for (const std::int64_t number : {std::int64_t{observations_}, std::int64_t{actions_}, std::int64_t{config_.slots},
                                    std::int64_t{reduction_.ranks()}, std::int64_t{nx_}, std::int64_t{ny_}, iterations_,
                                    steps_, episodes_, adam_.steps}) {
    out.number(number);
  }
  out.bytes(sums_.data(), sums_.size() * sizeof(double));
  out.floats(network_.weights().data(), network_.weights().size());
  for (const auto *array : {&adam_.first, &adam_.second}) out.floats(array->data(), array->size());
  for (const auto *counts : {&number_counts, &action_counts}) {
    for (const auto count : *counts) out.number(count);
  }
  for (const auto number : numbers) out.number(number);
  out.floats(actions.data(), actions.size());
  out.finish();
}

void Ppo::load(const std::string &path) {
  learn::StateReader in(path, kKind);
  in.expect("observations", observations_);
  in.expect("actions", actions_);
  in.expect("slots", config_.slots);
  in.expect("ranks", reduction_.ranks());
  const std::int64_t nx = in.number(), ny = in.number();
  const std::int64_t iterations = in.number(), steps = in.number(), episodes = in.number(), updates = in.number();
  std::array<double, kSums> sums{};
  in.bytes(sums.data(), sums.size() * sizeof(double));
  std::array<std::vector<float>, 3> arrays;
  const char *names[] = {"weights", "first moments", "second moments"};
  for (std::size_t i = 0; i < arrays.size(); ++i)
    in.floats(names[i], arrays[i], static_cast<std::int64_t>(adam_.first.size()));

  const auto ranks = static_cast<std::size_t>(reduction_.ranks()), rank = static_cast<std::size_t>(reduction_.rank());
  std::vector<std::int64_t> counts(2 * ranks), numbers;
  for (auto &count : counts) count = in.number();
  for (std::size_t r = 0; r < ranks; ++r) {
    if (counts[r] != 1 + 3 * std::int64_t{config_.slots} || counts[ranks + r] < 0) in.fail("episodes: wrong counts");
    for (std::int64_t i = 0; i < counts[r]; ++i) {
      const std::int64_t number = in.number();
      if (r == rank) numbers.push_back(number);
    }
  }
  std::vector<float> all;
  in.floats("actions of unfinished episodes", all);
  in.finish();
  std::int64_t begin = 0, total = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    if (r < rank) begin += counts[ranks + r];
    total += counts[ranks + r];
  }
  if (total != static_cast<std::int64_t>(all.size())) in.fail("actions of unfinished episodes: wrong counts");
  const std::vector<float> own(all.begin() + begin, all.begin() + begin + counts[ranks + rank]);
  const auto width = static_cast<std::size_t>(nx * ny * actions_);
  if (!slots_.unpack(numbers, own, width)) in.fail("actions of unfinished episodes do not fit");

  std::copy(arrays[0].begin(), arrays[0].end(), network_.weights().begin());  // the layers point into it
  adam_.first.assign(arrays[1].begin(), arrays[1].end());
  adam_.second.assign(arrays[2].begin(), arrays[2].end());
  adam_.steps = updates;
  nx_ = static_cast<int>(nx);
  ny_ = static_cast<int>(ny);
  iterations_ = iterations;
  steps_ = steps;
  episodes_ = episodes;
  sums_ = sums;
}

}  // namespace petrl
