#include "problems/grid2d/extended.hpp"

#include <algorithm>
#include <cmath>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::grid2d {

namespace {

constexpr int kColumns = 256;  // at a time: what is kept of a row stays in the first-level cache
constexpr int kLead = 8;       // keeps column 0 aligned behind its ghost points

struct alignas(64) Line {
  double value[kLead + kColumns + kLead];
};

PETRL_INLINE double first(double m3, double m2, double m1, double p1, double p2, double p3) {
  return kFirst[0] * (p1 - m1) + kFirst[1] * (p2 - m2) + kFirst[2] * (p3 - m3);
}

// What multiplies q_{+k} + q_{-k} - 2 q_0 along an axis at a point: the same for both components.
struct Weights {
  double k1, k2, k3;
};

struct SecondOf {
  double derivative[3], dissipation[3], diffusion[3];
  explicit SecondOf(const Axis &axis) {
    for (int k = 0; k < 3; ++k) {
      derivative[k] = kSecond[k] * axis.inverse_h * axis.inverse_h;
      dissipation[k] = axis.dissipation[k];
      diffusion[k] = axis.diffusion[k];
    }
  }
  // speed: |u|; factor: of the second derivative.
  PETRL_INLINE Weights at(double speed, double factor) const {
    return {speed * dissipation[0] + (factor * derivative[0] + diffusion[0]),
            speed * dissipation[1] + (factor * derivative[1] + diffusion[1]),
            speed * dissipation[2] + (factor * derivative[2] + diffusion[2])};
  }
};

PETRL_INLINE double second(const Weights &w, double m3, double m2, double m1, double o, double p1, double p2,
                           double p3) {
  return w.k1 * (p1 + m1 - 2 * o) + w.k2 * (p2 + m2 - 2 * o) + w.k3 * (p3 + m3 - 2 * o);
}

// What multiplies the derivatives of both components, with the sign they have in f.
struct Factors {
  double x, y, xy;
  Weights xx, yy;
};

// p: a component at the point; wx, wy: its first derivatives there; beside wy lie those of the neighbours.
PETRL_INLINE double sum(const Factors &c, const double *p, double wx, const double *wy, std::ptrdiff_t r,
                        double inverse_h) {
  const double xy = inverse_h * first(wy[-3], wy[-2], wy[-1], wy[1], wy[2], wy[3]);
  return c.x * wx + c.y * wy[0] + c.xy * xy + second(c.xx, p[-3], p[-2], p[-1], p[0], p[1], p[2], p[3]) +
         second(c.yy, p[-3 * r], p[-2 * r], p[-r], p[0], p[r], p[2 * r], p[3 * r]);
}

// y derivatives of a row of one component, and of what lies beside it.
PETRL_INLINE void firstInY(int n, double inverse_h, const double *__restrict q, std::ptrdiff_t r,
                           double *__restrict out) {
  PETRL_INDEPENDENT for (int x = -kGhostExtended; x < n + kGhostExtended; ++x) {
    const double *p = q + x;
    out[x] = inverse_h * first(p[-3 * r], p[-2 * r], p[-r], p[r], p[2 * r], p[3 * r]);
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
  const SecondOf cx(d.x), cy(d.y);
  const double hx = d.x.inverse_h, hy = d.y.inverse_h, sx = d.subfilter_x, sy = d.subfilter_y, tau = d.half_fine_dt;
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
        const double a = u[x], b = v[x], two = 2 * tau, u_y = uy[x], v_y = vy[x];
        const double u_x = hx * first(u[x - 3], u[x - 2], u[x - 1], u[x + 1], u[x + 2], u[x + 3]);
        const double v_x = hx * first(v[x - 3], v[x - 2], v[x - 1], v[x + 1], v[x + 2], v[x + 3]);
        const Factors c{-a - two * (a * u_x + b * u_y), -b - two * (a * v_x + b * v_y),
                        -sx * v_x - sy * u_y - two * a * b, cx.at(std::fabs(a), -sx * u_x - tau * a * a),
                        cy.at(std::fabs(b), -sy * v_y - tau * b * b)};
        out_u[x] = beta * base_u[x] + factor * sum(c, u + x, u_x, uy + x, r, hx);
        out_v[x] = beta * base_v[x] + factor * sum(c, v + x, v_x, vy + x, r, hx);
      }
    }
  }
}

}  // namespace petrl::grid2d
