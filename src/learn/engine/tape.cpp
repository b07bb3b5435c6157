#include "learn/engine/tape.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/clones.hpp"
#include "base/error.hpp"
#include "base/vector_math.hpp"
#include "learn/engine/arrays.hpp"

namespace petrl::tape {

using learn::addScaled;

namespace {

PETRL_CLONES void addProduct(std::size_t n, const float *x, const float *y, float *z) {
  for (std::size_t i = 0; i < n; ++i) z[i] += x[i] * y[i];
}

PETRL_CLONES void rectify(std::size_t n, const float *x, float *y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = x[i] > 0 ? x[i] : 0;
}

PETRL_CLONES void rectifyBackward(std::size_t n, const float *y, const float *g, bool first, float *gx) {
  if (first) {
    for (std::size_t i = 0; i < n; ++i) gx[i] = y[i] > 0 ? g[i] : 0;
  } else {
    for (std::size_t i = 0; i < n; ++i) gx[i] += y[i] > 0 ? g[i] : 0;
  }
}

PETRL_CLONES void clampForward(std::size_t n, float scale, const float *x, float *y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = scale * std::min(1.f, std::max(-1.f, x[i]));
}

PETRL_CLONES void clampBackward(std::size_t n, float scale, const float *x, const float *g, float *gx) {
  for (std::size_t i = 0; i < n; ++i) {
    const float d = scale * g[i];
    // Descent moves x by -d: beyond a bound only what moves it back counts.
    const bool out = (x[i] > 1 && d < 0) || (x[i] < -1 && d > 0);
    gx[i] += out ? 0 : d;
  }
}

PETRL_CLONES void tanhForward(std::size_t n, const float *x, float *y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = vector_math::hyperbolicTangent(x[i]);
}

PETRL_CLONES void tanhBackward(std::size_t n, const float *y, const float *g, float *gx) {
  for (std::size_t i = 0; i < n; ++i) gx[i] += (1 - y[i] * y[i]) * g[i];
}

}  // namespace

void Tape::clear() {
  used_ = 0;
}

Var Tape::make(int channels) {
  if (used_ == nodes_.size()) nodes_.push_back(std::make_unique<Node>());
  Node &n = *nodes_[used_];
  n.channels = channels;
  n.value.resize(static_cast<std::size_t>(channels) * points());
  n.has_gradient = false;
  n.backward = nullptr;
  return Var{static_cast<int>(used_++)};
}

float *Tape::gradient(Var v) {
  Node &n = node(v);
  if (!n.has_gradient) {
    n.gradient.assign(n.value.size(), 0.f);
    n.has_gradient = true;
  }
  return n.gradient.data();
}

Var Tape::input(const float *values, int channels) {
  const Var v = make(channels);
  std::memcpy(node(v).value.data(), values, node(v).value.size() * sizeof(float));
  return v;
}

Var Tape::valued(Var x, const float *values) {
  const Var r = make(channels(x));
  const std::size_t n = node(r).value.size();
  std::copy_n(values, n, node(r).value.data());
  node(r).backward = [this, x, r, n] { addScaled(n, 1, gradient(r), gradient(x)); };
  return r;
}

Var Tape::slice(Var x, int first, int count) {
  const Var r = make(count);
  const std::size_t offset = static_cast<std::size_t>(first) * points(), n = node(r).value.size();
  std::memcpy(node(r).value.data(), value(x) + offset, n * sizeof(float));
  node(r).backward = [this, x, r, offset, n] { addScaled(n, 1, gradient(r), gradient(x) + offset); };
  return r;
}

Var Tape::concatenate(const std::vector<Var> &parts) {
  int total = 0;
  for (const Var p : parts) total += channels(p);
  const Var r = make(total);
  float *out = node(r).value.data();
  for (const Var p : parts) out = std::copy_n(value(p), node(p).value.size(), out);
  node(r).backward = [this, parts, r] {
    const float *g = gradient(r);
    for (const Var p : parts) {
      addScaled(node(p).value.size(), 1, g, gradient(p));
      g += node(p).value.size();
    }
  };
  return r;
}

Var Tape::combine(const std::vector<std::pair<float, Var>> &terms) {
  const Var r = make(channels(terms.front().second));
  Floats &out = node(r).value;
  std::fill(out.begin(), out.end(), 0.f);
  for (const auto &[factor, x] : terms) addScaled(out.size(), factor, value(x), out.data());
  node(r).backward = [this, terms, r] {
    for (const auto &[factor, x] : terms) addScaled(node(r).value.size(), factor, gradient(r), gradient(x));
  };
  return r;
}

Var Tape::multiply(Var x, Var y) {
  const Var r = make(channels(x));
  const std::size_t n = points(), stride = channels(y) == 1 ? 0 : n;
  float *out = node(r).value.data();
  std::fill_n(out, node(r).value.size(), 0.f);
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels(x)); ++c)
    addProduct(n, value(x) + c * n, value(y) + c * stride, out + c * n);
  node(r).backward = [this, x, y, r, n, stride] {
    const float *g = gradient(r);
    float *gx = gradient(x), *gy = gradient(y);
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels(x)); ++c) {
      addProduct(n, g + c * n, value(y) + c * stride, gx + c * n);
      addProduct(n, g + c * n, value(x) + c * n, gy + c * stride);
    }
  };
  return r;
}

