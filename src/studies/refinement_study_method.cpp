#include "studies/refinement_study_method.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <utility>

#include "problems/conservation/environment.hpp"
#include "problems/conservation/lookahead.hpp"
#include "problems/conservation/policy_marker.hpp"
#include "problems/grid2d/random.hpp"

namespace petrl::studies {

using namespace conservation;

namespace {

std::string text(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3g", value);
  return out;
}

/// A threshold rule that lets small changes wait.
class PatientMarker : public Marker {
 public:
  PatientMarker(RefinementIndicator indicator, const RefinementThresholds &rule, double share)
      : follow_(indicator, rule), share_(share) {}
  bool mark(const MarkContext &context, std::vector<signed char> &marks, std::vector<float> &priority) override {
    if (!follow_.mark(context, marks, priority)) return false;
    if (context.round >= 0) return true;
    const auto kept = static_cast<double>(std::count(marks.begin(), marks.end(), 0));
    return context.mesh.owned - kept >= share_ * context.mesh.owned;
  }
  bool wantsRate() const override { return false; }

 private:
  ThresholdMarker follow_;
  double share_;
};

/// Decides as a policy whose predictions are all true: paired runs say what each choice would do.
class OracleMarker : public Marker {
 public:
  OracleMarker(const RefinementCosts &costs, double cfl, const std::vector<int> &components, bool skip)
      : costs_(costs), cfl_(cfl), components_(components), skip_(skip) {}
  bool mark(const MarkContext &c, std::vector<signed char> &marks, std::vector<float> &priority) override {
    const CellMesh &mesh = c.mesh;
    std::vector<double> ranges;
    for (const auto &field : c.fields) ranges.push_back(field.range);
    if (!(*std::max_element(ranges.begin(), ranges.end()) > 0)) return false;
    Lookahead ahead;
    ahead.compute(c.forest, mesh, c.u, c.volumes, c.t, c.interval, cfl_, components_);
    const std::vector<float> truth = ahead.relative(ranges);
    RefinementDecision decision;
    weigh(mesh, truth.data(), conservation::costsOn(c, costs_, ahead.steps), decision);
    if (decision.refined + decision.coarsened == 0) return false;
    if (skip_ && c.round < 0 && !decision.worthwhile) return false;
    marks = decision.mark;
    priority = decision.priority;
    return true;
  }

