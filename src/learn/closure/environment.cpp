#include "learn/closure/environment.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "learn/engine/rng.hpp"

namespace petrl::learn {

namespace {

constexpr float kClip = 100;  // of rewards

}  // namespace

class ClosureEnvironment::Episode : public GridEpisode {
 public:
  Episode(ClosureEnvironment &environment, std::uint64_t seed) : e_(environment) {
    Rng rng(seed);
    // Each recorded time is as likely as any other.
    std::uint64_t starts = 0;
    for (const Stretch &s : e_.plan_.training())
      starts += static_cast<std::uint64_t>(s.last - s.first - e_.plan_.stride() + 1);
    std::uint64_t pick = rng.below(starts);
    for (const Stretch &s : e_.plan_.training()) {
      const auto n = static_cast<std::uint64_t>(s.last - s.first - e_.plan_.stride() + 1);
      if (pick < n) {
        time_ = s.first + static_cast<int>(pick);
        last_ = s.last;
        at_ = e_.world_.recorded(s.run, time_);
        break;
      }
      pick -= n;
    }
  }
  ~Episode() override {
    if (e_.in_place_ == this) e_.in_place_ = nullptr;
  }

  void observe(float *observation) const override {
    place();
    e_.world_.observe(observation, e_.margin_);
  }

  GridOutcome step(const float *action, float *reward) override {
    place();
    const std::size_t components = e_.measure_.weight().size();
    Situation with;
    const bool good = e_.step(at_, action, with);
    if (!compared_) compare(nullptr);
    compared_ = false;
    const Situation truth = next();
    std::fill_n(reward, e_.size_.points(), 0.f);
    // As descend() has it: the logarithm's derivative.
    const double mean = base_good_ ? e_.measure_.meanSquare(base_, truth) : 0;
    const double unit = mean + kLeast * e_.calibration_.residual_square;
    std::size_t i = 0;
    e_.each([&](std::size_t point) {
      double gain = 0;
      for (std::size_t c = 0; c < components && good && base_good_; ++c, ++i) {
        const double ours = with.state[i] - truth.state[i], theirs = base_.state[i] - truth.state[i];
        gain += e_.measure_.weight()[c] * (theirs * theirs - ours * ours);
      }
      const auto scaled = static_cast<float>(gain / unit);
      reward[point] = !good ? -kClip : std::isfinite(scaled) ? std::clamp(scaled, -kClip, kClip) : -kClip;
    });
    return outcome(good, with, truth);
  }

  void compare(const float *action) override {
    place();
    base_good_ = e_.step(at_, action, base_);
    compared_ = true;
  }

  GridOutcome descend(const float *action, float *gradient, double &loss) override {
    place();
    Situation with;
    const bool good = e_.step(at_, action, with);
    const Situation truth = next();
    std::fill_n(gradient, e_.specification_.action.low.size() * e_.size_.points(), 0.f);
    loss = 0;
    if (good) {
      std::vector<double> slope;
      loss = e_.measure_.loss(with, truth, kLeast * e_.calibration_.residual_square, slope);
      for (double &x : slope) x *= e_.plan_.substeps();
      // e_.output_ is what the action was.
      std::vector<float> own(e_.output_.size());
      e_.world_.pullBack(slope, e_.output_.data(), own.data());
      std::size_t i = 0;
      for (std::size_t a = 0; a < e_.specification_.action.low.size(); ++a)
        e_.each([&](std::size_t point) { gradient[a * e_.size_.points() + point] = own[i++]; });
    }
    return outcome(good, with, truth);
  }

 private:
  // What the record has after the next step.
  Situation next() {
    time_ += e_.plan_.stride();
    ++steps_;
    return e_.world_.recorded(at_.run, time_);
  }

  GridOutcome outcome(bool good, Situation &with, const Situation &truth) {
    e_.in_place_ = nullptr;
    if (!good) return GridOutcome::terminal;
    const bool lost = !(e_.measure_.error(with, truth) < kLost);
    at_ = std::move(with);
    if (lost) return GridOutcome::terminal;
    e_.note(at_.state);
    return steps_ < e_.horizon_ && time_ + e_.plan_.stride() <= last_ ? GridOutcome::running : GridOutcome::truncated;
  }

  void place() const {
    if (e_.in_place_ == this) return;
    e_.world_.put(at_);
    e_.in_place_ = this;
  }

