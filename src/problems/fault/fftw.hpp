// FFTW's memory and plans, owned.
#pragma once

#include <fftw3.h>

#include <algorithm>
#include <complex>
#include <cstddef>
#include <memory>
#include <type_traits>

#include "base/error.hpp"

namespace petrl::fault {

using Complex = std::complex<double>;

struct FreePlan {
  void operator()(fftw_plan plan) const { fftw_destroy_plan(plan); }
};
using Plan = std::unique_ptr<std::remove_pointer_t<fftw_plan>, FreePlan>;

inline Plan made(fftw_plan plan) {
  if (!plan) throw Error("fault: FFTW cannot plan this transform", PETSC_ERR_LIB);
  return Plan(plan);
}

/// Zeros, aligned as FFTW's vector code likes them.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t n = 0) : data_(n ? static_cast<T *>(fftw_malloc(n * sizeof(T))) : nullptr) {
    if (n && !data_) throw Error("fault: out of memory", PETSC_ERR_MEM);
    std::fill_n(data_.get(), n, T());
  }
  T *data() { return data_.get(); }
  const T *data() const { return data_.get(); }
  T &operator[](std::size_t i) { return data_.get()[i]; }
  const T &operator[](std::size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T *p) const { fftw_free(p); }
  };
  std::unique_ptr<T, Free> data_;
};

/// Real and imaginary parts in turn.
inline double *numbers(Buffer<Complex> &z) {
  return reinterpret_cast<double *>(z.data());
}

}  // namespace petrl::fault
