// Fields on a patch of a grid, and how a policy sees them. Plain C++: PETSc's arrays and periodic ones alike.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "policy/backend.hpp"
#include "policy/policy.hpp"

namespace petrl {

/// Planar fields in the order of the policy's observation. Whoever makes one says how far it reaches beyond its patch.
struct Fields {
  std::vector<const double *> channel;  ///< each at the patch's first point, (0, 0, 0)
  std::ptrdiff_t row = 0;               ///< from (0, 0, 0) to (0, 1, 0) in y
  std::ptrdiff_t slice = 0;             ///< from (0, 0, 0) to (0, 0, 1) in z
};

/// Added to local ranges: this part of the range on the whole grid.
constexpr double kRangeFloor = 1e-6;

/// The network's inputs from the fields' values, see ObservationSpec. NaN stays NaN.
class PETRL_API FieldInput : public GridInput {
 public:
  explicit FieldInput(const Policy &policy);
  /// How far beyond what is asked for the fields must reach: that of local means and ranges.
  int reach() const { return reach_; }
  /// Whether it needs to know what fields reach on the whole grid.
  bool local(std::size_t channel) const { return local_[channel]; }
  /// Largest minus smallest value of a field on the whole grid.
  void setRange(std::size_t channel, double range);
  /// Steps over spacings along each axis, for velocities that are seen as Courant numbers.
  void setCourant(const std::array<double, 3> &step_over_spacing);
  /// Fields that reach as far as the network; its patch starts so many points before theirs.
  void setPatch(const Fields &fields, const GridSize &shift);
  /// Fields without a surrounding, periodic in y and z (and in x: the network's wrap).
  void setPeriodic(const Fields &fields, const GridSize &size);
  void row(int y, int z, int first, int count, float *out, std::ptrdiff_t channel) override;

 private:
  void localRow(std::size_t c, int y, int z, int first, int count, float *out);
  std::vector<double> offset_, scale_, factor_, floor_;
  std::vector<bool> local_, unseen_;
  std::vector<int> courant_;  // axis; -1: not seen as a Courant number
  std::vector<double> work_;  // columns of sums, smallest and largest values
  int dimensions_, reach_ = 0;
  float clip_;
  const Fields *fields_ = nullptr;
  GridSize shift_{0, 0, 0}, period_{0, 0, 0};
};

/// Whether all of n numbers are finite.
bool allFinite(const double *values, std::size_t n);
/// The same, and the smallest and the largest of them (n > 0).
bool allFinite(const double *values, std::size_t n, double *low, double *high);

}  // namespace petrl
