// Finite volumes where the solution lives: on a device it stays there.
#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "device/array.hpp"
#include "device/extremes.hpp"
#include "problems/conservation/finite_volume.hpp"
#include "problems/conservation/volumes.hpp"

namespace petrl::conservation {

/// The arrays of a FiniteVolume in another space, and the same numbers from them, to rounding. What is given beyond the
/// boundary is asked for on the host, and brought to the space when it has changed: one number a boundary face.
class DeviceVolumes {
 public:
  /// Fills ghosts' rows of so many doubles, in the space. Collective; empty: there are none.
  using Exchange = std::function<PetscErrorCode(int width, double *rows)>;

  /// `volumes` must live as long; to be called again after its reset().
  PetscErrorCode setUp(device::Space space, FiniteVolume &volumes);
  device::Space space() const { return arrays_.space; }
  /// u: all cells, dudt: the owned ones; both in the space.
  PetscErrorCode rhs(double t, const double *u, double *dudt, const Exchange &exchange);
  /// On this rank. Waits for the device.
  PetscErrorCode stableStep(const double *u, double *step);

 private:
  PetscErrorCode place(std::size_t n, std::initializer_list<const int **> arrays);
  PetscErrorCode place(std::size_t n, std::initializer_list<const double **> arrays);
  PetscErrorCode room(std::size_t n, std::initializer_list<double **> arrays);
  PetscErrorCode setGiven(double t);

  FiniteVolume *volumes_ = nullptr;
  Volumes arrays_;
  std::vector<device::Array<int>> integers_;
  std::vector<device::Array<double>> numbers_;
  device::Array<double> given_, rows_, rate_;
  std::vector<double> known_;  // what given_ holds
  device::Extremes extremes_;
};

}  // namespace petrl::conservation
