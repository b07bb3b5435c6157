#include "support/distributed.hpp"

#include <petsc/private/petscimpl.h>  // PetscObjectStateGet

#include "base/error.hpp"
#include "device/vec_view.hpp"
#include "problems/grid2d/device_advance.hpp"
#include "problems/grid2d/extended.hpp"

#if defined(PETSC_USE_COMPLEX) || !defined(PETSC_USE_REAL_DOUBLE)
#error "The problems on grids are written for real scalars in double precision"
#endif

namespace petrl::grid2d {

namespace {

// dof values a point, one after the other -> one plane a component.
void toPlanes(const double *interleaved, std::size_t points, std::size_t dof, double *planes) {
  for (std::size_t c = 0; c < dof; ++c)
    for (std::size_t i = 0; i < points; ++i) planes[c * points + i] = interleaved[i * dof + c];
}

void fromPlanes(const double *planes, std::size_t points, std::size_t dof, double *interleaved) {
  for (std::size_t c = 0; c < dof; ++c)
    for (std::size_t i = 0; i < points; ++i) interleaved[i * dof + c] = planes[c * points + i];
}

struct Layout {
  PetscInt nx, ny, dof, x, y, xm, ym, gx, gy, gxm, gym;
};

Layout layoutOf(DM dm) {
  Layout l;
  PetRLThrow(DMDAGetInfo(dm, nullptr, &l.nx, &l.ny, nullptr, nullptr, nullptr, nullptr, &l.dof, nullptr, nullptr,
                         nullptr, nullptr, nullptr));
  PetRLThrow(DMDAGetCorners(dm, &l.x, &l.y, nullptr, &l.xm, &l.ym, nullptr));
  PetRLThrow(DMDAGetGhostCorners(dm, &l.gx, &l.gy, nullptr, &l.gxm, &l.gym, nullptr));
  return l;
}

}  // namespace

DistributedProblem::DistributedProblem(MPI_Comm comm, const Scheme &scheme, const std::vector<std::string> &fields,
                                       bool prescribed, PetscInt n, PetscReal dt)
    : prescribed_(prescribed) {
  // Spacings are only known once the options have had their say; the radius is needed before.
  const Discretization probe = discretize(scheme, 1, 1);
  const PetscInt radius = probe.radius;
  checkExtended(probe, static_cast<int>(fields.size()), prescribed);
  // Mixed derivatives read the corners.
  const DMDAStencilType stencil = probe.extended ? DMDA_STENCIL_BOX : DMDA_STENCIL_STAR;
  PetRLThrow(DMDACreate2d(comm, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_PERIODIC, stencil, n, n, PETSC_DECIDE, PETSC_DECIDE,
                          static_cast<PetscInt>(fields.size()), radius, nullptr, nullptr, &dm_));
  PetRLThrow(DMSetFromOptions(dm_));
  PetRLThrow(DMSetUp(dm_));
  for (std::size_t i = 0; i < fields.size(); ++i)
    PetRLThrow(DMDASetFieldName(dm_, static_cast<PetscInt>(i), fields[i].c_str()));
  PetRLThrow(DMDASetUniformCoordinates(dm_, 0, 1, 0, 1, 0, 0));
  const Layout l = layoutOf(dm_);
  discretization_ = discretize(scheme, 1. / static_cast<double>(l.nx), 1. / static_cast<double>(l.ny));
  PetRLThrow(DMCreateGlobalVector(dm_, &state_));
  if (prescribed_) {
    DM velocities;
    VecType type;
    PetRLThrow(DMDACreateCompatibleDMDA(dm_, 2, &velocities));
    PetRLThrow(DMGetVecType(dm_, &type));
    PetRLThrow(DMSetVecType(velocities, type));
    PetRLThrow(DMDASetFieldName(velocities, 0, "u"));
    PetRLThrow(DMDASetFieldName(velocities, 1, "v"));
    PetRLThrow(DMCreateGlobalVector(velocities, &velocity_));
    PetRLThrow(DMDestroy(&velocities));  // the Vec keeps it
    PetRLThrow(PetscObjectSetName(reinterpret_cast<PetscObject>(velocity_), "velocity"));
    PetRLThrow(DMSetAuxiliaryVec(dm_, nullptr, 0, 0, velocity_));
  } else if (l.dof < 2) {
    throw Error("a velocity has two components; the state has " + std::to_string(l.dof));
  }
  PetRLThrow(TSCreate(comm, &ts_));
  PetRLThrow(TSSetDM(ts_, dm_));
  PetRLThrow(TSSetSolution(ts_, state_));
  PetRLThrow(TSSetRHSFunction(ts_, nullptr, rhs, this));
  if (scheme.integrator == "euler") {
    PetRLThrow(TSSetType(ts_, TSEULER));
  } else if (scheme.integrator == "rk4") {
    PetRLThrow(TSSetType(ts_, TSRK));
    PetRLThrow(TSRKSetType(ts_, TSRK4));
  } else {
    throw Error("integrator '" + scheme.integrator + "' is unknown; expected euler or rk4", PETSC_ERR_ARG_UNKNOWN_TYPE);
  }
  PetRLThrow(TSSetTimeStep(ts_, dt));
  PetRLThrow(TSSetExactFinalTime(ts_, TS_EXACTFINALTIME_STEPOVER));
  TSAdapt adapt;
  PetRLThrow(TSGetAdapt(ts_, &adapt));
  PetRLThrow(TSAdaptSetType(adapt, TSADAPTNONE));
  PetRLThrow(TSSetFromOptions(ts_));
}

DistributedProblem::~DistributedProblem() {
  // Errors cannot leave a destructor; PETSc has already reported them.
  (void)TSDestroy(&ts_);
  (void)VecDestroy(&velocity_);
  (void)VecDestroy(&state_);
  (void)DMDestroy(&dm_);
}

Vec DistributedProblem::velocityOf(DM dm, PetscInt points) {
  Vec velocity;
  PetscInt size;
  PetRLThrow(DMGetAuxiliaryVec(dm, nullptr, 0, 0, &velocity));
  if (velocity == nullptr) throw Error("the DM has no auxiliary Vec: the velocity is missing");
  PetRLThrow(VecGetLocalSize(velocity, &size));
  if (size != 2 * points) {
    throw Error("the auxiliary Vec of the DM has " + std::to_string(size) + " local values; a velocity has " +
                std::to_string(2 * points));
  }
  return velocity;
}

void DistributedProblem::planarVelocity(Vec velocity) {
  PetscObjectId id;
  PetscObjectState state;
  device::VecView view;
  const PetscScalar *values;
  PetRLThrow(PetscObjectGetId(reinterpret_cast<PetscObject>(velocity), &id));
  PetRLThrow(PetscObjectStateGet(reinterpret_cast<PetscObject>(velocity), &state));
  if (id == velocity_id_ && state == velocity_state_) return;
  PetscInt size;
  PetRLThrow(VecGetLocalSize(velocity, &size));
  planar_velocity_.resize(static_cast<std::size_t>(size));
  PetRLThrow(view.beginRead(velocity, device::Space::host, &values));
  toPlanes(values, planar_velocity_.size() / 2, 2, planar_velocity_.data());
  PetRLThrow(view.end());
  velocity_id_ = id, velocity_state_ = state;
}

// Planes of the host, vectorised loops.
void DistributedProblem::onHost(DM dm, const double *in, double *out) {
  const Layout l = layoutOf(dm);
  const auto dof = static_cast<std::size_t>(l.dof);
  const std::size_t ghosted = static_cast<std::size_t>(l.gxm * l.gym), points = static_cast<std::size_t>(l.xm * l.ym);
  const int nx = static_cast<int>(l.xm), ny = static_cast<int>(l.ym);
  if (prescribed_) planarVelocity(velocityOf(dm, l.xm * l.ym));
  const double *planes = in;
  double *result = out;
  // One component is its own plane: used where it lies.
  if (dof > 1) {
    planar_in_.resize(dof * ghosted);
    planar_out_.resize(dof * points);
    toPlanes(in, ghosted, dof, planar_in_.data());
    planes = planar_in_.data(), result = planar_out_.data();
  }
  const ConstPatch q{planes + (l.y - l.gy) * l.gxm + (l.x - l.gx), nx, ny, discretization_.radius, l.gxm,
                     static_cast<std::ptrdiff_t>(ghosted)};
  const ConstPatch own{planar_velocity_.data(), nx, ny, 0, l.xm, static_cast<std::ptrdiff_t>(points)};
  const Patch target{result, nx, ny, 0, l.xm, static_cast<std::ptrdiff_t>(points)};
  advance(discretization_, static_cast<int>(dof), q, prescribed_ ? own : q, 0, q, 1, target);
  if (dof > 1) fromPlanes(planar_out_.data(), points, dof, out);
}

void DistributedProblem::onDevice(DM dm, const double *in, double *out) {
  const Layout l = layoutOf(dm);
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(l.gxm) * l.dof;
  const Interleaved q{in + (l.y - l.gy) * row + static_cast<std::ptrdiff_t>(l.x - l.gx) * l.dof, l.dof, row};
  Interleaved own{nullptr, 2, 2 * static_cast<std::ptrdiff_t>(l.xm)};
  device::VecView view;
  if (prescribed_) PetRLThrow(view.beginRead(velocityOf(dm, l.xm * l.ym), device::Space::device, &own.data));
  PetRLThrow(rateOfChange(device::Space::device, discretization_, static_cast<int>(l.dof), static_cast<int>(l.xm),
                          static_cast<int>(l.ym), q, prescribed_ ? own : q, out));
  if (prescribed_) PetRLThrow(view.end());
}

void DistributedProblem::rightHandSide(DM dm, Vec u, Vec f) {
  device::Space space;
  device::VecView from, to;
  const PetscScalar *in;
  PetscScalar *out;
  Vec local;
  PetRLThrow(device::VecSpace(u, &space));
  PetRLThrow(DMGetLocalVector(dm, &local));
  PetRLThrow(DMGlobalToLocal(dm, u, INSERT_VALUES, local));
  PetRLThrow(from.beginRead(local, space, &in));
  PetRLThrow(to.begin(f, space, device::Access::write, &out));
  if (space == device::Space::device)
    onDevice(dm, in, out);
  else
    onHost(dm, in, out);
  PetRLThrow(to.end());
  PetRLThrow(from.end());
  PetRLThrow(DMRestoreLocalVector(dm, &local));
}

PetscErrorCode DistributedProblem::rhs(TS ts, PetscReal, Vec u, Vec f, void *self) {
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetRLCallCXX(static_cast<DistributedProblem *>(self)->rightHandSide(dm, u, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void DistributedProblem::scatter(Vec vec, const std::vector<double> &dense) {
  if (vec == nullptr) throw Error("this problem has no velocity of its own");
  DM dm;
  PetRLThrow(VecGetDM(vec, &dm));
  const Layout l = layoutOf(dm);
  const auto plane = static_cast<std::size_t>(l.nx * l.ny), dof = static_cast<std::size_t>(l.dof);
  if (dense.size() != plane * dof)
    throw Error("found " + std::to_string(dense.size()) + " values, expected " + std::to_string(plane * dof));
  device::VecView view;
  PetscScalar *values;
  PetRLThrow(view.begin(vec, device::Space::host, device::Access::write, &values));
  PetscScalar *v = values;
  for (PetscInt y = l.y; y < l.y + l.ym; ++y)
    for (PetscInt x = l.x; x < l.x + l.xm; ++x)
      for (std::size_t c = 0; c < dof; ++c) *v++ = dense[c * plane + static_cast<std::size_t>(y * l.nx + x)];
  PetRLThrow(view.end());
}

std::vector<double> DistributedProblem::gatherState() const {
  const Layout l = layoutOf(dm_);
  const auto plane = static_cast<std::size_t>(l.nx * l.ny), dof = static_cast<std::size_t>(l.dof);
  std::vector<double> dense(plane * dof, 0.0);
  device::VecView view;
  const PetscScalar *values;
  PetRLThrow(view.beginRead(state_, device::Space::host, &values));
  const PetscScalar *v = values;
  for (PetscInt y = l.y; y < l.y + l.ym; ++y)
    for (PetscInt x = l.x; x < l.x + l.xm; ++x)
      for (std::size_t c = 0; c < dof; ++c) dense[c * plane + static_cast<std::size_t>(y * l.nx + x)] = *v++;
  PetRLThrow(view.end());
  // Every point has one owner, the others add nothing.
  MPI_Allreduce(MPI_IN_PLACE, dense.data(), static_cast<int>(dense.size()), MPI_DOUBLE, MPI_SUM,
                PetscObjectComm(reinterpret_cast<PetscObject>(dm_)));
  return dense;
}

void DistributedProblem::solve(PetscInt steps) {
  PetscInt done;
  PetRLThrow(TSGetStepNumber(ts_, &done));
  PetRLThrow(TSSetMaxSteps(ts_, done + steps));
  PetRLThrow(TSSetMaxTime(ts_, PETSC_MAX_REAL));
  PetRLThrow(TSSolve(ts_, state_));
}

}  // namespace petrl::grid2d
