#include "problems/burgers/fine.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::burgers {

namespace {

constexpr int kDepth = grid2d::kGhost;  // Euler steps in one sweep: each needs one more row of ghost points
constexpr int kRing = 4;                // rows kept of a step: three are read, one is written

struct Rows {
  const double *u, *v;
};

// One Euler step of one component at a point. a, b: dt / (2 h) times the velocity; d: of diffusion.
template <bool Transported>
PETRL_INLINE double euler(double a, double b, double d, double q, double east, double west, double north,
                          double south) {
  const double da = (Transported ? (q >= 0 ? a : -a) : std::fabs(a)) + d;
  const double db = (Transported ? (q >= 0 ? b : -b) : std::fabs(b)) + d;
  // (da - a) belongs to the point in front, (da + a) to the one behind.
  return q + ((da - a) * (east - q) + (da + a) * (west - q)) + ((db - b) * (north - q) + (db + b) * (south - q));
}

// One Euler step in one row of both components. The result may take the place of no row that is read.
template <bool Transported>
PETRL_INLINE void row(int n, double c, double d, const Rows &q, const Rows &below, const Rows &above,
                      double *__restrict out_u, double *__restrict out_v) {
  const double *__restrict u = q.u;
  const double *__restrict v = q.v;
  const double *__restrict ue = u + 1;
  const double *__restrict uw = u - 1;
  const double *__restrict ve = v + 1;
  const double *__restrict vw = v - 1;
  const double *__restrict us = below.u;
  const double *__restrict vs = below.v;
  const double *__restrict un = above.u;
  const double *__restrict vn = above.v;
  PETRL_INDEPENDENT for (int x = 0; x < n; ++x) {
    const double a = c * u[x], b = c * v[x];
    out_u[x] = euler<Transported>(a, b, d, u[x], ue[x], uw[x], un[x], us[x]);
    out_v[x] = euler<Transported>(a, b, d, v[x], ve[x], vw[x], vn[x], vs[x]);
  }
}

PETRL_INLINE void wrap(int n, double *out) {
  out[-1] = out[n - 1];
  out[n] = out[0];
}

// So many Euler steps (<= kDepth) in place; the ghost rows of q, as many, hold copies with their x neighbours.
template <bool Transported>
PETRL_INLINE void sweep(int n, int steps, double c, double d, const grid2d::Patch &q, const grid2d::Patch &rings) {
  const auto of = [](int y) { return static_cast<int>(static_cast<unsigned>(y) % kRing); };
  // Step s has computed its row y; step 0 is the state itself. The last step goes to a ring of its own first, since
  // with one step alone the row is still read.
  const auto rows = [&](int s, int y) {
    return s == 0 ? Rows{q.at(0, y), q.at(1, y)} : Rows{rings.at(2 * (s - 1), of(y)), rings.at(2 * (s - 1) + 1, of(y))};
  };
  for (int t = 1 - steps; t < n + steps; ++t) {
    for (int s = 1; s <= steps; ++s) {
      const int y = t - (s - 1);
      if (y < s - steps || y >= n + steps - s) continue;
      double *u = rings.at(2 * (s - 1), of(y)), *v = rings.at(2 * (s - 1) + 1, of(y));
      row<Transported>(n, c, d, rows(s - 1, y), rows(s - 1, y - 1), rows(s - 1, y + 1), u, v);
      wrap(n, u);
      wrap(n, v);
    }
    // The first step of the sweep no longer reads rows below t; the last one has finished row t - steps + 1.
    const int done = t - steps;
    if (done >= 0 && done < n) {
      const Rows last = rows(steps, done);
      std::copy(last.u, last.u + n, q.at(0, done));
      std::copy(last.v, last.v + n, q.at(1, done));
    }
  }
}

PETRL_CLONES void advectingEuler(int n, int steps, double c, double d, const grid2d::Patch &q,
                                 const grid2d::Patch &rings) {
  sweep<false>(n, steps, c, d, q, rings);
}

PETRL_CLONES void transportedEuler(int n, int steps, double c, double d, const grid2d::Patch &q,
                                   const grid2d::Patch &rings) {
  sweep<true>(n, steps, c, d, q, rings);
}

}  // namespace

FineBurgers::FineBurgers(int n, double dt, int substeps, double viscosity, const double *state, bool transported)
    : n_(n),
      substeps_(substeps),
      transported_(transported),
      courant_(dt * n / 2),
      diffusion_(viscosity * dt * n * n),
      state_(2, n, n),
      rings_(2 * kDepth, n, kRing) {
  if (n < kDepth) throw Error("burgers: a fine grid of " + std::to_string(n) + " points a side; expected at least 5");
  state_.set(state);
}

void FineBurgers::advance() {
  const grid2d::Patch q = state_.patch();
  for (int left = substeps_; left > 0;) {
    const int steps = std::min(left, kDepth);
    left -= steps;
    // The x neighbours of the rows beyond the edge are needed too.
    state_.fillGhosts(steps, 1);
    (transported_ ? transportedEuler : advectingEuler)(n_, steps, courant_, diffusion_, q, rings_.patch());
  }
}

}  // namespace petrl::burgers
