#include "problems/lamp2d/solver_meshes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "learn/yaml_values.hpp"
#include "problems/lamp2d/model.hpp"

namespace petrl::lamp2d {

using conservation::AdaptiveRun;

namespace {

constexpr int kSub = kLabelPlaces;

/// What labels would be if the solver's linear reconstruction were the truth.
void labels(const Grid &grid, AdaptiveRun &run, State &out) {
  const CellMesh &mesh = run.mesh();
  const std::vector<double> &gradient = run.limitedGradient();
  const int n = grid.side(), fine = n * kSub;
  // Places lie at odd multiples of an eighth of the spacing, corners at multiples of eight.
  constexpr int kUnit = 2 * kSub;
  const double scale = kUnit * n / grid.length;
  std::vector<float> values(static_cast<std::size_t>(fine * fine));
  for (int c = 0; c < mesh.cells; ++c) {
    int x[3], y[3];
    for (int k = 0; k < 3; ++k) {
      x[k] = static_cast<int>(std::lround(scale * mesh.corner[static_cast<std::size_t>(6 * c + 2 * k)]));
      y[k] = static_cast<int>(std::lround(scale * mesh.corner[static_cast<std::size_t>(6 * c + 2 * k + 1)]));
    }
    const auto [left, right] = std::minmax({x[0], x[1], x[2]});
    const auto [low, high] = std::minmax({y[0], y[1], y[2]});
    const auto side = [&](int k, int p, int q) {
      const int a = (k + 1) % 3, b = (k + 2) % 3;
      return (x[a] - p) * (y[b] - q) - (x[b] - p) * (y[a] - q);
    };
    const double *centre = &mesh.centre[static_cast<std::size_t>(2 * c)],
                 *g = &gradient[static_cast<std::size_t>(2 * c)];
    for (int q = low + 1; q < high; q += 2) {
      for (int p = left + 1; p < right; p += 2) {
        if (side(0, p, q) < 0 || side(1, p, q) < 0 || side(2, p, q) < 0) continue;
        // The squares of the points at the left and lower border begin beyond it.
        const int i = (p + kSub) / 2 % fine, j = (q + kSub) / 2 % fine;
        values[static_cast<std::size_t>(j * fine + i)] = static_cast<float>(
            run.u()[static_cast<std::size_t>(c)] + g[0] * (p / scale - centre[0]) + g[1] * (q / scale - centre[1]));
      }
    }
  }
  out.assign(static_cast<std::size_t>(grid.points()), 0.f);
  for (int j = 0; j < fine; ++j) {
    for (int i = 0; i < fine; ++i)
      out[static_cast<std::size_t>(j / kSub * n + i / kSub)] +=
          values[static_cast<std::size_t>(j * fine + i)] / static_cast<float>(kSub * kSub);
  }
}

}  // namespace

SolverRule SolverRule::parse(YamlMap yaml) {
  SolverRule rule;
  const std::string kind = learn::oneOf(yaml, "indicator", "gradient", {"gradient", "jump", "recovery", "none"});
  rule.adapts = kind != "none";
  rule.indicator = kind == "jump"       ? RefinementIndicator::jump
                   : kind == "recovery" ? RefinementIndicator::recovery
                                        : RefinementIndicator::gradient;
  rule.thresholds.refine = yaml.number("threshold", rule.thresholds.refine, 0, 1e9);
  rule.thresholds.coarsen = yaml.number("coarsen", rule.thresholds.coarsen, 0, 1);
  rule.thresholds.buffer = yaml.integer("buffer", rule.thresholds.buffer, 0, 16);
  yaml.finish();
  return rule;
}

double SolverRun::total() const {
  return std::accumulate(error.begin(), error.end(), 0.) / static_cast<double>(error.size());
}

SolverRun runSolver(const FlowSet &set, int trajectory, const SolverRule &rule, int start, bool keep) {
  const conservation::FlowCase &flow = set.flows[static_cast<std::size_t>(trajectory)];
  conservation::AdaptiveSettings settings;
  settings.interval = flow.end / set.steps;
  settings.cfl = rule.cfl;
  settings.limits = set.grid->limits;
  conservation::ThresholdMarker threshold(rule.indicator, rule.thresholds);
  conservation::KeepMarker none;
  conservation::Marker &marker = rule.adapts ? static_cast<conservation::Marker &>(threshold) : none;
  AdaptiveRun run(TriangleMesh::uniform(set.grid, start)->forest(), flow, settings);
  SolverRun out;
  State state;
  for (int round = 0; round < kStartRounds; ++round)
    if (!run.decide(marker, settings.interval, round)) break;
  for (int k = 0; k < set.steps; ++k) {
    if (k > 0) run.decide(marker, settings.interval);
    out.cells += static_cast<double>(run.mesh().cells) / set.steps;
    out.vertices += static_cast<double>(run.mesh().vertices) / set.steps;
    if (keep) out.mesh.push_back(std::make_shared<TriangleMesh>(set.grid, run.forest()));
    run.advanceTo(set.time(k + 1));
    labels(*set.grid, run, state);
    out.error.push_back(stateError(set, trajectory, k + 1, state));
  }
  out.stepping = run.seconds().stepping, out.deciding = run.seconds().deciding;
  out.remeshing = run.seconds().remeshing;
  return out;
}

const std::vector<MeshPtr> &SolverMeshes::of(int trajectory) {
  const auto found = kept_.find(trajectory);
  if (found != kept_.end()) return found->second;
  return kept_[trajectory] = runSolver(set_, trajectory, rule_, 1, true).mesh;
}

}  // namespace petrl::lamp2d
