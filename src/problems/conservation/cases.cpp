#include "problems/conservation/cases.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "problems/conservation/reference.hpp"
#include "problems/conservation/shock.hpp"
#include "problems/grid2d/random.hpp"

namespace petrl::conservation {

namespace {

using grid2d::Random;

constexpr double kTwoPi = 6.283185307179586;

Random generator(const std::string &family, Split split, std::uint64_t seed, int index) {
  std::uint64_t key = splitmix64(seed);
  for (const char c : family) key = splitmix64(key ^ static_cast<unsigned char>(c));
  key = splitmix64(key ^ static_cast<std::uint64_t>(split));
  return Random(splitmix64(key ^ static_cast<std::uint64_t>(index)));
}

double logUniform(Random &random, double low, double high) {
  return std::exp(random.uniform(std::log(low), std::log(high)));
}

// A feature whose extent is about `size` at most.
Shape shape(Random &random, int dim, double size) {
  Shape s;
  const int kind = random.below(4);
  s.amplitude = random.sign() * random.uniform(0.4, 1);
  if (random.unit() < 0.7) s.amplitude = std::fabs(s.amplitude);
  s.angle = random.uniform(0, kTwoPi);
  switch (kind) {
    case 0:
      s.kind = Shape::Kind::gaussian;
      s.width = logUniform(random, 0.12 * size, 0.5 * size);
      break;
    case 1:
      s.kind = dim == 2 ? Shape::Kind::ring : Shape::Kind::bar;
      s.radius = random.uniform(0.3, 0.6) * size;
      s.width = logUniform(random, 0.06 * size, 0.14 * size);
      break;
    case 2:
      s.kind = dim == 2 ? Shape::Kind::disc : Shape::Kind::bar;
      s.radius = random.uniform(0.25, 0.6) * size;
      s.width = logUniform(random, 0.02 * size, 0.1 * size);
      break;
    default:
      s.kind = Shape::Kind::bar;
      s.radius = random.uniform(0.2, 0.5) * size;
      s.breadth = random.uniform(0.2, 0.5) * size;
      s.width = logUniform(random, 0.02 * size, 0.1 * size);
  }
  return s;
}

void gaussian(Random &random, FlowCase &c) {
  Profile p;
  p.length = c.length;
  Shape s;
  s.width = 0.1;  // exp(-100 r^2)
  for (double &x : s.centre) x = random.uniform(0, c.length);
  p.shapes.push_back(s);
  const double angle = random.uniform(0, kTwoPi), speed = random.uniform(0, 1.5);
  c.law = Law::advection(speed * std::cos(angle), speed * std::sin(angle));
  c.truth = std::make_shared<CarriedTruth>(p, c.law.direction[0], c.law.direction[1], 0);
}

void mixture(Random &random, FlowCase &c, double scale) {
  Profile p;
  p.dim = c.dim, p.length = c.length;
  const bool turning = c.dim == 2 && random.unit() < 0.4;
  const double size = c.dim == 2 ? 0.5 : 2;
  const double cells = c.dim == 2 ? scale * scale : scale;
  const int count = static_cast<int>(std::lround((1 + random.below(4)) * cells));
  p.periodic = c.periodic = !turning;
  for (int i = 0; i < count; ++i) {
    Shape s = shape(random, c.dim, size);
    if (turning) {
      // Nothing may leave the box: it stays in the circle inside it.
      s.width *= 0.6, s.radius *= 0.6, s.breadth *= 0.6;
      const double room = std::max(0., 0.5 * c.length - std::hypot(s.radius, s.breadth) - 3.5 * s.width);
      const double r = room * std::sqrt(random.unit()), angle = random.uniform(0, kTwoPi);
      s.centre[0] = 0.5 * c.length + r * std::cos(angle);
      s.centre[1] = 0.5 * c.length + r * std::sin(angle);
    } else {
      for (int d = 0; d < c.dim; ++d) s.centre[d] = random.uniform(0, c.length);
    }
    p.shapes.push_back(s);
  }
  if (turning) {
    const double rate = random.sign() * random.uniform(0.5, 2.5);
    c.law = Law::rotation(0.5 * c.length, 0.5 * c.length, rate);
    for (int label = 1; label <= 4; ++label) c.boundary.push_back({label, [](double, const double *) { return 0.; }});
    c.truth = std::make_shared<CarriedTruth>(p, 0, 0, rate);
    return;
  }
  const double speed = random.uniform(0.3, c.dim == 2 ? 1.5 : 3);
  const double angle = c.dim == 2 ? random.uniform(0, kTwoPi) : (random.sign() > 0 ? 0 : 0.5 * kTwoPi);
  c.law = Law::advection(speed * std::cos(angle), c.dim == 2 ? speed * std::sin(angle) : 0);
  c.truth = std::make_shared<CarriedTruth>(p, c.law.direction[0], c.law.direction[1], 0);
}

// The largest rate at which characteristics approach each other.
double steepness(const Profile &p, const Law &law) {
  const int n = p.dim == 2 ? 64 : 1024, rows = p.dim == 2 ? n : 1;
  const double h = p.length / n, e = 1e-3 * h, none[2] = {0, 0};
  std::vector<double> x, u;
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < n; ++i) {
      for (const double sign : {-e, e}) {
        x.push_back(i * h + sign * law.direction[0]);
        if (p.dim == 2) x.push_back(j * h + sign * law.direction[1]);
      }
    }
  }
  u.resize(x.size() / static_cast<std::size_t>(p.dim));
  p.values(static_cast<int>(u.size()), x.data(), none, 0, u.data());
  double most = 0;
  for (std::size_t i = 0; i < u.size(); i += 2) most = std::max(most, (u[i] - u[i + 1]) / (2 * e));
  return most;
}

