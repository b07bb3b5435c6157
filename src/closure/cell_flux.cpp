#include "closure/cell_flux.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl {

namespace {

constexpr int S = CellFlux::kSlots;
constexpr double kFloor = 1e-9;      // of differences, in units of the unknowns' deviations
constexpr double kRounding = 1e-12;  // of values

const char *const kShape[] = {"shape face",          "shape next",        "shape before",     "shape skew",
                              "shape size",          "shape volumes",     "shape inside",     "shape inside next",
                              "shape inside before", "shape direction x", "shape direction y"};
constexpr std::size_t kTurned = 9;  // of these, where the frame is known otherwise

std::size_t shapes(const CellUnknowns &unknowns) {
  return unknowns.hasVector() ? kTurned : std::size(kShape);
}

}  // namespace

std::vector<std::string> CellFlux::inputs(const CellUnknowns &unknowns) {
  std::vector<std::string> names = unknowns.names;
  for (const auto &name : unknowns.names)
    for (const char *where : {" across", " next", " before"}) names.push_back(name + where);
  names.emplace_back("range");
  names.insert(names.end(), kShape, kShape + shapes(unknowns));
  return names;
}

std::map<std::string, std::string> CellFlux::parameters(const CellUnknowns &unknowns) {
  std::map<std::string, std::string> p{{"components", joined(unknowns.names)}};
  if (unknowns.hasVector())
    p["vector"] = unknowns.names[static_cast<std::size_t>(unknowns.vector[0])] + " " +
                  unknowns.names[static_cast<std::size_t>(unknowns.vector[1])];
  return p;
}

CellFlux::CellFlux(const Policy &policy, const std::string &source) : observation_(policy.observation) {
  const auto fail = [&source](const std::string &key, const std::string &what) {
    throw Error(source + ": " + key + ": " + what, PETSC_ERR_FILE_UNEXPECTED);
  };
  const auto &parameters = policy.action.parameters;
  if (policy.action.transform != "cell-flux")
    fail("/action", "transform: expected cell-flux, found '" + policy.action.transform + "'");
  const auto components = parameters.find("components"), vector = parameters.find("vector");
  if (components == parameters.end()) fail("/action", "components: missing");
  unknowns_.names = words(components->second);
  if (vector != parameters.end()) {
    const auto pair = words(vector->second);
    for (std::size_t i = 0; i < 2; ++i) {
      const auto at =
          pair.size() == 2 ? std::find(unknowns_.names.begin(), unknowns_.names.end(), pair[i]) : unknowns_.names.end();
      if (at == unknowns_.names.end() || pair[0] == pair[1])
        fail("/action",
             "vector: expected two of the components (" + components->second + "), found '" + vector->second + "'");
      unknowns_.vector[i] = static_cast<int>(at - unknowns_.names.begin());
    }
  }
  const auto expected = inputs(unknowns_);
  if (observation_.names != expected)
    fail("/observation/names", "expected " + joined(expected, ", ") + ", found " + joined(observation_.names, ", "));
  const auto n = static_cast<std::size_t>(outputs(unknowns_));
  if (policy.action.low.size() != n)
    fail("/action", "expected " + std::to_string(n) + " actions (two an unknown), found " +
                        std::to_string(policy.action.low.size()));
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (observation_.local(i) || observation_.courant(i))
      fail("/observation/normalise", "expected record or unseen, found '" + observation_.normalise[i] + "'");
  // What is not seen is 0.
  for (std::size_t i = 0; i < expected.size(); ++i)
    factor_.push_back(observation_.unseen(i) ? 0 : 1 / static_cast<double>(observation_.scale[i]));
  for (std::size_t k = 0; k < n; ++k) {
    scale_.push_back(.5 * (policy.action.high[k] - policy.action.low[k]));
    middle_.push_back(.5 * (policy.action.high[k] + policy.action.low[k]));
  }
  for (std::size_t k = 0; k < unknowns_.names.size(); ++k)
    unit_.push_back(observation_.unseen(k) ? 0 : static_cast<double>(observation_.scale[k]));
  if (unknowns_.hasVector()) {
    const auto a = static_cast<std::size_t>(unknowns_.vector[0]), b = static_cast<std::size_t>(unknowns_.vector[1]);
    if (observation_.offset[a] != 0 || observation_.offset[b] != 0 || unit_[a] != unit_[b])
      fail("/observation", "of a vector (" + vector->second + "): expected offset 0 and the same scale for both");
  }
}

