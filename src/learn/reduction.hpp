// What the ranks of PETSC_COMM_WORLD tell each other while they learn together. On one rank all of this is nothing.
#pragma once

#include <petscsys.h>

#include <cstdint>
#include <vector>

#include "base/api.hpp"

namespace petrl::learn {

class PETRL_API Reduction {
 public:
  Reduction();
  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  /// Sums over all ranks, in place. Collective; the same result on all.
  void sum(std::vector<float> &values) const;
  void sum(std::vector<double> &values) const;
  std::int64_t largest(std::int64_t value) const;
  void largest(std::vector<double> &values) const;
  /// All ranks' arrays one after another on rank 0, nothing elsewhere; `counts` has their lengths. Collective.
  std::vector<float> gather(const std::vector<float> &values, std::vector<std::int64_t> &counts) const;
  std::vector<std::int64_t> gather(const std::vector<std::int64_t> &values, std::vector<std::int64_t> &counts) const;

 private:
  MPI_Comm comm_ = MPI_COMM_SELF;
  PetscMPIInt rank_ = 0, ranks_ = 1;
};

/// Averages a gradient over ranks, each counting as much as the `weight` (number of samples) behind it: the result is
/// the gradient of the mean over all samples. So it does with `terms`, means over samples for the log. One message;
/// collective. On one rank nothing happens. At least one rank must have samples.
PETRL_API void averageGradient(const Reduction &reduction, std::vector<float> &gradient, double weight,
                               std::vector<double> &terms);

}  // namespace petrl::learn
