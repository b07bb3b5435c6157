// What a device can do beside running kernels. One of them at most: that for which PETSc was built, or an emulated one.
#pragma once

#include <petscvec.h>

#include <cstddef>

#include "base/api.hpp"
#include "base/compat.hpp"
#include "device/space.hpp"

namespace petrl::device {

/// Memory of a device. All of it in the order of the stream of PETSc's current PetscDeviceContext; nothing waits but
/// copies to the host. Not collective.
class Runtime {
 public:
  virtual ~Runtime() = default;
  /// "cuda"
  virtual const char *name() const = 0;
  /// What PETSc is told of its memory, between begin() and end().
  virtual PetscMemType memoryType() const = 0;
  virtual PetscErrorCode allocate(std::size_t bytes, void **memory) = 0;
  virtual PetscErrorCode release(void *memory) = 0;
  virtual PetscErrorCode copy(void *to, Space to_space, const void *from, Space from_space, std::size_t bytes) = 0;
  /// Kernels are loops on the host, between begin() and end() (tests).
  virtual bool emulated() const { return false; }
  /// Threads that are a team there; a power of two.
  virtual int lanes() const { return 1; }
  virtual PetscErrorCode begin() { return PETSC_SUCCESS; }
  virtual PetscErrorCode end() { return PETSC_SUCCESS; }
};

/// Null: there is none.
PETRL_API Runtime *runtime();
/// In place of the one that there is; null: that again. The caller keeps it alive.
void setRuntime(Runtime *runtime);

/// Where a Vec's values live. `-petrl_memtype host | device` (for diagnosis) says where they are taken instead: PETSc, or
/// we, then copy. An error as of NeedRuntime().
PETRL_API PetscErrorCode VecSpace(Vec v, Space *space);
/// An error where this library was not built for the device of this Vec.
PetscErrorCode NeedRuntime(Vec v);
/// -petrl_memtype host was given.
PetscErrorCode AlwaysOnHost(bool *always);

}  // namespace petrl::device
