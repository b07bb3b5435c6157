// A closure whose fields live on a device: they stay there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "closure/correction.hpp"
#include "closure/flux.hpp"
#include "device/extremes.hpp"
#include "policy/native/fcn_device.hpp"

namespace petrl {

/// Where a rank's points lie in its ghosted patch.
struct DevicePatch {
  int dimensions = 2;
  GridSize own;
  int ghost = 0;                  ///< points around them, in the directions that the grid has
  PetscInt inside[6];             ///< of the patch: what lies on the grid, x0, x1, y0, ...
  std::array<bool, 6> wall = {};  ///< own points end where the grid does
};

/// Observes, infers, corrects in one space; same numbers as FieldInput, Fcn and Correction, to rounding. Only what
/// fields reach and whether all is finite comes to the host, a few numbers a call. Not collective.
class DeviceClosure {
 public:
  /// Whether it can: native networks with the transforms additive, additive-rate and flux.
  static bool serves(const Policy &policy);
  /// Throws petrl::Error naming `source`.
  DeviceClosure(const Policy &policy, const std::string &source);
  PetscErrorCode setUp(device::Space space, const DevicePatch &patch);

  /// Channel by channel: the first point's value in the ghosted patch, interleaved with so many components.
  PetscErrorCode observe(std::size_t channel, const PetscScalar *from, PetscInt components);
  /// Largest minus smallest value of a field on the whole grid, for local normalisation (see FieldInput).
  void setRange(std::size_t channel, double range);
  PetscErrorCode infer(const CorrectionStep &step);
  /// The change, from what was observed and inferred.
  PetscErrorCode act(const CorrectionStep &step);
  /// Smallest and largest value of each observed field on this rank, one after the other. Waits for the device.
  PetscErrorCode ranges(double *reached);
  /// The same, and whether fields and change are finite. Waits for the device.
  PetscErrorCode look(bool *finite, double *reached);
  /// The change that was computed, or none, into a Vec's values.
  PetscErrorCode write(bool use, PetscScalar *to, PetscInt components, const std::vector<PetscInt> &places);

  device::Space space() const { return space_; }
  const FcnDevice &network() const { return network_; }

 private:
  PetscErrorCode reach(const double **found);
  PetscErrorCode additive(const CorrectionStep &step);
  PetscErrorCode flux(const CorrectionStep &step);

  ObservationSpec observation_;
  ActionSpec action_;
  bool fluxes_;
  FluxForm form_;
  std::vector<int> components_;  // that change, by their number in the observation
  FcnDevice network_;
  device::Space space_ = device::Space::host;
  DevicePatch patch_;
  std::vector<double> range_;
  std::vector<int> courant_;  // axes of velocities that are seen as Courant numbers; else -1
  device::Array<double> planes_, change_, bounds_;
  device::Extremes extremes_;
  device::Array<float> inputs_, output_;
};

}  // namespace petrl
