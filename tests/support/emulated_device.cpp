#include "support/emulated_device.hpp"

#include <dlfcn.h>
#include <petsc/private/tsimpl.h>
#include <petsc/private/vecimpl.h>
#include <petscdm.h>
#include <sys/mman.h>

#include <cstring>
#include <map>
#include <vector>

#include "base/error.hpp"
#include "device/runtime.hpp"

namespace petrl::test {

namespace {

using device::Space;

/// Pages of one large range, opened and closed together.
class Memory : public device::Runtime {
 public:
  const char *name() const override { return kEmulated; }
  bool emulated() const override { return true; }
  PetscMemType memoryType() const override { return PETSC_MEMTYPE_HOST; }
  int lanes() const override { return lanes_; }

  PetscErrorCode allocate(std::size_t bytes, void **memory) override {
    const std::size_t size = (bytes + kPage - 1) / kPage * kPage;
    PetscFunctionBegin;
    if (!start_) {
      void *const range = mmap(nullptr, kRange, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      PetscCheck(range != MAP_FAILED, PETSC_COMM_SELF, PETSC_ERR_MEM, "mmap");
      start_ = static_cast<char *>(range);
    }
    std::vector<char *> &free = free_[size];
    if (free.empty()) {
      PetscCheck(used_ + size <= kRange, PETSC_COMM_SELF, PETSC_ERR_MEM, "the emulated device is full");
      free.push_back(start_ + used_);
      used_ += size;
      if (open_ > 0) PetscCall(protect(PROT_READ | PROT_WRITE));
    }
    *memory = free.back();
    free.pop_back();
    sizes_[*memory] = size;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscErrorCode release(void *memory) override {
    PetscFunctionBegin;
    const auto found = sizes_.find(memory);
    PetscCheck(found != sizes_.end(), PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "not a block of the emulated device");
    free_[found->second].push_back(static_cast<char *>(memory));
    sizes_.erase(found);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscErrorCode copy(void *to, Space to_space, const void *from, Space from_space, std::size_t bytes) override {
    PetscFunctionBegin;
    PetscCheck(ours(to) == (to_space == Space::device) && ours(from) == (from_space == Space::device), PETSC_COMM_SELF,
               PETSC_ERR_ARG_WRONG, "a pointer is not of the space that it is said to be of");
    PetscCall(open());
    std::memcpy(to, from, bytes);
    PetscCall(close());
    if (to_space != from_space) (to_space == Space::host ? to_host_ : to_device_) += bytes;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscErrorCode begin() override {
    ++kernels_;
    return open();
  }
  PetscErrorCode end() override { return close(); }

  PetscErrorCode open() {
    PetscFunctionBegin;
    if (open_++ == 0) PetscCall(protect(PROT_READ | PROT_WRITE));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscErrorCode close() {
    PetscFunctionBegin;
    if (--open_ == 0) PetscCall(protect(PROT_NONE));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  bool isOpen() const { return open_ > 0; }

  int lanes_ = 1;
  long kernels_ = 0;
  std::size_t to_host_ = 0, to_device_ = 0;
  std::map<const void *, std::size_t> sizes_;

 private:
  static constexpr std::size_t kPage = 4096, kRange = std::size_t{1} << 32;
  bool ours(const void *p) const {
    const auto *const at = static_cast<const char *>(p);
    return start_ && at >= start_ && at < start_ + used_;
  }
  PetscErrorCode protect(int how) {
    PetscFunctionBegin;
    PetscCheck(used_ == 0 || mprotect(start_, used_, how) == 0, PETSC_COMM_SELF, PETSC_ERR_SYS, "mprotect");
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  char *start_ = nullptr;
  std::size_t used_ = 0;
  int open_ = 0;
  std::map<std::size_t, std::vector<char *>> free_;
};

Memory &memory() {
  static Memory all;
  return all;
}

// What PETSc does itself, it does on the device: the memory is open meanwhile.
template <class Call>
PetscErrorCode onDevice(const Call &call) {
  PetscFunctionBegin;
  PetscCall(memory().open());
  PetscCall(call());
  PetscCall(memory().close());
  PetscFunctionReturn(PETSC_SUCCESS);
}

_VecOps plain[2];  // those of a Vec on one rank, and on several

const _VecOps &plainOps(Vec v) {
  PetscMPIInt size = 1;
  (void)MPI_Comm_size(PetscObjectComm((PetscObject)v), &size);
  return plain[size > 1 ? 1 : 0];
}

template <class... Args>
using Op = PetscErrorCode (*_VecOps::*)(Vec, Args...);

template <auto Member, class... Args>
struct Wrapped {
  static PetscErrorCode call(Vec v, Args... args) {
    return onDevice([&] { return (plainOps(v).*Member)(v, args...); });
  }
};

template <auto Member, class... Args>
void wrap(_VecOps &ops, PetscErrorCode (*_VecOps::*)(Vec, Args...)) {
  if (ops.*Member) ops.*Member = Wrapped<Member, Args...>::call;
}

template <auto... Members>
void wrapAll(_VecOps &ops) {
  (wrap<Members>(ops, Members), ...);
}

// --- arrays ---
struct Head {
  VECHEADER
};

PetscErrorCode GetArray(Vec v, PetscScalar **a) {
  PetscFunctionBegin;
  PetscCheck(memory().isOpen(), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "host access to the array of a Vec on the emulated device");
  *a = static_cast<Head *>(v->data)->array;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GetArrayRead(Vec v, const PetscScalar **a) {
  return GetArray(v, const_cast<PetscScalar **>(a));
}

PetscErrorCode RestoreArray(Vec, PetscScalar **) {
  return PETSC_SUCCESS;
}

PetscErrorCode RestoreArrayRead(Vec, const PetscScalar **) {
  return PETSC_SUCCESS;
}

// PETSc, which was not built for a device, is told that this is the host.
PetscErrorCode GetArrayAndMemType(Vec v, PetscScalar **a, PetscMemType *type) {
  PetscFunctionBegin;
  *a = static_cast<Head *>(v->data)->array;
  if (type) *type = memory().isOpen() ? PETSC_MEMTYPE_HOST : PETSC_MEMTYPE_DEVICE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GetArrayReadAndMemType(Vec v, const PetscScalar **a, PetscMemType *type) {
  return GetArrayAndMemType(v, const_cast<PetscScalar **>(a), type);
}

PetscErrorCode Destroy(Vec v) {
  PetscFunctionBegin;
  PetscCall(memory().release(static_cast<Head *>(v->data)->array));
  static_cast<Head *>(v->data)->array = nullptr;
  PetscCall(plainOps(v).destroy(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Duplicate(Vec v, Vec *other) {
  PetscFunctionBegin;
  PetscCall(VecCreate(PetscObjectComm((PetscObject)v), other));
  PetscCall(PetscLayoutReference(v->map, &(*other)->map));
  PetscCall(VecSetType(*other, kEmulated));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DuplicateVecs(Vec v, PetscInt n, Vec **others) {
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, others));
  for (PetscInt i = 0; i < n; ++i) PetscCall(VecDuplicate(v, *others + i));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode Create(Vec v) {
  PetscMPIInt size;
  PetscInt n;
  void *values = nullptr;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)v), &size));
  PetscCall(VecSetType(v, size > 1 ? VECMPI : VECSEQ));
  PetscCall(PetscObjectChangeTypeName((PetscObject)v, kEmulated));
  plain[size > 1 ? 1 : 0] = *v->ops;
  _VecOps &ops = *v->ops;
  using O = _VecOps;
  wrapAll<&O::dot, &O::mdot, &O::norm, &O::tdot, &O::mtdot, &O::scale, &O::copy, &O::set, &O::swap, &O::axpy, &O::axpby,
          &O::maxpy, &O::aypx, &O::waxpy, &O::axpbypcz, &O::pointwisemult, &O::pointwisedivide, &O::setvalues,
          &O::assemblybegin, &O::assemblyend, &O::view, &O::max, &O::min, &O::setrandom, &O::dot_local, &O::tdot_local,
          &O::norm_local, &O::mdot_local, &O::mtdot_local, &O::load, &O::reciprocal, &O::conjugate,
          &O::maxpointwisedivide, &O::pointwisemax, &O::pointwisemaxabs, &O::pointwisemin, &O::getvalues, &O::sqrt,
          &O::abs, &O::exp, &O::log, &O::shift, &O::stridegather, &O::stridescatter, &O::dotnorm2, &O::sum>(ops);
  ops.getarray = ops.getarraywrite = GetArray;
  ops.restorearray = ops.restorearraywrite = RestoreArray;
  ops.getarrayread = GetArrayRead;
  ops.restorearrayread = RestoreArrayRead;
  ops.getarrayandmemtype = ops.getarraywriteandmemtype = GetArrayAndMemType;
  ops.getarrayreadandmemtype = GetArrayReadAndMemType;
  ops.restorearrayandmemtype = RestoreArray;
  ops.restorearrayreadandmemtype = RestoreArrayRead;
  ops.duplicate = Duplicate;
  ops.duplicatevecs = DuplicateVecs;  // PETSc may lay them out together
  ops.destroy = Destroy;
  PetscCall(VecGetLocalSize(v, &n));
  const std::size_t bytes = static_cast<std::size_t>(PetscMax(n, 1)) * sizeof(PetscScalar);
  PetscCall(memory().allocate(bytes, &values));
  PetscCall(memory().open());
  std::memset(values, 0, bytes);
  PetscCall(memory().close());
  static_cast<Head *>(v->data)->array = static_cast<PetscScalar *>(values);
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The memory is open from one call to another: other ranks may read it meanwhile.
template <class F, class... Args>
PetscErrorCode begun(F *own, Args... args) {
  PetscFunctionBegin;
  PetscCall(memory().open());
  PetscCall(own(args...));
  PetscFunctionReturn(PETSC_SUCCESS);
}

template <class F, class... Args>
PetscErrorCode ended(F *own, Args... args) {
  PetscFunctionBegin;
  PetscCall(own(args...));
  PetscCall(memory().close());
  PetscFunctionReturn(PETSC_SUCCESS);
}

// The function of this name that would have been called if it were not for ours.
template <class F>
F *next(const char *name) {
  return reinterpret_cast<F *>(dlsym(RTLD_NEXT, name));
}

}  // namespace

EmulatedDevice::EmulatedDevice() {
  static bool registered = false;
  if (!registered) PetRLThrow(VecRegister(kEmulated, Create));
  registered = true;
  memory().lanes_ = 1;
  memory().kernels_ = 0;
  memory().to_host_ = memory().to_device_ = 0;
  device::setRuntime(&memory());
}

EmulatedDevice::~EmulatedDevice() {
  device::setRuntime(nullptr);
}

PetscErrorCode EmulatedDevice::open() {
  return memory().open();
}
PetscErrorCode EmulatedDevice::close() {
  return memory().close();
}
void EmulatedDevice::setLanes(int lanes) {
  memory().lanes_ = lanes;
}
long EmulatedDevice::kernels() const {
  return memory().kernels_;
}
std::size_t EmulatedDevice::toHost() const {
  return memory().to_host_;
}
std::size_t EmulatedDevice::toDevice() const {
  return memory().to_device_;
}
std::size_t EmulatedDevice::held() const {
  return memory().sizes_.size();
}

}  // namespace petrl::test

// --- what else PETSc does with arrays by itself: these take the place of its functions in the test program ---
using petrl::test::begun;
using petrl::test::ended;
using petrl::test::next;
using petrl::test::onDevice;

PetscErrorCode VecScatterBegin(VecScatter scatter, Vec x, Vec y, InsertMode insert, ScatterMode mode) {
  static auto *const own = next<decltype(VecScatterBegin)>("VecScatterBegin");
  return begun(own, scatter, x, y, insert, mode);
}

PetscErrorCode VecScatterEnd(VecScatter scatter, Vec x, Vec y, InsertMode insert, ScatterMode mode) {
  static auto *const own = next<decltype(VecScatterEnd)>("VecScatterEnd");
  return ended(own, scatter, x, y, insert, mode);
}

PetscErrorCode DMGlobalToLocalBegin(DM dm, Vec g, InsertMode mode, Vec l) {
  static auto *const own = next<decltype(DMGlobalToLocalBegin)>("DMGlobalToLocalBegin");
  return begun(own, dm, g, mode, l);
}

PetscErrorCode DMGlobalToLocalEnd(DM dm, Vec g, InsertMode mode, Vec l) {
  static auto *const own = next<decltype(DMGlobalToLocalEnd)>("DMGlobalToLocalEnd");
  return ended(own, dm, g, mode, l);
}

PetscErrorCode DMLocalToGlobalBegin(DM dm, Vec l, InsertMode mode, Vec g) {
  static auto *const own = next<decltype(DMLocalToGlobalBegin)>("DMLocalToGlobalBegin");
  return begun(own, dm, l, mode, g);
}

PetscErrorCode DMLocalToGlobalEnd(DM dm, Vec l, InsertMode mode, Vec g) {
  static auto *const own = next<decltype(DMLocalToGlobalEnd)>("DMLocalToGlobalEnd");
  return ended(own, dm, l, mode, g);
}

PetscErrorCode VecCopy(Vec x, Vec y) {
  static auto *const own = next<decltype(VecCopy)>("VecCopy");
  return onDevice([&] { return own(x, y); });
}

// Operations of device types that this one has not got.
PetscErrorCode VecSum(Vec x, PetscScalar *sum) {
  static auto *const own = next<decltype(VecSum)>("VecSum");
  return onDevice([&] { return own(x, sum); });
}

PetscErrorCode VecShift(Vec x, PetscScalar shift) {
  static auto *const own = next<decltype(VecShift)>("VecShift");
  return onDevice([&] { return own(x, shift); });
}

PetscErrorCode TSErrorWeightedNorm(TS ts, Vec u, Vec y, NormType type, PetscReal *norm, PetscReal *norma,
                                   PetscReal *normr) {
  static auto *const own = next<decltype(TSErrorWeightedNorm)>("TSErrorWeightedNorm");
  return onDevice([&] { return own(ts, u, y, type, norm, norma, normr); });
}
