// Grid worlds in which the best policy is known.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "learn/engine/rng.hpp"
#include "learn/environment.hpp"

namespace petrl::toys {

/// What both worlds have in common: n x n points, one observation, one action.
class GridToy : public GridEnvironment {
 public:
  explicit GridToy(int n) : n_(n) {}
  std::string kind() const override { return "closure"; }
  ObservationSpec observation() const override { return {{"field"}, {0.f}, {1.f}, 100.f}; }
  ActionSpec action() const override { return {"additive", {-1.}, {1.}}; }
  int nx() const override { return n_; }
  int ny() const override { return n_; }

 protected:
  int n_;
};

/// One decision, then the end. The observation is noise o; the best action is a stencil of it:
///   reward = -(a - s(o))^2 + s(o)^2, so that a = 0 earns nothing and the optimum s(o)^2.
class Denoise : public GridToy {
 public:
  using GridToy::GridToy;
  static float stencil(const std::vector<float> &o, int n, int x, int y) {
    static constexpr std::array<std::array<float, 3>, 3> kWeights{
        {{.1f, -.2f, 0.f}, {.25f, .3f, -.15f}, {0.f, .2f, -.1f}}};
    float sum = 0;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const int i = (x + dx + n) % n, j = (y + dy + n) % n;
        sum += kWeights[static_cast<std::size_t>(dy + 1)][static_cast<std::size_t>(dx + 1)] *
               o[static_cast<std::size_t>(j * n + i)];
      }
    }
    return sum;
  }

  class Episode : public GridEpisode {
   public:
    Episode(int n, std::uint64_t seed) : n_(n), field_(static_cast<std::size_t>(n * n)) {
      learn::Rng rng(seed);
      for (auto &x : field_) x = static_cast<float>(2 * rng.uniform() - 1);
    }
    void observe(float *observation) const override { std::copy(field_.begin(), field_.end(), observation); }
    GridOutcome step(const float *action, float *reward) override {
      for (int y = 0; y < n_; ++y) {
        for (int x = 0; x < n_; ++x) {
          const float best = stencil(field_, n_, x, y), miss = std::clamp(action[y * n_ + x], -1.f, 1.f) - best;
          const float other = (base_.empty() ? 0.f : std::clamp(base_[index(x, y)], -1.f, 1.f)) - best;
          reward[y * n_ + x] = other * other - miss * miss;
        }
      }
      return GridOutcome::terminal;
    }
    void compare(const float *action) override { base_.assign(action, action + field_.size()); }
    std::vector<double> state() const override { return {field_.begin(), field_.end()}; }
    void setState(const std::vector<double> &state) override {
      std::transform(state.begin(), state.end(), field_.begin(), [](double x) { return static_cast<float>(x); });
    }
    std::vector<double> target() const override {
      std::vector<double> out;
      for (int y = 0; y < n_; ++y)
        for (int x = 0; x < n_; ++x) out.push_back(static_cast<double>(stencil(field_, n_, x, y)));
      return out;
    }

   private:
    std::size_t index(int x, int y) const { return static_cast<std::size_t>(y * n_ + x); }
    int n_;
    std::vector<float> field_, base_;
  };

  std::unique_ptr<GridEpisode> episode(std::uint64_t seed) override { return std::make_unique<Episode>(n_, seed); }

  /// Score: root mean square distance from the best action.
  Evaluation evaluate(GridPolicy &policy) override {
    double square = 0;
    constexpr int kCases = 4;
    for (int c = 0; c < kCases; ++c) {
      const Episode e(n_, 1000000007ull + static_cast<std::uint64_t>(c));
      std::vector<float> o(static_cast<std::size_t>(n_ * n_)), a(o.size());
      e.observe(o.data());
      policy.decide(o.data(), {n_, n_}, a.data());
      const auto best = e.target();
      for (std::size_t i = 0; i < a.size(); ++i) square += std::pow(static_cast<double>(a[i]) - best[i], 2);
    }
    return {std::sqrt(square / (kCases * n_ * n_)), {}};
  }
};

/// Denoise on a line, in a plane or in a volume, or on a part of one that has more around it: the best action is
///   s(o) = .3 o + sum over directions of .2 o(one before) - .15 o(one behind).
/// Points of the margin earn nonsense: it must not count.
class Neighbours : public GridEnvironment {
 public:
  explicit Neighbours(const GridSize &size, int margin = 0) : size_(size), margin_(margin) {}
  std::string kind() const override { return "closure"; }
  ObservationSpec observation() const override { return {{"field"}, {0.f}, {1.f}, 100.f}; }
  ActionSpec action() const override { return {"additive", {-1.}, {1.}}; }
  int nx() const override { return size_.nx; }
  int ny() const override { return size_.ny; }
  int nz() const override { return size_.nz; }
  int margin() const override { return margin_; }
  /// Whether a point counts.
  bool inside(std::size_t i) const {
    const int at[3] = {static_cast<int>(i) % size_.nx, static_cast<int>(i) / size_.nx % size_.ny,
                       static_cast<int>(i) / size_.nx / size_.ny};
    for (int a = 0; a < dimensions(); ++a)
      if (at[a] < margin_ || at[a] >= size_.along(a) - margin_) return false;
    return true;
  }

