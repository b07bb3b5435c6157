// What the ranks of PETSC_COMM_WORLD tell each other while they learn together. On one rank all of this is nothing.
#pragma once

#include <petscsys.h>

#include <cstdint>
#include <vector>

namespace petrl::learn {

class Reduction {
 public:
  Reduction();
  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  /// Sums over all ranks, in place. Collective; the same result on all.
  void sum(std::vector<float> &values) const;
  void sum(std::vector<double> &values) const;
  std::int64_t largest(std::int64_t value) const;
  /// All ranks' arrays one after another on rank 0, nothing elsewhere; `counts` has their lengths. Collective.
  std::vector<float> gather(const std::vector<float> &values, std::vector<std::int64_t> &counts) const;
  std::vector<std::int64_t> gather(const std::vector<std::int64_t> &values, std::vector<std::int64_t> &counts) const;

 private:
  MPI_Comm comm_ = MPI_COMM_SELF;
  PetscMPIInt rank_ = 0, ranks_ = 1;
};

}  // namespace petrl::learn
