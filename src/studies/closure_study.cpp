#include "studies/closure_study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "problems/grid2d/simulation.hpp"

namespace petrl::studies {

namespace {

constexpr double kBlownUp = 1000;  // percent: beyond, a number means nothing

double percent(double error) {
  return 100 * error <= kBlownUp ? 100 * error : std::numeric_limits<double>::infinity();
}

// Fills what lies between two steps of a method.
void append(std::vector<double> &series, int stride, double value) {
  const double last = series.back();
  for (int i = 1; i < stride; ++i) series.push_back(last + (value - last) * i / stride);
  series.push_back(value);
}

Track follow(const StudyProblem &problem, const Method &method, Start start,
             const std::vector<std::vector<double>> &reference, int steps) {
  const grid2d::Model &model = problem.model();
  const Probe probe = problem.probe(method.n);
  CoarseRun run(problem, method, std::move(start));
  Track track;
  const auto errors = [&](int step) {
    const auto target = probe.target(reference[static_cast<std::size_t>(step)], model.sizes().n, model.components());
    const auto seen = probe.see(run.state());
    return std::make_pair(percent(model.relativeError(seen, target)), percent(model.massError(seen, target)));
  };
  const auto [relative, mass] = errors(0);
  track.relative = {relative}, track.mass = {mass};
  for (int step = method.stride; static_cast<int>(track.relative.size()) <= steps; step += method.stride) {
    run.advance();
    const auto [r, m] = errors(step);
    append(track.relative, method.stride, r);
    append(track.mass, method.stride, m);
  }
  return track;
}

}  // namespace

std::vector<const Track *> ClosureStudy::tracks(const Cell &cell, int run, int steps,
                                                const std::vector<const Method *> &chosen) {
  auto &known = cache_[{cell.name, run}];
  const auto length = static_cast<std::size_t>(steps) + 1;
  std::vector<const Method *> missing;
  int furthest = steps;
  for (const Method *m : chosen) {
    const auto it = known.find(m->name);
    if (it != known.end() && it->second.relative.size() >= length) continue;
    missing.push_back(m);
    furthest = std::max(furthest, (steps + m->stride - 1) / m->stride * m->stride);
  }
  if (!missing.empty()) {
    const std::uint64_t number = seed + static_cast<std::uint64_t>(run);
    const grid2d::Case c = problem->draw(cell, number);
    const int n = problem->model().sizes().n;
    const grid2d::Reference reference = grid2d::reference(problem->model(), c, furthest, {n});
    for (const Method *m : missing)
      known[m->name] = follow(*problem, *m, problem->start(cell, number, c, m->n), reference.states.at(n), steps);
  }
  std::vector<const Track *> out;
  for (const Method *m : chosen) out.push_back(&known[m->name]);
  return out;
}

std::vector<int> readSteps(YamlMap &yaml, const std::vector<int> &fallback) {
  const auto steps = yaml.get<std::vector<int>>("steps", fallback);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] < (i == 0 ? 0 : steps[i - 1] + 1) || steps[i] > 1000000)
      yaml.fail("steps", "expected increasing numbers from 0 on");
  }
  if (steps.empty()) yaml.fail("steps", "expected at least one");
  return steps;
}

Csv &ClosureStudy::row(const char *part, const Method *method, const Cell *cell) const {
  csv->row().set("part", part).set("method", method == nullptr ? "FGS" : method->name);
  if (cell != nullptr) csv->set("cell", cell->name);
  return *csv;
}