  class Episode : public GridEpisode {
   public:
    Episode(const Neighbours &world, std::uint64_t seed) : world_(world), field_(world.size_.points()) {
      learn::Rng rng(seed);
      for (auto &x : field_) x = static_cast<float>(2 * rng.uniform() - 1);
    }
    void observe(float *observation) const override { std::copy(field_.begin(), field_.end(), observation); }
    std::vector<double> target() const override {
      const GridSize &s = world_.size_;
      std::vector<double> out(field_.size());
      std::size_t stride = 1;
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = .3 * static_cast<double>(field_[i]);
      for (int a = 0; a < world_.dimensions(); ++a) {
        const auto n = static_cast<std::size_t>(s.along(a));
        for (std::size_t i = 0; i < out.size(); ++i) {
          const std::size_t at = i / stride % n, line = i - at * stride;
          out[i] += .2 * static_cast<double>(field_[line + (at + n - 1) % n * stride]) -
                    .15 * static_cast<double>(field_[line + (at + 1) % n * stride]);
        }
        stride *= n;
      }
      return out;
    }
    GridOutcome step(const float *action, float *reward) override {
      const std::vector<double> best = target();
      for (std::size_t i = 0; i < best.size(); ++i) {
        const double miss = std::clamp(static_cast<double>(action[i]), -1., 1.) - best[i];
        reward[i] = static_cast<float>(world_.inside(i) ? best[i] * best[i] - miss * miss : 1e3 * miss);
      }
      return GridOutcome::terminal;
    }

   private:
    const Neighbours &world_;
    std::vector<float> field_;
  };

  std::unique_ptr<GridEpisode> episode(std::uint64_t seed) override { return std::make_unique<Episode>(*this, seed); }

  /// Score: root mean square distance from the best action.
  Evaluation evaluate(GridPolicy &policy) override {
    double square = 0, n = 0;
    for (std::uint64_t c = 0; c < 4; ++c) {
      const Episode e(*this, 1000000007ull + c);
      std::vector<float> o(size_.points()), a(o.size());
      e.observe(o.data());
      policy.decide(o.data(), size_, a.data());
      const auto best = e.target();
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!inside(i)) continue;
        square += std::pow(static_cast<double>(a[i]) - best[i], 2);
        n += 1;
      }
    }
    return {std::sqrt(square / n), {}};
  }

 private:
  GridSize size_;
  int margin_;
};

/// A world in which what pays at once is a mistake: the action of a step costs that same step and pays in the next,
///   reward_t = -(a_t)^2 / 2 - cost a_t + gain a_{t-1},  observation: o_t = a_{t-1}.
/// Greedy is a = -cost; with the discount gamma the best action is gamma gain - cost. Episodes of `length` steps are
/// truncated, never terminal, so that the best action is the same in the last step, which only
/// the bootstrapped value tells.
class Investment : public GridToy {
 public:
  static constexpr double kCost = .3, kGain = 1.;
  Investment(int n, int length) : GridToy(n), length_(length) {}

  class Episode : public GridEpisode {
   public:
    Episode(int n, int length, std::uint64_t seed) : length_(length), invested_(static_cast<std::size_t>(n * n)) {
      learn::Rng rng(seed);
      for (auto &x : invested_) x = static_cast<float>(2 * rng.uniform() - 1);
    }
    void observe(float *observation) const override { std::copy(invested_.begin(), invested_.end(), observation); }
    GridOutcome step(const float *action, float *reward) override {
      for (std::size_t i = 0; i < invested_.size(); ++i) {
        const float a = std::clamp(action[i], -1.f, 1.f);
        reward[i] = -a * a / 2 - static_cast<float>(kCost) * a + static_cast<float>(kGain) * invested_[i];
        invested_[i] = a;
      }
      return ++step_ < length_ ? GridOutcome::running : GridOutcome::truncated;
    }
    std::vector<double> state() const override { return {invested_.begin(), invested_.end()}; }
    void setState(const std::vector<double> &state) override {
      std::transform(state.begin(), state.end(), invested_.begin(), [](double x) { return static_cast<float>(x); });
    }
    std::vector<double> target() const override { return state(); }

   private:
    int length_, step_ = 0;
    std::vector<float> invested_;
  };

  std::unique_ptr<GridEpisode> episode(std::uint64_t seed) override {
    return std::make_unique<Episode>(n_, length_ - static_cast<int>(seed % 2), seed);
  }

  /// Score: minus the mean action.
  Evaluation evaluate(GridPolicy &policy) override {
    const Episode e(n_, length_, 1000000007ull);
    std::vector<float> o(static_cast<std::size_t>(n_ * n_)), a(o.size());
    e.observe(o.data());
    policy.decide(o.data(), {n_, n_}, a.data());
    double mean = 0;
    for (const float x : a) mean += static_cast<double>(x) / static_cast<double>(a.size());
    return {-mean, {{"action", mean}}};
  }

 private:
  int length_;
};

}  // namespace petrl::toys
