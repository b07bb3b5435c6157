#include "problems/conservation/adaptive_run.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "problems/stopwatch.hpp"

namespace petrl::conservation {

namespace {

// Local time stepping: what a finer cell costs over its own steps. Steps are powers of two of the finest ones, and cells
// share them with those that follow in the mesh (half as many again, together); conformity refines others along. By
// hand, on three training cases of each family: with 1 decisions refine too much, beyond 2 it matters little.
constexpr double kShared = 3;

}  // namespace

bool ThresholdMarker::mark(const MarkContext &context, std::vector<signed char> &marks, std::vector<float> &priority) {
  indicate(indicator_, context.mesh, context.fields[0].value, context.fields[0].gradient, eta_);
  if (context.law.components() > 1) {
    const auto scaled = [](std::vector<double> &eta, double range) {
      for (double &e : eta) e = range > 0 ? e / range : 0;
    };
    scaled(eta_, context.fields[0].range);
    for (std::size_t k = 1; k < context.fields.size(); ++k) {
      const MarkContext::Field &f = context.fields[k];
      indicate(indicator_, context.mesh, f.value, f.gradient, next_);
      scaled(next_, f.range);
      for (std::size_t c = 0; c < eta_.size(); ++c) eta_[c] = std::max(eta_[c], next_[c]);
    }
  }
  RefinementThresholds rule = rule_;
  rule.max_level = std::min(rule.max_level, context.limits.max_level);
  markByThreshold(context.mesh, eta_, rule, marks, priority);
  return true;
}

AdaptiveRun::AdaptiveRun(const Forest &forest, const FlowCase &flow, const AdaptiveSettings &settings)
    : forest_(forest),
      flow_(&flow),
      settings_(settings),
      mesh_(forest_.mesh()),
      volumes_(mesh_, flow.law, flow.boundary, settings.volumes),
      u_(flow.truth->initialAverages(mesh_)),
      most_cells_(mesh_.cells) {
  if (settings.components.empty()) throw Error("AdaptiveRun: expected at least one component that counts");
  for (const int k : settings.components)
    if (k < 0 || k >= flow.law.components())
      throw Error("AdaptiveRun: component " + std::to_string(k) + " of " + std::to_string(flow.law.components()));
}

std::vector<double> AdaptiveRun::component(int k) const {
  const auto begin = u_.begin() + static_cast<std::ptrdiff_t>(k) * mesh_.cells;
  return {begin, begin + mesh_.cells};
}

const std::vector<double> &AdaptiveRun::limitedGradient() {
  gradient_.resize(u_.size() * static_cast<std::size_t>(mesh_.dim));
  volumes_.limitedGradient(t_, u_.data(), gradient_.data());
  return gradient_;
}

bool AdaptiveRun::decide(Marker &marker, double interval, int round) {
  {
    const Timed timed(seconds_.deciding);
    const auto cells = static_cast<std::size_t>(mesh_.cells), dim = static_cast<std::size_t>(mesh_.dim);
    gradient_.resize(settings_.components.size() * cells * dim);
    if (marker.wantsRate()) {
      dudt_.resize(u_.size());
      volumes_.rhs(t_, u_.data(), dudt_.data());
    }
    fields_.clear();
    for (const int k : settings_.components) {
      const std::size_t first = static_cast<std::size_t>(k) * cells;
      double *const gradient = &gradient_[fields_.size() * cells * dim];
      volumes_.gradient(&u_[first], gradient);
      const auto ends = std::minmax_element(&u_[first], &u_[first] + cells);
      fields_.push_back(
          {&u_[first], marker.wantsRate() ? &dudt_[first] : nullptr, gradient, *ends.second - *ends.first});
    }
    const bool own = marker.wantsRate() && settings_.volumes.time_stepping == TimeStepping::local;
    if (own) {
      own_steps_.resize(cells);
      volumes_.rates(u_.data(), own_steps_.data());
      for (double &steps : own_steps_) steps *= kShared * interval / settings_.cfl;
    }
    marks_.assign(cells, 0);
    priority_.clear();
    const MarkContext context{mesh_,
                              fields_,
                              u_.data(),
                              flow_->law,
                              t_,
                              flow_->end,
                              interval,
                              timeOfSteps(1),
                              own ? own_steps_.data() : nullptr,
                              round,
                              settings_.limits,
                              forest_,
                              volumes_};
    if (!marker.mark(context, marks_, priority_)) return false;
  }
  return remesh(marks_, priority_);
}

bool AdaptiveRun::remesh(const std::vector<signed char> &marks, const std::vector<float> &priority) {
  if (std::all_of(marks.begin(), marks.end(), [](signed char m) { return m == 0; })) return false;
  bool changed = false;
  {
    const Timed timed(seconds_.remeshing);
    const int before = mesh_.cells;
    const Lineage lineage = forest_.adapt(marks, settings_.limits, priority);
    changed = static_cast<int>(lineage.first.size()) != before;
    if (!changed) {
      const std::vector<int> &levels = forest_.levels();
      changed = !std::equal(levels.begin(), levels.end(), mesh_.level.begin(), mesh_.level.end());
    }
    if (!changed) return false;
    CellMesh next = forest_.mesh();
    const int components = flow_->law.components();
    next_.resize(static_cast<std::size_t>(components * next.cells));
    if (t_ > 0) {
      const double *const gradient = limitedGradient().data();
      for (int k = 0; k < components; ++k)
        transferAverages(mesh_, next, lineage, 1, u_.data() + static_cast<std::ptrdiff_t>(k) * mesh_.cells,
                         gradient + static_cast<std::ptrdiff_t>(k) * mesh_.cells * mesh_.dim,
                         next_.data() + static_cast<std::ptrdiff_t>(k) * next.cells);
    }
    mesh_ = std::move(next);
    u_.swap(next_);
    volumes_.reset(mesh_);
  }
  // The initial condition is known on any mesh.
  if (t_ == 0) u_ = flow_->truth->initialAverages(mesh_);
  if (t_ > 0) ++remeshes_;
  return true;
}

void AdaptiveRun::advanceTo(double t) {
  const Timed timed(seconds_.stepping);
  const Advance done = volumes_.advance(u_.data(), t_, t, settings_.cfl, settings_.order);
  t_ = t;
  steps_ += done.steps;
  rescued_ += done.rescued;
  cell_steps_ += done.cell_steps;
  mesh_steps_ += static_cast<std::int64_t>(done.steps) * mesh_.cells;
  most_cells_ = std::max(most_cells_, mesh_.cells);
}

double AdaptiveRun::meanCells() const {
  return steps_ > 0 ? static_cast<double>(mesh_steps_) / steps_ : mesh_.cells;
}

double AdaptiveRun::timeOfSteps(int steps) {
  return steps * settings_.cfl * volumes_.stableStep(u_.data());
}

Errors AdaptiveRun::errors(ErrorMeter &meter) {
  return meter.measure(mesh_, u_.data(), limitedGradient().data(), t_);
}

AdaptiveReport runAdaptive(const Forest &forest, const FlowCase &flow, Marker &marker, const AdaptiveSettings &settings,
                           ErrorMeter &meter) {
  if (settings.interval_steps <= 0 && !(settings.interval > 0))
    throw Error("runAdaptive: the interval must be positive");
  AdaptiveRun run(forest, flow, settings);
  AdaptiveReport report;
  const auto interval = [&] {
    const double length = settings.interval_steps > 0 ? run.timeOfSteps(settings.interval_steps) : settings.interval;
    return std::min(length, flow.end - run.time());
  };
  for (int round = 0; round < settings.initial_rounds; ++round)
    if (!run.decide(marker, interval(), round)) break;
  std::size_t sample = 0;
  while (sample < flow.samples.size()) {
    if (run.time() > 0) {
      run.decide(marker, interval(), -1);
      ++report.decisions;
    }
    double until = run.time() + interval();
    // No step of rounding's length before a sample.
    if (until > flow.end - 1e-9 * flow.end) until = flow.end;
    while (sample < flow.samples.size() && flow.samples[sample] <= until) {
      run.advanceTo(flow.samples[sample]);
      report.last = run.errors(meter);
      report.mean.l1 += report.last.l1 / static_cast<double>(flow.samples.size());
      report.mean.l2 += report.last.l2 / static_cast<double>(flow.samples.size());
      ++sample;
    }
    if (run.time() < until) run.advanceTo(until);
  }
  report.cell_steps = run.cellSteps();
  report.steps = run.steps();
  report.remeshes = run.remeshes();
  report.most_cells = run.mostCells();
  report.mean_cells = run.meanCells();
  report.seen = marker.seen();
  report.seconds = run.seconds();
  return report;
}

}  // namespace petrl::conservation
