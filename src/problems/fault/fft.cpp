#include "problems/fault/fft.hpp"

#include "base/error.hpp"
#include "device/cuda_runtime.hpp"
#include "problems/fault/fftw.hpp"

namespace petrl::fault {

namespace {

fftw_complex *complex(double *z) {
  return reinterpret_cast<fftw_complex *>(z);
}

/// Also that of the emulated device, whose memory is open meanwhile.
class HostFFT : public FFT {
 public:
  HostFFT(const FFTBatch &batch, device::Runtime *emulated, double *from, double *to, unsigned planning)
      : kind_(batch.kind), emulated_(emulated) {
    begin();
    plan_ = made(plan(batch, from, to, batch.keeps_input ? planning | FFTW_PRESERVE_INPUT : planning));
    end();
  }

  void execute(double *from, double *to) override {
    begin();
    if (kind_ == Transform::real_to_complex)
      fftw_execute_dft_r2c(plan_.get(), from, complex(to));
    else if (kind_ == Transform::complex_to_real)
      fftw_execute_dft_c2r(plan_.get(), complex(from), to);
    else
      fftw_execute_dft(plan_.get(), complex(from), complex(to));
    end();
  }
  const char *name() const override { return "FFTW"; }

 private:
  static fftw_plan plan(const FFTBatch &b, double *from, double *to, unsigned flags) {
    const int n = static_cast<int>(b.length), count = static_cast<int>(b.count), stride = static_cast<int>(b.stride),
              distance = static_cast<int>(b.distance);
    if (b.kind == Transform::real_to_complex)
      return fftw_plan_many_dft_r2c(1, &n, count, from, nullptr, 1, 2 * distance, complex(to), nullptr, stride,
                                    distance, flags);
    if (b.kind == Transform::complex_to_real)
      return fftw_plan_many_dft_c2r(1, &n, count, complex(from), nullptr, stride, distance, to, nullptr, 1,
                                    2 * distance, flags);
    return fftw_plan_many_dft(1, &n, count, complex(from), nullptr, stride, distance, complex(to), nullptr, stride,
                              distance, b.kind == Transform::forward ? FFTW_FORWARD : FFTW_BACKWARD, flags);
  }
  void begin() {
    if (emulated_) PetRLThrow(emulated_->begin());
  }
  void end() {
    if (emulated_) PetRLThrow(emulated_->end());
  }

  Transform kind_;
  device::Runtime *emulated_;
  Plan plan_;
};

}  // namespace

std::unique_ptr<FFT> makeFFT(device::Space space, const FFTBatch &batch, double *from, double *to, unsigned planning) {
#if PETRL_CUDA
  if (space == device::Space::device && !device::runtime()->emulated()) return makeCudaFFT(batch);
#endif
  return std::make_unique<HostFFT>(batch, space == device::Space::device ? device::runtime() : nullptr, from, to,
                                   planning);
}

}  // namespace petrl::fault
