#include "problems/grid2d/scheme.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "learn/yaml_values.hpp"
#include "problems/grid2d/extended.hpp"

namespace petrl::grid2d {

namespace {

// Sixth difference over 60: the dissipation of the fifth-order upwind scheme (q_{+k} + q_{-k} - 2 q_0 form).
constexpr double kSixth[3] = {15. / 60, -6. / 60, 1. / 60};
constexpr double kFittedDissipation = 0.3;  // share of it that the fitted stencils get

struct Stencil {
  std::vector<double> a, s;
};

std::vector<double> sixth(double factor) {
  return {factor * kSixth[0], factor * kSixth[1], factor * kSixth[2]};
}

Stencil fitted(int radius, const Scheme &scheme) {
  // The fit takes a millisecond: kept, since who records steps asks for it at every one.
  thread_local std::map<std::pair<int, double>, std::vector<double>> known;
  std::vector<double> &a = known[{radius, scheme.ratio}];
  if (a.empty()) a = fittedStencil(radius, scheme.ratio);
  return {a, sixth(kFittedDissipation * scheme.dissipation)};
}

std::string knownSchemes() {
  std::string known;
  for (const auto &n : advectionSchemes()) known += n + ", ";
  return known + "cubic, quintic";
}

bool interpolates(const std::string &name) {
  return name == "cubic" || name == "quintic";
}

Stencil stencilOf(const Scheme &scheme) {
  const std::string &name = scheme.advection;
  if (name == "upwind1") return {{1. / 2}, {1. / 2}};
  if (name == "upwind2") return {{1., -1. / 4}, {1., -1. / 4}};
  if (name == "upwind5") return {{kFirst, kFirst + 3}, sixth(scheme.dissipation)};
  if (name == "central2") return {{1. / 2}, {}};
  if (name == "weno5" || interpolates(name)) return {{0, 0, 0}, {}};
  if (name == "fitted9") return fitted(4, scheme);
  if (name == "fitted11") return fitted(5, scheme);
  throw Error("advection scheme '" + name + "' is unknown; expected one of " + knownSchemes(),
              PETSC_ERR_ARG_UNKNOWN_TYPE);
}

bool hasSixthDifference(const std::string &name) {
  return name == "upwind5" || name == "fitted9" || name == "fitted11";
}

// What does not go together, with the key that says so; empty: all is well.
std::pair<std::string, std::string> conflict(const Scheme &s) {
  if (s.diffusion_order != 2 && s.diffusion_order != 4 && s.diffusion_order != 6)
    return {"diffusion_order", "expected 2, 4 or 6, found " + std::to_string(s.diffusion_order)};
  // WENO5 has its own loop, which reaches two points far for everything else.
  if (s.advection == "weno5" && s.diffusion_order == 6)
    return {"diffusion_order", "expected 2 or 4 with weno5, found 6"};
  if (interpolates(s.advection) != (s.integrator == "semi-lagrangian"))
    return {"integrator", "semi-lagrangian is for the schemes cubic and quintic, and they for it; found " +
                              s.integrator + " with " + s.advection};
  if (s.dissipation != 1 && !hasSixthDifference(s.advection))
    return {"dissipation", "only upwind5, fitted9 and fitted11 have it, not " + s.advection};
  if (s.transported && s.advection != "upwind1")
    return {"upwind", "transported is for the scheme upwind1, found " + s.advection};
  if (s.extended && s.advection != "upwind5")
    return {"modified", "extended needs the scheme upwind5, found " + s.advection};
  return {};
}

}  // namespace

const std::vector<std::string> &advectionSchemes() {
  static const std::vector<std::string> names = {"upwind1", "upwind2", "upwind5", "central2",
                                                 "weno5",   "fitted9", "fitted11"};
  return names;
}

std::vector<double> fittedStencil(int radius, double ratio) {
  // Normal equations of sum_k 2 a_k sin(k theta) = ratio sin(theta / ratio), midpoint rule over (0, 2], and one more
  // row and column (a Lagrange multiplier) for sum_k 2 k a_k = 1.
  constexpr int samples = 4000;
  const auto n = static_cast<std::size_t>(radius), size = n + 1;
  std::vector<std::vector<long double>> m(size, std::vector<long double>(size + 1, 0));
  for (int q = 0; q < samples; ++q) {
    const double theta = 2 * (q + 0.5) / samples, target = ratio * std::sin(theta / ratio);
    std::vector<double> basis;
    for (int k = 1; k <= radius; ++k) basis.push_back(2 * std::sin(k * theta));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) m[i][j] += basis[i] * basis[j] / samples;
      m[i][size] += basis[i] * target / samples;
    }
  }
  for (std::size_t i = 0; i < n; ++i) m[i][n] = m[n][i] = 2 * static_cast<long double>(i + 1);
  m[n][size] = 1;
  // Gauss-Jordan with pivots.
  for (std::size_t p = 0; p < size; ++p) {
    std::size_t best = p;
    for (std::size_t i = p; i < size; ++i)
      if (std::fabs(m[i][p]) > std::fabs(m[best][p])) best = i;
    m[p].swap(m[best]);
    for (std::size_t i = 0; i < size; ++i) {
      if (i == p) continue;
      const long double factor = m[i][p] / m[p][p];
      for (std::size_t j = p; j <= size; ++j) m[i][j] -= factor * m[p][j];
    }
  }
  std::vector<double> a;
  for (std::size_t i = 0; i < n; ++i) a.push_back(static_cast<double>(m[i][size] / m[i][i]));
  return a;
}

