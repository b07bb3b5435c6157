// Compiled by the device's compiler where there is one.
#include "problems/conservation/device_volumes.hpp"

#include <limits>
#include <utility>

#include "base/error.hpp"

namespace petrl::conservation {

namespace {

// From the host to a space, kept in `all`.
template <class T>
PetscErrorCode Place(device::Space space, std::size_t n, const T *&array, std::vector<device::Array<T>> &all) {
  device::Array<T> there;

  PetscFunctionBegin;
  PetscCall(there.resize(space, n));
  PetscCall(there.set(array));
  array = there.data();
  PetRLCallCXX(all.push_back(std::move(there)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace

PetscErrorCode DeviceVolumes::place(std::size_t n, std::initializer_list<const int **> arrays) {
  PetscFunctionBegin;
  for (const int **array : arrays) PetscCall(Place(arrays_.space, n, *array, integers_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceVolumes::place(std::size_t n, std::initializer_list<const double **> arrays) {
  PetscFunctionBegin;
  for (const double **array : arrays) PetscCall(Place(arrays_.space, n, *array, numbers_));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceVolumes::room(std::size_t n, std::initializer_list<double **> arrays) {
  PetscFunctionBegin;
  for (double **array : arrays) {
    PetRLCallCXX(numbers_.emplace_back());
    PetscCall(numbers_.back().resize(arrays_.space, n));
    *array = numbers_.back().data();
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceVolumes::setUp(device::Space space, FiniteVolume &volumes) {
  PetscFunctionBegin;
  integers_.clear(), numbers_.clear(), known_.clear();
  volumes_ = &volumes;
  arrays_ = volumes.arrays();
  arrays_.space = space;
  PetscCheck(arrays_.components == 1, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "Finite volumes on a device are of scalar laws, found %d components", arrays_.components);
  Volumes &a = arrays_;
  const auto cells = static_cast<std::size_t>(a.cells), owned = static_cast<std::size_t>(a.cell.n);
  const auto faces = static_cast<std::size_t>(a.face.n), vertices = static_cast<std::size_t>(a.vertex.n);
  const auto given = static_cast<std::size_t>(a.given.n), crowds = static_cast<std::size_t>(a.vertex.crowds);
  PetscCall(place(3 * owned, {&a.cell.neighbour, &a.cell.vertex, &a.cell.face}));
  PetscCall(place(3 * owned, {&a.cell.weight_x, &a.cell.weight_y, &a.cell.corner_x, &a.cell.corner_y, &a.cell.out}));
  PetscCall(place(faces, {&a.face.left, &a.face.right}));
  PetscCall(place(faces, {&a.face.k, &a.face.left_x, &a.face.left_y, &a.face.right_x, &a.face.right_y, &a.face.direct,
                          &a.face.cross_x, &a.face.cross_y}));
  PetscCall(place(kRing * vertices, {&a.vertex.ring}));
  PetscCall(place(crowds, {&a.vertex.crowd}));
  PetscCall(place(crowds + 1, {&a.vertex.first}));
  PetscCall(place(static_cast<std::size_t>(a.vertex.beyond), {&a.vertex.crowded}));
  PetscCall(place(static_cast<std::size_t>(a.given.cells) + 1, {&a.given.first}));
  PetscCall(place(given, {&a.given.face}));
  PetscCall(place(2 * given, {&a.given.vertex}));
  PetscCall(place(a.limiter == Limiter::smooth ? owned : 0, {&a.epsilon}));
  PetscCall(room(cells, {&a.gx, &a.gy}));
  PetscCall(room(a.viscosity > 0 ? cells : 0, {&a.plain_x, &a.plain_y}));
  PetscCall(room(vertices, {&a.low, &a.high}));
  PetscCall(room(faces, {&a.flux}));
  PetRLCallCXX(clearSlopes(a));
  PetscCall(given_.resize(space, given));
  a.given.value = given_.data();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceVolumes::setGiven(double t) {
  const std::vector<double> *now = nullptr;

  PetscFunctionBegin;
  if (given_.size() == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetRLCallCXX(now = &volumes_->givenValues(t));
  if (*now == known_) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(given_.set(now->data()));
  PetRLCallCXX(known_ = *now);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceVolumes::rhs(double t, const double *u, double *dudt, const Exchange &exchange) {
  const int width = slopeWidth(arrays_);

  PetscFunctionBegin;
  PetscCall(setGiven(t));
  PetRLCallCXX(reconstruct(arrays_, u));
  if (exchange) {
    PetscCall(rows_.resize(arrays_.space, static_cast<std::size_t>(width) * static_cast<std::size_t>(arrays_.cells)));
    PetRLCallCXX(slopesToRows(arrays_, rows_.data()));
    PetscCall(exchange(width, rows_.data()));
    PetRLCallCXX(slopesFromRows(arrays_, arrays_.cell.n, arrays_.cells, rows_.data()));
  }
  PetRLCallCXX(fluxesAndDivergence(arrays_, u, dudt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeviceVolumes::stableStep(const double *u, double *step) {
  const auto n = static_cast<std::size_t>(arrays_.cell.n);
  const double *found = nullptr;

  PetscFunctionBegin;
  *step = std::numeric_limits<double>::infinity();
  if (n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(rate_.resize(arrays_.space, n));
  PetRLCallCXX(speeds(arrays_, u));
  PetRLCallCXX(rates(arrays_, rate_.data()));
  PetscCall(extremes_.setUp(arrays_.space, 1));
  PetscCall(extremes_.compute(0, 1, rate_.data(), arrays_.cell.n, arrays_.cell.n));
  PetscCall(extremes_.get(&found));
  if (found[1] > 0) *step = 1 / found[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::conservation
