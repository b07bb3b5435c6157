// What a refinement study prints and writes.
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <sstream>

#include "base/files.hpp"
#include "studies/refinement_study.hpp"

namespace petrl::cli {

namespace {

std::string format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char *pattern, ...) {
  char text[1024];
  va_list values;
  va_start(values, pattern);
  std::vsnprintf(text, sizeof text, pattern, values);
  va_end(values);
  return text;
}

const char *const kSettingHeader =
    "method,setting,chosen_by_cost,chosen_by_wall,halvings,interval_steps,odds,skip,absolute,refine,coarsen,buffer,"
    "share";

std::string columns(const Entry &e) {
  const Setting &s = *e.setting;
  std::string out =
      format("%s,%s,%d,%d,%d,%.6g", s.method.c_str(), s.name.c_str(), e.by_cost, e.by_wall, s.halvings, s.steps);
  if (s.method == "policy" || s.method == "oracle")
    out += format(",%.6g,%d", s.odds, s.skip);
  else
    out += ",,";
  if (s.threshold())
    return out +
           format(",%d,%.6g,%.6g,%d,%.6g", s.rule.absolute, s.rule.refine, s.rule.coarsen, s.rule.buffer, s.share);
  return out + ",,,,,";
}

double sum(const Entry &e, Key key) {
  double total = 0;
  for (const Outcome &o : e.cases) total += o.*key;
  return total;
}

// What building a cell anew costs in time steps of a cell. The adaptation to the initial condition is in the seconds
// but not in the number: an upper bound.
double remeshSteps(const Entry &e) {
  double rebuilt = 0;
  for (const Outcome &o : e.cases) rebuilt += o.remeshes * o.cells;
  const double step = sum(e, &Outcome::stepping) / sum(e, &Outcome::cell_steps);
  return rebuilt > 0 ? sum(e, &Outcome::remeshing) / rebuilt / step : 0;
}

// Groups that a policy is compared with.
std::vector<std::pair<std::string, std::vector<std::string>>> rivals() {
  return {{"uniform", {"uniform"}},
          {"gradient", {"gradient"}},
          {"jump", {"jump"}},
          {"recovery", {"recovery"}},
          {"best threshold", {"gradient", "jump", "recovery"}}};
}

Group group(const std::vector<Entry> &entries, const std::string &method, bool by_cost) {
  Group out;
  for (const Entry &e : entries) {
    if (e.setting->method == method && (by_cost ? e.by_cost : e.by_wall)) out.push_back(&e);
  }
  return out;
}

std::string line(const char *measure, const Comparison &c) {
  if (c.error.empty()) return format("  %-10s no error in common", measure);
  return format("  %-10s %8.2e ... %8.2e  %6.2f %6.2f %6.2f  [%.2f, %.2f]  loses at %d of %zu", measure,
                c.error.front(), c.error.back(), c.least, c.median, c.most, c.low, c.high, c.losses, c.error.size());
}

}  // namespace

void RefinementReport::tuning(const std::string &family, const std::vector<Entry> &tried) {
  std::size_t thresholds = 0, policies = 0;
  for (const Entry &e : tried) {
    thresholds += e.setting->threshold(), policies += e.setting->method == "policy";
    tuning_ += family + "," + columns(e) +
               format(",%zu,%.6g,%.6g,%.6g\n", e.cases.size(), geometricMean(e, &Outcome::l1),
                      geometricMean(e, &Outcome::cost), geometricMean(e, &Outcome::wall));
  }
  const auto chosen = std::count_if(tried.begin(), tried.end(), [](const Entry &e) { return e.by_cost || e.by_wall; });
  std::size_t cases = 0, whole = 0;
  for (const Entry &e : tried) cases = std::max(cases, e.cases.size());
  for (const Entry &e : tried) whole += e.cases.size() == cases;
  std::printf(
      "%s: %zu threshold rules and %zu settings of the policy, %zu of them on all %zu training cases, %zu chosen\n",
      family.c_str(), thresholds, policies, whole, cases, static_cast<std::size_t>(chosen));
  writeWhole(directory_ + "/configurations.csv",
             std::string("family,") + kSettingHeader + ",cases,l1,cost_cell_steps,wall_s\n" + tuning_);
}

