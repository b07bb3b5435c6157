// The scenario of a fault simulation: what the paper's study varies, read from YAML.
#pragma once

#include <memory>
#include <vector>

#include "problems/fault/elasticity.hpp"
#include "problems/fault/friction.hpp"

namespace petrl::fault {

/// Effective normal stress on the cells [Pa].
struct NormalStress {
  enum class Profile { uniform, linear, heterogeneous } profile = Profile::uniform;
  double average = 22.5e6;
  /// heterogeneous: relative amplitude (standard deviation) and correlation length over the fault's size of a random
  /// field of 24 plane waves, bounded to [0.2, 1.8] of the average
  double amplitude = 0.2, correlation = 0.25;
  std::uint64_t seed = 1;
};

/// A fault that is stressed to its strength and pushed. Units: SI.
struct Scenario {
  ElasticityParameters elasticity;
  std::shared_ptr<const FrictionLaw> friction;
  NormalStress normal_stress;
  double initial_velocity = 1e-4;  ///< v0 [m/s], everywhere
  double perturbation = 0;         ///< relative standard deviation of a smooth random factor on v0
  double prestress = 1;            ///< F0 over the static strength
  double far_field_velocity = 0;   ///< v_inf [m/s]
  double final_time = 20;          ///< [s]
  double first_step = 0.5, min_step = 0.001, max_step = 5;
  double velocity_scale = 0.07;  ///< v_max of the error measure and of the observables
  double tolerance = 1e-2;       ///< of the local error, relative to velocity_scale and the critical slip
  bool allow_stable = false;     ///< accept a fault that creeps and never slips
};

/// Reads a scenario; every key is optional and defaults to the paper's Table 2 on one cell. Keys: cells [nx, nz] or
/// cell_size, size [lx, ly, lz], shear_modulus, poisson, density, damping_ratio, kernel, damping, k_scale ("mesh" or a
/// number), dense_limit, cache, normal_stress {profile, average, amplitude, correlation, seed}, friction {...},
/// initial_velocity, perturbation, prestress, far_field_velocity, final_time, first_step, min_step, max_step,
/// velocity_scale, tolerance, allow_stable. Throws petrl::Error naming file, line and key.
Scenario readScenario(YamlMap yaml);

/// Normal stress at a cell centre, x and z over the fault's size in (0, 1).
double normalStressAt(const NormalStress &stress, const ElasticityParameters &e, double x, double z);

/// A smooth random field of zero mean and unit variance at (x, z) in the unit square: 24 plane waves whose wavelengths
/// scatter about 2 pi times the correlation length. The same on every rank and mesh.
double randomField(std::uint64_t seed, double correlation, double x, double z);

}  // namespace petrl::fault
