// LAMP on the one-dimensional benchmark: policies, no re-meshing, hindsight, classical methods.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "policy/shared_policy.hpp"
#include "problems/lamp/trajectories.hpp"
#include "problems/nonlinear1d/lamp/model.hpp"
#include "problems/nonlinear1d/rivals.hpp"
#include "studies/field_file.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

using namespace nonlinear1d;

namespace {

using Models = std::map<std::string, std::shared_ptr<const lamp::Model>>;

/// A method with its settings.
struct Method {
  struct Result {
    double error, consistent, vertices, seconds;
  };
  std::string model, remeshing;
  int start = 0;
  double trade_off = NAN;
  std::function<Result(int trajectory)> run;
};

Method learned(const std::string &name, const std::shared_ptr<const lamp::Model> &model, const Nonlinear1DSet &set,
               const std::string &remeshing, int start, const lamp::Remeshing &how) {
  Method row{name, remeshing, start, how.kind == lamp::Remeshing::Kind::policy ? how.trade_off : NAN, {}};
  const VertexMesh mesh = VertexMesh::uniform(kPoints / start, model->evolution.options().ring);
  row.run = [model, &set, mesh, how](int t) {
    lamp::Remeshing mine = how;
    mine.seed = static_cast<std::uint64_t>(t);
    const lamp::Rollout r = lamp::rollOut(*model, set, t, t + 1, mesh, mine).front();
    return Method::Result{r.total(), NAN, r.vertices(), r.seconds};
  };
  return row;
}

void addModels(YamlMap &yaml, const std::vector<int> &starts, const Nonlinear1DSet &set, std::vector<Method> &rows,
               Models &models) {
  using Kind = lamp::Remeshing::Kind;
  for (YamlMap &m : yaml.list("models")) {
    const auto name = m.get<std::string>("name"), file = policyFile(m);
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
        Method row = learned(name, model, set, random ? "drawn" : "policy", start,
                             {random ? Kind::random : Kind::policy, beta, 0, 0});
        row.trade_off = beta;
        rows.push_back(std::move(row));
      }
    }
    for (YamlMap &h : m.has("hindsight") ? m.list("hindsight") : std::vector<YamlMap>()) {
      const int start = h.integer("start", 25, 4, kPoints), vertices = h.integer("vertices", 38, 4, kPoints);
      h.finish();
      rows.push_back(learned(name, model, set, "hindsight", start, {Kind::oracle, 0, vertices, 0}));
    }
    m.finish();
    models[name] = model;
  }
}

Method rival(YamlMap &m, const Nonlinear1DSet &set) {
  Method row;
  row.model = m.get<std::string>("name");
  const auto method = m.get<std::string>("method");
  if (method == "weno") {
    UniformOptions o;
    row.start = o.n = m.integer("n", 50, 5, 1000);
    o.fast.stepper = m.get<std::string>("stepper", std::string("ssprk3")) == "rk4" ? Stepper::rk4 : Stepper::ssprk3;
    o.fast.safety = m.number("safety", 1, .01, 10);
    o.fast.every_level = m.get<bool>("every_level", false);
    o.fast.means = m.get<bool>("means", true);
    o.single = m.get<bool>("single", true);
    o.start = m.integer("start", 3, 0, 9), o.finish = m.integer("finish", 5, 1, 9);
    row.remeshing = "never";
    const auto solver = std::make_shared<UniformRival>(o);
    row.run = [solver, &set](int t) {
      const RivalResult r = solver->run(set, t);
      return Method::Result{r.error, r.consistent, r.cells, r.seconds};
    };
  } else if (method == "volumes") {
    AdaptiveOptions o;
    row.start = o.base = m.integer("base", o.base, 2, 200);
    o.max_level = m.integer("max_level", o.max_level, 0, 8);
    o.indicator = m.get<std::string>("indicator", std::string("gradient")) == "curvature" ? Indicator::curvature
                                                                                          : Indicator::gradient;
    o.threshold = m.number("threshold", o.threshold, 0, 100);
    o.reach = m.number("reach", o.reach, 0, 10), o.safety = m.number("safety", o.safety, .01, 10);
    row.remeshing = "indicator";
    row.run = [o, &set](int t) {
      const RivalResult r = adaptiveRival(o, set, t);
      return Method::Result{r.error, r.consistent, r.cells, r.seconds};
    };
  } else {
    m.fail("method", "expected weno or volumes, found '" + method + "'");
  }
  m.finish();
  return row;
}