  ClosureEnvironment &e_;
  Situation at_, base_;  // base_: what the next rewards count from
  int time_ = 0, last_ = 0, steps_ = 0;
  bool compared_ = false, base_good_ = false;
};

ClosureEnvironment::ClosureEnvironment(CoarseWorld &world, RecordPlan plan, Calibration calibration,
                                       Policy specification, int margin, int horizon)
    : world_(world),
      plan_(std::move(plan)),
      calibration_(std::move(calibration)),
      specification_(std::move(specification)),
      margin_(world.whole() ? 0 : margin),
      horizon_(horizon),
      own_(world.own()),
      size_(own_.grown(around(world.dimensions(), margin_))),
      measure_(world, calibration_),
      trials_(world, plan_, measure_, horizon) {
  const std::size_t names = world.layout().components.size() + world.layout().auxiliary.size();
  reached_.assign(2 * names, -std::numeric_limits<double>::max());
  for (int run = 0; run < world.runs(); ++run) {
    for (int time = 0; time < static_cast<int>(world.times(run).size()); ++time) {
      note(world.recorded(run, time).state);
      note(world.recordedAuxiliary(run, time), measure_.weight().size());
    }
  }
}

void ClosureEnvironment::note(const std::vector<double> &values, std::size_t first) {
  const std::size_t components = measure_.weight().size(),
                    width = first == 0 ? components : reached_.size() / 2 - components;
  for (std::size_t c = 0; c < width; ++c) {
    double low = -reached_[2 * (first + c)], high = reached_[2 * (first + c) + 1];
    for (std::size_t i = c; i < values.size(); i += width) {
      low = values[i] < low ? values[i] : low;
      high = values[i] > high ? values[i] : high;
    }
    reached_[2 * (first + c)] = -low;
    reached_[2 * (first + c) + 1] = high;
  }
}

std::vector<double> &ClosureEnvironment::reached() {
  reduction_.largest(reached_);
  return reached_;
}

std::unique_ptr<GridEpisode> ClosureEnvironment::episode(std::uint64_t seed) {
  return std::make_unique<Episode>(*this, seed);
}

void ClosureEnvironment::ownPoints(const float *patch, int channels, std::vector<float> &own) const {
  const GridSize beyond = around(dimensions(), margin_);
  own.resize(static_cast<std::size_t>(channels) * own_.points());
  float *to = own.data();
  for (int c = 0; c < channels; ++c) {
    for (int z = 0; z < own_.nz; ++z) {
      for (int y = 0; y < own_.ny; ++y) {
        const auto row = static_cast<std::size_t>(((c * size_.nz + z + beyond.nz) * size_.ny + y + beyond.ny)) *
                         static_cast<std::size_t>(size_.nx);
        to = std::copy_n(patch + row + static_cast<std::size_t>(beyond.nx), own_.nx, to);
      }
    }
  }
}

bool ClosureEnvironment::step(const Situation &at, const float *action, Situation &next) {
  const float *output = nullptr;
  if (action != nullptr) {
    ownPoints(action, static_cast<int>(specification_.action.low.size()), output_);
    // What is no number is no action.
    for (float &x : output_) x = std::isfinite(x) ? std::clamp(x, -1.f, 1.f) : 0.f;
    output = output_.data();
  }
  Situation now = at;
  for (int s = 0; s < plan_.substeps(); ++s) {
    if (s > 0) world_.put(now);
    if (!world_.advance(output, next)) return false;
    now = next;
  }
  if (plan_.substeps() > 1) world_.put(at);
  return true;
}

// Each becomes the mean over those that are so many steps along the grid's directions away: what lies further is not
// touched.
void ClosureEnvironment::spread(float *reward, int reach) const {
  const int wide = std::max(margin_, reach);
  const GridSize by = around(dimensions(), reach), halo = around(dimensions(), wide), all = own_.grown(halo);
  std::vector<float> own, planes(2 * all.points(), 0.f);  // rewards, and where there are any
  ownPoints(reward, 1, own);
  const auto at = [](const GridSize &size, int x, int y, int z) {
    return static_cast<std::size_t>((z * size.ny + y) * size.nx + x);
  };
  const auto each = [&](const auto &f) {
    std::size_t i = 0;
    for (int z = 0; z < own_.nz; ++z)
      for (int y = 0; y < own_.ny; ++y)
        for (int x = 0; x < own_.nx; ++x) f(x + halo.nx, y + halo.ny, z + halo.nz, i++);
  };
  each([&](int x, int y, int z, std::size_t i) {
    planes[at(all, x, y, z)] = own[i];
    planes[all.points() + at(all, x, y, z)] = 1;
  });
  world_.surround(planes.data(), 2, wide);
  each([&](int x, int y, int z, std::size_t i) {
    float sum = 0, count = 0;
    for (int k = -by.nz; k <= by.nz; ++k) {
      for (int j = -std::min(by.ny, reach - std::abs(k)); j <= std::min(by.ny, reach - std::abs(k)); ++j) {
        const int wide_x = std::min(by.nx, reach - std::abs(k) - std::abs(j));
        const std::size_t row = at(all, x - wide_x, y + j, z + k);
        for (std::size_t l = row; l <= row + 2 * static_cast<std::size_t>(wide_x); ++l) {
          sum += planes[l];
          count += planes[all.points() + l];
        }
      }
    }
    own[i] = sum / count;
  });
  const GridSize beyond = around(dimensions(), margin_);
  std::size_t i = 0;
  for (int z = 0; z < own_.nz; ++z)
    for (int y = 0; y < own_.ny; ++y)
      for (int x = 0; x < own_.nx; ++x) reward[at(size_, x + beyond.nx, y + beyond.ny, z + beyond.nz)] = own[i++];
}

Validity ClosureEnvironment::validity() const {
  Validity v = world_.validity();
  const RecordLayout &layout = world_.layout();
  for (const auto &name : specification_.observation.names) {
    const auto in = std::find(layout.components.begin(), layout.components.end(), name);
    const auto k = in != layout.components.end()
                       ? in - layout.components.begin()
                       : std::find(layout.auxiliary.begin(), layout.auxiliary.end(), name) - layout.auxiliary.begin() +
                             static_cast<std::ptrdiff_t>(layout.components.size());
    v.ranges[name] = {-reached_[2 * static_cast<std::size_t>(k)], reached_[2 * static_cast<std::size_t>(k) + 1]};
  }
  return v;
}

Evaluation ClosureEnvironment::evaluate(GridPolicy &policy) {
  std::vector<float> observation(specification_.observation.names.size() * size_.points()),
      action(specification_.action.low.size() * size_.points());
  in_place_ = nullptr;
  return trials_.evaluate(
      [&]() -> const float * {
        world_.observe(observation.data(), margin_);
        policy.decide(observation.data(), size_, action.data());
        ownPoints(action.data(), static_cast<int>(specification_.action.low.size()), output_);
        return output_.data();
      },
      [this](const std::vector<double> &state) { note(state); });
}

}  // namespace petrl::learn
