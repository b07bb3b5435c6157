#include "studies/closure_study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/files.hpp"
#include "problems/grid2d/simulation.hpp"

namespace petrl::cli {

namespace {

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

std::vector<const Track *> Study::tracks(const Cell &cell, int run, int steps,
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

int readInteger(YamlMap &yaml, const std::string &key, int fallback, int low, int high) {
  const int value = yaml.get<int>(key, fallback);
  if (value < low || value > high) {
    yaml.fail(key, "expected an integer in [" + std::to_string(low) + ", " + std::to_string(high) + "], found " +
                       std::to_string(value));
  }
  return value;
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

Summary::Summary(std::vector<double> values) : mean(NAN), deviation(NAN), sorted_(std::move(values)) {
  double sum = 0, squares = 0;
  int n = 0;
  for (double &v : sorted_) {
    if (!std::isfinite(v)) v = std::numeric_limits<double>::infinity(), ++left_out;
    if (v > kFailed) ++failures;
    if (std::isfinite(v)) sum += v, ++n;
  }
  if (n > 0) mean = sum / n;
  for (const double v : sorted_) squares += std::isfinite(v) ? (v - mean) * (v - mean) : 0;
  if (n > 1) deviation = std::sqrt(squares / (n - 1));
  std::sort(sorted_.begin(), sorted_.end());
}

double Summary::quantile(double share) const {
  if (sorted_.empty()) return NAN;
  const double at = share * static_cast<double>(sorted_.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const double rest = at - static_cast<double>(low);
  // Infinity times nothing is no number, nor is the difference of two.
  if (rest == 0 || std::isinf(sorted_[low])) return sorted_[low];
  return sorted_[low] + rest * (sorted_[low + 1] - sorted_[low]);
}

void closureStudy(YamlMap yaml, const std::string &directory) {
  Study study;
  study.directory = directory;
  study.problem = readProblem(yaml);
  study.seed = static_cast<std::uint64_t>(yaml.number("seed", 0, 0, 1e15));
  study.methods = readMethods(yaml, *study.problem);
  using Part = void (*)(Study &, YamlMap);
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
  for (const auto &[name, run] : parts)
    if (yaml.has(name)) run(study, yaml.map(name));
}

}  // namespace petrl::cli