/// Keys: trajectory (0), start (50), model (the first), trade_offs. fields.h5: truth (levels x points), and for
/// trade-off i prediction<i> (the same) and mesh<i> (bundles x points, 1 where there is a vertex).
void fields(YamlMap &yaml, const Models &models, const Nonlinear1DSet &set, const std::string &directory) {
  const int trajectory = yaml.integer("trajectory", 0, 0, set.size() - 1),
            start = yaml.integer("start", 50, 5, kPoints);
  if (kPoints % start != 0) yaml.fail("start", "expected a divisor of 100");
  const auto name = yaml.get<std::string>("model", models.begin()->first);
  const auto found = models.find(name);
  if (found == models.end()) yaml.fail("model", "'" + name + "' is not among the models");
  const auto trade_offs = yaml.get<std::vector<double>>("trade_offs", {0, .2, .5});
  yaml.finish();
  const lamp::Model &model = *found->second;
  const std::size_t levels = lamp::kBundles * lamp::kBundle;
  std::vector<float> truth;
  for (std::size_t m = 0; m < levels; ++m) {
    const float *level = set.at(trajectory, lamp::kFirstInput + 1 + static_cast<int>(m));
    truth.insert(truth.end(), level, level + kPoints);
  }
  FieldFile file(directory);
  file.grid("space-time", 0, levels, kPoints, kLevelStep, kSpacing, false, levelTime(lamp::kFirstInput + 1));
  file.field("", "truth", truth);
  file.data.numbers("/trade_offs", trade_offs);
  for (std::size_t i = 0; i < trade_offs.size(); ++i) {
    const auto r = lamp::rollOut(model, set, trajectory, trajectory + 1,
                                 VertexMesh::uniform(kPoints / start, model.evolution.options().ring),
                                 {lamp::Remeshing::Kind::policy, trade_offs[i], 0, 0})
                       .front();
    std::vector<float> prediction(levels * kPoints), mesh(lamp::kBundles * kPoints, 0.f);
    for (std::size_t b = 0; b < lamp::kBundles; ++b) {
      for (const int v : r.mesh[b].list()) mesh[b * kPoints + static_cast<std::size_t>(v)] = 1;
      for (std::size_t j = 0; j < kPoints; ++j) {
        for (std::size_t m = 0; m < lamp::kBundle; ++m)
          prediction[(b * lamp::kBundle + m) * kPoints + j] = r.bundle[b][j * lamp::kBundle + m];
      }
    }
    file.field("", "prediction" + std::to_string(i), prediction);
    file.data.floats("/mesh" + std::to_string(i), {lamp::kBundles, kPoints}, mesh);
  }
  file.write();
}

}  // namespace

/// Keys:
///   data         {file, trajectories, seed}: as for the learner
///   set          test (default) | valid: trajectories that settings may be chosen by
///   runs         so many trajectories (all)
///   repeats      rounds through all methods (3)
///   starts       vertices of the first meshes: 25, 50, 100
///   models       list of {name, policy (a path, or a name among the shipped ones), trade_offs (each gives a method for
///                each start), hindsight: list of {start, vertices}, never (true): also without re-meshing, random
///                (false): decisions drawn rather than the best, count: argmax | expectation (what the file says)}
///   rivals       list of {name, method: weno | volumes, ...}; weno: n, stepper (ssprk3 | rk4), safety, every_level,
///                single, means, start, finish; volumes: base, max_level, indicator (gradient | curvature), threshold,
///                reach, safety: see UniformOptions and AdaptiveOptions
///   fields       see fields()
/// runs.csv: a row for each repeat, trajectory and method (whose number is `row`). Errors are the benchmark's: over the
/// 200 predicted levels the sum of mean squared errors at the 100 label points, linearly interpolated; for rivals also
/// "consistent", of labels computed from cell means. Times are those of one bundle of 25 levels, decision and new mesh
/// included, of one trajectory at a time; methods take turns.
void lampStudy(YamlMap yaml, const std::string &directory) {
  YamlMap data_keys = yaml.map("data");
  const auto file = data_keys.get<std::string>("file");
  Nonlinear1DOptions options;
  options.trajectories = lamp::trajectories(data_keys, options.trajectories, nonlinear1d::kMostTrajectories);
  options.seed = static_cast<std::uint64_t>(data_keys.number("seed", 0, 0, 1e12));
  data_keys.finish();
  const auto which = yaml.get<std::string>("set", std::string("test"));
  if (which != "test" && which != "valid") yaml.fail("set", "expected test or valid, found '" + which + "'");
  const int repeats = yaml.integer("repeats", 3, 1, 1000);
  const auto starts = yaml.get<std::vector<int>>("starts", {25, 50, 100});
  for (const int s : starts) {
    if (s < 5 || s > kPoints || kPoints % s != 0) yaml.fail("starts", "expected divisors of 100 from 5 to 100");
  }
  const auto data = Nonlinear1DDataset::cached(
      options, file, PETSC_COMM_WORLD, [](const std::string &text) { std::fprintf(stderr, "%s\n", text.c_str()); });
  const Nonlinear1DSet &set = which == "test" ? data.test() : data.valid();
  const int runs = yaml.integer("runs", set.size(), 1, set.size());
  std::vector<Method> rows;
  Models models;
  addModels(yaml, starts, set, rows, models);
  if (yaml.has("rivals")) {
    for (YamlMap &m : yaml.list("rivals")) rows.push_back(rival(m, set));
  }
  const bool draws = yaml.has("fields");
  YamlMap field_keys = yaml.map("fields", false);
  yaml.finish();
  if (draws) fields(field_keys, models, set, directory);
  Csv csv(directory + "/runs.csv", {"row", "model", "remeshing", "start_vertices", "trade_off", "trajectory", "repeat",
                                    "vertices", "error", "consistent_error", "us_per_bundle"});
  Progress progress("lamp", rows.size() * static_cast<std::size_t>(runs * repeats));
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (int t = 0; t < runs; ++t) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const Method &m = rows[i];
        const Method::Result r = m.run(t);
        csv.row().set("row", i).set("model", m.model).set("remeshing", m.remeshing).set("start_vertices", m.start);
        if (!std::isnan(m.trade_off)) csv.set("trade_off", m.trade_off);
        csv.set("trajectory", t).set("repeat", repeat).set("vertices", r.vertices).set("error", r.error);
        if (!std::isnan(r.consistent)) csv.set("consistent_error", r.consistent);
        csv.set("us_per_bundle", 1e6 * r.seconds);
        progress.step(m.model);
      }
    }
    csv.append();
  }
}

}  // namespace petrl::studies
