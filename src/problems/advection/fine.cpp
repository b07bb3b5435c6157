#include "problems/advection/fine.hpp"

#include "base/clones.hpp"
#include "base/error.hpp"

namespace petrl::advection {

namespace {

constexpr int kStages = 4;
constexpr int kRing = 4;  // rows kept of a stage: three are read, one is written

// out = base - c (u d_x + v d_y) q in one row; q is the row itself, below and above its neighbours.
PETRL_INLINE void row(int n, double c, const double *__restrict base, const double *__restrict q,
                      const double *__restrict below, const double *__restrict above, const double *__restrict u,
                      const double *__restrict v, double *__restrict out) {
  PETRL_INDEPENDENT for (int x = 0; x < n; ++x) {
    out[x] = base[x] - c * (u[x] * (q[x + 1] - q[x - 1]) + v[x] * (above[x] - below[x]));
  }
}

PETRL_INLINE void wrap(int n, double *out) {
  out[-1] = out[n - 1];
  out[n] = out[0];
}

PETRL_CLONES void rungeKutta(int n, const grid2d::Patch &q, const grid2d::ConstPatch &courant,
                             const grid2d::Patch &rings) {
  double *ring[kStages - 1][kRing];
  for (int s = 0; s < kStages - 1; ++s)
    for (int r = 0; r < kRing; ++r) ring[s][r] = rings.at(s, r);
  const auto of = [](int y) { return static_cast<unsigned>(y) % kRing; };
  // At time t the first stage computes row t, the next one row t - 1, and so on.
  for (int t = -(kStages - 1); t < n + kStages - 1; ++t) {
    row(n, 1. / 4, q.at(0, t), q.at(0, t), q.at(0, t - 1), q.at(0, t + 1), courant.at(0, t), courant.at(1, t),
        ring[0][of(t)]);
    wrap(n, ring[0][of(t)]);
    int y = t - 1;
    if (y >= -2) {
      row(n, 1. / 3, q.at(0, y), ring[0][of(y)], ring[0][of(y - 1)], ring[0][of(y + 1)], courant.at(0, y),
          courant.at(1, y), ring[1][of(y)]);
      wrap(n, ring[1][of(y)]);
    }
    --y;
    if (y >= -1) {
      row(n, 1. / 2, q.at(0, y), ring[1][of(y)], ring[1][of(y - 1)], ring[1][of(y + 1)], courant.at(0, y),
          courant.at(1, y), ring[2][of(y)]);
      wrap(n, ring[2][of(y)]);
    }
    --y;
    if (y >= 0) {
      double *out = q.at(0, y);  // the only row that is both base and result: nobody reads it any more
      PETRL_INDEPENDENT for (int x = 0; x < n; ++x) {
        const double *w = ring[2][of(y)];
        out[x] -= courant.at(0, y)[x] * (w[x + 1] - w[x - 1]) +
                  courant.at(1, y)[x] * (ring[2][of(y + 1)][x] - ring[2][of(y - 1)][x]);
      }
    }
  }
}

}  // namespace

FineAdvection::FineAdvection(int n, double dt, int substeps, const double *state, const double *velocity)
    : n_(n), substeps_(substeps), state_(1, n, n), courant_(2, n, n), rings_(kStages - 1, n, kRing) {
  if (n < kStages)
    throw Error("advection: a fine grid of " + std::to_string(n) + " points a side; expected at least 4");
  state_.set(state);
  std::vector<double> scaled(velocity, velocity + 2 * static_cast<std::ptrdiff_t>(n) * n);
  for (double &value : scaled) value *= dt * n / 2;
  courant_.set(scaled.data());
  courant_.fillGhosts(kStages - 1);
}

void FineAdvection::advance() {
  const grid2d::Field &courant = courant_;
  for (int i = 0; i < substeps_; ++i) {
    // The x neighbours of the rows beyond the edge are needed too.
    const grid2d::Patch q = state_.patch();
    state_.fillGhosts(kStages, 1);
    rungeKutta(n_, q, courant.patch(), rings_.patch());
  }
}

}  // namespace petrl::advection
