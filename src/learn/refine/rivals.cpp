#include "learn/refine/rivals.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "learn/pareto.hpp"

namespace petrl {

namespace {

constexpr double kLeastError = 1e-12;  // a mesh as fine as the finest one has none
constexpr double kFailed = 1e3;

std::pair<double, double> point(const RefinerRun &run, bool all_costs) {
  return {std::log(std::max(run.error, kLeastError)), std::log(std::max(all_costs ? run.cost : run.cell_steps, 1.))};
}

}  // namespace

RefinementRivals::RefinementRivals(const RefinerWorld &world) {
  // With explicit methods the last level makes all cells take more steps: half of the rules do without it.
  const int levels = world.levels(), fewer = std::max(1, levels - 1);
  const struct {
    const char *name;
    RefinementIndicator indicator;
    int levels, count;
    double low, high;
  } families[] = {{"jump", RefinementIndicator::jump, levels, 5, .003, .3},
                  {"recovery", RefinementIndicator::recovery, levels, 5, .001, .1},
                  {"jump", RefinementIndicator::jump, fewer, 5, .003, .3},
                  {"recovery", RefinementIndicator::recovery, fewer, 4, .001, .1},
                  // Refines nothing: what all larger thresholds come to.
                  {"jump", RefinementIndicator::jump, levels, 1, 1e6, 1e6}};
  for (const auto &family : families) {
    for (int i = 0; i < family.count; ++i) {
      Rival r;
      char name[64];
      r.rule.indicator = family.indicator;
      r.rule.thresholds.absolute = true;
      r.rule.thresholds.max_level = family.levels * world.halving();
      r.rule.thresholds.refine = family.low * std::pow(family.high / family.low, i / std::max(1., family.count - 1.));
      std::snprintf(name, sizeof name, "%s %.3g level %d", family.name, r.rule.thresholds.refine, family.levels);
      r.name = name;
      rivals_.push_back(std::move(r));
    }
  }
}

int RefinementRivals::left() const {
  return static_cast<int>(std::count_if(rivals_.begin(), rivals_.end(), [](const Rival &r) { return !r.tried; }) +
                          std::count_if(rivals_.begin(), rivals_.end(), [](const Rival &r) { return !r.judged; }));
}

int RefinementRivals::from(const RefinerWorld &world) const {
  return world.heldOut() > 1 ? 1 : 0;
}

double RefinementRivals::intervals(const RefinerWorld &world) const {
  return world.intervals() * (world.heldOut() - from(world)) / world.heldOut();
}

void RefinementRivals::tune(RefinerWorld &world, const std::function<void(const Rival &, bool)> &after) {
  for (Rival &r : rivals_) {
    if (r.tried) continue;
    r.training = world.run(from(world), world.heldOut(), r.rule);
    r.tried = true;
    after(r, false);
  }
  ParetoPoints points;
  std::vector<Rival *> finished;
  for (Rival &r : rivals_) {
    if (!r.training.finished) continue;
    points.push_back(point(r.training, false));
    finished.push_back(&r);
  }
  if (finished.empty()) throw Error("no run with thresholds came to its end", PETSC_ERR_NOT_CONVERGED);
  for (const std::size_t i : paretoFront(points)) finished[i]->tuned = true;
  for (Rival &r : rivals_) {
    if (!r.tuned || r.judged) continue;
    r.held_out = world.run(world.heldOut(), world.moments() - 1, r.rule);
    r.judged = true;
    after(r, true);
  }
}

double RefinementRivals::relative(const RefinerRun &run, bool all_costs) const {
  if (!run.finished) return kFailed;
  ParetoPoints points;
  for (const Rival &r : rivals_)
    if (r.judged && r.held_out.finished) points.push_back(point(r.held_out, all_costs));
  if (points.empty()) throw Error("no run with thresholds came to its end", PETSC_ERR_NOT_CONVERGED);
  const auto [error, cost] = point(run, all_costs);
  return cost - costAt(points, paretoFront(points), error);
}

std::vector<double> RefinementRivals::tradeoffs(const RefinerWorld &world) const {
  ParetoPoints points;
  for (const Rival &r : rivals_)
    if (r.tuned && r.training.error > kLeastError) points.push_back(point(r.training, false));
  const std::vector<std::size_t> front = paretoFront(points);
  const double b = world.costs().tradeoff, user = b / (1 - b);
  std::vector<double> odds;
  for (const double share : {.25, .5, .75}) {
    if (front.size() < 2) break;
    const double low = points[front.front()].first, high = points[front.back()].first;
    const double error = low + share * (high - low);
    std::size_t k = 1;
    while (k + 1 < front.size() && points[front[k]].first < error) ++k;
    const auto &one = points[front[k - 1]], &other = points[front[k]];
    // What an interval's error falls by for each cell-step.
    const double slope = (one.first - other.first) / std::max(one.second - other.second, 1e-3);
    const double price = -slope * std::exp(error - costAt(points, front, error)) * intervals(world);
    odds.push_back(price / world.costs().unit);
  }
  if (odds.empty()) odds = {user / 4, user, 4 * user};
  std::sort(odds.begin(), odds.end());
  for (double &o : odds) o = o / (1 + o);
  return odds;
}

const RefinementRivals::Rival &RefinementRivals::best(const RefinerWorld &world) const {
  // What a decision weighs, summed over the decisions.
  const double price = world.costs().price();
  const auto value = [&](const Rival &r) {
    return r.training.finished ? r.training.error * intervals(world) + price * r.training.cost : HUGE_VAL;
  };
  return *std::min_element(rivals_.begin(), rivals_.end(),
                           [&](const Rival &a, const Rival &b) { return value(a) < value(b); });
}

void RefinementRivals::archive(Archive &a) {
  const auto run = [&a](const char *name, RefinerRun &r) {
    a.group(name, [&] {
      a("finished", r.finished);
      a("error", r.error);
      a("cell_steps", r.cell_steps);
      a("cost", r.cost);
      a("remeshes", r.remeshes);
    });
  };
  for (std::size_t i = 0; i < rivals_.size(); ++i) {
    Rival &r = rivals_[i];
    a.group(std::to_string(i), [&] {
      a("tried", r.tried);
      a("tuned", r.tuned);
      a("judged", r.judged);
      run("training", r.training);
      run("held_out", r.held_out);
    });
  }
}

}  // namespace petrl
