#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "learn/yaml_values.hpp"
#include "problems/advection/continuous.hpp"
#include "problems/burgers/burgers.hpp"
#include "problems/grid2d/environment.hpp"
#include "studies/closure_study_method.hpp"

namespace petrl::studies {

namespace {

using grid2d::Field;

constexpr double kPi = 3.14159265358979323846;

class AdvectionProblem : public StudyProblem {
 public:
  explicit AdvectionProblem(YamlMap &yaml) : model_(readSizes(yaml), readTruth(yaml)) {
    if (!yaml.has("cells")) {
      for (const char *velocity : {"train", "vortex"})
        for (const char *images : {"mnist", "fashion"}) add(images, velocity);
    } else {
      for (YamlMap &cell : yaml.list("cells")) {
        add(cell.get<std::string>("images", std::string("mnist")),
            cell.get<std::string>("velocity", std::string("train")));
        cell.finish();
        try {
          draw(cells_.back(), 0);
        } catch (const Error &e) {
          cell.fail(std::string(e.what()).rfind("velocity", 0) == 0 ? "velocity" : "images", e.what());
        }
      }
    }
  }

  const grid2d::Model &model() const override { return model_; }
  std::vector<std::string> fields() const override { return {"psi", "u", "v"}; }

  grid2d::Case draw(const Cell &cell, std::uint64_t seed) const override {
    return advection::sampleCase(model_, {cell.images, cell.velocity}, advection::Part::test, seed);
  }

  Start start(const Cell &cell, std::uint64_t seed, const grid2d::Case &c, int n) const override {
    const int fine = model_.sizes().fine();
    if (fine % n == 0) return {model_.initial(c, n), model_.velocity(c, n)};
    grid2d::Case sampled =
        advection::sampleCaseAt(n, model_, {cell.images, cell.velocity}, advection::Part::test, seed);
    const auto common = static_cast<std::size_t>(std::gcd(n, fine)), points = static_cast<std::size_t>(n),
               all = static_cast<std::size_t>(fine);
    for (std::size_t y = 0; y < common; ++y) {
      for (std::size_t x = 0; x < common; ++x) {
        const std::size_t here = y * (points / common) * points + x * (points / common);
        const std::size_t there = y * (all / common) * all + x * (all / common);
        if (std::fabs(sampled.state[here] - c.state[there]) > 1e-10 ||
            std::fabs(sampled.velocity[here] - c.velocity[there]) > 1e-10)
          throw Error("a grid of " + std::to_string(n) + " points a side: its case is not that of the fine grid");
      }
    }
    Field velocity(2, n, n);
    velocity.set(sampled.velocity.data());
    return {std::move(sampled.state), std::move(velocity)};
  }

  Probe probe(int n) const override { return {n, std::gcd(n, model_.sizes().n), {}}; }

 private:
  static grid2d::Sizes readSizes(YamlMap &yaml) {
    YamlMap sizes = yaml.map("sizes", false);
    const grid2d::Sizes out = grid2d::readSizes(sizes, {64, 4, 4, 0.25});
    sizes.finish();
    return out;
  }
  static advection::Truth readTruth(YamlMap &yaml) {
    const bool fine = learn::oneOf(yaml, "truth", "fine-grid", {"fine-grid", "characteristics"}) == "fine-grid";
    return fine ? advection::Truth::fine_grid : advection::Truth::characteristics;
  }
  void add(const std::string &images, const std::string &velocity) {
    cells_.push_back({images + "-" + velocity, images, velocity});
  }
  advection::AdvectionModel model_;
};

class BurgersProblem : public StudyProblem {
 public:
  explicit BurgersProblem(YamlMap &yaml)
      : model_(readSizes(yaml), yaml.number("viscosity", burgers::kViscosity, 0, 1),
               learn::oneOf(yaml, "upwind", "advecting", {"advecting", "transported"}) == "transported") {
    velocity_ = learn::oneOf(yaml, "velocity", "paper", {"paper", "diverse", "centred"});
    cells_.push_back({velocity_ == "paper" ? "vortices" : velocity_, "", ""});
  }

  const grid2d::Model &model() const override { return model_; }
  std::vector<std::string> fields() const override { return {"u", "v"}; }
  grid2d::Case draw(const Cell &, std::uint64_t seed) const override {
    // Of those that closures are trained on, the draws of validation: to choose between closures is not to test them.
    if (velocity_ == "paper") return burgers::sampleCase(model_, 2, seed);
    return burgers::diverseCase(model_, 1, seed, velocity_ == "centred");
  }
  Start start(const Cell &, std::uint64_t, const grid2d::Case &c, int n) const override {
    return {model_.initial(c, n), Field()};
  }

