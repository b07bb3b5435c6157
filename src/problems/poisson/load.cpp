#include "problems/poisson/load.hpp"

#include <algorithm>
#include <cmath>

#include "problems/random.hpp"

namespace petrl::poisson {

namespace {

constexpr double kReach = 6.5;  // standard deviations beyond which a Gaussian is nothing: exp(-21)
constexpr double kWidth = 1.;   // radius of a triangle over the standard deviation that one rule integrates

// Six points of degree four (Cowper 1973): two orbits of three.
constexpr double kOrbit[2] = {.445948490915965, .091576213509771};
constexpr double kWeight[2] = {.223381589678011, .109951743655322};

struct Triangle {
  double x[3][2], l[3][3];  // corners, their barycentric coordinates in the whole cell
  double area;
};

double at(const GaussianLoad::Component &c, const double *x) {
  const double dx = x[0] - c.mean[0], dy = x[1] - c.mean[1];
  return c.density *
         std::exp(-.5 * (c.precision[0] * dx * dx + 2 * c.precision[1] * dx * dy + c.precision[2] * dy * dy));
}

void addMoments(const std::vector<GaussianLoad::Component> &all, unsigned active, const Triangle &t, LoadMoments &out) {
  double centre[2], radius = 0;
  for (int d = 0; d < 2; ++d) centre[d] = (t.x[0][d] + t.x[1][d] + t.x[2][d]) / 3;
  for (const auto &corner : t.x) radius = std::max(radius, std::hypot(corner[0] - centre[0], corner[1] - centre[1]));
  bool sharp = false;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (!(active >> k & 1)) continue;
    const double distance = std::hypot(all[k].mean[0] - centre[0], all[k].mean[1] - centre[1]);
    if (distance - radius > kReach * all[k].largest)
      active &= ~(1u << k);
    else
      sharp = sharp || radius > kWidth * all[k].smallest;
  }
  if (active == 0) return;
  if (sharp) {
    Triangle middle;  // corners: the sides' midpoints
    middle.area = t.area / 4;
    for (int s = 0; s < 3; ++s) {
      const int a = (s + 1) % 3, b = (s + 2) % 3;
      for (int d = 0; d < 2; ++d) middle.x[s][d] = .5 * (t.x[a][d] + t.x[b][d]);
      for (int d = 0; d < 3; ++d) middle.l[s][d] = .5 * (t.l[a][d] + t.l[b][d]);
    }
    addMoments(all, active, middle, out);
    for (int s = 0; s < 3; ++s) {
      Triangle part = middle;
      std::copy(t.x[s], t.x[s] + 2, part.x[s]);
      std::copy(t.l[s], t.l[s] + 3, part.l[s]);
      addMoments(all, active, part, out);
    }
    return;
  }
  for (int orbit = 0; orbit < 2; ++orbit) {
    for (int s = 0; s < 3; ++s) {
      double weight[3] = {kOrbit[orbit], kOrbit[orbit], kOrbit[orbit]};
      weight[s] = 1 - 2 * kOrbit[orbit];
      double x[2], l[3];
      for (int d = 0; d < 2; ++d) x[d] = weight[0] * t.x[0][d] + weight[1] * t.x[1][d] + weight[2] * t.x[2][d];
      for (int d = 0; d < 3; ++d) l[d] = weight[0] * t.l[0][d] + weight[1] * t.l[1][d] + weight[2] * t.l[2][d];
      double f = 0;
      for (std::size_t k = 0; k < all.size(); ++k) {
        if (active >> k & 1) f += at(all[k], x);
      }
      const double share = kWeight[orbit] * t.area;
      for (int d = 0; d < 3; ++d) out.hat[d] += share * f * l[d];
      out.square += share * f * f;
    }
  }
}

}  // namespace

void GaussianLoad::add(double weight, const double mean[2], const double deviation[2], double angle) {
  Component c;
  c.weight = weight;
  c.mean[0] = mean[0], c.mean[1] = mean[1];
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const double p = 1 / (deviation[0] * deviation[0]), q = 1 / (deviation[1] * deviation[1]);
  c.precision[0] = cosine * cosine * p + sine * sine * q;
  c.precision[1] = cosine * sine * (p - q);
  c.precision[2] = sine * sine * p + cosine * cosine * q;
  c.density = weight * std::sqrt(p * q) / 6.283185307179586;
  c.smallest = std::min(deviation[0], deviation[1]), c.largest = std::max(deviation[0], deviation[1]);
  components_.push_back(c);
}

double GaussianLoad::value(const double *x) const {
  double sum = 0;
  for (const Component &c : components_) sum += at(c, x);
  return sum;
}

LoadMoments GaussianLoad::moments(const double *corner) const {
  Triangle t;
  for (int s = 0; s < 3; ++s) {
    for (int d = 0; d < 2; ++d) t.x[s][d] = corner[2 * s + d];
    for (int d = 0; d < 3; ++d) t.l[s][d] = s == d;
  }
  t.area = .5 * std::fabs((t.x[1][0] - t.x[0][0]) * (t.x[2][1] - t.x[0][1]) -
                          (t.x[2][0] - t.x[0][0]) * (t.x[1][1] - t.x[0][1]));
  LoadMoments out;
  addMoments(components_, (1u << components_.size()) - 1, t, out);
  return out;
}

GaussianLoad drawLoad(Split split, std::uint64_t seed, int index) {
  const auto part = static_cast<std::uint64_t>(split);
  Random draw((seed * 3 + part) * 1000003ULL * 7919ULL + static_cast<std::uint64_t>(index) + 1);
  constexpr int kComponents = 3;
  double weight[kComponents], sum = 0;
  for (double &w : weight) sum += w = 1 + std::exp(draw.normal());
  GaussianLoad load;
  for (const double w : weight) {
    double mean[2];
    do {
      for (double &m : mean) m = .1 + .8 * draw.unit();
    } while (mean[0] > .5 && mean[1] > .5);
    double deviation[2];
    for (double &d : deviation) d = std::sqrt(draw.logarithmic(1e-4, 1e-3));
    load.add(w / sum, mean, deviation, 6.283185307179586 * draw.unit());
  }
  return load;
}

}  // namespace petrl::poisson
