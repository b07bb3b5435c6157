// Fourier transforms where the data is: FFTW on the host, cuFFT on a CUDA device.
#pragma once

#include <cstddef>
#include <memory>

#include "device/runtime.hpp"

namespace petrl::fault {

enum class Transform { real_to_complex, complex_to_real, forward, backward };

/// `count` one-dimensional transforms of `length` numbers, not normalised. Complex number i of the k-th lies at
/// i * stride + k * distance; its reals, where it has some, one after the other in room for `distance` complex numbers.
struct FFTBatch {
  Transform kind = Transform::forward;
  std::ptrdiff_t length = 1, count = 1, stride = 1, distance = 1;
  bool keeps_input = false;  ///< not in place, and what is read is not written (not for complex_to_real)
};

/// Real and imaginary parts take turns. Not collective. Throws petrl::Error.
class FFT {
 public:
  virtual ~FFT() = default;
  /// From arrays that are aligned as those of makeFFT(), in place if those were. On a device: in the stream of PETSc's
  /// context, returns before it is done.
  virtual void execute(double *from, double *to) = 0;
  /// Whose it is: "FFTW", "cuFFT".
  virtual const char *name() const = 0;
};

/// `planning`: FFTW_ESTIMATE, or FFTW_MEASURE, which leaves anything in the arrays.
std::unique_ptr<FFT> makeFFT(device::Space space, const FFTBatch &batch, double *from, double *to, unsigned planning);

/// fft_cuda.cpp: where PETSc was built for CUDA.
std::unique_ptr<FFT> makeCudaFFT(const FFTBatch &batch);

}  // namespace petrl::fault