void CellFlux::setUp(const CellMesh &mesh, double spacing) {
  mesh_ = &mesh;
  const int n = mesh.owned;
  side_.assign(static_cast<std::size_t>(n * S), {});
  source_.assign(static_cast<std::size_t>(n * S * S), -1);
  edge_.assign(static_cast<std::size_t>(n * S * S * kEdgeInputs), 0.f);
  for (int c = 0; c < n; ++c) {
    const double *const x = &mesh.corner[static_cast<std::size_t>(c * S * 2)];
    for (int s = 0; s < S; ++s) {
      const int at = c * S + s, j = mesh.neighbour[static_cast<std::size_t>(at)];
      Side &side = side_[static_cast<std::size_t>(at)];
      const double *const a = x + 2 * ((s + 1) % S), *const b = x + 2 * ((s + 2) % S);
      side.area = std::hypot(b[0] - a[0], b[1] - a[1]);
      side.normal[0] = (b[1] - a[1]) / side.area;
      side.normal[1] = (a[0] - b[0]) / side.area;
      const int face = mesh.face[static_cast<std::size_t>(at)];
      for (int o = 0; j >= 0 && o < S; ++o)
        if (mesh.face[static_cast<std::size_t>(j * S + o)] == face) side.twin = j * S + o;
      int *const source = &source_[static_cast<std::size_t>(at * S)];
      source[0] = side.twin;
      source[1] = c * S + (s + 1) % S;
      source[2] = c * S + (s + 2) % S;
      for (int k = 0; k < S; ++k) edge_[static_cast<std::size_t>((at * S + k) * kEdgeInputs + k)] = 1;
    }
  }
  geometry(mesh, spacing);
}

void CellFlux::geometry(const CellMesh &mesh, double spacing) {
  const std::size_t width = shapes(unknowns_);
  shape_.assign(side_.size() * width, 0.f);
  for (std::size_t at = 0; at < side_.size(); ++at) {
    const std::size_t c = at / S, s = at % S, first = c * S;
    const auto other = [&](std::size_t k) -> const Side & { return side_[first + (s + k) % S]; };
    const Side &side = side_[at];
    const double volume = mesh.volume[c], size = std::sqrt(volume);
    const double *const to = &mesh.towards[at * 2];
    const double across = to[0] * side.normal[0] + to[1] * side.normal[1],
                 along = to[1] * side.normal[0] - to[0] * side.normal[1];
    const bool inside = side.twin >= 0;
    const double values[] = {side.area * across * (inside ? 1 : 2) / volume - 1.3,
                             other(1).area / size - 1.5,
                             other(2).area / size - 1.5,
                             along / std::hypot(across, along),
                             std::log(size / spacing),
                             inside ? std::log(mesh.volume[static_cast<std::size_t>(side.twin / S)] / volume) : 0,
                             inside ? 1. : 0.,
                             other(1).twin >= 0 ? 1. : 0.,
                             other(2).twin >= 0 ? 1. : 0.,
                             side.normal[0],
                             side.normal[1]};
    for (std::size_t k = 0; k < width; ++k)
      shape_[at * width + k] = input(observation_.names.size() - width + k, values[k]);
  }
}

Graph CellFlux::graph() const {
  Graph g;
  g.owned = mesh_->owned * S;
  g.nodes = mesh_->cells * S;
  g.slots = S;
  g.source = source_.data();
  return g;
}

