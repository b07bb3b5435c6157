#include "problems/conservation/environment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/error.hpp"
#include "problems/conservation/lookahead.hpp"
#include "problems/conservation/policy_marker.hpp"
#include "problems/random.hpp"
#include "problems/ranges.hpp"

namespace petrl::conservation {

namespace {

constexpr double kDeviation = .03;  // share of cells whose mark chance overrules
constexpr float kMostLoss = .999f;  // 1 stands for: cannot be coarsened

class Draw : public Random {
 public:
  using Random::Random;
  int between(const int (&range)[2]) { return range[0] + below(range[1] - range[0] + 1); }
};

/// Follows the policy but for chance, so that the learner sees what its policy would not lead to.
class Explorer : public Marker {
 public:
  Explorer(RefinementPolicy &policy, const RefinementCosts &costs, double explore, Draw &draw)
      : follow_(policy, costs, false), explore_(explore), draw_(draw) {}
  bool mark(const MarkContext &context, std::vector<signed char> &marks, std::vector<float> &priority) override {
    const CellMesh &mesh = context.mesh;
    if (draw_.unit() < explore_) {
      // A random disc is refined, the rest coarsened or kept.
      const auto middle = static_cast<std::size_t>(draw_.below(mesh.owned) * mesh.dim);
      const double extent = std::accumulate(mesh.volume.begin(), mesh.volume.end(), 0.);
      const double radius = .3 * draw_.unit() * (mesh.dim > 1 ? std::sqrt(extent) : extent);
      const bool coarsen = draw_.unit() < .5;
      for (int i = 0; i < mesh.owned; ++i) {
        double square = 0;
        for (int d = 0; d < mesh.dim; ++d) {
          const auto k = static_cast<std::size_t>(d);
          const double x = mesh.centre[static_cast<std::size_t>(i * mesh.dim + d)] - mesh.centre[middle + k];
          square += x * x;
        }
        marks[static_cast<std::size_t>(i)] = square < radius * radius ? 1 : coarsen ? -1 : 0;
      }
      priority.clear();
      return true;
    }
    if (!follow_.mark(context, marks, priority)) return false;
    for (signed char &m : marks) {
      if (draw_.unit() < kDeviation) m = static_cast<signed char>(draw_.below(3) - 1);
    }
    return true;
  }

 private:
  PolicyMarker follow_;
  double explore_;
  Draw &draw_;
};

/// Records what the policy sees and what lookahead says.
class Recorder : public Marker {
 public:
  Recorder(const AdaptiveRun &run, const FiniteVolume &volumes, const RefinementCosts &costs, double cfl,
           const std::vector<int> &components, RefinementPolicy &policy, std::vector<MeshSample> &samples,
           std::map<std::string, double> &metrics)
      : run_(run),
        volumes_(volumes),
        costs_(costs),
        cfl_(cfl),
        components_(components),
        policy_(policy),
        samples_(samples),
        metrics_(metrics) {}

  bool mark(const MarkContext &c, std::vector<signed char> &, std::vector<float> &) override {
    const CellMesh &mesh = c.mesh;
    const auto something = [](const MarkContext::Field &f) { return f.range > 0; };
    if (std::none_of(c.fields.begin(), c.fields.end(), something)) return false;
    Lookahead ahead;
    ahead.compute(run_.forest(), mesh, c.u, volumes_, c.t, c.interval, cfl_, components_);
    // A sample of each component, as in users' programs (refine/refiner_world.cpp).
    const auto n = static_cast<std::size_t>(mesh.owned);
    std::vector<double> ranges;
    for (std::size_t k = 0; k < c.fields.size(); ++k) {
      const MarkContext::Field &f = c.fields[k];
      ranges.push_back(f.range);
      if (!(f.range > 0)) continue;
      RefinementObservation seen;
      seen.compute(mesh, {f.value, f.rate, f.gradient}, f.range, c.interval);
      MeshSample sample{mesh.owned, mesh.slots(), mesh.neighbour, seen.node(), seen.edge(), {}};
      const double *const gain = &ahead.gain[k * n], *const loss = &ahead.loss[k * n];
      const auto output = [&f](double difference, float most) {
        return RefinementScale::output(std::min(most, static_cast<float>(difference / f.range)));
      };
      for (std::size_t i = 0; i < n; ++i) {
        sample.target.push_back(output(gain[i], std::numeric_limits<float>::infinity()));
        sample.target.push_back(loss[i] >= 0 ? output(loss[i], kMostLoss) : std::numeric_limits<float>::quiet_NaN());
      }
      samples_.push_back(std::move(sample));
    }
    std::vector<float> truth = ahead.relative(ranges);
    for (std::size_t i = 0; i < n; ++i)
      truth[2 * i + 1] = ahead.loss[i] >= 0 ? std::min(kMostLoss, truth[2 * i + 1]) : 1.f;
    account(c, truth, ahead.steps);
    return false;
  }

