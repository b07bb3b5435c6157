#include "refine/decision.hpp"

#include <algorithm>
#include <cmath>

namespace petrl {

double RefinementCosts::stepsAt(int level, int dim) const {
  return stable_steps || local_steps ? std::max(1., steps * std::pow(2., static_cast<double>(level - finest) / dim))
                                     : steps;
}

double RefinementCosts::stepsOf(const CellMesh &mesh, std::size_t cell) const {
  if (!local_steps) return steps;
  return own_steps ? std::max(1., own_steps[cell]) : stepsAt(mesh.level[cell], mesh.dim);
}

double RefinementCosts::each(int cap, int dim) const {
  return local_steps ? price() : price() * (stepsAt(cap, dim) + remesh);
}

RefinementCosts::Work RefinementCosts::work(const CellMesh &mesh, std::size_t cell) const {
  const double children = 1 << mesh.dim;
  if (!local_steps) return {1 / children, 1, children};
  // A diameter halves with each refinement, and the steps with it.
  const double now = stepsOf(mesh, cell);
  return {(std::max(1., now / 2) + remesh) / children, now + remesh, (2 * now + remesh) * children};
}

namespace {

/// What a cell does when no cell may exceed level `cap` and a unit of work costs `each`. Returns the error that it
/// saves.
double choose(int level, double share, const float *predicted, int cap, int halving, const RefinementCosts::Work &work,
              double each, int &mark) {
  const double gain = share * static_cast<double>(predicted[0]), loss = share * static_cast<double>(predicted[1]);
  mark = 0;
  if (level > cap || (level > 0 && loss < each * (work.same - work.coarse))) {
    mark = -1;
    return -loss;
  }
  if (level + halving <= cap && gain > each * (work.fine - work.same)) {
    mark = 1;
    return gain;
  }
  return 0;
}

}  // namespace

void weigh(const CellMesh &mesh, const float *predicted, const RefinementCosts &costs, const SumOverRanks &sum,
           RefinementDecision &out) {
  const auto n = static_cast<std::size_t>(mesh.owned);
  const int halving = mesh.dim;  // bisections that halve a diameter
  const bool capped = costs.stable_steps && !costs.local_steps;
  int caps[3], candidates = 0;
  for (int c = -1; c <= 1; ++c) {
    const int cap = costs.finest + c * halving;
    if (c == 0 || (capped && cap >= 0 && cap <= costs.max_level)) caps[candidates++] = cap;
  }
  if (!capped) caps[0] = costs.max_level;
  double each[3], totals[8] = {};  // of each candidate: error saved, work; cells and their steps on the mesh as it is
  for (int c = 0; c < candidates; ++c) {
    each[c] = costs.each(caps[c], mesh.dim);
    double saved = 0, work = 0;
    for (std::size_t i = 0; i < n; ++i) {
      int mark;
      const RefinementCosts::Work mine = costs.work(mesh, i);
      saved += choose(mesh.level[i], mesh.volume[i] / costs.measure, predicted + 2 * i, caps[c], halving, mine, each[c],
                      mark);
      work += mine.of(mark);
    }
    totals[2 * c] = saved, totals[2 * c + 1] = work;
  }
  totals[6] = static_cast<double>(n);
  if (costs.local_steps)
    for (std::size_t i = 0; i < n; ++i) totals[7] += costs.stepsOf(mesh, i);
  if (sum) sum(totals, 8);
  int best = 0;
  const auto value = [&](int c) { return totals[2 * c] - each[c] * totals[2 * c + 1]; };
  for (int c = 1; c < candidates; ++c) {
    if (value(c) > value(best)) best = c;
  }
  // The mesh as it is goes on without being built.
  const double now = costs.local_steps ? costs.price() * totals[7] : costs.price() * costs.steps * totals[6];
  out.cap = caps[best];
  out.gain = value(best) + now + costs.price() * costs.remesh * totals[6];
  out.worthwhile = value(best) + now > 0;
  out.mark.assign(n, 0);
  out.priority.assign(n, 0.f);
  out.refined = 0, out.coarsened = 0;
  for (std::size_t i = 0; i < n; ++i) {
    int mark;
    const RefinementCosts::Work mine = costs.work(mesh, i);
    const double saved = choose(mesh.level[i], mesh.volume[i] / costs.measure, predicted + 2 * i, out.cap, halving,
                                mine, each[best], mark);
    out.mark[i] = static_cast<signed char>(mark);
    if (mark > 0) {
      out.priority[i] = static_cast<float>(saved - each[best] * (mine.fine - mine.same));
      ++out.refined;
    }
    if (mark < 0) ++out.coarsened;
  }
}

}  // namespace petrl
