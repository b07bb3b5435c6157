// What several planes of numbers reach, where they are.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "device/array.hpp"
#include "device/for_each.hpp"

namespace petrl::device {

namespace kernels {

/// What each part of a plane reaches: a team a part.
struct PartExtremes {
  static constexpr int kParts = 512;
  const double *values;
  std::ptrdiff_t n, stride;
  double *partial;  ///< planes x kParts x 3
  PETRL_BOTH static void join(double to[3], const double from[3]) {
    to[0] = from[0] < to[0] ? from[0] : to[0];
    to[1] = from[1] > to[1] ? from[1] : to[1];
    to[2] += from[2];
  }
  static std::size_t scratch() { return 256 * 3 * sizeof(double); }  // of a team on a device
  PETRL_BOTH void operator()(std::ptrdiff_t i, const Team &team) const {
    const double *const plane = values + i / kParts * stride;
    const std::ptrdiff_t part = i % kParts, first = n * part / kParts, last = n * (part + 1) / kParts;
    double own[3] = {plane[0], plane[0], 0};
    for (std::ptrdiff_t k = first + team.lane(); k < last; k += team.lanes()) {
      const double all[3] = {plane[k], plane[k], 0.0 * plane[k]};
      join(own, all);
    }
    reduce(team, own, partial + 3 * i);
  }
  /// Over a team, of a power of two lanes.
  PETRL_BOTH static void reduce(const Team &team, const double own[3], double result[3]) {
    double *const shared = static_cast<double *>(team.scratch()) + 3 * team.lane();
    for (int k = 0; k < 3; ++k) shared[k] = own[k];
    for (int half = team.lanes() / 2; half > 0; half /= 2) {
      team.sync();
      if (team.lane() < half) join(shared, shared + 3 * half);
    }
    for (int k = 0; k < 3 && team.lane() == 0; ++k) result[k] = shared[k];
  }
};

struct JoinExtremes {
  const double *partial;
  double *result;  ///< planes x 3
  PETRL_BOTH void operator()(std::ptrdiff_t i, const Team &team) const {
    const double *const from = partial + 3 * PartExtremes::kParts * i;
    double own[3] = {from[0], from[1], 0};
    for (int part = team.lane(); part < PartExtremes::kParts; part += team.lanes()) {
      PartExtremes::join(own, from + 3 * part);
    }
    PartExtremes::reduce(team, own, result + 3 * i);
  }
};

}  // namespace kernels

/// Smallest and largest of planes of numbers, and zero times their sum (NaN unless all are finite).
class Extremes {
 public:
  /// Room for so many planes.
  PetscErrorCode setUp(Space space, std::size_t planes) {
    PetscFunctionBegin;
    space_ = space;
    PetscCall(partial_.resize(space, 3 * kernels::PartExtremes::kParts * planes));
    PetscCall(result_.resize(space, 3 * planes));
    PetRLCallCXX(found_.resize(result_.size()));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  /// The planes first, ..., first + planes - 1 are these: n > 0 numbers, from plane to plane `stride` further.
  PetscErrorCode compute(std::size_t first, std::size_t planes, const double *values, std::ptrdiff_t n,
                         std::ptrdiff_t stride) {
    const auto count = static_cast<std::ptrdiff_t>(planes);
    double *const partial = partial_.data() + 3 * kernels::PartExtremes::kParts * first;
    kernels::PartExtremes parts{};

    PetscFunctionBegin;
    parts.values = values, parts.n = n, parts.stride = stride, parts.partial = partial;
    PetscCall(forEachTeam(space_, count * kernels::PartExtremes::kParts, kernels::PartExtremes::scratch(), parts));
    PetscCall(forEachTeam(space_, count, kernels::PartExtremes::scratch(),
                          kernels::JoinExtremes{partial, result_.data() + 3 * first}));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  /// Three numbers a plane, of all. Waits for the device.
  PetscErrorCode get(const double **found) {
    PetscFunctionBegin;
    PetscCall(result_.get(found_.data()));
    *found = found_.data();
    PetscFunctionReturn(PETSC_SUCCESS);
  }

 private:
  Space space_ = Space::host;
  Array<double> partial_, result_;
  std::vector<double> found_;
};

}  // namespace petrl::device