 private:
  // What the policy's own choices would bring, and the best ones.
  void account(const MarkContext &c, const std::vector<float> &truth, int steps) {
    const CellMesh &mesh = c.mesh;
    const RefinementCosts costs = costsOn(c, costs_, steps);
    const std::vector<float> predicted = policy_.predict(mesh, fieldsOf(c), c.interval, {});
    RefinementDecision best, chosen;
    weigh(mesh, truth.data(), costs, {}, best);
    weigh(mesh, predicted.data(), costs, {}, chosen);
    // By the truth's numbers, what the chosen marks save and cost; in units of the price of the mesh as it is.
    double saved = 0, work = 0, now = 0;
    for (std::size_t i = 0; i < chosen.mark.size(); ++i) {
      const double share = mesh.volume[i] / costs.measure;
      const int mark = chosen.mark[i] < 0 && !(truth[2 * i + 1] < 1) ? 0 : chosen.mark[i];
      saved += mark > 0   ? share * static_cast<double>(truth[2 * i])
               : mark < 0 ? -share * static_cast<double>(truth[2 * i + 1])
                          : 0;
      work += costs.work(mesh, i).of(mark);
      now += costs.stepsOf(mesh, i) + costs.remesh;
    }
    const double whole = costs.price() * now;
    const double reward = saved + whole - costs.each(chosen.cap, mesh.dim) * work;
    metrics_["decisions"] += 1;
    metrics_["cells"] += mesh.owned;
    metrics_["reward"] += reward / whole;
    metrics_["best reward"] += best.gain / whole;
  }

