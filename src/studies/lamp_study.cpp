#include "studies/lamp_study.hpp"

#include <petscsys.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "policy/shared_policy.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"
#include "problems/nonlinear1d/rivals.hpp"
#include "studies/lamp_study_fields.hpp"

namespace petrl::cli {

using namespace nonlinear1d;

namespace {

/// One row of the table.
struct Row {
  std::string model, remeshing;
  int start = 0;
  double trade_off = NAN;
  struct Result {
    double error, consistent, vertices, seconds;
  };
  std::function<Result(int trajectory)> run;
  std::vector<Result> result;
};

struct Summary {
  double mean = 0, deviation = 0, median = 0;
  explicit Summary(std::vector<double> x) {
    std::sort(x.begin(), x.end());
    const auto n = static_cast<double>(x.size());
    for (const double v : x) mean += v / n;
    for (const double v : x) deviation += (v - mean) * (v - mean) / std::max(1., n - 1);
    deviation = std::sqrt(deviation);
    median = x.empty() ? NAN : x[x.size() / 2];
  }
};

int whole(YamlMap &yaml, const std::string &key, int fallback, int low, int high) {
  const int value = yaml.get<int>(key, fallback);
  if (value < low || value > high)
    yaml.fail(key, "expected an integer from " + std::to_string(low) + " to " + std::to_string(high));
  return value;
}

Row learned(const std::string &name, const std::shared_ptr<const lamp::Model> &model, const Nonlinear1DSet &set,
            const std::string &remeshing, int start, const lamp::Remeshing &how) {
  Row row{name, remeshing, start, how.kind == lamp::Remeshing::Kind::policy ? how.trade_off : NAN, {}, {}};
  const VertexMesh mesh = VertexMesh::uniform(kPoints / start, model->evolution.options().ring);
  row.run = [model, &set, mesh, how](int t) {
    lamp::Remeshing mine = how;
    mine.seed = static_cast<std::uint64_t>(t);
    const lamp::Rollout r = lamp::rollOut(*model, set, t, t + 1, mesh, mine).front();
    return Row::Result{r.total(), NAN, r.vertices(), r.seconds};
  };
  return row;
}

void addModels(YamlMap &yaml, const std::vector<int> &starts, const Nonlinear1DSet &set, std::vector<Row> &rows,
               std::map<std::string, std::shared_ptr<const lamp::Model>> &models) {
  using Kind = lamp::Remeshing::Kind;
  for (YamlMap &m : yaml.list("models")) {
    const auto name = m.get<std::string>("name"), file = findPolicy(m.get<std::string>("policy"));
    auto model = std::make_shared<lamp::Model>(lamp::Model::read(readPolicy(file, "refiner"), file));
    if (m.has("count")) {
      const auto count = m.get<std::string>("count");
      if (count != "argmax" && count != "expectation") m.fail("count", "expected argmax or expectation");
      model->count = count == "argmax" ? lamp::CountRule::argmax : lamp::CountRule::expectation;
    }
    const bool random = m.get<bool>("random", false), never = m.get<bool>("never", true);
    for (const int start : starts) {
      if (never) rows.push_back(learned(name, model, set, "never", start, {}));
      for (const double beta : m.get<std::vector<double>>("trade_offs", {})) {
        Row row = learned(name, model, set, random ? "drawn" : "policy", start,
                          {random ? Kind::random : Kind::policy, beta, 0, 0});
        row.trade_off = beta;
        rows.push_back(std::move(row));
      }
    }
    for (YamlMap &h : m.has("hindsight") ? m.list("hindsight") : std::vector<YamlMap>()) {
      const int start = whole(h, "start", 25, 4, kPoints), vertices = whole(h, "vertices", 38, 4, kPoints);
      h.finish();
      rows.push_back(learned(name, model, set, "hindsight", start, {Kind::oracle, 0, vertices, 0}));
    }
    m.finish();
    models[name] = model;
  }
}

Row rival(YamlMap &m, const Nonlinear1DSet &set) {
  Row row;
  row.model = m.get<std::string>("name");
  const auto method = m.get<std::string>("method");
  if (method == "weno") {
    UniformOptions o;
    row.start = o.n = whole(m, "n", 50, 5, 1000);
    o.fast.stepper = m.get<std::string>("stepper", std::string("ssprk3")) == "rk4" ? Stepper::rk4 : Stepper::ssprk3;
    o.fast.safety = m.number("safety", 1, .01, 10);
    o.fast.every_level = m.get<bool>("every_level", false);
    o.fast.means = m.get<bool>("means", true);
    o.single = m.get<bool>("single", true);
    o.start = whole(m, "start", 3, 0, 9), o.finish = whole(m, "finish", 5, 1, 9);
    row.remeshing = "never";
    const auto solver = std::make_shared<UniformRival>(o);
    row.run = [solver, &set](int t) {
      const RivalResult r = solver->run(set, t);
      return Row::Result{r.error, r.consistent, r.cells, r.seconds};
    };
  } else if (method == "volumes") {
    AdaptiveOptions o;
    row.start = o.base = whole(m, "base", o.base, 2, 200);
    o.max_level = whole(m, "max_level", o.max_level, 0, 8);
    o.indicator = m.get<std::string>("indicator", std::string("gradient")) == "curvature" ? Indicator::curvature
                                                                                          : Indicator::gradient;
    o.threshold = m.number("threshold", o.threshold, 0, 100);
    o.reach = m.number("reach", o.reach, 0, 10), o.safety = m.number("safety", o.safety, .01, 10);
    row.remeshing = "indicator";
    row.run = [o, &set](int t) {
      const RivalResult r = adaptiveRival(o, set, t);
      return Row::Result{r.error, r.consistent, r.cells, r.seconds};
    };
  } else {
    m.fail("method", "expected weno or volumes, found '" + method + "'");
  }
  m.finish();
  return row;
}

std::vector<double> column(const Row &row, double Row::Result::*what) {
  std::vector<double> x;
  for (const auto &r : row.result) x.push_back(r.*what);
  return x;
}

std::FILE *create(const std::string &path) {
  std::FILE *file = std::fopen(path.c_str(), "w");
  if (file == nullptr) throw Error(path + ": cannot write this file", PETSC_ERR_FILE_WRITE);
  return file;
}

void report(const std::vector<Row> &rows, const std::string &directory) {
  std::FILE *file = create(directory + "/table.csv");
  std::FILE *each = create(directory + "/trajectories.csv");
  std::fprintf(file,
               "model,remeshing,start [vertices],trade_off,vertices mean,error mean,error deviation,error median,"
               "consistent error mean,time [us per bundle]\n");
  std::fprintf(each, "model,remeshing,start [vertices],trade_off,trajectory,vertices,error\n");
  std::printf("%-24s %-12s %5s %9s %9s %9s %9s %9s %9s\n", "model", "re-meshing", "start", "trade-off", "vertices",
              "error", "spread", "median", "us/bundle");
  for (const Row &row : rows) {
    const Summary error(column(row, &Row::Result::error)), vertices(column(row, &Row::Result::vertices)),
        consistent(column(row, &Row::Result::consistent)), seconds(column(row, &Row::Result::seconds));
    char beta[16] = "";
    if (!std::isnan(row.trade_off)) std::snprintf(beta, sizeof(beta), "%.3g", row.trade_off);
    std::printf("%-24s %-12s %5d %9s %9.2f %9.4f %9.4f %9.4f %9.2f\n", row.model.c_str(), row.remeshing.c_str(),
                row.start, beta, vertices.mean, error.mean, error.deviation, error.median, 1e6 * seconds.median);
    std::fprintf(file, "%s,%s,%d,%s,%.6g,%.6g,%.6g,%.6g,", row.model.c_str(), row.remeshing.c_str(), row.start, beta,
                 vertices.mean, error.mean, error.deviation, error.median);
    if (!std::isnan(consistent.mean)) std::fprintf(file, "%.6g", consistent.mean);
    std::fprintf(file, ",%.4g\n", 1e6 * seconds.median);
    for (std::size_t t = 0; t < row.result.size(); ++t)
      std::fprintf(each, "%s,%s,%d,%s,%zu,%.6g,%.6g\n", row.model.c_str(), row.remeshing.c_str(), row.start, beta, t,
                   row.result[t].vertices, row.result[t].error);
  }
  std::fclose(file);
  std::fclose(each);
}

}  // namespace

void lampStudy(YamlMap yaml, const std::string &directory) {
  YamlMap data_keys = yaml.map("data");
  const auto file = data_keys.get<std::string>("file");
  Nonlinear1DOptions options;
  const auto counts = data_keys.get<std::vector<int>>(
      "trajectories", std::vector<int>(options.trajectories.begin(), options.trajectories.end()));
  if (counts.size() != 3 || *std::min_element(counts.begin(), counts.end()) < 1)
    data_keys.fail("trajectories", "expected three positive numbers: train, valid, test");
  std::copy(counts.begin(), counts.end(), options.trajectories.begin());
  options.seed = static_cast<std::uint64_t>(data_keys.number("seed", 0, 0, 1e12));
  data_keys.finish();
  const auto which = yaml.get<std::string>("set", std::string("test"));
  if (which != "test" && which != "valid") yaml.fail("set", "expected test or valid, found '" + which + "'");
  const int repeats = whole(yaml, "repeats", 3, 1, 1000);
  const auto starts = yaml.get<std::vector<int>>("starts", {25, 50, 100});
  for (const int s : starts) {
    if (s < 5 || s > kPoints || kPoints % s != 0) yaml.fail("starts", "expected divisors of 100 from 5 to 100");
  }
  const auto data = Nonlinear1DDataset::cached(
      options, file, PETSC_COMM_WORLD, [](const std::string &text) { std::fprintf(stderr, "%s\n", text.c_str()); });
  const Nonlinear1DSet &set = which == "test" ? data.test() : data.valid();
  const int runs = whole(yaml, "runs", set.size(), 1, set.size());
  std::vector<Row> rows;
  std::map<std::string, std::shared_ptr<const lamp::Model>> models;
  addModels(yaml, starts, set, rows, models);
  if (yaml.has("rivals")) {
    for (YamlMap &m : yaml.list("rivals")) rows.push_back(rival(m, set));
  }
  const bool fields = yaml.has("fields");
  YamlMap field_keys = yaml.map("fields", false);
  yaml.finish();
  for (Row &row : rows) row.result.resize(static_cast<std::size_t>(runs));
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (int t = 0; t < runs; ++t) {
      for (Row &row : rows) {
        Row::Result &kept = row.result[static_cast<std::size_t>(t)];
        const Row::Result found = row.run(t);
        const double seconds = repeat == 0 ? found.seconds : std::min(kept.seconds, found.seconds);
        kept = found;
        kept.seconds = seconds;
      }
    }
  }
  report(rows, directory);
  if (fields) lampFields(field_keys, models, set, directory);
}

}  // namespace petrl::cli
