#include "device/cuda_runtime.hpp"

#if PETRL_CUDA
#include <cufft.h>

#include <string>

#include "base/error.hpp"
#include "problems/fault/fft.hpp"

namespace petrl::fault {

namespace {

void checkFFT(cufftResult result, const char what[]) {
  if (result != CUFFT_SUCCESS)
    throw Error(std::string("fault: cuFFT: ") + what + ": error " + std::to_string(static_cast<int>(result)),
                PETSC_ERR_GPU);
}

class CudaFFT : public FFT {
 public:
  explicit CudaFFT(const FFTBatch &b) : kind_(b.kind) {
    long long n = b.length, anything = b.length;  // the sizes of other dimensions: there are none
    const bool from_real = kind_ == Transform::real_to_complex, to_real = kind_ == Transform::complex_to_real;
    const cufftType type = from_real ? CUFFT_D2Z : to_real ? CUFFT_Z2D : CUFFT_Z2Z;
    std::size_t work = 0;
    checkFFT(cufftCreate(&plan_), "no plan");
    try {
      checkFFT(cufftMakePlanMany64(plan_, 1, &n, &anything, from_real ? 1 : b.stride,
                                   from_real ? 2 * b.distance : b.distance, &anything, to_real ? 1 : b.stride,
                                   to_real ? 2 * b.distance : b.distance, type, b.count, &work),
               "cannot plan this transform");
    } catch (...) {
      (void)cufftDestroy(plan_);
      throw;
    }
  }
  CudaFFT(const CudaFFT &) = delete;
  CudaFFT &operator=(const CudaFFT &) = delete;
  ~CudaFFT() override { (void)cufftDestroy(plan_); }

  void execute(double *from, double *to) override {
    cudaStream_t stream = nullptr;
    PetRLThrow(device::CurrentStream(&stream));
    checkFFT(cufftSetStream(plan_, stream), "stream");
    PetRLThrow(PetscLogGpuTimeBegin());
    auto *const z = reinterpret_cast<cufftDoubleComplex *>(from), *const w = reinterpret_cast<cufftDoubleComplex *>(to);
    if (kind_ == Transform::real_to_complex)
      checkFFT(cufftExecD2Z(plan_, from, w), "transform");
    else if (kind_ == Transform::complex_to_real)
      checkFFT(cufftExecZ2D(plan_, z, to), "transform");
    else
      checkFFT(cufftExecZ2Z(plan_, z, w, kind_ == Transform::forward ? CUFFT_FORWARD : CUFFT_INVERSE), "transform");
    PetRLThrow(PetscLogGpuTimeEnd());
  }
  const char *name() const override { return "cuFFT"; }

 private:
  Transform kind_;
  cufftHandle plan_ = 0;
};

}  // namespace

std::unique_ptr<FFT> makeCudaFFT(const FFTBatch &batch) {
  return std::make_unique<CudaFFT>(batch);
}

}  // namespace petrl::fault
#endif