  const AdaptiveRun &run_;
  const FiniteVolume &volumes_;
  RefinementCosts costs_;
  double cfl_;
  const std::vector<int> &components_;
  RefinementPolicy &policy_;
  std::vector<MeshSample> &samples_;
  std::map<std::string, double> &metrics_;
};

}  // namespace

TimeStepping readTimeStepping(YamlMap &yaml, const std::vector<std::string> &families) {
  const auto how = yaml.get<std::string>("time_stepping", "global");
  if (how != "global" && how != "local") yaml.fail("time_stepping", "expected global or local, found '" + how + "'");
  for (const auto &family : families)
    if (how == "local" && !scalarFlow(family))
      yaml.fail("time_stepping", "expected global: '" + family + "' is a system, and local steps are for scalar laws");
  return how == "local" ? TimeStepping::local : TimeStepping::global;
}

std::vector<int> readComponents(YamlMap &yaml, const std::vector<std::string> &families) {
  const auto components = yaml.get<std::vector<int>>("components", {0});
  const bool scalar = std::any_of(families.begin(), families.end(), scalarFlow);
  const int most = scalar ? 0 : 3;
  if (components.empty()) yaml.fail("components", "expected at least one number");
  for (const int k : components)
    if (k < 0 || k > most)
      yaml.fail("components", "expected " + (most > 0 ? "numbers from 0 to " + std::to_string(most) : "0 alone") +
                                  ", found " + std::to_string(k));
  if (std::set<int>(components.begin(), components.end()).size() != components.size())
    yaml.fail("components", "expected each number once");
  return components;
}

double finestInterval(const FlowCase &flow, const Forest &base, int max_level, double steps, double cfl) {
  const CellMesh mesh = base.mesh();
  FiniteVolume volumes(mesh, flow.law, flow.boundary);
  const std::vector<double> u = flow.truth->initialAverages(mesh);
  return steps * cfl * volumes.stableStep(u.data()) / std::pow(2., static_cast<double>(max_level) / mesh.dim);
}

ConservationEnvironment::ConservationEnvironment(YamlMap yaml) {
  yaml.get<std::string>("name");
  families_ = yaml.get<std::vector<std::string>>("families", {"gaussian", "mixed", "burgers"});
  for (const auto &family : families_) {
    const auto &known = flowFamilies();
    if (std::find(known.begin(), known.end(), family) == known.end())
      yaml.fail("families", "expected some of " + flowFamilyNames() + ", found '" + family + "'");
  }
  if (families_.empty()) yaml.fail("families", "expected at least one family");
  readRange(yaml, "squares", squares_);
  readRange(yaml, "halvings", halvings_);
  readRange(yaml, "steps", steps_);
  readRange(yaml, "odds", odds_);
  remesh_cost_ = yaml.number("remesh_cost", 25, 0, 1e6);
  unit_ = yaml.number("unit", 1e-8, 1e-300, 1);
  cfl_ = yaml.number("cfl", .45, 1e-3, 1);
  volumes_.time_stepping = readTimeStepping(yaml, families_);
  components_ = readComponents(yaml, families_);
  max_cells_ = static_cast<int>(yaml.number("max_cells", 1500, 10, 1e7));
  max_decisions_ = static_cast<int>(yaml.number("max_decisions", 12, 1, 1e6));
  YamlMap v = yaml.map("validation", false);
  validation_.cases = static_cast<int>(v.number("cases", 4, 1, 1e4));
  validation_.squares = static_cast<int>(v.number("squares", 8, 3, 1e3));
  validation_.halvings = static_cast<int>(v.number("halvings", 4, 1, 12));
  validation_.odds = v.get<std::vector<double>>("odds", {.1, .6, 3.});
  validation_.steps = v.get<std::vector<int>>("steps", {20, 80});
  if (validation_.odds.empty() || validation_.steps.empty()) v.fail("odds", "odds and steps need at least one value");
  v.finish();
  yaml.finish();
}

RefinementCosts ConservationEnvironment::costsAt(double odds) const {
  RefinementCosts costs;
  costs.tradeoff = odds / (1 + odds);
  costs.unit = unit_;
  costs.remesh = remesh_cost_;
  return costs;
}

Validity ConservationEnvironment::validity() const {
  Validity validity;
  validity.saw("problem", "conservation");
  validity.saw("unknowns", "cells");
  for (const int k : {0, 1}) {
    validity.saw("halvings", halvings_[k]);
    validity.saw("steps", steps_[k]);
    validity.saw("odds", odds_[k]);
  }
  return validity;
}

void ConservationEnvironment::episode(std::uint64_t seed, RefinementPolicy &policy, double explore,
                                      std::vector<MeshSample> &samples, std::map<std::string, double> &metrics) {
  Draw draw(seed);
  const auto &family = families_[static_cast<std::size_t>(draw.below(static_cast<int>(families_.size())))];
  const FlowCase flow = drawCase(family, Split::train, 0, static_cast<int>(draw.unit() * (1 << 30)));
  const Forest base(flow.base(draw.between(squares_)), PETSC_COMM_SELF);
  AdaptiveSettings settings;
  settings.cfl = cfl_;
  settings.volumes = volumes_;
  settings.limits.max_level = draw.between(halvings_) * flow.dim;
  settings.limits.max_cells = max_cells_;
  settings.components = components_;
  const RefinementCosts costs = costsAt(draw.logarithmic(odds_[0], odds_[1]));
  const double interval =
      finestInterval(flow, base, settings.limits.max_level, draw.logarithmic(steps_[0], steps_[1]), cfl_);
  AdaptiveRun run(base, flow, settings);
  Explorer explorer(policy, costs, explore, draw);
  for (int round = 0; round <= settings.limits.max_level / flow.dim; ++round) {
    if (!run.decide(explorer, interval, round)) break;
  }
  // Some episodes begin later: shocks take their time.
  if (draw.unit() < .5) {
    const double start = .7 * draw.unit() * flow.end;
    while (run.time() < start) {
      run.decide(explorer, interval);
      run.advanceTo(std::min(start, run.time() + 4 * interval));
    }
  }
  FiniteVolume volumes(run.mesh(), flow.law, flow.boundary, volumes_);
  for (int k = 0; k < max_decisions_ && run.time() + interval <= flow.end * (1 + 1e-9); ++k) {
    volumes.reset(run.mesh());
    Recorder recorder(run, volumes, costs, cfl_, components_, policy, samples, metrics);
    run.decide(recorder, interval);
    run.decide(explorer, interval);
    run.advanceTo(run.time() + interval);
  }
  metrics["episodes"] += 1;
}

Evaluation ConservationEnvironment::evaluate(RefinementPolicy &policy) {
  if (held_.empty()) {
    for (const auto &family : families_) {
      for (int i = 0; i < validation_.cases; ++i) {
        Held held{drawCase(family, Split::valid, 0, i), nullptr};
        held.meter = std::make_shared<ErrorMeter>(held.flow.truth, held.flow.dim, held.flow.length, 256);
        held_.push_back(std::move(held));
      }
    }
  }
  Evaluation result;
  double sum = 0, error = 0, cost = 0;
  int runs = 0;
  for (Held &held : held_) {
    const Forest base(held.flow.base(validation_.squares), PETSC_COMM_SELF);
    AdaptiveSettings settings;
    settings.cfl = cfl_;
    settings.volumes = volumes_;
    settings.limits.max_level = validation_.halvings * held.flow.dim;
    settings.initial_rounds = validation_.halvings + 2;
    settings.components = components_;
    for (const int steps : validation_.steps) {
      settings.interval = finestInterval(held.flow, base, settings.limits.max_level, steps, cfl_);
      for (const double odds : validation_.odds) {
        PolicyMarker marker(policy, costsAt(odds));
        const AdaptiveReport report = runAdaptive(base, held.flow, marker, settings, *held.meter);
        const double work = static_cast<double>(report.cell_steps) + remesh_cost_ * report.mean_cells * report.remeshes;
        sum += std::log10(report.last.l1 * work);
        error += std::log10(report.last.l1);
        cost += std::log10(work);
        ++runs;
      }
    }
  }
  result.score = sum / runs;
  result.details = {{"log error", error / runs}, {"log cost", cost / runs}};
  return result;
}

}  // namespace petrl::conservation