Discretization discretize(const Scheme &scheme, double hx, double hy) {
  const Stencil stencil = stencilOf(scheme);
  const auto [key, problem] = conflict(scheme);
  if (!key.empty()) throw Error(key + ": " + problem, PETSC_ERR_ARG_OUTOFRANGE);
  std::vector<double> second;
  if (scheme.viscosity > 0 || scheme.modified > 0) {
    if (scheme.diffusion_order == 2) second = {1};
    if (scheme.diffusion_order == 4) second = {4. / 3, -1. / 12};
    if (scheme.diffusion_order == 6) second.assign(kSecond, kSecond + 3);
  }
  Discretization d;
  d.weno = scheme.advection == "weno5";
  d.transported = scheme.transported;
  d.radius = static_cast<int>(std::max({stencil.a.size(), stencil.s.size(), second.size()}));
  for (const auto &[axis, h] : {std::pair{&d.x, hx}, std::pair{&d.y, hy}}) {
    axis->inverse_h = 1 / h;
    for (std::size_t k = 0; k < stencil.a.size(); ++k) axis->antisymmetric[k] = stencil.a[k] / h;
    for (std::size_t k = 0; k < stencil.s.size(); ++k) axis->dissipation[k] = stencil.s[k] / h;
    for (std::size_t k = 0; k < second.size(); ++k) {
      axis->dissipation[k] += scheme.modified / 2 * second[k] / (h * h);
      axis->diffusion[k] = scheme.viscosity * second[k] / (h * h);
    }
  }
  d.diffuses = scheme.viscosity > 0;
  if (!scheme.extended) return d;
  if (!(scheme.modified > 0 && scheme.fine_dt > 0)) {
    throw Error("modified: extended is for Burgers' equation, where spacing and time step of the fine grid are known",
                PETSC_ERR_SUP);
  }
  d.extended = true;
  d.half_fine_dt = scheme.fine_dt / 2;
  // Variance of the mean over r = h / h_f points: (r^2 - 1) h_f^2 / 12.
  const auto variance = [&](double h) { return std::max(0., h * h - scheme.modified * scheme.modified) / 12; };
  d.subfilter_x = variance(hx), d.subfilter_y = variance(hy);
  return d;
}

Scheme readScheme(YamlMap &yaml, double viscosity, double fine_h, double ratio, double fine_dt) {
  Scheme s;
  s.viscosity = viscosity;
  s.ratio = ratio;
  s.fine_dt = fine_dt;
  s.advection = yaml.get<std::string>("scheme", s.advection);
  s.transported = learn::oneOf(yaml, "upwind", "advecting", {"advecting", "transported"}) == "transported";
  s.integrator = learn::oneOf(yaml, "integrator", s.integrator, {"euler", "rk4", "semi-lagrangian"});
  const auto modified = yaml.get<std::string>("modified", "false");
  bool plain = false;
  s.extended = modified == "extended";
  // YAML has more than one way to say true.
  if (!s.extended && !YAML::convert<bool>::decode(YAML::Node(modified), plain))
    yaml.fail("modified", "expected false, true or extended, found '" + modified + "'");
  if (s.extended || plain) s.modified = fine_h;
  s.diffusion_order = yaml.get<int>("diffusion_order", s.extended ? 6 : s.diffusion_order);
  s.dissipation = yaml.number("dissipation", s.dissipation, 0, 10);
  const auto &names = advectionSchemes();
  if (!interpolates(s.advection) && std::find(names.begin(), names.end(), s.advection) == names.end())
    yaml.fail("scheme", "expected one of " + knownSchemes() + ", found '" + s.advection + "'");
  const auto [key, problem] = conflict(s);
  if (!key.empty()) yaml.fail(key, problem);
  return s;
}

}  // namespace petrl::grid2d
