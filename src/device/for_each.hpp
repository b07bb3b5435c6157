// Loops that run where the data is. A file that uses them on functors of its own is compiled by the device's compiler
// where there is one (PETRL_DEVICE_SOURCES in src/CMakeLists.txt); the functors are the same on the host.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "device/cuda_runtime.hpp"
#include "device/runtime.hpp"

namespace petrl::device {

/// Some lanes that share scratch memory and can wait for each other: a block of threads, or on the host one lane that
/// does everything (on an emulated device that wants it: some threads). Work is written as phases: each lane takes the
/// items lane(), lane() + lanes(), ..., then all sync().
class Team {
 public:
  PETRL_BOTH Team(int lane, int lanes, void *scratch, pthread_barrier_t *barrier = nullptr)
      : lane_(lane), lanes_(lanes), scratch_(scratch), barrier_(barrier) {}
  PETRL_BOTH int lane() const { return lane_; }
  PETRL_BOTH int lanes() const { return lanes_; }
  /// Aligned for doubles; what is in it at the beginning is undefined.
  PETRL_BOTH void *scratch() const { return scratch_; }
  PETRL_BOTH void sync() const {
#if defined(__CUDA_ARCH__)
    __syncthreads();
#else
    if (barrier_) pthread_barrier_wait(barrier_);
#endif
  }

 private:
  int lane_, lanes_;
  void *scratch_;
  pthread_barrier_t *barrier_;
};

#if defined(__CUDACC__)
template <class Work>
__global__ void kernel(std::ptrdiff_t n, Work work) {
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(gridDim.x) * blockDim.x;
  for (std::ptrdiff_t i = static_cast<std::ptrdiff_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride)
    work(i);
}

template <class Work>
__global__ void teamKernel(std::ptrdiff_t n, Work work) {
  extern __shared__ double scratch[];
  const Team team(static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x), scratch);
  for (std::ptrdiff_t i = blockIdx.x; i < n; i += gridDim.x) {
    work(i, team);
    team.sync();
  }
}
#endif

/// A loop on the host in place of a kernel: on an emulated device.
inline PetscErrorCode onHost() {
  PetscFunctionBegin;
  PetscCheck(runtime()->emulated(), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "a loop over data on a device (%s) was not compiled by the device's compiler", runtime()->name());
  PetscCall(runtime()->begin());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/// work(i) for i = 0, ..., n - 1, in any order. Returns before a device has done it.
template <class Work>
PetscErrorCode forEach(Space space, std::ptrdiff_t n, const Work &work) {
  PetscFunctionBegin;
  if (n <= 0) PetscFunctionReturn(PETSC_SUCCESS);
#if defined(__CUDACC__)
  if (space == Space::device && !runtime()->emulated()) {
    constexpr int threads = 256;
    cudaStream_t stream = nullptr;
    PetscCall(CurrentStream(&stream));
    const auto blocks = static_cast<unsigned>(std::min<std::ptrdiff_t>((n + threads - 1) / threads, 1 << 20));
    PetscCall(PetscLogGpuTimeBegin());  // of -log_view_gpu_time; else nothing
    kernel<<<blocks, threads, 0, stream>>>(n, work);
    PetscCall(CheckCuda(cudaGetLastError(), "kernel"));
    PetscCall(PetscLogGpuTimeEnd());
    PetscFunctionReturn(PETSC_SUCCESS);
  }
#endif
  if (space == Space::device) PetscCall(onHost());
  for (std::ptrdiff_t i = 0; i < n; ++i) work(i);
  if (space == Space::device) PetscCall(runtime()->end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/// The same work by teams of so many threads.
template <class Work>
void byThreads(int lanes, std::ptrdiff_t n, void *scratch, const Work &work) {
  pthread_barrier_t barrier;
  std::vector<std::thread> threads;
  pthread_barrier_init(&barrier, nullptr, static_cast<unsigned>(lanes));
  for (int lane = 0; lane < lanes; ++lane)
    threads.emplace_back([=, &barrier, &work] {
      const Team team(lane, lanes, scratch, &barrier);
      for (std::ptrdiff_t i = 0; i < n; ++i) {
        work(i, team);
        team.sync();
      }
    });
  for (std::thread &thread : threads) thread.join();
  pthread_barrier_destroy(&barrier);
}

/// work(i, team) for i = 0, ..., n - 1, each with so many bytes of scratch memory.
template <class Work>
PetscErrorCode forEachTeam(Space space, std::ptrdiff_t n, std::size_t scratch, const Work &work) {
  PetscFunctionBegin;
  if (n <= 0) PetscFunctionReturn(PETSC_SUCCESS);
#if defined(__CUDACC__)
  if (space == Space::device && !runtime()->emulated()) {
    constexpr int threads = 256;
    constexpr std::size_t always = 48 * 1024;  // more has to be asked for
    cudaStream_t stream = nullptr;
    PetscCall(CurrentStream(&stream));
    if (scratch > always)
      PetscCall(CheckCuda(cudaFuncSetAttribute(teamKernel<Work>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                               static_cast<int>(scratch)),
                          "shared memory"));
    const auto blocks = static_cast<unsigned>(std::min<std::ptrdiff_t>(n, 1 << 20));
    PetscCall(PetscLogGpuTimeBegin());
    teamKernel<<<blocks, threads, scratch, stream>>>(n, work);
    PetscCall(CheckCuda(cudaGetLastError(), "kernel"));
    PetscCall(PetscLogGpuTimeEnd());
    PetscFunctionReturn(PETSC_SUCCESS);
  }
#endif
  std::vector<double> memory(scratch / sizeof(double) + 1);
  const Team alone(0, 1, memory.data());
  const int lanes = space == Space::device ? runtime()->lanes() : 1;
  if (space == Space::device) PetscCall(onHost());
  if (lanes > 1) PetRLCallCXX(byThreads(lanes, n, memory.data(), work));
  for (std::ptrdiff_t i = 0; i < n && lanes == 1; ++i) work(i, alone);
  if (space == Space::device) PetscCall(runtime()->end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::device
