// What a policy for meshes predicts where the solution lives: on a device it stays there.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "device/array.hpp"
#include "device/extremes.hpp"
#include "policy/native/graph_device.hpp"
#include "refine/refinement_policy.hpp"

namespace petrl {

/// Cell values, gradients, observables and network of one mesh in one space; the same numbers as RefinementPolicy, to
/// rounding. Of the solution, what fields reach comes to the host, and at the end two floats a cell, what is predicted.
class DevicePrediction {
 public:
  /// Fills ghosts' rows in the space: numbers of so many bytes, `width` a row. Collective; empty: there are none.
  using Exchange = std::function<PetscErrorCode(std::size_t bytes, int width, void *rows)>;

  /// Whether it can: native networks.
  static bool serves(const RefinementPolicy &policy);
  /// What a mesh is goes to the space, once. policy: must live as long as this.
  PetscErrorCode setUp(device::Space space, const RefinementPolicy &policy, const CellMesh &mesh);
  device::Space space() const { return space_; }

  /// Values of `fields` fields come, and their rates: zero unless they are given.
  PetscErrorCode begin(std::size_t fields);
  /// The mean of `each` numbers of `from`, at offset[cell * each + ...] + component, of the first `cells` cells.
  PetscErrorCode take(bool rate, std::size_t field, const PetscReal *from, const device::Array<PetscInt> &offset,
                      int each, int cells, PetscInt component);
  /// Of each field: smallest and largest value of owned cells; whether values and rates are finite. Waits for the device.
  PetscErrorCode reach(double *reached, bool *finite);
  /// One field more of what is predicted. rates: whether they were given.
  PetscErrorCode observe(std::size_t field, bool rates, double range, double interval, const Exchange &exchange);
  PetscErrorCode infer(const Exchange &exchange);
  /// What the policy has observed in cells, to the host: owned x observables.
  PetscErrorCode observed(std::vector<float> &rows) const;
  /// The sum over all fields, to the host: owned x 2, see RefinementScale.
  PetscErrorCode predicted(std::vector<float> &differences) const;

 private:
  std::size_t cells() const { return static_cast<std::size_t>(graph_.nodes); }
  std::size_t owned() const { return static_cast<std::size_t>(graph_.owned); }

  device::Space space_ = device::Space::host;
  const RefinementPolicy *policy_ = nullptr;
  std::unique_ptr<GraphDevice> network_;
  Graph graph_{};
  int dim_ = 2;
  std::size_t fields_ = 0;
  device::Array<int> neighbour_, level_;
  device::Array<double> volume_, towards_, value_, rate_, gradient_, move_;
  device::Array<float> node_, edge_, out_, difference_;
  device::Extremes extremes_;
};

}  // namespace petrl
