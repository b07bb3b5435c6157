#include "problems/grid2d/extended.hpp"

#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "base/error.hpp"
#include "problems/grid2d/extended_point.hpp"

namespace petrl::grid2d {

namespace {

constexpr int kColumns = 256;  // at a time: what is kept of a row stays in the first-level cache
constexpr int kLead = 8;       // keeps column 0 aligned behind its ghost points

struct alignas(64) Line {
  double value[kLead + kColumns + kLead];
};

// y derivatives of a row of one component, and of what lies beside it.
PETRL_INLINE void firstInY(int n, double inverse_h, const double *__restrict q, std::ptrdiff_t r,
                           double *__restrict out) {
  PETRL_INDEPENDENT for (int x = -kGhostExtended; x < n + kGhostExtended; ++x) {
    out[x] = inverse_h * firstAlong(q + x, r);
  }
}

}  // namespace

void checkExtended(const Discretization &d, int components, bool prescribed) {
  if (d.extended && (components != 2 || prescribed))
    throw Error("modified: extended is for Burgers' equation: two components that carry themselves", PETSC_ERR_SUP);
}

PETRL_CLONES void advanceExtended(const Discretization &d, const ConstPatch &q, double beta, const ConstPatch &base,
                                  double factor, const Patch &out) {
  // Local: nothing that is written can alias them.
  const Extended e(d);
  const double hx = e.hx, hy = e.hy;
  const std::ptrdiff_t r = q.row;
  Line lines[2];
  double *__restrict uy = lines[0].value + kLead;
  double *__restrict vy = lines[1].value + kLead;
  for (int begin = 0; begin < out.nx; begin += kColumns) {
    const int n = std::min(kColumns, out.nx - begin);
    for (int y = 0; y < out.ny; ++y) {
      const double *__restrict u = q.at(0, y) + begin;
      const double *__restrict v = q.at(1, y) + begin;
      const double *__restrict base_u = base.at(0, y) + begin;
      const double *__restrict base_v = base.at(1, y) + begin;
      double *__restrict out_u = out.at(0, y) + begin;
      double *__restrict out_v = out.at(1, y) + begin;
      firstInY(n, hy, u, r, uy);
      firstInY(n, hy, v, r, vy);
      PETRL_INDEPENDENT for (int x = 0; x < n; ++x) {
        const double u_x = hx * firstAlong(u + x, 1), v_x = hx * firstAlong(v + x, 1);
        const Factors c = e.factors(u[x], v[x], u_x, uy[x], v_x, vy[x]);
        out_u[x] = beta * base_u[x] + factor * sum(c, u + x, u_x, uy + x, 1, r, hx);
        out_v[x] = beta * base_v[x] + factor * sum(c, v + x, v_x, vy + x, 1, r, hx);
      }
    }
  }
}

}  // namespace petrl::grid2d
