#include "problems/fault/scenario.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "learn/yaml_values.hpp"
#include "problems/random.hpp"

namespace petrl::fault {

namespace {

void readGeometry(YamlMap &yaml, ElasticityParameters &e) {
  const auto size = yaml.get<std::vector<double>>("size", {e.lx, e.ly, e.lz});
  if (size.size() != 3) yaml.fail("size", "expected [lx, ly, lz] in metres");
  for (const double l : size) {
    if (!(l > 0) || !std::isfinite(l)) yaml.fail("size", "expected three positive lengths in metres");
  }
  e.lx = size[0], e.ly = size[1], e.lz = size[2];
  if (yaml.has("cell_size")) {
    if (yaml.has("cells")) yaml.fail("cell_size", "give cells or cell_size, not both");
    const double cell = yaml.number("cell_size", 0, 1e-6, 1e9);
    const double nx = e.lx / cell, nz = e.lz / cell;
    if (std::fabs(nx - std::round(nx)) > 1e-6 || std::fabs(nz - std::round(nz)) > 1e-6)
      yaml.fail("cell_size", "must divide the fault: " + std::to_string(e.lx) + " m by " + std::to_string(e.lz) +
                                 " m are " + std::to_string(nx) + " by " + std::to_string(nz) + " cells of " +
                                 std::to_string(cell) + " m");
    e.nx = static_cast<PetscInt>(std::round(nx));
    e.nz = static_cast<PetscInt>(std::round(nz));
  } else {
    const auto cells = yaml.get<std::vector<int>>("cells", {1, 1});
    if (cells.size() != 2 || cells[0] < 1 || cells[1] < 1) yaml.fail("cells", "expected [nx, nz], both at least 1");
    e.nx = cells[0], e.nz = cells[1];
  }
}

NormalStress readNormalStress(YamlMap yaml) {
  NormalStress n;
  const auto profile = learn::oneOf(yaml, "profile", "uniform", {"uniform", "linear", "heterogeneous"});
  n.profile = profile == "uniform"  ? NormalStress::Profile::uniform
              : profile == "linear" ? NormalStress::Profile::linear
                                    : NormalStress::Profile::heterogeneous;
  const double average = yaml.get<double>("average", n.average);
  if (!(average > 0) || !std::isfinite(average))
    yaml.fail("average",
              "the effective normal stress must be positive (compression, in Pa), found " + std::to_string(average));
  n.average = average;
  n.amplitude = yaml.number("amplitude", n.amplitude, 0, 10);
  n.correlation = yaml.number("correlation", n.correlation, 0.01, 10);
  n.seed = static_cast<std::uint64_t>(yaml.number("seed", 1, 0, 1e15));
  yaml.finish();
  return n;
}

}  // namespace

Scenario readScenario(YamlMap yaml) {
  Scenario s;
  ElasticityParameters &e = s.elasticity;
  readGeometry(yaml, e);
  e.shear_modulus = yaml.number("shear_modulus", e.shear_modulus, 1, 1e15);
  e.poisson = yaml.number("poisson", e.poisson, 0, 0.499999);
  e.density = yaml.number("density", e.density, 1e-3, 1e6);
  e.damping_ratio = yaml.number("damping_ratio", e.damping_ratio, 0, 100);
  e.kernel = kernelFromName(learn::oneOf(yaml, "kernel", "mirror", {"full", "mirror", "half"}));
  e.damping = dampingFromName(learn::oneOf(yaml, "damping", "exact", {"exact", "symbol"}));
  if (yaml.get<std::string>("k_scale", std::string("mesh")) == "mesh")
    e.k_scale = 0;
  else
    e.k_scale = yaml.number("k_scale", 1, 1e-6, 1e6);
  e.dense_limit = static_cast<PetscInt>(yaml.number("dense_limit", static_cast<double>(e.dense_limit), 1, 1e5));
  e.cache = yaml.get<std::string>("cache", std::string());
  s.normal_stress = readNormalStress(yaml.map("normal_stress", false));
  s.initial_velocity = yaml.number("initial_velocity", s.initial_velocity, 0, 1e3);
  s.perturbation = yaml.number("perturbation", s.perturbation, 0, 10);
  s.friction = frictionLaw(yaml.map("friction", false), s.initial_velocity);
  s.prestress = yaml.number("prestress", s.prestress, 0, 1);
  s.far_field_velocity = yaml.number("far_field_velocity", s.far_field_velocity, -1e3, 1e3);
  s.final_time = yaml.number("final_time", s.final_time, 1e-9, 1e12);
  s.min_step = yaml.number("min_step", s.min_step, 1e-15, 1e12);
  s.max_step = yaml.number("max_step", s.final_time / 4, 1e-15, 1e12);
  s.first_step = yaml.number("first_step", 0.1 * s.max_step, 1e-15, 1e12);
  if (s.min_step >= s.max_step)
    yaml.fail("min_step", "must be below max_step: found " + std::to_string(s.min_step) + " s and " +
                              std::to_string(s.max_step) + " s");
  s.velocity_scale = yaml.number("velocity_scale", s.velocity_scale, 1e-12, 1e6);
  s.tolerance = yaml.number("tolerance", s.tolerance, 1e-12, 1e3);
  s.allow_stable = yaml.get<bool>("allow_stable", false);
  yaml.finish();
  return s;
}

double randomField(std::uint64_t seed, double correlation, double x, double z) {
  constexpr int waves = 24;
  Random random(seed * 7919 + 17);
  double sum = 0;
  for (int i = 0; i < waves; ++i) {
    const double angle = 2 * M_PI * random.unit(), phase = 2 * M_PI * random.unit();
    const double wavenumber = (0.5 + random.unit()) / correlation;
    sum += std::cos(wavenumber * (x * std::cos(angle) + z * std::sin(angle)) + phase);
  }
  return sum * std::sqrt(2.0 / waves);
}

double normalStressAt(const NormalStress &n, const ElasticityParameters &e, double x, double z) {
  switch (n.profile) {
    case NormalStress::Profile::linear:
      // (rho - rho_water) g z, scaled so that the fault's average is as asked: 22.5 MPa at 3 km without scaling.
      return n.average * 2 * z;
    case NormalStress::Profile::heterogeneous:
      return n.average * std::clamp(1 + n.amplitude * randomField(n.seed, n.correlation, x * e.lx / e.lz, z), 0.2, 1.8);
    default:
      return n.average;
  }
}

}  // namespace petrl::fault
