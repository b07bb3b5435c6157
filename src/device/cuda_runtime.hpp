// CUDA as a device: where PETSc was built for it.
#pragma once

#include <petscconf.h>

#if defined(PETSC_HAVE_CUDA)
#define PETRL_CUDA 1
#else
#define PETRL_CUDA 0
#endif

#if PETRL_CUDA
#include <cuda_runtime_api.h>

#include "device/runtime.hpp"

namespace petrl::device {

Runtime *cudaRuntime();
/// Of PETSc's current context.
PETRL_API PetscErrorCode CurrentStream(cudaStream_t *stream);
/// A PETSc error for a CUDA one.
PETRL_API PetscErrorCode CheckCuda(cudaError_t error, const char what[]);

}  // namespace petrl::device
#endif
