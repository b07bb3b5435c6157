// How long something takes on a device or on the host.
#pragma once

#include <petscdevice.h>
#include <petsctime.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "support/test_device.hpp"

namespace petrl::test {

/// Until the device has done what it was told.
inline void wait() {
  PetscDeviceContext context;
  if (TestDevice::emulated()) return;
  PetRLThrow(PetscDeviceContextGetCurrentContext(&context));
  PetRLThrow(PetscDeviceContextSynchronize(context));
}

/// Milliseconds of one, the median of up to nine measurements of a few milliseconds or more each: as many as the time
/// allows, three at least. What is measured has run before.
inline double timeOf(const std::function<void()> &work, double seconds) {
  PetscLogDouble start, now, begin;
  std::vector<double> all;
  const auto once = [&](int repeats) {
    wait();
    PetRLThrow(PetscTime(&start));
    for (int r = 0; r < repeats; ++r) work();
    wait();
    PetRLThrow(PetscTime(&now));
    return 1e3 * (now - start) / repeats;
  };
  PetRLThrow(PetscTime(&begin));
  const int repeats = std::max(1, static_cast<int>(5 / std::max(once(1), 1e-3)));
  do {
    all.push_back(once(repeats));
  } while (all.size() < 9 && (all.size() < 3 || now - begin < seconds));
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
  return all[all.size() / 2];
}

/// Numbers that were not measured are left out.
inline std::string number(double x, const char *format = "%.4g") {
  char text[32] = "";
  if (x > 0) std::snprintf(text, sizeof text, format, x);
  return text;
}

}  // namespace petrl::test
