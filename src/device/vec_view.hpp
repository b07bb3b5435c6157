// A Vec's values in the space where they are wanted.
#pragma once

#include "device/array.hpp"

namespace petrl::device {

/// Values of a Vec, the local ones: taken where they live if that is where they are wanted, else copied. Every begin has
/// its end. Not collective.
class VecView {
 public:
  PetscErrorCode beginRead(Vec v, Space wanted, const PetscScalar **values);
  PetscErrorCode endRead();
  /// What is there is not kept.
  PetscErrorCode beginWrite(Vec v, Space wanted, PetscScalar **values);
  PetscErrorCode endWrite();

 private:
  Vec vec_ = nullptr;
  Space wanted_ = Space::host, there_ = Space::host;
  bool on_host_ = true;  // taken as any array on the host
  const PetscScalar *read_ = nullptr;
  PetscScalar *write_ = nullptr;
  Array<PetscScalar> copy_;
};



}  // namespace petrl::device