Var Tape::absolute(Var x) {
  const Var r = make(channels(x));
  const std::size_t n = node(r).value.size();
  for (std::size_t i = 0; i < n; ++i) node(r).value[i] = std::fabs(value(x)[i]);
  node(r).backward = [this, x, r, n] {
    const float *g = gradient(r), *v = value(x);
    float *gx = gradient(x);
    for (std::size_t i = 0; i < n; ++i) gx[i] += std::copysign(1.f, v[i]) * g[i];
  };
  return r;
}

Var Tape::relu(Var x) {
  const Var r = make(channels(x));
  rectify(node(r).value.size(), value(x), node(r).value.data());
  node(r).backward = [this, x, r] {
    const bool first = !node(x).has_gradient;
    node(x).gradient.resize(node(x).value.size());
    node(x).has_gradient = true;
    rectifyBackward(node(r).value.size(), value(r), gradient(r), first, gradient(x));
  };
  return r;
}

Var Tape::tanh(Var x) {
  const Var r = make(channels(x));
  tanhForward(node(r).value.size(), value(x), node(r).value.data());
  node(r).backward = [this, x, r] { tanhBackward(node(r).value.size(), value(r), gradient(r), gradient(x)); };
  return r;
}

Var Tape::clamp(Var x, float scale) {
  const Var r = make(channels(x));
  clampForward(node(r).value.size(), scale, value(x), node(r).value.data());
  node(r).backward = [this, x, r, scale] {
    clampBackward(node(r).value.size(), scale, value(x), gradient(r), gradient(x));
  };
  return r;
}

void Tape::backward() {
  for (std::size_t i = used_; i-- > 0;) {
    Node &n = *nodes_[i];
    if (n.has_gradient && n.backward) n.backward();
  }
}

const float *Tape::padded(const float *values, int channels, int ghost, int scratch, int row, int gap, int dimensions) {
  const int gy = dimensions > 1 ? ghost : 0, gz = dimensions > 2 ? ghost : 0;
  const std::size_t nx = static_cast<std::size_t>(nx_), g = static_cast<std::size_t>(ghost),
                    width = static_cast<std::size_t>(std::max(row, nx_ + 2 * ghost));
  const auto rows = static_cast<std::size_t>(ny_ + 2 * gy) * static_cast<std::size_t>(nz_ + 2 * gz);
  Floats &store = scratch_[scratch];
  const std::size_t plane = width * rows + static_cast<std::size_t>(gap);
  store.resize(std::max(store.size(), static_cast<std::size_t>(channels) * plane));
  for (int c = 0; c < channels; ++c) {
    const float *field = values + static_cast<std::size_t>(c) * points();
    float *out = store.data() + static_cast<std::size_t>(c) * plane;
    for (int k = -gz; k < nz_ + gz; ++k) {
      for (int j = -gy; j < ny_ + gy; ++j, out += width) {
        const float *from = field + static_cast<std::size_t>((k + nz_) % nz_ * ny_ + (j + ny_) % ny_) * nx;
        std::memcpy(out + g, from, nx * sizeof(float));
        std::memcpy(out, from + nx - g, g * sizeof(float));
        std::memcpy(out + g + nx, from, g * sizeof(float));
        std::fill(out + nx + 2 * g, out + width, 0.f);
      }
    }
  }
  return store.data();
}

void Tape::needPlane() const {
  if (nz_ != 1)
    throw Error("a solver in three dimensions cannot be recorded: choose another learner (ppo)", PETSC_ERR_SUP);
}

void Tape::fold(const float *padded, int ghost, float *gradient) const {
  const std::size_t nx = static_cast<std::size_t>(nx_), g = static_cast<std::size_t>(ghost), width = nx + 2 * g;
  for (int j = -ghost; j < ny_ + ghost; ++j, padded += width) {
    float *row = gradient + static_cast<std::size_t>((j + ny_) % ny_) * nx;
    addScaled(nx, 1, padded + g, row);
    addScaled(g, 1, padded, row + nx - g);
    addScaled(g, 1, padded + g + nx, row);
  }
}

}  // namespace petrl::tape
