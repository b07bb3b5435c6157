#include "refine/decision.hpp"

#include <algorithm>
#include <cmath>

namespace petrl {

double RefinementCosts::stepsAt(int level, int dim) const {
  return stable_steps ? std::max(1., steps * std::pow(2., static_cast<double>(level - finest) / dim)) : steps;
}

namespace {

/// What a cell does when no cell may exceed level `cap` and each costs `each`. Returns the error that it saves.
double choose(int level, double share, const float *predicted, int cap, int halving, double children, double each,
              int &mark) {
  const double gain = share * static_cast<double>(predicted[0]), loss = share * static_cast<double>(predicted[1]);
  mark = 0;
  if (level > cap || (level > 0 && loss < each * (1 - 1 / children))) {
    mark = -1;
    return -loss;
  }
  if (level + halving <= cap && gain > each * (children - 1)) {
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
  const double children = mesh.dim > 1 ? 4 : 2;
  int caps[3], candidates = 0;
  for (int c = -1; c <= 1; ++c) {
    const int cap = costs.finest + c * halving;
    if (c == 0 || (costs.stable_steps && cap >= 0 && cap <= costs.max_level)) caps[candidates++] = cap;
  }
  if (!costs.stable_steps) caps[0] = costs.max_level;
  double each[3], totals[7] = {};  // of each candidate: error saved, cells; and the cells that there are
  for (int c = 0; c < candidates; ++c) {
    each[c] = costs.price() * (costs.stepsAt(caps[c], mesh.dim) + costs.remesh);
    double saved = 0, cells = 0;
    for (std::size_t i = 0; i < n; ++i) {
      int mark;
      saved += choose(mesh.level[i], mesh.volume[i] / costs.measure, predicted + 2 * i, caps[c], halving, children,
                      each[c], mark);
      cells += mark > 0 ? children : mark < 0 ? 1 / children : 1;
    }
    totals[2 * c] = saved, totals[2 * c + 1] = cells;
  }
  totals[6] = static_cast<double>(n);
  if (sum) sum(totals, 7);
  int best = 0;
  const auto value = [&](int c) { return totals[2 * c] - each[c] * totals[2 * c + 1]; };
  for (int c = 1; c < candidates; ++c) {
    if (value(c) > value(best)) best = c;
  }
  const double now = costs.price() * costs.steps * totals[6];  // the mesh as it is goes on without being built
  out.cap = caps[best];
  out.gain = value(best) + now + costs.price() * costs.remesh * totals[6];
  out.worthwhile = value(best) + now > 0;
  out.mark.assign(n, 0);
  out.priority.assign(n, 0.f);
  out.refined = 0, out.coarsened = 0;
  for (std::size_t i = 0; i < n; ++i) {
    int mark;
    const double saved = choose(mesh.level[i], mesh.volume[i] / costs.measure, predicted + 2 * i, out.cap, halving,
                                children, each[best], mark);
    out.mark[i] = static_cast<signed char>(mark);
    if (mark > 0) {
      out.priority[i] = static_cast<float>(saved - each[best] * (children - 1));
      ++out.refined;
    }
    if (mark < 0) ++out.coarsened;
  }
}

}  // namespace petrl
