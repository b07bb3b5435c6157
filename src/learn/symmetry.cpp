#include "learn/symmetry.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "closure/flux.hpp"

namespace petrl::learn {

namespace {

constexpr int kAll = Channels::kSymmetries;

/// (x, y) -> (sx x, sy y), or with the axes exchanged (sx y, sy x).
struct Element {
  bool exchange;
  int sx, sy;
  bool operator==(const Element &o) const { return exchange == o.exchange && sx == o.sx && sy == o.sy; }
  std::array<int, 2> operator()(int x, int y) const {
    return exchange ? std::array{sx * y, sy * x} : std::array{sx * x, sy * y};
  }
};

Element element(int g) {
  return {(g & 1) != 0, (g & 2) != 0 ? -1 : 1, (g & 4) != 0 ? -1 : 1};
}

/// First h, then g.
int product(int g, int h) {
  const auto image = [&](int x, int y) {
    const auto p = element(h)(x, y);
    return element(g)(p[0], p[1]);
  };
  for (int k = 0; k < kAll; ++k)
    if (element(k)(1, 2) == image(1, 2)) return k;
  return -1;
}

void add(Channels &c, int g, int to, float sign) {
  c.to[g].push_back(to);
  c.sign[g].push_back(sign);
}

Channels observed(const ObservationSpec &o, const FluxForm &form) {
  Channels c;
  const int x = form.velocity[0], y = form.velocity[1];
  for (int g = 0; g < kAll; ++g) {
    const Element e = element(g);
    for (int i = 0; i < static_cast<int>(o.names.size()); ++i) {
      if (i == x)
        add(c, g, e.exchange ? y : x, static_cast<float>(e.exchange ? e.sy : e.sx));
      else if (i == y)
        add(c, g, e.exchange ? x : y, static_cast<float>(e.exchange ? e.sx : e.sy));
      else
        add(c, g, i, 1);
    }
  }
  return c;
}

// Each channel in eight orientations.
Channels hidden(int count) {
  Channels c;
  for (int g = 0; g < kAll; ++g)
    for (int i = 0; i < count; ++i) add(c, g, i / kAll * kAll + product(g, i % kAll), 1);
  return c;
}

// Weights of faces: by component, axis, weight. They are numbers; faces change their axis, components may be exchanged.
Channels decided(const FluxForm &form) {
  Channels c;
  const auto partner = [&](int component) {
    const int field = form.components[static_cast<std::size_t>(component)];
    const int other = field == form.velocity[0]   ? form.velocity[1]
                      : field == form.velocity[1] ? form.velocity[0]
                                                  : field;
    const auto found = std::find(form.components.begin(), form.components.end(), other);
    if (found == form.components.end())
      throw Error("network: symmetric: a correction of one component of the velocity alone has no symmetry");
    return static_cast<int>(found - form.components.begin());
  };
  for (int g = 0; g < kAll; ++g) {
    const bool exchange = element(g).exchange;
    for (int i = 0; i < static_cast<int>(form.components.size()); ++i)
      for (int axis = 0; axis < 2; ++axis)
        for (int w = 0; w < form.weights(); ++w)
          add(c, g, ((exchange ? partner(i) : i) * 2 + (exchange ? 1 - axis : axis)) * form.weights() + w, 1);
  }
  return c;
}

}  // namespace

Symmetry::Symmetry(const FcnConfig &config, const ObservationSpec &observation, const ActionSpec &action) {
  if (config.dimensions != 2 || action.transform != "flux")
    throw Error("network: symmetric: is for planes and the transform flux, found " + std::to_string(config.dimensions) +
                " dimensions and " + action.transform);
  Policy policy;
  policy.observation = observation;
  policy.action = action;
  const FluxForm form = FluxForm::read(policy, "network: symmetric");
  if (!form.mean || form.speed != FluxForm::Speed::velocity)
    throw Error("network: symmetric: needs the action parameters faces: mean and speed: velocity");
  const auto x = static_cast<std::size_t>(form.velocity[0]), y = static_cast<std::size_t>(form.velocity[1]);
  if (observation.offset[x] != 0 || observation.offset[y] != 0 || observation.scale[x] != observation.scale[y])
    throw Error("network: symmetric: expected velocities observed with one scale and offset 0");
  Channels in = observed(observation, form);
  for (int l = 0; l < config.layers(); ++l) {
    const bool last = l + 1 == config.layers();
    if (!last && config.channels[static_cast<std::size_t>(l)] % kAll != 0)
      throw Error("network: symmetric: expected multiples of 8 hidden channels, found " +
                  std::to_string(config.channels[static_cast<std::size_t>(l)]));
    Channels out = last ? decided(form) : hidden(config.channels[static_cast<std::size_t>(l)]);
    layers_.push_back({in, out, config.kernels[static_cast<std::size_t>(l)]});
    in = std::move(out);
  }
}

void Symmetry::project(float *weights) const {
  project(weights, 1.f / kAll);
}

void Symmetry::projectDrawn(float *weights) const {
  project(weights, 1 / std::sqrt(static_cast<float>(kAll)));
}

void Symmetry::project(float *weights, float factor) const {
  std::vector<float> sum;
  for (const Layer &layer : layers_) {
    const int in = layer.in.count(), out = layer.out.count(), k = layer.kernel, half = k / 2;
    const auto at = [&](int o, int i, int dx, int dy) {
      return static_cast<std::size_t>(((o * in + i) * k + dy + half) * k + dx + half);
    };
    const std::size_t size = static_cast<std::size_t>(out * in * k * k);
    sum.assign(size + static_cast<std::size_t>(out), 0.f);
    for (int g = 0; g < kAll; ++g) {
      for (int o = 0; o < out; ++o) {
        const auto oo = static_cast<std::size_t>(o);
        const int to = layer.out.to[g][oo];
        for (int i = 0; i < in; ++i) {
          const auto ii = static_cast<std::size_t>(i);
          const float sign = layer.out.sign[g][oo] * layer.in.sign[g][ii];
          for (int dy = -half; dy <= half; ++dy)
            for (int dx = -half; dx <= half; ++dx) {
              const auto moved = element(g)(dx, dy);
              sum[at(to, layer.in.to[g][ii], moved[0], moved[1])] += sign * weights[at(o, i, dx, dy)];
            }
        }
        sum[size + static_cast<std::size_t>(to)] += layer.out.sign[g][oo] * weights[size + oo];
      }
    }
    for (std::size_t i = 0; i < sum.size(); ++i) weights[i] = factor * sum[i];
    weights += sum.size();
  }
}

}  // namespace petrl::learn
