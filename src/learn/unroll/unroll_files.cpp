// Checkpoints of the learner "unroll": everything, of all ranks.
#include <algorithm>

#include "base/error.hpp"
#include "learn/state_file.hpp"
#include "learn/unroll/unroll.hpp"

namespace petrl {

static constexpr const char *kKind = "unroll";

// Doubles as pairs of 32-bit words: states must come back to the last bit.
static std::int64_t bits(double value) {
  std::int64_t word = 0;
  static_assert(sizeof(word) == sizeof(value));
  std::copy_n(reinterpret_cast<const char *>(&value), sizeof(value), reinterpret_cast<char *>(&word));
  return word;
}

static double fromBits(std::int64_t word) {
  double value = 0;
  std::copy_n(reinterpret_cast<const char *>(&word), sizeof(value), reinterpret_cast<char *>(&value));
  return value;
}

void Unroll::save(const std::string &path) const {
  std::vector<std::int64_t> numbers{started_}, counts;
  for (const Slot &slot : slots_) {
    for (const std::int64_t n : {slot.seed, slot.steps, slot.limit, static_cast<std::int64_t>(slot.state.size())})
      numbers.push_back(n);
    for (const double x : slot.state) numbers.push_back(bits(x));
  }
  numbers = reduction_.gather(numbers, counts);
  if (reduction_.rank() != 0) return;
  learn::StateWriter out(path, kKind);
  for (const std::int64_t n : {std::int64_t{observations_}, std::int64_t{actions_}, std::int64_t{config_.slots},
                               std::int64_t{reduction_.ranks()}, adam_.steps, steps_, episodes_, loss_count_,
                               bits(loss_sum_), bits(norm_sum_)})
    out.number(n);
  out.floats(weights_.data(), weights_.size());
  for (const auto *array : {&adam_.first, &adam_.second}) out.floats(array->data(), array->size());
  for (const std::int64_t count : counts) out.number(count);
  for (const std::int64_t n : numbers) out.number(n);
  out.finish();
}

void Unroll::load(const std::string &path) {
  learn::StateReader in(path, kKind);
  in.expect("observations", observations_);
  in.expect("actions", actions_);
  in.expect("slots", config_.slots);
  in.expect("ranks", reduction_.ranks());
  std::int64_t values[6];
  for (auto &v : values) v = in.number();
  std::vector<float> arrays[3];
  const char *names[] = {"weights", "first moments", "second moments"};
  const auto size = static_cast<std::int64_t>(weights_.size());
  for (std::size_t i = 0; i < 3; ++i) in.floats(names[i], arrays[i], size);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(reduction_.ranks()));
  for (auto &count : counts) count = in.number();
  std::vector<std::int64_t> own;
  for (std::size_t r = 0; r < counts.size(); ++r) {
    if (counts[r] < 0 || counts[r] > std::int64_t{1} << 32) in.fail("episodes: wrong counts");
    for (std::int64_t i = 0; i < counts[r]; ++i) {
      const std::int64_t n = in.number();
      if (static_cast<int>(r) == reduction_.rank()) own.push_back(n);
    }
  }
  in.finish();
  std::vector<Slot> slots(slots_.size());
  if (own.empty()) in.fail("episodes: fewer numbers than expected");
  std::size_t at = 1;
  for (Slot &slot : slots) {
    if (at + 4 > own.size()) in.fail("episodes: fewer numbers than expected");
    slot.seed = own[at];
    slot.steps = own[at + 1];
    slot.limit = own[at + 2];
    const auto n = static_cast<std::size_t>(own[at + 3]);
    at += 4;
    if (n > own.size() - at) in.fail("episodes: fewer numbers than expected");
    for (std::size_t i = 0; i < n; ++i) slot.state.push_back(fromBits(own[at++]));
  }
  slots_ = std::move(slots);
  std::copy(arrays[0].begin(), arrays[0].end(), weights_.begin());  // the layers point into it
  adam_.first.assign(arrays[1].begin(), arrays[1].end());
  adam_.second.assign(arrays[2].begin(), arrays[2].end());
  adam_.steps = values[0];
  steps_ = values[1];
  episodes_ = values[2];
  started_ = own.front();
  loss_count_ = values[3];
  loss_sum_ = fromBits(values[4]);
  norm_sum_ = fromBits(values[5]);
}

}  // namespace petrl
