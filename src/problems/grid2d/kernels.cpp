#include "problems/grid2d/kernels.hpp"

#include "problems/grid2d/extended.hpp"
#include "problems/grid2d/point.hpp"

namespace petrl::grid2d {

namespace {

struct Loop {
  int components;
  ConstPatch q, velocity, base;
  Patch out;
  double beta, factor;
};

template <class Term>
PETRL_INLINE void sweep(const Discretization &d, const Loop &l, Term term) {
  const Axis cx = d.x, cy = d.y;  // local: nothing that is written can alias them
  const double beta = l.beta, factor = l.factor;
  const int nx = l.out.nx;
  const std::ptrdiff_t row = l.q.row;
  for (int y = 0; y < l.out.ny; ++y) {
    const double *__restrict u = l.velocity.at(0, y);
    const double *__restrict v = l.velocity.at(1, y);
    for (int c = 0; c < l.components; ++c) {
      const double *__restrict q = l.q.at(c, y);
      const double *__restrict base = l.base.at(c, y);
      double *__restrict out = l.out.at(c, y);
      PETRL_INDEPENDENT for (int x = 0; x < nx; ++x) {
        out[x] = beta * base[x] + factor * (term(q + x, 1, u[x], cx) + term(q + x, row, v[x], cy));
      }
    }
  }
}

// Clones cannot be templates: one function a case.
#define PETRL_SWEEP(name, ...)                                     \
  PETRL_CLONES void name(const Discretization &d, const Loop &l) { \
    sweep(d, l, __VA_ARGS__{});                                    \
  }
PETRL_SWEEP(linear1, Linear<1, false>)
PETRL_SWEEP(linear2, Linear<2, false>)
PETRL_SWEEP(linear3, Linear<3, false>)
PETRL_SWEEP(linear4, Linear<4, false>)
PETRL_SWEEP(linear5, Linear<5, false>)
PETRL_SWEEP(diffusive1, Linear<1, true>)
PETRL_SWEEP(diffusive2, Linear<2, true>)
PETRL_SWEEP(diffusive3, Linear<3, true>)
PETRL_SWEEP(diffusive4, Linear<4, true>)
PETRL_SWEEP(diffusive5, Linear<5, true>)
PETRL_SWEEP(weno, Weno<false>)
PETRL_SWEEP(wenoDiffusive, Weno<true>)
PETRL_SWEEP(transported, Transported<false>)
PETRL_SWEEP(transportedDiffusive, Transported<true>)
#undef PETRL_SWEEP

using Sweep = void (*)(const Discretization &, const Loop &);
constexpr Sweep kLinear[2][kGhost] = {{linear1, linear2, linear3, linear4, linear5},
                                      {diffusive1, diffusive2, diffusive3, diffusive4, diffusive5}};

}  // namespace

void advance(const Discretization &d, int components, const ConstPatch &q, const ConstPatch &velocity, double beta,
             const ConstPatch &base, double factor, const Patch &out) {
  if (d.extended) {
    checkExtended(d, components, velocity.data != q.data);
    advanceExtended(d, q, beta, base, factor, out);
    return;
  }
  const Loop loop{components, q, velocity, base, out, beta, factor};
  if (d.transported)
    (d.diffuses ? transportedDiffusive : transported)(d, loop);
  else if (d.weno)
    (d.diffuses ? wenoDiffusive : weno)(d, loop);
  else
    kLinear[d.diffuses ? 1 : 0][d.radius - 1](d, loop);
}

PETRL_CLONES void combineStages(int components, const ConstPatch &y, const ConstPatch &w1, const ConstPatch &w2,
                                const ConstPatch &w3, const Patch &out) {
  for (int c = 0; c < components; ++c) {
    for (int j = 0; j < out.ny; ++j) {
      const double *a = y.at(c, j), *b = w1.at(c, j), *e = w2.at(c, j), *f = w3.at(c, j);
      double *o = out.at(c, j);
      PETRL_INDEPENDENT for (int x = 0; x < out.nx; ++x) o[x] = (1. / 3) * (b[x] - a[x] + 2 * e[x] + f[x]);
    }
  }
}

}  // namespace petrl::grid2d
