#include "support/test_device.hpp"

#include <petscdevice.h>

#include <cstdlib>
#include <string>

#include "base/error.hpp"

namespace petrl::test {

namespace {

// What PETSc has counted; of that, what tests have looked at.
struct Copied {
  double to_host = 0, to_device = 0;
};
Copied byTests;

Copied counted() {
  Copied all;
#if PetscDefined(HAVE_DEVICE)
  all.to_host = petsc_gtoc_sz, all.to_device = petsc_ctog_sz;
#endif
  return all;
}

}  // namespace

bool TestDevice::emulated() {
  const char *const named = std::getenv("PETRL_TEST_DEVICE");
  return !named || std::string(named) == kEmulated;
}

VecType TestDevice::vecType() {
  return emulated() ? kEmulated : std::getenv("PETRL_TEST_DEVICE");
}

TestDevice::TestDevice() {
  if (emulated()) emulated_.emplace();
}

std::size_t TestDevice::toHost() const {
  return emulated_ ? emulated_->toHost() : static_cast<std::size_t>(counted().to_host - byTests.to_host);
}

std::size_t TestDevice::toDevice() const {
  return emulated_ ? emulated_->toDevice() : static_cast<std::size_t>(counted().to_device - byTests.to_device);
}

OpenMemory::OpenMemory(Vec v) : vec_(v), to_host_(counted().to_host), to_device_(counted().to_device) {
  if (TestDevice::emulated()) PetRLThrow(EmulatedDevice::open());
}

OpenMemory::~OpenMemory() {
  if (TestDevice::emulated()) {
    (void)EmulatedDevice::close();
    return;
  }
  const PetscScalar *values;  // they go back to where they live
  if (vec_) (void)VecGetArrayReadAndMemType(vec_, &values, nullptr);
  if (vec_) (void)VecRestoreArrayReadAndMemType(vec_, &values);
  byTests.to_host += counted().to_host - to_host_;
  byTests.to_device += counted().to_device - to_device_;
}

std::vector<double> valuesOf(Vec x) {
  const OpenMemory open(x);
  const PetscScalar *values;
  PetscInt n;
  std::vector<double> result;
  PetRLThrow(VecGetLocalSize(x, &n));
  PetRLThrow(VecGetArrayRead(x, &values));
  for (PetscInt i = 0; i < n; ++i) result.push_back(static_cast<double>(PetscRealPart(values[i])));
  PetRLThrow(VecRestoreArrayRead(x, &values));
  return result;
}

}  // namespace petrl::test