namespace {

// What the methods are, in their own rows.
void describe(const ClosureStudy &study) {
  const grid2d::Sizes &sizes = study.problem->model().sizes();
  for (const Method &m : study.methods) {
    study.row("method", &m).set("family", m.family).set("scheme", m.scheme.advection).set("modified", m.modified);
    study.csv->set("integrator", m.scheme.integrator).set("n", m.n).set("dt_multiple", m.stride);
    study.csv->set("against", m.against)
        .set("substeps", m.substeps)
        .set("policy", m.policy.substr(m.policy.rfind('/') + 1));
  }
  study.row("method").set("family", "FGS").set("n", sizes.fine()).set("dt_multiple", 1).set("substeps", sizes.substeps);
  study.csv->append();
}

void errorPart(ClosureStudy &study, YamlMap yaml) {
  const int runs = yaml.integer("runs", 100, 1, 100000);
  const auto steps = readSteps(yaml, {50});
  const auto methods = chooseMethods(yaml, study.methods);
  yaml.finish();
  Progress progress("errors", static_cast<std::size_t>(runs) * study.problem->cells().size(), "cases");
  for (const Cell &cell : study.problem->cells()) {
    for (int run = 0; run < runs; ++run) {
      const auto found = study.tracks(cell, run, steps.back(), methods);
      for (std::size_t m = 0; m < methods.size(); ++m) {
        for (const int step : steps) {
          const auto at = static_cast<std::size_t>(step);
          study.row("errors", methods[m], &cell).set("case", study.seed + static_cast<std::uint64_t>(run));
          study.csv->set("step", step).set("error_percent", found[m]->relative[at]);
          study.csv->set("mass_percent", found[m]->mass[at]);
        }
      }
      study.csv->append();
      progress.step(cell.name);
    }
  }
}

void evolutionPart(ClosureStudy &study, YamlMap yaml) {
  const int runs = yaml.integer("runs", 100, 1, 100000), steps = yaml.integer("steps", 400, 1, 100000);
  const int every = yaml.integer("every", 1, 1, steps);
  const auto thresholds = yaml.get<std::vector<double>>("thresholds", {1});
  const auto methods = chooseMethods(yaml, study.methods);
  yaml.finish();
  Progress progress("evolution", static_cast<std::size_t>(runs) * study.problem->cells().size(), "cases");
  for (const Cell &cell : study.problem->cells()) {
    for (int run = 0; run < runs; ++run) {
      const auto found = study.tracks(cell, run, steps, methods);
      const std::uint64_t number = study.seed + static_cast<std::uint64_t>(run);
      for (std::size_t m = 0; m < methods.size(); ++m) {
        const std::vector<double> &error = found[m]->relative;
        for (int step = 0; step <= steps; step += every) {
          study.row("evolution", methods[m], &cell).set("case", number).set("step", step);
          study.csv->set("error_percent", error[static_cast<std::size_t>(step)]);
        }
        for (const double threshold : thresholds) {
          const auto end = error.begin() + steps + 1;
          // Written so that what is no number exceeds it.
          const auto first = std::find_if(error.begin(), end, [&](double e) { return !(e <= threshold); });
          study.row("duration", methods[m], &cell).set("case", number).set("threshold_percent", threshold);
          study.csv->set("step", first != end ? first - error.begin() : steps).set("reached", first != end);
        }
      }
      study.csv->append();
      progress.step(cell.name);
    }
  }
}

}  // namespace

/// Keys:
///   problem             advection | burgers
///   sizes               {n, ratio, substeps, dt_factor}; the problem's own by default
///   viscosity           (Burgers)
///   truth               (advection) fine-grid, or characteristics: what that converges to
///   cells               (advection) list of {images, velocity}; by default mnist | fashion x train | vortex
///   seed                of the first test case (0)
///   methods             list of {name, scheme, integrator, diffusion_order, modified, dissipation (see
///                       grid2d/scheme.hpp), n (one or a list), dt_multiple (reference steps at once), substeps (in so
///                       many steps) | dt_scales_with_h (the Courant number of the problem's own grid), policy (a path,
///                       or a name among the shipped ones), against (an earlier method: wins are counted),
///                       changing (true: what depends on the velocity alone is made again every step, as if that
///                       changed)}
///   errors              {runs, steps, methods}
///   evolution           {runs, steps, every, thresholds, methods}
///   cost                {repeats, steps, runs, step, methods}
///   actions             {samples, steps, methods}
///   fields              {cell, run, steps, methods}: fields.h5, fields.xdmf
/// runs.csv: the rows of a part name it, and have its columns: method (what a method is), errors (of a case at a step),
/// evolution (the same along a run), duration (the step at which a run's error first exceeds a threshold), cost (errors
/// again), time (of the whole reference step, policy included, in one round through all methods), actions. Test cases
/// are the same for all methods and parts, and errors are always taken at points (Burgers: of averages) of the
/// problem's own grid.
void closureStudy(YamlMap yaml, const std::string &directory) {
  ClosureStudy study;
  study.directory = directory;
  study.problem = readProblem(yaml);
  study.seed = static_cast<std::uint64_t>(yaml.number("seed", 0, 0, 1e15));
  study.methods = readMethods(yaml, *study.problem);
  using Part = void (*)(ClosureStudy &, YamlMap);
  // The longest runs first: the others find their errors among them.
  const std::pair<const char *, Part> parts[] = {{"evolution", evolutionPart},
                                                 {"errors", errorPart},
                                                 {"cost", costPart},
                                                 {"actions", actionPart},
                                                 {"fields", fieldPart}};
  bool any = false;
  for (const auto &part : parts) any = yaml.has(part.first) || any;
  yaml.finish();
  if (!any) yaml.fail("study", "expected at least one of the sections errors, evolution, cost, actions, fields");
  study.csv = std::make_unique<Csv>(directory + "/runs.csv", std::vector<std::string>{"part",
                                                                                      "cell",
                                                                                      "method",
                                                                                      "case",
                                                                                      "step",
                                                                                      "error_percent",
                                                                                      "mass_percent",
                                                                                      "threshold_percent",
                                                                                      "reached",
                                                                                      "round",
                                                                                      "us_per_step",
                                                                                      "correlation_paper",
                                                                                      "correlation_truncation",
                                                                                      "correlation_exact",
                                                                                      "slope_exact",
                                                                                      "action_over_exact_rms",
                                                                                      "family",
                                                                                      "scheme",
                                                                                      "integrator",
                                                                                      "modified",
                                                                                      "policy",
                                                                                      "against",
                                                                                      "n",
                                                                                      "dt_multiple",
                                                                                      "substeps"});
  describe(study);
  for (const auto &[name, run] : parts)
    if (yaml.has(name)) run(study, yaml.map(name));
}

}  // namespace petrl::studies
