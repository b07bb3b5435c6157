// A device that every machine has: memory that the host may not touch, but while a kernel runs.
//
// A Vec of type "emulated" keeps its values there. PETSc's own operations on it, its scatters (that is, halo exchanges)
// and its error norms may touch them, as a device would; so may the loops of device::forEach. Any other access is ours and
// a fault: VecGetArray() is a PETSc error, a pointer that was kept ends the program.
#pragma once

#include <petscvec.h>

namespace petrl::test {

constexpr const char *kEmulated = "emulated";

/// From here to the end of its life there is such a device; Vecs of that type must not live longer.
class EmulatedDevice {
 public:
  EmulatedDevice();
  EmulatedDevice(const EmulatedDevice &) = delete;
  EmulatedDevice &operator=(const EmulatedDevice &) = delete;
  ~EmulatedDevice();

  /// Between these the host may touch its memory.
  static PetscErrorCode open();
  static PetscErrorCode close();

  /// Teams of so many threads from now on; one is much faster.
  void setLanes(int lanes);
  long kernels() const;        ///< that ran so far
  std::size_t toHost() const;  ///< bytes that were copied, by us
  std::size_t toDevice() const;
  std::size_t held() const;  ///< blocks of memory in use
};

}  // namespace petrl::test
