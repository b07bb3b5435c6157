// What policies and records know of a fault.
#include <petsc/private/vecimpl.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "device/vec_view.hpp"
#include "integrate/bathe.hpp"
#include "problems/fault/cells.hpp"
#include "problems/fault/fault.hpp"

namespace petrl::fault {

namespace {

enum Number { kVelocity, kSlip, kSliding, kAcceleration, kWeakening, kLargest, kCount };

// Sums, and the largest of the last ones.
void join(void *from, void *to, PetscMPIInt *length, MPI_Datatype *) {
  for (PetscMPIInt i = 0; i < *length; ++i) {
    const double *in = static_cast<double *>(from) + kCount * i;
    double *out = static_cast<double *>(to) + kCount * i;
    for (int k = 0; k < kLargest; ++k) out[k] += in[k];
    if (!(out[kLargest] >= in[kLargest])) out[kLargest] = in[kLargest];
  }
}

// Of all ranks, in the same order everywhere.
void reduce(MPI_Comm comm, double numbers[kCount]) {
  PetscMPIInt ranks = 1;
  check(static_cast<PetscErrorCode>(MPI_Comm_size(comm, &ranks)), "MPI_Comm_size");
  if (ranks == 1) return;
  MPI_Datatype row;
  MPI_Op operation;
  double all[kCount];
  const auto call = [](int code) { check(static_cast<PetscErrorCode>(code), "MPI reduction"); };
  call(MPI_Type_contiguous(kCount, MPI_DOUBLE, &row));
  call(MPI_Type_commit(&row));
  call(MPI_Op_create(join, 1, &operation));
  call(MPI_Allreduce(numbers, all, 1, row, operation, comm));
  call(MPI_Op_free(&operation));
  call(MPI_Type_free(&row));
  std::copy_n(all, static_cast<int>(kCount), numbers);
}

// Of this rank; from where the Vec lives.
double sumOf(Vec x, Vec ones) {
  PetscScalar sum;
  PetRLThrow((*x->ops->dot_local)(x, ones, &sum));
  return PetscRealPart(sum);
}

double sumOf(const PetscScalar *x, PetscInt n) {
  double sum = 0;
  for (PetscInt i = 0; i < n; ++i) sum += PetscRealPart(x[i]);
  return sum;
}

}  // namespace

double meanOf(Vec x) {
  PetscScalar sum;
  PetscInt n;
  PetRLThrow(VecSum(x, &sum));
  PetRLThrow(VecGetSize(x, &n));
  return PetscRealPart(sum) / static_cast<double>(n);
}

// Sums over the cells of this rank.
void Fault::summarise(double numbers[]) const {
  const Vec a = BatheCurrent(ts_).a;
  const bool accelerates = accelerates_ && a;
  if (weakens_) PetRLThrow(WeakeningOnCells(scenario_.friction->formula(), history(), normal_force_, work_));
  if (elasticity_->space() == device::Space::device) {
    PetscReal most;
    PetRLThrow(VecSet(work2_, 1));
    numbers[kVelocity] = sumOf(v_, work2_);
    numbers[kSlip] = sumOf(d_, work2_);
    if (accelerates) numbers[kAcceleration] = sumOf(a, work2_);
    if (weakens_) numbers[kWeakening] = sumOf(work_, work2_);
    PetRLThrow((*v_->ops->norm_local)(v_, NORM_INFINITY, &most));
    numbers[kLargest] = most;
    PetRLThrow(MarkSliding(v_, work_));
    numbers[kSliding] = sumOf(work_, work2_);
    return;
  }
  const Vec read[] = {v_, d_, accelerates ? a : nullptr, weakens_ ? work_ : nullptr};
  constexpr Number of[] = {kVelocity, kSlip, kAcceleration, kWeakening};
  PetscInt n;
  PetRLThrow(VecGetLocalSize(v_, &n));
  for (int k = 0; k < 4; ++k) {
    const PetscScalar *x;
    if (!read[k]) continue;
    PetRLThrow(VecGetArrayRead(read[k], &x));
    numbers[of[k]] = sumOf(x, n);
    for (PetscInt i = 0; k == 0 && i < n; ++i) {
      const double speed = std::fabs(PetscRealPart(x[i]));
      if (speed != 0) ++numbers[kSliding];
      if (!(speed <= numbers[kLargest])) numbers[kLargest] = speed;
    }
    PetRLThrow(VecRestoreArrayRead(read[k], &x));
  }
}

const FaultSummary &Fault::summary() const {
  const BatheState &current = BatheCurrent(ts_);
  std::array<PetscObjectState, 12> now{accelerates_, weakens_};
  std::size_t k = 2;
  // Asked for several times in each step: no calls.
  for (const Vec x : {v_, d_, current.a, current.history, bathe(ts_).initial_history}) {
    const auto object = reinterpret_cast<PetscObject>(x);
    now[k++] = object ? object->id : 0;
    now[k++] = object ? object->state : 0;
  }
  if (now == summarised_) return summary_;
  double numbers[kCount] = {};
  summarise(numbers);
  reduce(elasticity_->comm(), numbers);
  const auto n = static_cast<double>(elasticity_->size());
  summary_ = {numbers[kVelocity] / n,     numbers[kSlip] / n,      numbers[kSliding] / n,
              numbers[kAcceleration] / n, numbers[kWeakening] / n, numbers[kLargest]};
  summarised_ = now;
  return summary_;
}

double Fault::meanAcceleration() const {
  accelerates_ = true;
  return summary().acceleration;
}

double Fault::currentCriticalStep() const {
  weakens_ = true;
  const double rate = growth(summary().weakening);
  return rate > 0 ? 2 / (bathe(ts_).gamma * rate) : std::numeric_limits<double>::infinity();
}

}  // namespace petrl::fault
