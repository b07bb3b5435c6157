#include "studies/poisson_study.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "policy/shared_policy.hpp"
#include "studies/poisson_study_method.hpp"

namespace petrl::cli {

using namespace poisson_study;

namespace {

/// A point of a family's curve in one case.
struct Point {
  std::string family;
  double key;  // level or odds: what belongs together over the cases
  int index;   // case
  Outcome outcome;
};

std::string text(const Setting &s) {
  std::ostringstream out;
  out << s.family << "," << s.estimator << "," << s.strategy << "," << s.parameter;
  return out.str();
}

double quantile(std::vector<double> x, double q) {
  std::sort(x.begin(), x.end());
  const double at = q * static_cast<double>(x.size() - 1);
  const auto i = static_cast<std::size_t>(at);
  return i + 1 < x.size() ? x[i] + (at - static_cast<double>(i)) * (x[i + 1] - x[i]) : x[i];
}

/// log10 of the cells at which a curve first gets below this error; NaN where it does not, or starts below it.
double cellsAt(const std::vector<Point> &points, const std::string &family, int index, double error) {
  std::vector<std::pair<double, double>> curve;
  for (const Point &p : points) {
    if (p.family == family && p.index == index)
      curve.push_back({std::log10(p.outcome.cells), std::log10(std::max(p.outcome.error, 1e-12))});
  }
  std::sort(curve.begin(), curve.end());
  const double wanted = std::log10(error);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const auto &[x, y] = curve[i - 1];
    const auto &[x1, y1] = curve[i];
    if (y > wanted && y1 <= wanted) return x + (y - wanted) / (y - y1) * (x1 - x);
  }
  return NAN;
}

std::vector<std::string> familiesOf(const std::vector<Point> &points) {
  std::vector<std::string> families;
  for (const Point &p : points) {
    if (std::find(families.begin(), families.end(), p.family) == families.end()) families.push_back(p.family);
  }
  return families;
}

void writeFront(const std::vector<Point> &points, const std::string &directory) {
  std::ostringstream csv;
  csv << "family,key,cases,cells,cells_q10,cells_q90,error,error_q10,error_q90,energy_error,solve_ms,decide_ms\n";
  for (const auto &family : familiesOf(points)) {
    std::vector<double> keys;
    for (const Point &p : points) {
      if (p.family == family && std::find(keys.begin(), keys.end(), p.key) == keys.end()) keys.push_back(p.key);
    }
    for (const double key : keys) {
      std::vector<double> cells, error;
      double energy = 0, solve = 0, decide = 0;
      for (const Point &p : points) {
        if (p.family != family || p.key != key) continue;
        cells.push_back(std::log10(p.outcome.cells)), error.push_back(std::log10(std::max(p.outcome.error, 1e-12)));
        energy += std::log10(std::max(p.outcome.energy, 1e-12)), solve += p.outcome.solve, decide += p.outcome.decide;
      }
      const auto n = static_cast<double>(cells.size());
      double mean[2] = {0, 0};
      for (std::size_t i = 0; i < cells.size(); ++i) mean[0] += cells[i] / n, mean[1] += error[i] / n;
      csv << family << "," << key << "," << cells.size() << "," << std::pow(10, mean[0]) << ","
          << std::pow(10, quantile(cells, .1)) << "," << std::pow(10, quantile(cells, .9)) << ","
          << std::pow(10, mean[1]) << "," << std::pow(10, quantile(error, .1)) << ","
          << std::pow(10, quantile(error, .9)) << "," << std::pow(10, energy / n) << "," << 1e3 * solve / n << ","
          << 1e3 * decide / n << "\n";
    }
  }
  writeWhole(directory + "/front.csv", csv.str());
}

void writeRatios(const std::vector<Point> &points, const std::vector<double> &errors, int cases,
                 const std::string &directory) {
  std::ostringstream csv;
  csv << "family,error,cases,ratio_median,ratio_q10,ratio_q90,policy_fewer_percent\n";
  std::printf("Cells at equal error over the policy's: median (10 %% ... 90 %%) over cases\n%-22s", "error");
  for (const double e : errors) std::printf("  %22g", e);
  std::printf("\n");
  for (const auto &family : familiesOf(points)) {
    if (family == "policy") continue;
    std::printf("%-22s", family.c_str());
    for (const double e : errors) {
      std::vector<double> ratios;
      int fewer = 0;
      for (int i = 0; i < cases; ++i) {
        const double ratio = std::pow(10, cellsAt(points, family, i, e) - cellsAt(points, "policy", i, e));
        if (std::isfinite(ratio)) ratios.push_back(ratio), fewer += ratio > 1;
      }
      if (ratios.empty()) {
        std::printf("  %22s", "-");
        continue;
      }
      const double middle = quantile(ratios, .5), low = quantile(ratios, .1), high = quantile(ratios, .9);
      csv << family << "," << e << "," << ratios.size() << "," << middle << "," << low << "," << high << ","
          << 100. * fewer / static_cast<double>(ratios.size()) << "\n";
      std::printf("  %6.2f (%5.2f ... %5.2f)", middle, low, high);
    }
    std::printf("\n");
  }
  writeWhole(directory + "/ratios.csv", csv.str());
}

void writeMesh(const std::string &family, double key, const poisson::AdaptivePoisson &state, std::ostringstream &csv) {
  const CellMesh &mesh = state.mesh();
  for (std::size_t c = 0; c < static_cast<std::size_t>(mesh.owned); ++c) {
    csv << family << "," << key << "," << mesh.level[c];
    for (std::size_t k = 0; k < 6; ++k) csv << "," << mesh.corner[6 * c + k];
    for (std::size_t k = 0; k < 3; ++k) csv << "," << state.u()[static_cast<std::size_t>(mesh.vertex[3 * c + k])];
    csv << "\n";
  }
}

}  // namespace