  // States are averages over r x r fine points, r = fine / n, about points that the model's averages (over R x R) do
  // not share. As trigonometric polynomials they have the same coefficients but for the averaging, which multiplies
  // wave number k by D_r(k) = sin(pi k r / N) / (r sin(pi k / N)): multiply by D_R / D_r and evaluate at the model's
  // points. Exact for the waves that the finer grid resolves.
  Probe probe(int n) const override {
    const int coarse = model_.sizes().n, fine = model_.sizes().fine();
    Probe probe{n, coarse, {}};
    if (n == coarse || fine % n != 0) return probe;
    const double r = static_cast<double>(fine) / n, big = static_cast<double>(fine) / coarse;
    const auto mean = [fine](double k, double width) {
      return std::sin(kPi * k * width / fine) / (width * std::sin(kPi * k / fine));
    };
    for (int j = 0; j < coarse; ++j) {
      for (int i = 0; i < n; ++i) {
        const double distance = 2 * kPi * (big * j + (big - 1) / 2 - r * i - (r - 1) / 2) / fine;
        double sum = 1;
        for (int k = 1; 2 * k <= n; ++k)
          sum += (2 * k == n ? 1 : 2) * mean(k, big) / mean(k, r) * std::cos(k * distance);
        probe.matrix.push_back(sum / n);
      }
    }
    return probe;
  }

 private:
  static grid2d::Sizes readSizes(YamlMap &yaml) {
    YamlMap sizes = yaml.map("sizes", false);
    const grid2d::Sizes out = grid2d::readSizes(sizes, {30, 5, 10, 0.9});
    sizes.finish();
    return out;
  }
  burgers::BurgersModel model_;
  std::string velocity_;
};

}  // namespace

std::vector<double> Probe::see(const Field &state) const {
  const grid2d::ConstPatch p = state.patch();
  const auto side = static_cast<std::size_t>(points), width = static_cast<std::size_t>(n);
  std::vector<double> out;
  out.reserve(static_cast<std::size_t>(state.components()) * side * side);
  if (matrix.empty()) {
    const std::ptrdiff_t stride = n / points;
    for (int c = 0; c < state.components(); ++c)
      for (std::ptrdiff_t y = 0; y < points; ++y)
        for (std::ptrdiff_t x = 0; x < points; ++x) out.push_back(p.at(c, static_cast<int>(y * stride))[x * stride]);
    return out;
  }
  std::vector<double> half(width * side);  // along x first
  for (int c = 0; c < state.components(); ++c) {
    for (std::size_t y = 0; y < width; ++y) {
      const double *line = p.at(c, static_cast<int>(y));
      for (std::size_t j = 0; j < side; ++j) {
        half[y * side + j] =
            std::inner_product(line, line + n, matrix.begin() + static_cast<std::ptrdiff_t>(j) * n, 0.);
      }
    }
    for (std::size_t i = 0; i < side; ++i) {
      for (std::size_t j = 0; j < side; ++j) {
        double sum = 0;
        for (std::size_t y = 0; y < width; ++y) sum += matrix[i * width + y] * half[y * side + j];
        out.push_back(sum);
      }
    }
  }
  return out;
}

std::vector<double> Probe::target(const std::vector<double> &reference, int model_n, int components) const {
  if (points == model_n) return reference;
  const auto stride = static_cast<std::size_t>(model_n / points), side = static_cast<std::size_t>(points),
             width = static_cast<std::size_t>(model_n);
  std::vector<double> out;
  for (std::size_t c = 0; c < static_cast<std::size_t>(components); ++c)
    for (std::size_t y = 0; y < side; ++y)
      for (std::size_t x = 0; x < side; ++x) out.push_back(reference[(c * width + y * stride) * width + x * stride]);
  return out;
}

const Cell &StudyProblem::cell(const std::string &name) const {
  std::string known;
  for (const Cell &cell : cells_) {
    if (cell.name == name) return cell;
    known += (known.empty() ? "" : ", ") + cell.name;
  }
  throw Error("expected one of the cells " + known + ", found '" + name + "'");
}

std::unique_ptr<StudyProblem> readProblem(YamlMap &yaml) {
  const auto name = yaml.get<std::string>("problem");
  if (name == "advection") return std::make_unique<AdvectionProblem>(yaml);
  if (name == "burgers") return std::make_unique<BurgersProblem>(yaml);
  yaml.fail("problem", "expected advection or burgers, found '" + name + "'");
}

}  // namespace petrl::studies
