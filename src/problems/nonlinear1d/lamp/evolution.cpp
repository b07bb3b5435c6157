#include "problems/nonlinear1d/lamp/evolution.hpp"

#include <cmath>

namespace petrl::lamp {

using nonlinear1d::kPoints;
using nonlinear1d::Nonlinear1DCase;
using nonlinear1d::VertexMesh;

namespace {

constexpr int kForcing = 3;             // values of the forcing that a node sees: begin, middle and end of the bundle
constexpr float kEdgeScale = .5f;       // lengths of edges, counted in label spacings, come to about one
constexpr float kViscosityScale = 5.f;  // viscosities lie below .2
constexpr double kForcingScale = .5;

constexpr int kWaves = 2 * nonlinear1d::kModes;  // sine and cosine of each wave number

/// sin and cos of every wave number at every label point.
struct Waves {
  float at[kPoints][kWaves];
  Waves() {
    for (int j = 0; j < kPoints; ++j) {
      for (int l = 0; l < nonlinear1d::kModes; ++l) {
        const double phase = 2 * M_PI * (l + 1) * j / kPoints;
        at[j][2 * l] = static_cast<float>(std::sin(phase));
        at[j][2 * l + 1] = static_cast<float>(std::cos(phase));
      }
    }
  }
};

/// The forcing during a bundle, wave number by wave number: amplitudes at its begin, middle and end, and their
/// integrals in time from its begin to each level. Integrals stand level by level within a wave number.
struct BundleForcing {
  float value[kForcing][kWaves] = {};
  float integral[kWaves][kBundle] = {};

  BundleForcing(const Nonlinear1DCase &pde, double since, double step) {
    for (int j = 0; j < nonlinear1d::kWaves; ++j) {
      const double phase = pde.phi[j] + pde.omega[j] * since, turn = pde.omega[j] * step;
      // A sin(phase + kx) = A cos(phase) sin(kx) + A sin(phase) cos(kx)
      double s = pde.A[j] * std::sin(phase), c = pde.A[j] * std::cos(phase), sum_s = 0, sum_c = 0;
      const double ts = std::sin(turn), tc = std::cos(turn);
      const int w = 2 * (pde.l[j] - 1);
      for (int m = 0; m <= kBundle; ++m) {
        // Trapezoidal rule: the waves are slow, its error is 1e-6.
        if (m > 0) {
          integral[w][m - 1] += static_cast<float>(step * (sum_c + .5 * c));
          integral[w + 1][m - 1] += static_cast<float>(step * (sum_s + .5 * s));
        }
        sum_s += m == 0 ? .5 * s : s;
        sum_c += m == 0 ? .5 * c : c;
        const int k = m == 0 ? 0 : m == (kBundle + 1) / 2 ? 1 : m == kBundle ? 2 : -1;
        if (k >= 0) {
          value[k][w] += static_cast<float>(kForcingScale * c);
          value[k][w + 1] += static_cast<float>(kForcingScale * s);
        }
        const double next = s * tc + c * ts;
        c = c * tc - s * ts;
        s = next;
      }
    }
  }

  /// kForcing values and kBundle integrals at a label point.
  void at(int point, float *values, float *integrals) const {
    static const Waves waves;
    const float *x = waves.at[point];
    for (int k = 0; k < kForcing; ++k) {
      values[k] = 0;
      for (int w = 0; w < kWaves; ++w) values[k] += value[k][w] * x[w];
    }
    for (int m = 0; m < kBundle; ++m) integrals[m] = 0;
    for (int w = 0; w < kWaves; ++w) {
      for (int m = 0; m < kBundle; ++m) integrals[m] += integral[w][m] * x[w];
    }
  }
};

}  // namespace

Bundle sampled(const nonlinear1d::Nonlinear1DSet &set, int trajectory, int last, const VertexMesh &mesh) {
  VertexMesh::Place place[kPoints];
  mesh.places(place);
  Bundle u(static_cast<std::size_t>(kPoints * kBundle));
  for (int m = 0; m < kBundle; ++m) {
    const float *level = set.at(trajectory, last - kBundle + 1 + m);
    for (int j = 0; j < kPoints; ++j) {
      const float a = level[mesh.vertex(place[j].left)], b = level[mesh.vertex(place[j].right)];
      u[static_cast<std::size_t>(j * kBundle + m)] = a + place[j].weight * (b - a);
    }
  }
  return u;
}

int Evolution::inputs(const ModelOptions &options) {
  return kBundle + (options.parameters ? kForcing + 1 : 0) + (options.ring ? 0 : 1);
}

Evolution::Evolution(const ModelOptions &options, int hidden, int layers, bool shared)
    : options_(options), network_(GraphShape{inputs(options), kEdgeInputs, hidden, layers, kBundle, shared}) {}

Evolution::Evolution(const ModelOptions &options, GraphNetwork network)
    : options_(options), network_(std::move(network)) {}

void Evolution::add(Batch &batch, const Nonlinear1DCase &pde, int last, const VertexMesh &mesh,
                    const Bundle &state) const {
  const int n = mesh.vertices(), first = batch.nodes;
  Batch::Item item{&pde, last, mesh, first, std::vector<VertexMesh::Place>(kPoints)};
  mesh.places(item.place.data());
  batch.items.push_back(std::move(item));
  batch.nodes += n;
  const auto nodes = static_cast<std::size_t>(batch.nodes), width = static_cast<std::size_t>(inputs(options_));
  batch.node.resize(nodes * width);
  batch.base.resize(nodes * kBundle);
  batch.edge.resize(nodes * 2 * kEdgeInputs);
  batch.source.resize(nodes * 2);
  const BundleForcing forcing(pde, nonlinear1d::levelTime(last), nonlinear1d::kLevelStep);
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(first + i);
    float *f = &batch.node[at * width], *base = &batch.base[at * kBundle];
    const float *u = &state[static_cast<std::size_t>(mesh.vertex(i) * kBundle)];
    for (int m = 0; m < kBundle; ++m) *f++ = u[m];
    if (options_.parameters) {
      forcing.at(mesh.vertex(i), f, base);
      f += kForcing;
      *f++ = kViscosityScale * static_cast<float>(pde.viscosity);
    } else {
      for (int m = 0; m < kBundle; ++m) base[m] = 0;
    }
    if (!options_.ring) *f++ = i == 0 || i == n - 1 ? 1.f : 0.f;
    for (int m = 0; m < kBundle; ++m) base[m] = options_.residual ? base[m] + u[kBundle - 1] : 0;
    // Messages come from the left and from the right.
    const bool has_left = options_.ring || i > 0, has_right = options_.ring || i < n - 1;
    const int left_edge = (i + n - 1) % n;
    batch.source[2 * at] = has_left ? first + left_edge : -1;
    batch.source[2 * at + 1] = has_right ? first + (i + 1) % n : -1;
    float *e = &batch.edge[2 * kEdgeInputs * at];
    const float to_left = has_left ? kEdgeScale * static_cast<float>(mesh.length(left_edge)) : 0;
    const float to_right = has_right ? kEdgeScale * static_cast<float>(mesh.length(i)) : 0;
    e[0] = -to_left, e[1] = to_left, e[2] = to_right, e[3] = to_right;
  }
}

