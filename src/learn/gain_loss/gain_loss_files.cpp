// Checkpoints of the learner "gain-loss": everything, of all ranks.
#include <algorithm>

#include "learn/gain_loss/gain_loss.hpp"
#include "learn/state_file.hpp"

namespace petrl {

static constexpr const char *kKind = "gain-loss";

void GainLoss::save(const std::string &path) const {
  std::vector<float> values;
  std::vector<std::int64_t> numbers, counts;
  for (const MeshSample &s : memory_) {
    numbers.push_back(s.nodes);
    numbers.push_back(s.slots);
    numbers.insert(numbers.end(), s.source.begin(), s.source.end());
    for (const auto *array : {&s.node, &s.edge, &s.target}) values.insert(values.end(), array->begin(), array->end());
  }
  values = reduction_.gather(values, counts);
  std::vector<std::int64_t> lengths;
  numbers = reduction_.gather(numbers, lengths);
  if (reduction_.rank() != 0) return;
  learn::StateWriter out(path, kKind);
  for (const std::int64_t n : {std::int64_t{config_.hidden}, std::int64_t{config_.layers},
                               std::int64_t{reduction_.ranks()}, iterations_, updates_, steps_, episodes_, adam_.steps})
    out.number(n);
  out.floats(network_.weights().data(), network_.size());
  for (const auto *array : {&adam_.first, &adam_.second}) out.floats(array->data(), array->size());
  for (const std::int64_t n : lengths) out.number(n);
  for (const std::int64_t n : numbers) out.number(n);
  for (const std::int64_t n : counts) out.number(n);
  out.floats(values.data(), values.size());
  out.finish();
}

void GainLoss::load(const std::string &path) {
  learn::StateReader in(path, kKind);
  in.expect("hidden", config_.hidden);
  in.expect("layers", config_.layers);
  in.expect("ranks", reduction_.ranks());
  std::int64_t values[5];
  for (auto &v : values) v = in.number();
  std::vector<float> arrays[3];
  const char *names[] = {"weights", "first moments", "second moments"};
  for (std::size_t i = 0; i < 3; ++i) in.floats(names[i], arrays[i], static_cast<std::int64_t>(network_.size()));
  const auto ranks = static_cast<std::size_t>(reduction_.ranks()), rank = static_cast<std::size_t>(reduction_.rank());
  const auto lengths = [&](std::vector<std::int64_t> &list) {
    list.resize(ranks);
    for (auto &n : list) {
      n = in.number();
      if (n < 0 || n > std::int64_t{1} << 36) in.fail("memory: wrong lengths");
    }
  };
  std::vector<std::int64_t> counts, own;
  lengths(counts);
  for (std::size_t r = 0; r < ranks; ++r) {
    for (std::int64_t i = 0; i < counts[r]; ++i) {
      const std::int64_t n = in.number();
      if (r == rank) own.push_back(n);
    }
  }
  lengths(counts);
  std::int64_t before = 0, all = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    if (r < rank) before += counts[r];
    all += counts[r];
  }
  std::vector<float> floats;
  in.floats("memory", floats, all);
  in.finish();
  std::deque<MeshSample> memory;
  auto at = static_cast<std::size_t>(before);
  for (std::size_t k = 0; k + 1 < own.size();) {
    MeshSample s;
    s.nodes = static_cast<int>(own[k]);
    s.slots = static_cast<int>(own[k + 1]);
    const auto edges = static_cast<std::size_t>(s.nodes) * static_cast<std::size_t>(s.slots);
    if (s.nodes < 0 || s.slots < 1 || k + 2 + edges > own.size()) in.fail("memory: fewer numbers than expected");
    for (std::size_t e = 0; e < edges; ++e) s.source.push_back(static_cast<int>(own[k + 2 + e]));
    k += 2 + edges;
    const auto take = [&](std::vector<float> &to, std::size_t n) {
      if (at + n > floats.size()) in.fail("memory: fewer numbers than expected");
      to.assign(floats.begin() + static_cast<std::ptrdiff_t>(at), floats.begin() + static_cast<std::ptrdiff_t>(at + n));
      at += n;
    };
    take(s.node, static_cast<std::size_t>(s.nodes) * RefinementObservation::kNode);
    take(s.edge, edges * RefinementObservation::kEdge);
    take(s.target, static_cast<std::size_t>(s.nodes) * 2);
    memory.push_back(std::move(s));
  }
  iterations_ = values[0], updates_ = values[1], steps_ = values[2], episodes_ = values[3], adam_.steps = values[4];
  network_.weights() = arrays[0];
  adam_.first.assign(arrays[1].begin(), arrays[1].end()), adam_.second.assign(arrays[2].begin(), arrays[2].end());
  memory_.swap(memory);
}

}  // namespace petrl
