#include "device/cuda_runtime.hpp"

#if PETRL_CUDA
#include <petscdevice.h>

namespace petrl::device {

PetscErrorCode CheckCuda(cudaError_t error, const char what[]) {
  PetscFunctionBegin;
  PetscCheck(error == cudaSuccess, PETSC_COMM_SELF, PETSC_ERR_GPU, "%s: %s", what, cudaGetErrorString(error));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CurrentStream(cudaStream_t *stream) {
  PetscDeviceContext context;
  void *handle;

  PetscFunctionBegin;
  PetscCall(PetscDeviceContextGetCurrentContext(&context));
  PetscCall(PetscDeviceContextGetStreamHandle(context, &handle));
  *stream = *static_cast<cudaStream_t *>(handle);
  PetscFunctionReturn(PETSC_SUCCESS);
}

namespace {

class Cuda : public Runtime {
 public:
  const char *name() const override { return "cuda"; }
  PetscMemType memoryType() const override { return PETSC_MEMTYPE_CUDA; }

  PetscErrorCode allocate(std::size_t bytes, void **memory) override {
    cudaStream_t stream = nullptr;
    PetscFunctionBegin;
    PetscCall(CurrentStream(&stream));
    PetscCall(CheckCuda(cudaMallocAsync(memory, bytes, stream), "memory on the device"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  PetscErrorCode release(void *memory) override {
    cudaStream_t stream = nullptr;
    PetscFunctionBegin;
    PetscCall(CurrentStream(&stream));
    PetscCall(CheckCuda(cudaFreeAsync(memory, stream), "memory on the device"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  PetscErrorCode copy(void *to, Space to_space, const void *from, Space from_space, std::size_t bytes) override {
    cudaStream_t stream = nullptr;
    PetscFunctionBegin;
    PetscCall(CurrentStream(&stream));
    PetscCall(CheckCuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), "copy"));
    if (to_space == Space::host) PetscCall(CheckCuda(cudaStreamSynchronize(stream), "copy to the host"));
    // What the host gave may be gone as soon as we return.
    if (from_space == Space::host) PetscCall(CheckCuda(cudaStreamSynchronize(stream), "copy from the host"));
    if (to_space != from_space) {
      if (to_space == Space::host)
        PetscCall(PetscLogGpuToCpu(static_cast<PetscLogDouble>(bytes)));
      else
        PetscCall(PetscLogCpuToGpu(static_cast<PetscLogDouble>(bytes)));
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }
};

}  // namespace

Runtime *cudaRuntime() {
  static Cuda cuda;
  return &cuda;
}

}  // namespace petrl::device
#endif