void CellFlux::turn(const Side &side, double *values, bool back) const {
  double &a = values[unknowns_.vector[0]], &b = values[unknowns_.vector[1]];
  const double n0 = side.normal[0], n1 = back ? -side.normal[1] : side.normal[1], x = a;
  a = n0 * x + n1 * b;
  b = n0 * b - n1 * x;
}

// Ranges: of unknowns whose sizes matter all have the same one, in units of their deviations: where one changes and
// another does not (a pressure, and a flow that is about to begin), the other's flux matters, too.
void CellFlux::differences(const double *u, int cell, double *difference, double *range) const {
  const int n = unknowns_.count();
  const double *const here = u + cell * n;
  std::fill(range, range + n, 0.);
  for (int s = 0; s < S; ++s, difference += n) {
    const int j = mesh_->neighbour[static_cast<std::size_t>(cell * S + s)];
    for (int k = 0; k < n; ++k) difference[k] = j < 0 ? 0 : u[j * n + k] - here[k];
    const double x = unknowns_.hasVector() ? difference[unknowns_.vector[0]] : 0,
                 y = unknowns_.hasVector() ? difference[unknowns_.vector[1]] : 0, length = std::sqrt(x * x + y * y);
    for (int k = 0; k < n; ++k) {
      const bool vector = k == unknowns_.vector[0] || k == unknowns_.vector[1];
      const double size = vector ? length : std::fabs(difference[k]);
      range[k] = size > range[k] || std::isnan(size) ? size : range[k];
    }
  }
  double all = 0;
  for (int k = 0; k < n; ++k)
    if (unit_[static_cast<std::size_t>(k)] > 0) all = std::max(all, range[k] / unit_[static_cast<std::size_t>(k)]);
  for (int k = 0; k < n; ++k)
    if (unit_[static_cast<std::size_t>(k)] > 0) range[k] = all * unit_[static_cast<std::size_t>(k)];
}

void CellFlux::observe(const double *u, float *node) const {
  const int n = unknowns_.count();
  const std::size_t width = observation_.names.size(), shape = shapes(unknowns_), fields = width - shape;
  std::vector<double> difference(static_cast<std::size_t>(S * n)), range(static_cast<std::size_t>(n)), raw(fields),
      turned(static_cast<std::size_t>(n));
  for (int c = 0; c < mesh_->owned; ++c) {
    differences(u, c, difference.data(), range.data());
    double most = 0;
    for (int k = 0; k < n; ++k)
      if (unit_[static_cast<std::size_t>(k)] > 0)
        most = range[static_cast<std::size_t>(k)] / unit_[static_cast<std::size_t>(k)];
    for (int k = 0; k < n; ++k) {
      // Both parts of a vector have the same range.
      const int i = k == unknowns_.vector[1] ? unknowns_.vector[0] : k;
      const double unit = unit_[static_cast<std::size_t>(i)],
                   floor = unit > 0 ? kFloor * unit : kRounding * std::fabs(u[c * n + i]) + 1e-300,
                   share = 1 / (range[static_cast<std::size_t>(i)] + floor);
      for (int s = 0; s < S; ++s) difference[static_cast<std::size_t>(s * n + k)] *= share;
    }
    for (int s = 0; s < S; ++s, node += width) {
      const auto at = static_cast<std::size_t>(c * S + s);
      const Side &side = side_[at];
      std::copy_n(u + c * n, n, turned.data());
      if (unknowns_.hasVector()) turn(side, turned.data(), false);
      std::copy(turned.begin(), turned.end(), raw.begin());
      for (int o = 0; o < S; ++o) {
        std::copy_n(&difference[static_cast<std::size_t>((s + o) % S * n)], n, turned.data());
        if (unknowns_.hasVector()) turn(side, turned.data(), false);
        for (int k = 0; k < n; ++k) raw[static_cast<std::size_t>(n + k * S + o)] = turned[static_cast<std::size_t>(k)];
      }
      raw[fields - 1] = most;
      for (std::size_t i = 0; i < fields; ++i) node[i] = input(i, raw[i]);
      std::copy_n(&shape_[at * shape], shape, node + fields);
    }
  }
}