void Evolution::spread(const Batch &batch, const float *out, std::vector<Bundle> &next) const {
  next.resize(batch.items.size());
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    const Batch::Item &item = batch.items[k];
    Bundle &u = next[k];
    u.resize(static_cast<std::size_t>(kPoints * kBundle));
    for (int j = 0; j < kPoints; ++j) {
      const auto &place = item.place[static_cast<std::size_t>(j)];
      const auto l = static_cast<std::size_t>((item.first + place.left) * kBundle),
                 r = static_cast<std::size_t>((item.first + place.right) * kBundle);
      float *to = &u[static_cast<std::size_t>(j * kBundle)];
      for (std::size_t m = 0; m < kBundle; ++m) {
        const float a = out[l + m] + batch.base[l + m], b = out[r + m] + batch.base[r + m];
        to[m] = a + place.weight * (b - a);
      }
    }
  }
}

void Evolution::predict(const Batch &batch, std::vector<Bundle> &next) const {
  std::vector<float> out(static_cast<std::size_t>(batch.nodes) * kBundle);
  network_.evaluate(batch.graph(), batch.node.data(), batch.edge.data(), out.data());
  spread(batch, out.data(), next);
}

void Evolution::forward(const Batch &batch, GraphNetwork::Record &record, std::vector<Bundle> &next) const {
  network_.forward(batch.graph(), batch.node.data(), batch.edge.data(), record);
  spread(batch, record.out.data(), next);
}

void Evolution::backward(const Batch &batch, const GraphNetwork::Record &record,
                         const std::vector<Bundle> &next_gradient, std::vector<float> &gradient,
                         std::vector<Bundle> *state_gradient) const {
  std::vector<float> out_gradient(static_cast<std::size_t>(batch.nodes) * kBundle, 0.f);
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    const Batch::Item &item = batch.items[k];
    for (int j = 0; j < kPoints; ++j) {
      const auto &place = item.place[static_cast<std::size_t>(j)];
      float *l = &out_gradient[static_cast<std::size_t>((item.first + place.left) * kBundle)];
      float *r = &out_gradient[static_cast<std::size_t>((item.first + place.right) * kBundle)];
      const float *g = &next_gradient[k][static_cast<std::size_t>(j * kBundle)];
      for (int m = 0; m < kBundle; ++m) {
        l[m] += (1 - place.weight) * g[m];
        r[m] += place.weight * g[m];
      }
    }
  }
  const auto width = static_cast<std::size_t>(inputs(options_));
  std::vector<float> node_gradient;
  if (state_gradient) node_gradient.assign(static_cast<std::size_t>(batch.nodes) * width, 0.f);
  network_.backward(batch.graph(), batch.node.data(), batch.edge.data(), record, out_gradient.data(), gradient.data(),
                    state_gradient ? node_gradient.data() : nullptr);
  if (!state_gradient) return;
  state_gradient->resize(batch.items.size());
  for (std::size_t k = 0; k < batch.items.size(); ++k) {
    const Batch::Item &item = batch.items[k];
    Bundle &g = (*state_gradient)[k];
    g.assign(static_cast<std::size_t>(kPoints * kBundle), 0.f);
    for (int i = 0; i < item.mesh.vertices(); ++i) {
      const auto at = static_cast<std::size_t>(item.first + i);
      float *to = &g[static_cast<std::size_t>(item.mesh.vertex(i) * kBundle)];
      for (std::size_t m = 0; m < kBundle; ++m) to[m] = node_gradient[at * width + m];
      if (options_.residual) {
        for (std::size_t m = 0; m < kBundle; ++m) to[kBundle - 1] += out_gradient[at * kBundle + m];
      }
    }
  }
}

}  // namespace petrl::lamp
