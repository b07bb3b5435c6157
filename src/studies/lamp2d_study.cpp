// LAMP on triangulations: policies, no re-meshing, other ways to re-mesh, finite volumes.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <list>
#include <map>
#include <memory>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "learn/yaml_values.hpp"
#include "policy/shared_policy.hpp"
#include "problems/lamp2d/model.hpp"
#include "studies/field_file.hpp"
#include "studies/studies.hpp"

namespace petrl::studies {

using namespace lamp2d;

namespace {

/// A method with its settings.
struct Method {
  struct Result {
    double error, last, vertices, cells, deciding, remeshing, predicting;
  };
  std::string name, remeshing;
  int start = 1;         ///< negative: it has no first mesh of its own
  double setting = NAN;  ///< trade-off, threshold or tolerance
  std::function<Result(int trajectory)> run;
};

struct Setup {
  const FlowSet &set;
  std::list<SolverMeshes> solvers;
  std::map<std::string, std::shared_ptr<const Model>> models;
  std::vector<Method> rows;
  std::string first;  ///< model
};

void learned(Setup &setup, const std::string &name, const std::string &kind, int start, double setting,
             const Remeshing &how) {
  const auto model = setup.models.at(name);
  const MeshPtr mesh = TriangleMesh::uniform(setup.set.grid, std::max(start, 0));
  Method row{name, kind, start, setting, {}};
  row.run = [model, mesh, how, &set = setup.set](int t) {
    const Rollout r = rollOut(*model, set, t, mesh, how);
    return Method::Result{r.total(), r.error.back(), r.vertices(), r.cells(), r.deciding, r.remeshing, r.predicting};
  };
  setup.rows.push_back(std::move(row));
}

void addModel(Setup &setup, YamlMap &m) {
  using Kind = Remeshing::Kind;
  const auto name = m.get<std::string>("name"), file = policyFile(m);
  if (setup.models.count(name) > 0) m.fail("name", "there are two models '" + name + "'");
  if (setup.models.empty()) setup.first = name;
  setup.models[name] = std::make_shared<Model>(Model::read(readPolicy(file, "refiner"), file));
  const int start = m.integer("start", 1, 0, setup.set.grid->halvings);
  for (const int halvings : m.get<std::vector<int>>("never", {})) {
    if (halvings < 0 || halvings > setup.set.grid->halvings) m.fail("never", "expected halvings of the base mesh");
    learned(setup, name, "never", halvings, NAN, {});
  }
  for (const double beta : m.get<std::vector<double>>("trade_offs", {})) {
    if (!(beta >= 0 && beta <= 1)) m.fail("trade_offs", "expected numbers from 0 to 1");
    Remeshing how;
    how.kind = Kind::policy, how.trade_off = beta;
    learned(setup, name, "policy", start, beta, how);
  }
  for (const double tolerance : m.get<std::vector<double>>("adapted", {})) {
    if (!(tolerance > 0)) m.fail("adapted", "expected numbers above 0");
    Remeshing how;
    how.kind = Kind::adapted, how.threshold = tolerance;
    learned(setup, name, "hindsight", -1, tolerance, how);
  }
  for (YamlMap &i : m.has("indicator") ? m.list("indicator") : std::vector<YamlMap>()) {
    Remeshing how;
    how.kind = Kind::indicator;
    how.threshold = i.number("threshold", how.threshold, 0, 1e9);
    how.coarsen = i.number("coarsen", how.coarsen, 0, 1);
    how.buffer = i.integer("buffer", how.buffer, 0, 16);
    i.finish();
    learned(setup, name, "indicator", start, how.threshold, how);
  }
  for (YamlMap &s : m.has("solver") ? m.list("solver") : std::vector<YamlMap>()) {
    const SolverRule rule = SolverRule::parse(s);
    Remeshing how;
    how.kind = Kind::solver;
    setup.solvers.emplace_back(setup.set, rule);
    how.solver = &setup.solvers.back();
    learned(setup, name, "solver's", -1, rule.thresholds.refine, how);
  }
  m.finish();
}

void addSolver(Setup &setup, YamlMap &m) {
  Method row;
  row.name = m.get<std::string>("name");
  row.start = m.integer("start", 1, 0, setup.set.grid->halvings);
  const SolverRule rule = SolverRule::parse(m);
  row.remeshing = rule.adapts ? "threshold" : "never";
  if (rule.adapts) row.setting = rule.thresholds.refine;
  row.run = [rule, start = row.start, &set = setup.set](int t) {
    const SolverRun r = runSolver(set, t, rule, start, false);
    return Method::Result{r.total(), r.error.back(), r.vertices, r.cells, r.deciding, r.remeshing, r.stepping};
  };
  setup.rows.push_back(std::move(row));
}

/// Keys: trajectory (0), model (the first), start (1), trade_offs. fields.h5 with a description for ParaView: the labels
/// and, for each trade-off, the prediction at label points, and the triangles of each step's mesh.
void fields(YamlMap yaml, const Setup &setup, const std::string &directory) {
  const FlowSet &set = setup.set;
  const int trajectory = yaml.integer("trajectory", 0, 0, set.size() - 1),
            start = yaml.integer("start", 1, 0, set.grid->halvings);
  if (setup.models.empty()) yaml.fail("model", "there are no models");
  const auto name = yaml.get<std::string>("model", setup.first);
  const auto found = setup.models.find(name);
  if (found == setup.models.end()) yaml.fail("model", "'" + name + "' is not among the models");
  const auto trade_offs = yaml.get<std::vector<double>>("trade_offs", {0, .2, .5});
  yaml.finish();
  FieldFile file(directory);
  const auto side = static_cast<std::size_t>(set.grid->side());
  const double size = set.grid->length;
  const auto group = [](const std::string &what, int k) { return what + "_" + std::to_string(k); };
  for (int k = 0; k <= set.steps; ++k) {
    file.grid("truth", set.time(k), side, side, size, size, false);
    file.data.group("/" + group("truth", k));
    file.field("/" + group("truth", k), "u", State(set.at(trajectory, k), set.at(trajectory, k) + set.grid->points()));
  }
  file.data.numbers("/trade_offs", trade_offs);
  for (std::size_t i = 0; i < trade_offs.size(); ++i) {
    Remeshing how;
    how.kind = Remeshing::Kind::policy, how.trade_off = trade_offs[i];
    const Rollout r = rollOut(*found->second, set, trajectory, TriangleMesh::uniform(set.grid, start), how);
    const std::string series = "policy" + std::to_string(i);
    for (int k = 0; k < set.steps; ++k) {
      const TriangleMesh &mesh = *r.mesh[static_cast<std::size_t>(k)];
      const CellMesh cells = mesh.forest().mesh();
      const std::string at = "/" + group(series, k + 1);
      file.data.group(at);
      file.triangles(series, set.time(k + 1), at, cells.corner);
      std::vector<float> values;
      for (int c = 0; c < cells.cells; ++c) {
        float sum = 0;
        for (int s = 0; s < 3; ++s)
          sum += r.state[static_cast<std::size_t>(k)]
                        [static_cast<std::size_t>(mesh.point(cells.vertex[static_cast<std::size_t>(3 * c + s)]))] /
                 3;
        values.push_back(sum);
      }
      file.field(at, "u", values);
    }
  }
  file.write();
}

}  // namespace

/// Keys:
///   data         {trajectories, seed, squares, halvings, steps, reference}: as for the environment flows2d
///   set          test (default) | valid | train: trajectories that settings may be chosen by
///   runs         so many trajectories (all)
///   repeats      rounds through all methods (3)
///   models       list of {name, policy (a path, or a name among the shipped ones), start (halvings of the first mesh),
///                trade_offs: the policy decides; never: halvings of meshes that stay; solver: list of rules of a
///                classical solver whose meshes it takes (SolverRule), indicator: list of {threshold, coarsen, buffer}
///                (see lamp2d::Remeshing), adapted: tolerances to the true solution, with hindsight}
///   solvers      list of {name, start, indicator (none: the mesh stays), threshold, coarsen, buffer}: finite volumes
///   fields       see fields()
/// runs.csv: a row for each repeat, trajectory and method (whose number is `row`). Errors: mean over steps and label
/// points of squared differences from the labels; "last": after the last step. Times (processor time) are those of a whole
/// trajectory; methods that are given their meshes have none for deciding and re-meshing.
void lamp2dStudy(YamlMap yaml, const std::string &directory) {
  YamlMap data = yaml.map("data");
  const FlowsOptions options = FlowsOptions::parse(data);
  const std::string which = learn::oneOf(yaml, "set", "test", {"train", "valid", "test"});
  const auto split = which == "train"   ? conservation::Split::train
                     : which == "valid" ? conservation::Split::valid
                                        : conservation::Split::test;
  const FlowSet set = makeFlows(options, split, PETSC_COMM_SELF,
                                [](const std::string &text) { std::fprintf(stderr, "%s\n", text.c_str()); });
  const int repeats = yaml.integer("repeats", 3, 1, 1000), runs = yaml.integer("runs", set.size(), 1, set.size());
  Setup setup{set, {}, {}, {}, {}};
  if (yaml.has("models"))
    for (YamlMap &m : yaml.list("models")) addModel(setup, m);
  if (yaml.has("solvers"))
    for (YamlMap &m : yaml.list("solvers")) addSolver(setup, m);
  const bool draws = yaml.has("fields");
  YamlMap field_keys = yaml.map("fields", false);
  yaml.finish();
  if (draws) fields(field_keys, setup, directory);
  Csv csv(directory + "/runs.csv",
          {"row", "name", "remeshing", "start", "setting", "trajectory", "repeat", "vertices", "cells", "error", "last",
           "deciding_ms", "remeshing_ms", "predicting_ms", "time_ms"});
  Progress progress("lamp2d", setup.rows.size() * static_cast<std::size_t>(runs * repeats));
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (int t = 0; t < runs; ++t) {
      for (std::size_t i = 0; i < setup.rows.size(); ++i) {
        const Method &m = setup.rows[i];
        const Method::Result r = m.run(t);
        csv.row().set("row", i).set("name", m.name).set("remeshing", m.remeshing);
        if (m.start >= 0) csv.set("start", m.start);
        if (!std::isnan(m.setting)) csv.set("setting", m.setting);
        csv.set("trajectory", t).set("repeat", repeat).set("vertices", r.vertices).set("cells", r.cells);
        csv.set("error", r.error).set("last", r.last).set("predicting_ms", 1e3 * r.predicting);
        // Who is given the meshes has not paid for them.
        if (m.start >= 0) {
          csv.set("deciding_ms", 1e3 * r.deciding).set("remeshing_ms", 1e3 * r.remeshing);
          csv.set("time_ms", 1e3 * (r.deciding + r.remeshing + r.predicting));
        }
        progress.step(m.name);
      }
    }
    csv.append();
  }
}

}  // namespace petrl::studies