float CellFlux::input(std::size_t i, double value) const {
  const double x = (value - static_cast<double>(observation_.offset[i])) * factor_[i];
  const auto clip = static_cast<double>(observation_.clip);
  return static_cast<float>(x > clip ? clip : x < -clip ? -clip : x);
}

double CellFlux::weight(std::size_t output, float x) const {
  const float bounded = x > 1.f ? 1.f : x < -1.f ? -1.f : x;
  return middle_[output] + scale_[output] * static_cast<double>(bounded);
}

void CellFlux::sides(const double *u, const float *out, double *flux) const {
  const int n = unknowns_.count();
  std::vector<double> difference(static_cast<std::size_t>(S * n)), range(static_cast<std::size_t>(n));
  for (int c = 0; c < mesh_->owned; ++c) {
    differences(u, c, difference.data(), range.data());
    for (int s = 0; s < S; ++s, flux += n, out += 2 * n) {
      const Side &side = side_[static_cast<std::size_t>(c * S + s)];
      double *const d = &difference[static_cast<std::size_t>(s * n)];
      if (unknowns_.hasVector()) turn(side, d, false);
      for (int k = 0; k < n; ++k) {
        const auto o = static_cast<std::size_t>(2 * k);
        flux[k] = weight(o + 1, out[o + 1]) * range[static_cast<std::size_t>(k)] - weight(o, out[o]) * d[k];
      }
      if (unknowns_.hasVector()) turn(side, flux, true);
    }
  }
}

void CellFlux::change(const double *flux, double factor, double *change) const {
  const int n = unknowns_.count();
  for (int c = 0; c < mesh_->owned; ++c, change += n) {
    std::fill(change, change + n, 0.);
    for (int s = 0; s < S; ++s) {
      const int at = c * S + s;
      const Side &side = side_[static_cast<std::size_t>(at)];
      const double share = .5 * factor * side.area / mesh_->volume[static_cast<std::size_t>(c)];
      for (int k = 0; k < n; ++k) {
        // What is not finite shows at walls, too.
        change[k] += side.twin < 0 ? 0 * flux[at * n + k] : share * (flux[at * n + k] - flux[side.twin * n + k]);
      }
    }
  }
}

void CellFlux::pullBack(const double *u, const float *out, double factor, const double *d_change, float *d_out) const {
  const int n = unknowns_.count();
  std::vector<double> difference(static_cast<std::size_t>(S * n)), range(static_cast<std::size_t>(n)),
      slope(static_cast<std::size_t>(n));
  const auto over = [&](int cell, int k) {
    return d_change[cell * n + k] / mesh_->volume[static_cast<std::size_t>(cell)];
  };
  for (int c = 0; c < mesh_->owned; ++c) {
    differences(u, c, difference.data(), range.data());
    for (int s = 0; s < S; ++s, out += 2 * n, d_out += 2 * n) {
      const Side &side = side_[static_cast<std::size_t>(c * S + s)];
      double *const d = &difference[static_cast<std::size_t>(s * n)];
      for (int k = 0; k < n; ++k)
        slope[static_cast<std::size_t>(k)] =
            side.twin < 0 ? 0 : .5 * factor * side.area * (over(c, k) - over(side.twin / S, k));
      if (unknowns_.hasVector()) turn(side, d, false), turn(side, slope.data(), false);
      for (int o = 0; o < 2 * n; ++o) {
        const auto k = static_cast<std::size_t>(o / 2), i = static_cast<std::size_t>(o);
        const double by = scale_[i] * slope[k] * (o % 2 == 1 ? range[k] : -d[k]);
        const bool passes = (out[o] > -1 || by < 0) && (out[o] < 1 || by > 0);
        d_out[o] = passes ? static_cast<float>(by) : 0.f;
      }
    }
  }
}

}  // namespace petrl
