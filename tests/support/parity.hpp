// What ran on a device beside what ran on the host.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "support/test_device.hpp"

namespace petrl::test {

/// The same to rounding; says how far they are apart, on the first rank (tests/gpu makes a table of these lines).
inline void expectSame(const std::string &part, const std::vector<double> &device, const std::vector<double> &host,
                       double allowed) {
  double most = 0;
  PetscMPIInt rank;
  ASSERT_EQ(device.size(), host.size());
  for (std::size_t i = 0; i < host.size(); ++i) {
    const double apart = std::abs(device[i] - host[i]);
    most = std::isfinite(apart) ? std::max(most, apart) : std::numeric_limits<double>::infinity();
  }
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank == 0) std::printf("[   SAME   ] %s: %.1e apart, %.0e allowed\n", part.c_str(), most, allowed);
  EXPECT_LE(most, allowed) << part;
}

}  // namespace petrl::test
