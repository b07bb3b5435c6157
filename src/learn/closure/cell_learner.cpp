#include "learn/closure/cell_learner.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "learn/engine/rng.hpp"

namespace petrl::learn {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

CellRegressionConfig CellRegressionConfig::parse(YamlMap map) {
  CellRegressionConfig c;
  c.hidden = map.integer("hidden", c.hidden, 1, 512);
  c.layers = map.integer("layers", c.layers, 1, 32);
  c.horizon = map.integer("horizon", c.horizon, 1, 1000000);
  c.batch_size = map.integer("batch_size", c.batch_size, 1, 100000);
  c.learning_rate = map.number("learning_rate", c.learning_rate, 1e-9, 1);
  c.max_gradient_norm = map.number("max_gradient_norm", c.max_gradient_norm, 1e-9, 1e9);
  map.finish();
  return c;
}

CellClosureLearner::CellClosureLearner(CoarseWorld &world, CellWorld &cells, const RecordPlan &plan,
                                       const Calibration &calibration, Policy specification,
                                       const CellRegressionConfig &config, int horizon, std::uint64_t seed)
    : world_(world),
      cells_(cells),
      plan_(plan),
      calibration_(calibration),
      specification_(std::move(specification)),
      config_(config),
      horizon_(horizon),
      seed_(seed),
      measure_(world, calibration),
      trials_(world, plan_, measure_, horizon),
      network_(specification_.network, "the network to be learned"),
      gradient_(network_.size()),
      output_(cells.outputsSize()),
      slope_(cells.outputsSize()),
      adam_(network_.size()) {
  Rng rng(seed);
  network_.initialise([&rng] { return rng.uniform(); });
  // No correction to begin with.
  const auto last = network_.weights().begin() + static_cast<std::ptrdiff_t>(network_.decoder(1).weight);
  std::fill_n(last, network_.shape().hidden * network_.shape().outputs, 0.f);
  const std::size_t components = world.layout().components.size();
  for (std::size_t c = 0; c < components; ++c) {
    reached_.push_back(std::numeric_limits<double>::max());
    reached_.push_back(-std::numeric_limits<double>::max());
  }
  for (int run = 0; run < world.runs(); ++run)
    for (int time = 0; time < static_cast<int>(world.times(run).size()); ++time) note(world.recorded(run, time).state);
}

void CellClosureLearner::note(const std::vector<double> &state) {
  const std::size_t components = reached_.size() / 2;
  for (std::size_t i = 0; i < state.size(); ++i) {
    double *const range = &reached_[2 * (i % components)];
    range[0] = std::min(range[0], state[i]);
    range[1] = std::max(range[1], state[i]);
  }
}

double CellClosureLearner::learningRate() const {
  const double share = .5 * (1 + std::cos(3.14159265358979323846 * std::min(1., over_)));
  return config_.learning_rate * (.01 + .99 * share);
}

// Each recorded time is as likely as any other.
void CellClosureLearner::begin(Episode &episode) {
  Rng rng(seed_ * 1000003ull + static_cast<std::uint64_t>(episodes_++));
  const auto starts = [this](const Stretch &s) {
    return static_cast<std::uint64_t>(s.last - s.first - plan_.stride() + 1);
  };
  std::uint64_t all = 0;
  for (const Stretch &s : plan_.training()) all += starts(s);
  std::uint64_t pick = rng.below(all);
  for (const Stretch &s : plan_.training()) {
    if (pick < starts(s)) {
      episode.time = s.first + static_cast<int>(pick);
      episode.last = s.last;
      episode.at = world_.recorded(s.run, episode.time);
      break;
    }
    pick -= starts(s);
  }
  episode.steps = 0;
  episode.running = true;
}

double CellClosureLearner::step(Episode &episode) {
  const Graph graph = cells_.graph();
  world_.put(episode.at);
  const std::vector<float> node(cells_.inputs(), cells_.inputs() + cells_.inputsSize());
  double started = now();
  network_.forward(graph, node.data(), cells_.edges(), record_);
  network_seconds_ += now() - started;
  Situation next = episode.at;
  bool good = true;
  for (int s = 0; s < plan_.substeps() && good; ++s) {
    if (s > 0) world_.put(next);
    good = world_.advance(record_.out.data(), next);
  }
  episode.time += plan_.stride();
  ++episode.steps;
  episode.running = false;
  if (!good) return 0;
  const Situation truth = world_.recorded(episode.at.run, episode.time);
  std::vector<double> slope;
  const double loss = measure_.loss(next, truth, kLeast * calibration_.residual_square, slope);
  for (double &x : slope) x *= plan_.substeps() / static_cast<double>(config_.batch_size);
  if (plan_.substeps() > 1) world_.put(episode.at);  // where the output belongs
  world_.pullBack(slope, record_.out.data(), slope_.data());
  started = now();
  network_.backward(graph, node.data(), cells_.edges(), record_, slope_.data(), gradient_.data(), nullptr);
  update_seconds_ += now() - started;
  episode.at = std::move(next);
  if (!(measure_.error(episode.at, truth) < kLost)) return loss;
  note(episode.at.state);
  episode.running = episode.steps < horizon_ && episode.time + plan_.stride() <= episode.last;
  return loss;
}

// Episodes end with the iteration: a checkpoint needs to know of none.
void CellClosureLearner::iterate() {
  Episode episode;
  for (int done = 0; done < config_.horizon;) {
    std::fill(gradient_.begin(), gradient_.end(), 0.f);
    const int batch = std::min(config_.batch_size, config_.horizon - done);
    double loss = 0;
    for (int b = 0; b < batch; ++b, ++done) {
      if (!episode.running) begin(episode);
      loss += step(episode);
    }
    const double started = now(), norm = clipNorm(gradient_, config_.max_gradient_norm);
    if (std::isfinite(norm)) adam_.step(network_.weights().data(), gradient_.data(), learningRate());
    update_seconds_ += now() - started;
    loss_ += loss / batch;
    ++losses_;
  }
  steps_ += config_.horizon;
}

Evaluation CellClosureLearner::evaluate() {
  return trials_.evaluate(
      [this]() -> const float * {
        network_.evaluate(cells_.graph(), cells_.inputs(), cells_.edges(), output_.data());
        return output_.data();
      },
      [this](const std::vector<double> &state) { note(state); });
}

Policy CellClosureLearner::policy() const {
  Validity validity = world_.validity();
  const auto &names = world_.layout().components;
  for (std::size_t c = 0; c < names.size(); ++c) validity.ranges[names[c]] = {reached_[2 * c], reached_[2 * c + 1]};
  return {specification_.kind, specification_.observation, specification_.action, network_.spec(), {}, validity};
}

std::map<std::string, double> CellClosureLearner::metrics() {
  const std::map<std::string, double> out{{"loss", loss_ / std::max<double>(1, static_cast<double>(losses_))}};
  loss_ = 0;
  losses_ = 0;
  return out;
}

void CellClosureLearner::archive(Archive &a) {
  a.kind("closure on a mesh");
  a("steps", steps_);
  a("episodes", episodes_);
  a("losses", losses_);
  a("loss", loss_);
  a.sized("reached", reached_);
  a.sized("weights", network_.weights());
  a("adam", adam_);
}

void CellClosureLearner::loadWeights(const NetworkSpec &network) {
  const GraphNetwork other(network, "the policy to start from");
  if (other.size() != network_.size() || other.shape().node_inputs != network_.shape().node_inputs)
    throw Error("the policy to start from has another network");
  network_.weights() = other.weights();
}

}  // namespace petrl::learn
