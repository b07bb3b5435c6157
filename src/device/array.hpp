// Arrays of our own, in either space.
#pragma once

#include <cstdlib>
#include <utility>

#include "device/runtime.hpp"

namespace petrl::device {

/// Numbers in a space. Not initialised.
template <class T>
class Array {
 public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  Array(Array &&other) noexcept { *this = std::move(other); }
  Array &operator=(Array &&other) noexcept {
    std::swap(space_, other.space_);
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Array() {
    if (data_) (void)release();
  }

  /// Room for n numbers; what was there is lost unless that is what there is.
  PetscErrorCode resize(Space space, std::size_t n) {
    PetscFunctionBegin;
    if (space == space_ && n == size_) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(release());
    if (n == 0) PetscFunctionReturn(PETSC_SUCCESS);
    void *memory = nullptr;
    if (space == Space::device)
      PetscCall(runtime()->allocate(n * sizeof(T), &memory));
    else
      memory = std::malloc(n * sizeof(T));
    PetscCheck(memory, PETSC_COMM_SELF, PETSC_ERR_MEM, "No memory for %zu bytes", n * sizeof(T));
    data_ = static_cast<T *>(memory);
    size_ = n;
    space_ = space;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  /// From the host: size() numbers.
  PetscErrorCode set(const T *values) {
    PetscFunctionBegin;
    if (space_ == Space::device)
      PetscCall(runtime()->copy(data_, space_, values, Space::host, size_ * sizeof(T)));
    else
      PetscCall(PetscArraycpy(data_, values, size_));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  /// To the host; waits for the device.
  PetscErrorCode get(T *values) const {
    PetscFunctionBegin;
    if (space_ == Space::device)
      PetscCall(runtime()->copy(values, Space::host, data_, space_, size_ * sizeof(T)));
    else
      PetscCall(PetscArraycpy(values, data_, size_));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  T *data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  PetscErrorCode release() {
    PetscFunctionBegin;
    if (data_ && space_ == Space::device && runtime()) PetscCall(runtime()->release(data_));
    if (space_ == Space::host) std::free(data_);
    data_ = nullptr;
    size_ = 0;
    PetscFunctionReturn(PETSC_SUCCESS);
  }

  Space space_ = Space::host;
  std::size_t size_ = 0;
  T *data_ = nullptr;
};

}  // namespace petrl::device