void RefinementReport::fronts(const Experiment &experiment, const std::vector<Entry> &entries,
                              const RefinementStudy &study) {
  const std::string key = experiment.name + "," + experiment.family + ",";
  std::printf("\n%s, %s (%d cases, least time of %d)\n%-28s %9s %7s %9s %9s %9s %6s %5s %5s %5s %7s %8s\n",
              experiment.family.c_str(), experiment.name.c_str(), experiment.cases, experiment.repeats, "setting",
              "L1 error", "log std", "cost", "wall ms", "cells", "remesh", "step%", "dec%", "mesh%", "", "re-mesh");
  std::vector<const Entry *> order;
  for (const Entry &e : entries) order.push_back(&e);
  std::stable_sort(order.begin(), order.end(), [](const Entry *a, const Entry *b) {
    return a->setting->method == b->setting->method &&
           geometricMean(*a, &Outcome::l1) > geometricMean(*b, &Outcome::l1);
  });
  for (const Entry *e : order) {
    const double wall = sum(*e, &Outcome::wall),
                 part[3] = {sum(*e, &Outcome::stepping) / wall, sum(*e, &Outcome::deciding) / wall,
                            sum(*e, &Outcome::remeshing) / wall};
    const auto n = static_cast<double>(e->cases.size());
    const double error = geometricMean(*e, &Outcome::l1), spread = logDeviation(*e, &Outcome::l1);
    const double cost = geometricMean(*e, &Outcome::cost), time = geometricMean(*e, &Outcome::wall);
    const double cells = geometricMean(*e, &Outcome::cells), rebuilt = remeshSteps(*e);
    std::printf("%-28s %9.3e %7.2f %9.3e %9.3f %9.0f %6.1f %5.0f %5.0f %5.0f %7s %8.1f\n", e->setting->name.c_str(),
                error, spread, cost, 1e3 * time, cells, sum(*e, &Outcome::remeshes) / n, 100 * part[0], 100 * part[1],
                100 * part[2],
                e->by_cost && e->by_wall ? "both"
                : e->by_cost             ? "cost"
                                         : "wall",
                rebuilt);
    fronts_ += key + columns(*e) +
               format(",%zu,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g", e->cases.size(), error, spread,
                      quantile(*e, &Outcome::l1, .25), quantile(*e, &Outcome::l1, .75), geometricMean(*e, &Outcome::l2),
                      geometricMean(*e, &Outcome::mean), cost, geometricMean(*e, &Outcome::cell_steps), cells,
                      sum(*e, &Outcome::decisions) / n, sum(*e, &Outcome::remeshes) / n) +
               format(",%.6g,%.4f,%.4f,%.4f,%.3f\n", time, part[0], part[1], part[2], rebuilt);
  }

  static constexpr std::pair<const char *, Key> kErrors[] = {
      {"l1", &Outcome::l1}, {"l2", &Outcome::l2}, {"mean_l1", &Outcome::mean}};
  std::printf(
      "\ncost of others over the policy's at equal L1 error: least, median, most; [5 %%, 95 %%] of the median\n");
  const auto note = [&](const std::string &name, const char *error, const char *measure, const Comparison &c) {
    for (std::size_t i = 0; i < c.error.size(); ++i)
      ratios_ += key + name + "," + error + "," + measure + format(",%.6g,%.6g\n", c.error[i], c.ratio[i]);
    if (c.error.empty()) return;
    summary_ += key + name + "," + error + "," + measure +
                format(",%.6g,%.6g,%.4g,%.4g,%.4g,%.4g,%.4g,%zu,%d\n", c.error.front(), c.error.back(), c.least,
                       c.median, c.most, c.low, c.high, c.error.size(), c.losses);
  };
  for (const auto &[name, methods] : rivals()) {
    std::printf("%s\n", name.c_str());
    for (const bool by_cost : {true, false}) {
      const Group policy = group(entries, "policy", by_cost);
      std::vector<Group> rival;
      for (const auto &method : methods) rival.push_back(group(entries, method, by_cost));
      for (const auto &[error, of] : kErrors) {
        const Comparison c =
            compare(policy, rival, of, by_cost ? &Outcome::cost : &Outcome::wall, study.places, study.seed + 1);
        note(name, error, by_cost ? "cost" : "wall", c);
        if (of == &Outcome::l1) std::printf("%s\n", line(by_cost ? "cost" : "wall", c).c_str());
      }
    }
  }
  // Hindsight on its own cases, against the policy on the same; its own cost (paired runs) is not counted.
  const Group oracle = group(entries, "oracle", true);
  if (!oracle.empty()) {
    std::vector<Entry> fewer;
    for (const Entry *e : group(entries, "policy", true)) {
      fewer.push_back(*e);
      fewer.back().cases.resize(oracle.front()->cases.size());
    }
    const Comparison c =
        compare(group(fewer, "policy", true), {oracle}, &Outcome::l1, &Outcome::cost, study.places, study.seed + 1);
    note("oracle", "l1", "cost", c);
    std::printf("hindsight (%zu cases)\n%s\n", oracle.front()->cases.size(), line("cost", c).c_str());
  }
  std::fflush(stdout);
  finish();
}

void RefinementReport::finish() const {
  writeWhole(directory_ + "/front.csv",
             std::string("experiment,family,") + kSettingHeader +
                 ",cases,l1,l1_log_std,l1_q25,l1_q75,l2,mean_l1,cost_cell_steps,cell_steps,mean_cells,decisions,"
                 "remeshes,wall_s,stepping_share,deciding_share,remeshing_share,remesh_steps\n" +
                 fronts_);
  writeWhole(directory_ + "/ratio.csv", "experiment,family,rival,error,measure,at_error,ratio\n" + ratios_);
  writeWhole(directory_ + "/summary.csv",
             "experiment,family,rival,error,measure,error_from,error_to,ratio_min,ratio_median,ratio_max,"
             "median_low,median_high,places,losses\n" +
                 summary_);
}

}  // namespace petrl::cli
