// Which settings go to the test: chosen on training cases alone, by the same rule for all methods.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "learn/pareto.hpp"
#include "studies/refinement_study.hpp"

namespace petrl::studies {

namespace {

constexpr const char *kMethods[] = {"uniform", "gradient", "jump", "recovery", "policy", "gated"};

std::vector<Candidate *> ofMethod(std::vector<Candidate> &candidates, const std::string &method) {
  std::vector<Candidate *> out;
  for (Candidate &c : candidates)
    if (c.setting.method == method) out.push_back(&c);
  return out;
}

ParetoPoints pointsOf(const std::vector<Candidate *> &candidates, bool by_time) {
  ParetoPoints out;
  for (const Candidate *c : candidates) out.push_back(c->point(by_time));
  return out;
}

// Settings of one method for the test, by both measures of cost; those with outcomes for all cases.
void choose(std::vector<Candidate *> mine, std::size_t cases, int most) {
  mine.erase(std::remove_if(mine.begin(), mine.end(), [&](const Candidate *c) { return c->error.size() < cases; }),
             mine.end());
  for (Candidate *c : mine) c->by_cost = c->by_wall = c->setting.method == "uniform";
  for (const std::size_t i : paretoFront(pointsOf(mine, false), most)) mine[i]->by_cost = true;
  for (const std::size_t i : paretoFront(pointsOf(mine, true), most)) mine[i]->by_wall = true;
}

}  // namespace

std::vector<Candidate> candidatesOf(const std::vector<Setting> &settings) {
  std::vector<Candidate> out(settings.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i].setting = settings[i];
  return out;
}

std::vector<Candidate> thinned(std::vector<Candidate> candidates, int most, int halvings) {
  std::vector<Candidate> out;
  for (const std::string method : kMethods) {
    const std::vector<Candidate *> mine = ofMethod(candidates, method);
    choose(mine, mine.empty() ? 0 : mine.front()->error.size(), most);
    for (const Candidate *c : mine) {
      // On larger or finer meshes the finest uniform one would take longer than all the others together.
      if ((c->by_cost || c->by_wall) && (method != "uniform" || c->setting.halvings < halvings)) out.push_back(*c);
    }
  }
  return out;
}

void RefinementStudy::tune(const std::string &family) {
  Experiment training = experiment("screening", family);
  training.split = conservation::Split::train, training.repeats = 1, training.cases = screen;
  std::vector<Candidate> tried = candidatesOf(settings), kept;
  run(training, tried);
  std::vector<bool> stays(tried.size(), false);
  for (const char *method : kMethods) {
    const std::vector<Candidate *> mine = ofMethod(tried, method);
    for (const bool by_time : {false, true}) {
      const ParetoPoints all = pointsOf(mine, by_time);
      const auto best = paretoFront(all);
      for (std::size_t i = 0; i < mine.size(); ++i) {
        if (all[i].second - costAt(all, best, all[i].first) <= std::log(keep) || mine[i]->setting.method == "uniform")
          stays[static_cast<std::size_t>(mine[i] - tried.data())] = true;
      }
    }
  }
  for (std::size_t i = 0; i < tried.size(); ++i)
    if (stays[i]) kept.push_back(tried[i]);
  training.name = "training", training.first = screen, training.cases = train - screen;
  run(training, kept);
  for (const std::string method : kMethods) choose(ofMethod(kept, method), static_cast<std::size_t>(train), front);
  for (Candidate &c : kept)
    if (c.by_cost || c.by_wall) chosen[family].push_back(std::move(c));
}

}  // namespace petrl::studies