 private:
  RefinementCosts costs_;
  double cfl_;
  std::vector<int> components_;
  bool skip_;
};

}  // namespace

ReadyFlow::ReadyFlow(FlowCase given, int squares, int most_halvings, double cfl, int points)
    : flow(std::move(given)),
      base(flow.base(squares), PETSC_COMM_SELF),
      meter(std::make_unique<ErrorMeter>(flow.truth, flow.dim, flow.length, points)),
      halvings(most_halvings),
      finest(finestInterval(flow, base, halvings * flow.dim, 1, cfl)) {}

std::unique_ptr<Marker> FlowRunner::marker(const Setting &s) const {
  if (s.method == "uniform") return std::make_unique<KeepMarker>();
  if (s.threshold()) return std::make_unique<PatientMarker>(s.indicator, s.rule, s.share);
  RefinementCosts costs;
  costs.tradeoff = s.odds / (1 + s.odds);
  costs.unit = unit;
  costs.remesh = remesh;
  if (s.method == "oracle") return std::make_unique<OracleMarker>(costs, cfl, components, s.skip);
  policy->setGate(s.gate);
  return std::make_unique<PolicyMarker>(*policy, costs, s.skip);
}

AdaptiveSettings FlowRunner::settings(const ReadyFlow &ready, const Setting &s) const {
  AdaptiveSettings out;
  out.cfl = cfl;
  out.volumes.time_stepping = time_stepping;
  out.components = components;
  out.limits.max_level = s.halvings * ready.flow.dim;
  out.initial_rounds = s.halvings + 2;
  out.interval = s.steps > 0 ? s.steps * ready.finest : ready.flow.end;
  // Where hardly anything moves a step may be longer than the flow.
  if (!(out.interval < ready.flow.end)) out.interval = ready.flow.end;
  return out;
}

AdaptiveReport FlowRunner::run(const ReadyFlow &ready, const Setting &s) const {
  const std::unique_ptr<Marker> decides = marker(s);
  const AdaptiveSettings how = settings(ready, s);
  if (s.method != "uniform") return runAdaptive(ready.base, ready.flow, *decides, how, *ready.meter);
  Forest forest(ready.base);
  ForestLimits limits;
  limits.max_level = how.limits.max_level;
  for (int i = 0; i < s.halvings; ++i)
    forest.adapt(std::vector<signed char>(static_cast<std::size_t>(forest.leaves()), 1), limits);
  return runAdaptive(forest, ready.flow, *decides, how, *ready.meter);
}

double FlowRunner::cost(const AdaptiveReport &report) const {
  return static_cast<double>(report.cell_steps) + remesh * report.mean_cells * report.remeshes;
}

std::vector<Setting> drawThresholds(std::uint64_t seed, int count, int halvings, const double (&steps)[2]) {
  static constexpr std::pair<const char *, RefinementIndicator> kIndicators[] = {
      {"gradient", RefinementIndicator::gradient},
      {"jump", RefinementIndicator::jump},
      {"recovery", RefinementIndicator::recovery}};
  grid2d::Random random(seed);
  const auto logarithmic = [&](double low, double high) { return low * std::pow(high / low, random.unit()); };
  std::vector<Setting> out;
  for (int i = 0; i < count; ++i) {
    for (const auto &[name, indicator] : kIndicators) {
      Setting s;
      s.method = name;
      s.name = std::string(name) + "-" + std::to_string(i);
      s.indicator = indicator;
      s.rule.absolute = random.unit() < .5;
      // Fields range over about one, so that both kinds of threshold cover the same ground. What recovery sees is
      // smaller by about a power of h.
      s.rule.refine = indicator == RefinementIndicator::recovery ? logarithmic(.004, .3) : logarithmic(.01, .5);
      s.rule.coarsen = logarithmic(.05, .7);
      s.rule.buffer = random.below(4);
      s.steps = logarithmic(steps[0], steps[1]);
      const double depth = random.unit();
      s.halvings = std::max(1, halvings - (depth < .65 ? 0 : depth < .9 ? 1 : 2));
      s.rule.max_level = 1000;  // the run's own limit decides
      s.share = random.unit() < .5 ? 0 : logarithmic(.003, .2);
      out.push_back(s);
    }
  }
  return out;
}

std::vector<Setting> uniformSettings(int halvings) {
  std::vector<Setting> out;
  for (int i = 0; i <= halvings; ++i) {
    Setting s;
    s.method = "uniform";
    s.name = "uniform-" + std::to_string(i);
    s.halvings = i;
    out.push_back(s);
  }
  return out;
}

std::vector<Setting> policySettings(const std::string &method, const std::vector<double> &odds,
                                    const std::vector<double> &steps, const std::vector<int> &halvings,
                                    const std::vector<bool> &skip, const std::vector<double> &gates) {
  std::vector<Setting> out;
  const auto add = [&](int depth, double n, double o, bool may_skip, double gate) {
    Setting s;
    s.method = gate > 0 ? "gated" : method;
    s.name = s.method + "-o" + text(o) + "-n" + text(n) + "-h" + std::to_string(depth) + (may_skip ? "" : "-always") +
             (gate > 0 ? "-g" + text(gate) : "");
    s.odds = o, s.steps = n, s.halvings = depth, s.skip = may_skip, s.gate = gate;
    out.push_back(s);
  };
  for (const int depth : halvings)
    for (const double n : steps)
      for (const double o : odds)
        for (const bool may_skip : skip)
          for (const double gate : gates) add(depth, n, o, may_skip, gate);
  return out;
}

}  // namespace petrl::studies