void burgers(Random &random, FlowCase &c, double scale, int points) {
  Profile p;
  p.dim = c.dim, p.length = c.length;
  const double usual = c.length / scale;  // features keep their size in larger boxes
  p.mean = random.uniform(-0.4, 0.4);
  for (int modes = 1 + random.below(3); modes > 0; --modes) {
    Mode m{random.uniform(0.15, 0.5), {0, 0}, random.uniform(0, kTwoPi)};
    for (int d = 0; d < c.dim; ++d) {
      const int low = c.dim == 2 ? -1 : 1, count = 3;
      m.wave[d] = kTwoPi * (low + random.below(count)) / usual;
    }
    if (std::hypot(m.wave[0], m.wave[1]) == 0) m.wave[0] = kTwoPi / usual;
    p.modes.push_back(m);
  }
  const double cells = c.dim == 2 ? scale * scale : scale;
  for (int count = static_cast<int>(std::lround(random.below(4) * cells)); count > 0; --count) {
    Shape s;
    s.amplitude = random.sign() * random.uniform(0.4, 1);
    // At most length / 12: beyond half the box nothing of it is left.
    s.width = usual * random.uniform(0.05, 1. / 12);
    for (int d = 0; d < c.dim; ++d) s.centre[d] = random.uniform(0, c.length);
    p.shapes.push_back(s);
  }
  const double angle = random.uniform(0, kTwoPi);
  c.law = c.dim == 2 ? Law::burgers(std::cos(angle), std::sin(angle)) : Law::burgers(1);
  // Shocks are to form early enough to matter.
  const double usual_end = c.dim == 2 ? 1 : 4, forming = random.uniform(0.2, 0.7) * usual_end;
  const double factor = std::clamp(1 / (forming * std::max(steepness(p, c.law), 1e-9)), 0.5, 2.5);
  for (Mode &m : p.modes) m.amplitude *= factor;
  for (Shape &s : p.shapes) s.amplitude *= factor;
  c.truth = std::make_shared<GridTruth>(std::move(p), c.law, points, c.samples);
}

// Hills that lean over: their fronts become shocks as thin as the viscosity lets them, and much is at rest.
void bumps(Random &random, FlowCase &c, int points) {
  Profile p;
  p.length = c.length;
  p.mean = random.uniform(-0.3, 0.3);
  for (int count = 1 + random.below(3); count > 0; --count) {
    Shape s;
    s.amplitude = random.sign() * random.uniform(0.5, 1);
    s.width = c.length * random.uniform(0.05, 1. / 12);
    for (int d = 0; d < c.dim; ++d) s.centre[d] = random.uniform(0, c.length);
    p.shapes.push_back(s);
  }
  const double angle = random.uniform(0, kTwoPi);
  c.law = Law::burgers(std::cos(angle), std::sin(angle), logUniform(random, 1e-3, 4e-3));
  c.truth = std::make_shared<GridTruth>(std::move(p), c.law, points, c.samples);
}

