// Faults for tests, and what was seen along a run.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "problems/fault/run.hpp"

namespace petrl::test {

/// The paper's scenario: one cell, 3 km in all directions.
inline fault::Scenario paperScenario() {
  fault::Scenario s;
  s.elasticity.k_scale = 0;
  s.friction = std::make_shared<fault::ExponentialWeakening>(0.5, 0.1, 0.1);
  return s;
}

/// The paper's fault of nx by nz cells with the mirror kernel and uniform normal stress.
inline fault::Scenario faultScenario(PetscInt nx, PetscInt nz, fault::Kernel kernel = fault::Kernel::mirror) {
  fault::Scenario s = paperScenario();
  s.elasticity.nx = nx;
  s.elasticity.nz = nz;
  s.elasticity.kernel = kernel;
  return s;
}

inline fault::FaultRun simulated(const fault::Scenario &scenario, const std::string &controller) {
  fault::Fault f(PETSC_COMM_SELF, scenario);
  return fault::simulate(f, fault::faultController(controller));
}

/// Components of a sequential vector.
inline std::vector<double> numbersOf(Vec x) {
  const PetscScalar *a;
  PetscInt n;
  PetRLThrow(VecGetLocalSize(x, &n));
  PetRLThrow(VecGetArrayRead(x, &a));
  std::vector<double> copy(a, a + n);
  PetRLThrow(VecRestoreArrayRead(x, &a));
  return copy;
}

inline double dot(Vec x, Vec y) {
  PetscScalar value;
  PetRLThrow(VecDot(x, y, &value));
  return PetscRealPart(value);
}

}  // namespace petrl::test
