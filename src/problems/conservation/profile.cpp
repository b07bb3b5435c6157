#include "problems/conservation/profile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace petrl::conservation {

namespace {

constexpr double kGaussReach = 5.9, kTanhReach = 18;  // exp(-5.9^2), 1 - tanh(18): 1e-15

// Where a point of the present was at the beginning.
struct Origin {
  Origin(const Profile &p, const double *shift_, double angle)
      : dim(p.dim), middle(0.5 * p.length), c(std::cos(angle)), s(std::sin(angle)), shift(shift_) {}
  void operator()(const double *x, double *y) const {
    if (dim == 1) {
      y[0] = x[0] + shift[0], y[1] = 0;
      return;
    }
    const double a = x[0] - middle, b = x[1] - middle;
    y[0] = middle + c * a - s * b + shift[0];
    y[1] = middle + s * a + c * b + shift[1];
  }
  int dim;
  double middle, c, s;
  const double *shift;
};

double nearest(double d, double length, bool periodic) {
  return periodic ? d - length * std::nearbyint(d / length) : d;
}

double step(double x) {
  return 0.5 * (1 + std::tanh(x));
}

}  // namespace

double Shape::reach() const {
  switch (kind) {
    case Kind::gaussian:
      return kGaussReach * width;
    case Kind::ring:
      return radius + kGaussReach * width;
    case Kind::disc:
      return radius + kTanhReach * width;
    case Kind::bar:
      break;
  }
  return std::hypot(radius, breadth) + 1.5 * kTanhReach * width;
}

void Profile::values(int n, const double *x, const double shift[2], double angle, double *out) const {
  const Origin origin(*this, shift, angle);
  std::fill(out, out + n, mean);
  for (const Mode &m : modes) {
    for (int i = 0; i < n; ++i) {
      double y[2];
      origin(x + dim * i, y);
      out[i] += m.amplitude * std::sin(m.wave[0] * y[0] + m.wave[1] * y[1] + m.phase);
    }
  }
  for (const Shape &s : shapes) {
    const double most = s.reach() * s.reach(), c = std::cos(s.angle), d = std::sin(s.angle);
    for (int i = 0; i < n; ++i) {
      double y[2];
      origin(x + dim * i, y);
      const double a = nearest(y[0] - s.centre[0], length, periodic);
      const double b = dim == 2 ? nearest(y[1] - s.centre[1], length, periodic) : 0;
      const double square = a * a + b * b;
      if (square > most) continue;
      switch (s.kind) {
        case Shape::Kind::gaussian:
          out[i] += s.amplitude * std::exp(-square / (s.width * s.width));
          break;
        case Shape::Kind::ring: {
          const double e = (std::sqrt(square) - s.radius) / s.width;
          out[i] += s.amplitude * std::exp(-e * e);
          break;
        }
        case Shape::Kind::disc:
          out[i] += s.amplitude * step((s.radius - std::sqrt(square)) / s.width);
          break;
        case Shape::Kind::bar: {
          const double p = std::fabs(dim == 2 ? c * a + d * b : a), q = std::fabs(c * b - d * a);
          out[i] += s.amplitude * step((s.radius - p) / s.width) * (dim == 2 ? step((s.breadth - q) / s.width) : 1);
          break;
        }
      }
    }
  }
}

double Profile::sharpness(const double *x, double radius, const double shift[2], double angle) const {
  double least = std::numeric_limits<double>::infinity();
  // A sixth of a wave is as smooth as a Gaussian's width.
  for (const Mode &m : modes) least = std::min(least, 1 / std::max(std::hypot(m.wave[0], m.wave[1]), 1e-12));
  double y[2];
  Origin(*this, shift, angle)(x, y);
  for (const Shape &s : shapes) {
    const double a = nearest(y[0] - s.centre[0], length, periodic);
    const double b = dim == 2 ? nearest(y[1] - s.centre[1], length, periodic) : 0;
    if (std::hypot(a, b) < s.reach() + radius) least = std::min(least, s.width);
  }
  return least;
}

}  // namespace petrl::conservation