// Nothing reaches the boundary but the shock, and what bubbles have sent back.
void bubbles(Random &random, FlowCase &c, const CaseOptions &options) {
  PlanarShock shock;
  shock.mach = random.uniform(1.2, 2.5);
  const double angle = random.uniform(0, kTwoPi), middle = 0.5 * c.length;
  shock.direction[0] = std::cos(angle), shock.direction[1] = std::sin(angle);
  const auto along = [&](const double *x) { return x[0] * shock.direction[0] + x[1] * shock.direction[1]; };
  const double centre[2] = {middle, middle};
  shock.front = along(centre) - random.uniform(0.3, 0.7);
  Profile p;
  p.length = c.length, p.periodic = c.periodic = false, p.mean = shock.ahead.rho;
  const int count = static_cast<int>(std::lround((1 + random.below(3)) * options.scale * options.scale));
  for (int tries = 0; tries < 1000 && static_cast<int>(p.shapes.size()) < count; ++tries) {
    Shape s;
    s.kind = Shape::Kind::disc;
    s.radius = random.uniform(0.1, 0.25);
    s.width = logUniform(random, 0.01, 0.03);
    s.amplitude = shock.ahead.rho * (logUniform(random, 0.2, 4) - 1);
    for (double &x : s.centre) x = random.uniform(s.radius + 0.15, c.length - s.radius - 0.15);
    const double room = s.radius + 4 * s.width;
    bool fits = along(s.centre) - room > shock.front;
    for (const Shape &o : p.shapes)
      fits = fits && std::hypot(s.centre[0] - o.centre[0], s.centre[1] - o.centre[1]) > room + o.radius + 4 * o.width;
    if (fits) p.shapes.push_back(s);
  }
  c.law = Law::gas();
  c.end = 1.1 / shock.speed() * options.duration;
  for (std::size_t i = 0; i < c.samples.size(); ++i)
    c.samples[i] = c.end * static_cast<double>(i + 1) / static_cast<double>(c.samples.size());
  const auto beyond = [shock](double t, const double *x, double *u) { shock.state(t, x, u); };
  for (int label = 1; label <= 4; ++label) c.boundary.push_back({label, {}, beyond});
  const int points = options.reference > 0 ? options.reference : static_cast<int>(512 * options.scale);
  c.truth = std::make_shared<ShockTruth>(shock, std::move(p), points, c.samples);
}

}  // namespace

const std::vector<std::string> &flowFamilies() {
  static const std::vector<std::string> names = {"gaussian",    "mixed",    "burgers",   "bumps",
                                                 "shockbubble", "mixed-1d", "burgers-1d"};
  return names;
}

std::string flowFamilyNames() {
  std::string names;
  for (const auto &name : flowFamilies()) names += (names.empty() ? "" : ", ") + name;
  return names;
}

bool scalarFlow(const std::string &family) {
  return family != "shockbubble";
}

BaseMesh FlowCase::base(int squares) const {
  if (dim == 1) return BaseMesh::interval(squares, 0, length, periodic);
  const double lower[2] = {0, 0}, upper[2] = {length, length};
  return BaseMesh::box(squares, squares, lower, upper, periodic, periodic);
}

FlowCase drawCase(const std::string &family, Split split, std::uint64_t seed, int index, const CaseOptions &options) {
  const auto &names = flowFamilies();
  if (std::find(names.begin(), names.end(), family) == names.end())
    throw Error("flow family '" + family + "' is unknown; expected one of " + flowFamilyNames(),
                PETSC_ERR_ARG_UNKNOWN_TYPE);
  if (options.scale < 1 || options.scale != std::floor(options.scale))
    throw Error("the scale of a flow must be a whole number");
  if (!(options.duration > 0) || options.samples < 1) throw Error("a flow needs a duration and times to sample");
  Random random = generator(family, split, seed, index);
  FlowCase c;
  c.family = family;
  const bool line = family == "mixed-1d" || family == "burgers-1d";
  c.dim = line ? 1 : 2;
  c.length = (line ? 16 : 2) * options.scale;
  c.end = (line ? 4 : family == "burgers" || family == "bumps" ? 1 : 0.75) * options.duration;
  for (int i = 1; i <= options.samples; ++i) c.samples.push_back(c.end * i / options.samples);
  if (family == "gaussian") {
    gaussian(random, c);
  } else if (family == "shockbubble") {
    bubbles(random, c, options);
  } else if (family == "mixed" || family == "mixed-1d") {
    mixture(random, c, options.scale);
  } else {
    const auto usual = static_cast<int>((line ? 4096 : 512) * options.scale);
    const int points = options.reference > 0 ? options.reference : usual;
    family == "bumps" ? bumps(random, c, points) : burgers(random, c, options.scale, points);
  }
  return c;
}

}  // namespace petrl::conservation
