#include "problems/advection/advection.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "problems/advection/characteristics.hpp"
#include "problems/advection/diverse.hpp"
#include "problems/advection/fine.hpp"
#include "problems/grid2d/vortices.hpp"

namespace petrl::advection {

namespace {

constexpr double kPi = 3.14159265358979323846;

}  // namespace

AdvectionModel::AdvectionModel(const grid2d::Sizes &sizes, Truth truth) : Model(sizes, 1, 0), truth_(truth) {}

std::unique_ptr<grid2d::FineSolver> AdvectionModel::fine(const grid2d::Case &c) const {
  if (truth_ == Truth::characteristics)
    return std::make_unique<CharacteristicAdvection>(sizes_.fine(), sizes_.dt(), c.state.data(), c.velocity.data());
  return std::make_unique<FineAdvection>(sizes_.fine(), sizes_.dt() / sizes_.substeps, sizes_.substeps, c.state.data(),
                                         c.velocity.data());
}

void AdvectionModel::restrictTo(int n, const grid2d::ConstPatch &fine, double *coarse) const {
  checkDivides(n);
  const std::ptrdiff_t step = sizes_.fine() / n;
  for (int y = 0; y < n; ++y) {
    const double *line = fine.at(0, static_cast<int>(y * step));
    for (int x = 0; x < n; ++x) *coarse++ = line[x * step];
  }
}

double AdvectionModel::scale(const std::vector<double> &) const {
  return 1;
}

std::vector<double> bilinear(const std::vector<double> &picture, int rows, int columns,
                             const std::vector<double> &places, int points) {
  struct Weight {
    int low, high;
    double share;  // of high
  };
  const auto weights = [&](int size) {
    std::vector<Weight> all;
    for (const double place : places) {
      const double at = std::clamp((place + 0.5) * size / points - 0.5, 0., size - 1.);
      const int low = static_cast<int>(at);
      all.push_back({low, std::min(low + 1, size - 1), at - low});
    }
    return all;
  };
  std::vector<double> out;
  out.reserve(places.size() * places.size());
  const auto across = weights(columns), down = weights(rows);
  for (const Weight &v : down) {
    const double *low = picture.data() + v.low * columns, *high = picture.data() + v.high * columns;
    for (const Weight &h : across) {
      const double a = low[h.low] + h.share * (low[h.high] - low[h.low]);
      const double b = high[h.low] + h.share * (high[h.high] - high[h.low]);
      out.push_back(a + v.share * (b - a));
    }
  }
  return out;
}

std::vector<double> concentration(const images::Images &images, int index, double angle, int n) {
  const int rows = images.rows, columns = images.columns;
  std::vector<double> picture(static_cast<std::size_t>(rows * columns), 0.0);
  const std::uint8_t *pixels = images.image(index);
  const double c = std::cos(angle), s = std::sin(angle), my = (rows - 1) / 2., mx = (columns - 1) / 2.;
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      const auto from_x = static_cast<int>(std::lround(mx + c * (x - mx) - s * (y - my)));
      const auto from_y = static_cast<int>(std::lround(my + s * (x - mx) + c * (y - my)));
      if (from_x < 0 || from_x >= columns || from_y < 0 || from_y >= rows) continue;
      picture[static_cast<std::size_t>(y * columns + x)] = pixels[from_y * columns + from_x] / 255.;
    }
  }
  std::vector<double> places(static_cast<std::size_t>(n));
  std::iota(places.begin(), places.end(), 0.);
  std::vector<double> out = bilinear(picture, rows, columns, places, n);
  for (double &value : out) value += 1e-6;
  return out;
}

std::vector<double> vortex(int n, double amplitude) {
  const auto points = static_cast<std::size_t>(n);
  std::vector<double> velocity(2 * points * points), square(points), twice(points);
  for (std::size_t i = 0; i < points; ++i) {
    const double angle = kPi * static_cast<double>(i) / (n - 1);
    square[i] = std::sin(angle) * std::sin(angle);
    twice[i] = std::sin(2 * angle);
  }
  double *u = velocity.data(), *v = u + points * points;
  for (std::size_t y = 0; y < points; ++y) {
    for (std::size_t x = 0; x < points; ++x) {
      *u++ = amplitude * square[x] * twice[y];
      *v++ = -amplitude * square[y] * twice[x];
    }
  }
  return velocity;
}

std::vector<double> paperVelocity(const std::string &flow, int n, grid2d::Random &random) {
  if (flow == "train") return grid2d::taylorGreen(n, {1, 2, 3, 4, 5}, 1, 4, true, random);
  const double sign = random.sign();
  return vortex(n, sign * random.uniform(0.5, 1));
}

grid2d::Case sampleCase(const AdvectionModel &model, const Distribution &distribution, Part part, std::uint64_t seed) {
  std::string pictures = distribution.images, flow = distribution.velocity;
  if (pictures != "mnist" && pictures != "fashion" && pictures != "texture" && pictures != "mixed")
    throw Error("images: expected mnist, fashion, texture or mixed, found '" + pictures + "'");
  if (flow != "train" && flow != "vortex" && flow != "stream" && flow != "mixed")
    throw Error("velocity: expected train, vortex, stream or mixed, found '" + flow + "'");
  grid2d::Random random(3 * seed + static_cast<std::uint64_t>(part));
  const int n = model.sizes().fine();
  if (pictures == "mixed") pictures = random.unit() < 0.3 ? "texture" : "mnist";
  if (flow == "mixed") flow = random.unit() < 0.5 ? "train" : "stream";
  grid2d::Case c;
  if (pictures == "texture") {
    c.state = concentration(texture(random), 0, 0, n);
  } else {
    const images::Images &images = images::imageSet(pictures, part == Part::test ? "test" : "train");
    const int held_out = std::max(1, images.count / 10);
    int index = 0;
    if (part == Part::test)
      index = random.below(images.count);
    else if (part == Part::validation)
      index = images.count - held_out + random.below(held_out);
    else
      index = random.below(std::max(1, images.count - held_out));
    const double angle = pictures == "mnist" ? random.uniform(-kPi / 2, kPi / 2) : 0;
    c.state = concentration(images, index, angle, n);
  }
  c.velocity = flow == "stream" ? streamVelocity(n, random) : paperVelocity(flow, n, random);
  return c;
}

}  // namespace petrl::advection
