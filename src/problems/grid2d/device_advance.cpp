// Compiled by the device's compiler where there is one.
#include "problems/grid2d/device_advance.hpp"

#include "device/for_each.hpp"
#include "problems/grid2d/extended_point.hpp"
#include "problems/grid2d/field.hpp"
#include "problems/grid2d/point.hpp"

namespace petrl::grid2d {

namespace {

struct Points {
  int nx;
  Interleaved q, velocity;
  double *out;
  PETRL_BOTH const double *of(const Interleaved &values, std::ptrdiff_t point) const {
    return values.data + point / nx * values.row + point % nx * values.step;
  }
};

// One value.
template <class Term>
struct Transport {
  Axis x, y;
  Points at;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t step = at.q.step, point = i / step;
    const double *const w = at.of(at.velocity, point), *const p = at.of(at.q, point) + i % step;
    const Term term;
    at.out[i] = term(p, step, w[0], x) + term(p, at.q.row, w[1], y);
  }
};

// Both values of a point.
struct ExtendedTransport {
  Extended e;
  Points at;
  PETRL_BOTH void operator()(std::ptrdiff_t i) const {
    const std::ptrdiff_t step = at.q.step, row = at.q.row;
    const double *const u = at.of(at.q, i), *const v = u + 1;
    double uy[2 * kGhostExtended + 1], vy[2 * kGhostExtended + 1];
    for (int k = -kGhostExtended; k <= kGhostExtended; ++k) {
      uy[kGhostExtended + k] = e.hy * firstAlong(u + k * step, row);
      vy[kGhostExtended + k] = e.hy * firstAlong(v + k * step, row);
    }
    const double u_x = e.hx * firstAlong(u, step), v_x = e.hx * firstAlong(v, step);
    const double *const u_y = uy + kGhostExtended, *const v_y = vy + kGhostExtended;
    const Factors c = e.factors(u[0], v[0], u_x, u_y[0], v_x, v_y[0]);
    at.out[2 * i] = sum(c, u, u_x, u_y, step, row, e.hx);
    at.out[2 * i + 1] = sum(c, v, v_x, v_y, step, row, e.hx);
  }
};

template <class Term>
PetscErrorCode Run(device::Space space, const Discretization &d, std::ptrdiff_t values, const Points &points) {
  return device::forEach(space, values, Transport<Term>{d.x, d.y, points});
}

template <bool Diffuses>
PetscErrorCode Choose(device::Space space, const Discretization &d, std::ptrdiff_t values, const Points &points) {
  if (d.transported) return Run<Transported<Diffuses>>(space, d, values, points);
  if (d.weno) return Run<Weno<Diffuses>>(space, d, values, points);
  switch (d.radius) {
    case 1:
      return Run<Linear<1, Diffuses>>(space, d, values, points);
    case 2:
      return Run<Linear<2, Diffuses>>(space, d, values, points);
    case 3:
      return Run<Linear<3, Diffuses>>(space, d, values, points);
    case 4:
      return Run<Linear<4, Diffuses>>(space, d, values, points);
    default:
      static_assert(kGhost == 5);
      return Run<Linear<kGhost, Diffuses>>(space, d, values, points);
  }
}

}  // namespace

PetscErrorCode rateOfChange(device::Space space, const Discretization &d, int components, int nx, int ny,
                            const Interleaved &q, const Interleaved &velocity, double *out) {
  const std::ptrdiff_t points = static_cast<std::ptrdiff_t>(nx) * ny;
  const Points at{nx, q, velocity, out};

  PetscFunctionBegin;
  if (d.extended)
    PetscCall(device::forEach(space, points, ExtendedTransport{Extended(d), at}));
  else if (d.diffuses)
    PetscCall(Choose<true>(space, d, components * points, at));
  else
    PetscCall(Choose<false>(space, d, components * points, at));
  PetscFunctionReturn(PETSC_SUCCESS);
}

}  // namespace petrl::grid2d
