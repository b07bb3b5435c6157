// Which settings go to the test: chosen on training cases alone, by the same rule for all methods.
#include <algorithm>
#include <cmath>

#include "studies/refinement_study.hpp"

namespace petrl::cli {

using conservation::Split;

namespace {

constexpr const char *kMethods[] = {"uniform", "gradient", "jump", "recovery", "policy"};

std::vector<Entry *> ofMethod(std::vector<Entry> &entries, const std::string &method) {
  std::vector<Entry *> out;
  for (Entry &e : entries)
    if (e.setting->method == method) out.push_back(&e);
  return out;
}

std::vector<std::pair<double, double>> pointsOf(const std::vector<Entry *> &entries, Key cost) {
  std::vector<std::pair<double, double>> out;
  for (const Entry *e : entries) out.emplace_back(geometricMean(*e, &Outcome::l1), geometricMean(*e, cost));
  return out;
}

// Settings of one method for the test, by both measures of cost; those with outcomes for all cases.
void choose(std::vector<Entry *> mine, std::size_t cases, int most, bool all) {
  mine.erase(std::remove_if(mine.begin(), mine.end(), [&](const Entry *e) { return e->cases.size() < cases; }),
             mine.end());
  for (const int i : paretoFront(pointsOf(mine, &Outcome::cost), most))
    mine[static_cast<std::size_t>(i)]->by_cost = true;
  for (const int i : paretoFront(pointsOf(mine, &Outcome::wall), most))
    mine[static_cast<std::size_t>(i)]->by_wall = true;
  if (!all) return;
  for (Entry *e : mine) e->by_cost = e->by_wall = true;
}

}  // namespace

std::vector<Entry> thinned(std::vector<Entry> entries, int most, int halvings) {
  std::vector<Entry> out;
  for (const std::string method : kMethods) {
    std::vector<Entry *> mine = ofMethod(entries, method);
    for (Entry *e : mine) e->by_cost = e->by_wall = false;
    choose(mine, mine.empty() ? 0 : mine.front()->cases.size(), most, method == "uniform");
    for (const Entry *e : mine) {
      // On larger or finer meshes the finest uniform one would take longer than all the others together.
      if ((e->by_cost || e->by_wall) && (method != "uniform" || e->setting->halvings < halvings)) out.push_back(*e);
    }
  }
  return out;
}

std::vector<Entry> RefinementStudy::tune(const std::string &family) const {
  Experiment training = experiment("screening", family);
  training.split = Split::train, training.repeats = 1, training.cases = screen;
  std::vector<Entry> tried = empty(candidates), kept;
  run(training, tried);
  std::vector<bool> stays(tried.size(), false);
  for (const char *method : kMethods) {
    const std::vector<Entry *> mine = ofMethod(tried, method);
    for (const Key cost : {&Outcome::cost, &Outcome::wall}) {
      auto logs = pointsOf(mine, cost);
      for (auto &p : logs) p = {std::log(p.first), std::log(p.second)};
      const Front best(logs);
      for (std::size_t i = 0; i < mine.size(); ++i) {
        const double error = std::clamp(logs[i].first, best.least(), best.most());
        if (logs[i].second - best.at(error) <= std::log(keep) || mine[i]->setting->method == "uniform")
          stays[static_cast<std::size_t>(mine[i] - tried.data())] = true;
      }
    }
  }
  for (std::size_t i = 0; i < tried.size(); ++i)
    if (stays[i]) kept.push_back(tried[i]);
  training.name = "training", training.first = screen, training.cases = train - screen;
  run(training, kept);
  std::size_t next = 0;
  for (std::size_t i = 0; i < tried.size(); ++i)
    if (stays[i]) tried[i] = kept[next++];
  for (const std::string method : kMethods)
    choose(ofMethod(tried, method), static_cast<std::size_t>(train), front, method == "uniform");
  return tried;
}

}  // namespace petrl::cli
