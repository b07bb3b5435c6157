// The device that tests run on: an emulated one, which every machine has, or the machine's own (PETRL_TEST_DEVICE=cuda).
#pragma once

#include <optional>
#include <vector>

#include "support/emulated_device.hpp"

namespace petrl::test {

/// From here to the end of its life there is such a device; Vecs of its type must not live longer.
class TestDevice {
 public:
  TestDevice();
  static bool emulated();
  static VecType vecType();

  /// See EmulatedDevice; a real one has its own.
  void setLanes(int lanes) {
    if (emulated_) emulated_->setLanes(lanes);
  }

  /// Bytes that were copied so far, but for what the test looked at. On an emulated device: by us. Else also by PETSc, but
  /// not the single numbers that norms and dot products give.
  std::size_t toHost() const;
  std::size_t toDevice() const;
  /// Kernels that ran so far, blocks of memory in use; zero on a real device, which does not tell.
  long kernels() const { return emulated_ ? emulated_->kernels() : 0; }
  std::size_t held() const { return emulated_ ? emulated_->held() : 0; }

 private:
  std::optional<EmulatedDevice> emulated_;
};

/// The test itself looks at a Vec's values, or sets them: while it lives the host may, and what is copied is not counted.
class OpenMemory {
 public:
  explicit OpenMemory(Vec v = nullptr);
  OpenMemory(const OpenMemory &) = delete;
  OpenMemory &operator=(const OpenMemory &) = delete;
  ~OpenMemory();

 private:
  Vec vec_;
  double to_host_, to_device_;
};

/// This rank's part of a Vec, wherever it lives.
std::vector<double> valuesOf(Vec x);

}  // namespace petrl::test
