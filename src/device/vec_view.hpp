// Values of Vecs in the space where they are wanted.
#pragma once

#include <initializer_list>

#include "device/array.hpp"
#include "device/for_each.hpp"

namespace petrl::device {

enum class Access {
  read,
  write,  ///< what is there is not kept
  both
};

/// Values of a Vec, the local ones: taken where they live if that is where they are wanted, else copied. Every begin has
/// its end. Not collective.
class PETRL_API VecView {
 public:
  PetscErrorCode beginRead(Vec v, Space wanted, const PetscScalar **values);
  PetscErrorCode begin(Vec v, Space wanted, Access access, PetscScalar **values);
  PetscErrorCode end();

 private:
  Vec vec_ = nullptr;
  Space wanted_ = Space::host, there_ = Space::host;
  bool on_host_ = true;  // taken as any array on the host
  Access access_ = Access::read;
  PetscScalar *taken_ = nullptr;
  Array<PetscScalar> copy_;
};

/// A loop over the local values of Vecs of one layout, in a space: make(r, w) is the work for forEach(), r and w the
/// values of those that are read (up to 4) and those that are read and written (up to 4).
template <class Make>
PetscErrorCode forVecs(Space space, std::initializer_list<Vec> read, std::initializer_list<Vec> written,
                       const Make &make) {
  constexpr std::size_t most = 4;
  VecView views[2 * most];
  const PetscScalar *r[most] = {};
  PetscScalar *w[most] = {};
  PetscInt n;
  std::size_t k = 0;

  PetscFunctionBegin;
  PetscCheck(read.size() <= most && written.size() <= most && written.size() > 0, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "too many Vecs");
  PetscCall(VecGetLocalSize(*written.begin(), &n));
  for (const Vec v : read) {
    PetscCall(views[k].beginRead(v, space, &r[k]));
    ++k;
  }
  for (const Vec v : written) {
    PetscCall(views[k].begin(v, space, Access::both, &w[k - read.size()]));
    ++k;
  }
  PetscCall(forEach(space, n, make(r, w)));
  while (k > 0) PetscCall(views[--k].end());
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::device