void poissonStudy(YamlMap yaml, const std::string &directory) {
  const auto file = findPolicy(yaml.get<std::string>("policy"));
  if (!fileExists(file)) yaml.fail("policy", "found neither " + file + " nor " + policyFolder() + "/" + file);
  Ground ground;
  ground.squares = static_cast<int>(yaml.number("squares", 4, 2, 1024));
  if (ground.squares % 2 != 0) yaml.fail("squares", "expected an even number, found " + std::to_string(ground.squares));
  ground.rounds = static_cast<int>(yaml.number("rounds", 6, 1, 12));
  ground.unit = yaml.number("unit", 1e-6, 1e-300, 1);
  const int reference = static_cast<int>(yaml.number("reference", ground.rounds + 1, ground.rounds, 12));
  const int cases = static_cast<int>(yaml.number("cases", 100, 1, 1e6));
  const int tuning = static_cast<int>(yaml.number("tuning", 12, 1, 1e6));
  auto odds = yaml.get<std::vector<double>>("odds", {.05, .15, .5, 1.5, 5, 15, 50, 150, 500});
  auto levels = yaml.get<std::vector<double>>("levels", {100, 200, 400, 800, 1600, 3200, 6400, 12800});
  const auto errors = yaml.get<std::vector<double>>("errors", {.1, .03, .01, .005});
  const int shown = static_cast<int>(yaml.number("meshes", 0, 0, 1e6));
  if (odds.empty() || levels.empty()) yaml.fail("odds", "odds and levels need at least one value");
  std::sort(levels.begin(), levels.end());
  yaml.finish();
  RefinementPolicy policy(readPolicy(file, "refiner"), file);
  ground.policy = &policy;

  // Settings are told apart well enough without the references' last refinement.
  ground.mesh = std::make_shared<poisson::ReferenceMesh>(ground.squares, ground.rounds);
  std::vector<Case> training;
  for (int i = 0; i < tuning; ++i) training.emplace_back(ground, poisson::Split::train, i);
  const std::vector<Choice> chosen = tune(ground, training, levels);
  training.clear();
  ground.mesh = std::make_shared<poisson::ReferenceMesh>(ground.squares, reference);
  std::ostringstream settings;
  settings << "family,estimator,strategy,parameter,round,level,tuning_cells,tuning_error\n";
  for (const Choice &c : chosen)
    settings << text(c.setting) << "," << c.round << "," << c.level << "," << std::pow(10, c.log_cells) << ","
             << std::pow(10, c.log_error) << "\n";
  writeWhole(directory + "/settings.csv", settings.str());

  std::vector<Point> points;
  std::ostringstream rows, meshes;
  rows << "case,family,estimator,strategy,parameter,round,cells,vertices,error,energy_error,solve_ms,decide_ms\n";
  meshes << "family,key,level,x0,y0,x1,y1,x2,y2,u0,u1,u2\n";
  const auto record = [&](int index, const Setting &s, const std::vector<Outcome> &outcomes) {
    for (const Outcome &o : outcomes)
      rows << index << "," << text(s) << "," << o.round << "," << o.cells << "," << o.vertices << "," << o.error << ","
           << o.energy << "," << 1e3 * o.solve << "," << 1e3 * o.decide << "\n";
  };
  for (int i = 0; i < cases; ++i) {
    const Case one(ground, poisson::Split::test, i);
    const Setting uniform{"uniform", "uniform", "", 0};
    Rounds all;
    for (int r = 0; r <= ground.rounds; ++r) all.insert(r);
    const auto everywhere = run(ground, one, uniform, all);
    record(i, uniform, everywhere);
    for (const Outcome &o : everywhere) points.push_back({"uniform", static_cast<double>(o.round), i, o});
    for (const std::string family : {"policy", "paired"}) {
      for (const double beta : odds) {
        std::unique_ptr<poisson::AdaptivePoisson> last;
        const Setting setting{family, family, "price", beta};
        const auto outcomes = run(ground, one, setting, {ground.rounds}, &last);
        record(i, setting, outcomes);
        points.push_back({family, beta, i, outcomes.back()});
        if (i == shown) writeMesh(family, beta, *last, meshes);
      }
    }
    for (const Choice &c : chosen) {
      std::unique_ptr<poisson::AdaptivePoisson> last;
      const auto outcomes = run(ground, one, c.setting, {c.round}, &last);
      record(i, c.setting, outcomes);
      points.push_back({c.setting.family, c.level, i, outcomes.back()});
      if (i == shown) writeMesh(c.setting.family, c.level, *last, meshes);
    }
    if (i % 10 == 9) std::fprintf(stderr, "%d of %d cases\n", i + 1, cases);
  }
  writeWhole(directory + "/runs.csv", rows.str());
  writeWhole(directory + "/meshes.csv", meshes.str());
  writeFront(points, directory);
  writeRatios(points, errors, cases, directory);
}

}  // namespace petrl::cli
