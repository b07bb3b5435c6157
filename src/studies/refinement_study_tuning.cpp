// Which settings go to the test: chosen on training cases alone, by the same rule for all methods.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "studies/refinement_study.hpp"

namespace petrl::studies {

namespace {

constexpr const char *kMethods[] = {"uniform", "gradient", "jump", "recovery", "policy"};

// Settings as points (log error, log cost).
using Points = std::vector<std::pair<double, double>>;

// Indices of those that no other is better than in both, by increasing error (of equals the first); at most `most` of
// them (0: all), evenly spread in the logarithm of the error.
std::vector<std::size_t> paretoFront(const Points &points, int most = 0) {
  std::vector<std::size_t> order(points.size()), front;
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return points[a] < points[b]; });
  double cheapest = std::numeric_limits<double>::infinity();
  for (const std::size_t i : order) {
    if (!(points[i].second < cheapest)) continue;
    cheapest = points[i].second;
    front.push_back(i);
  }
  if (most <= 0 || front.size() <= static_cast<std::size_t>(most)) return front;
  // The one nearest to each of evenly spread errors, each once, both ends among them.
  std::vector<std::size_t> chosen;
  const double low = points[front.front()].first, high = points[front.back()].first;
  for (int k = 0; k < most; ++k) {
    const double wanted = most > 1 ? low + (high - low) * k / (most - 1) : low;
    const auto nearest = std::min_element(front.begin(), front.end(), [&](std::size_t a, std::size_t b) {
      return std::fabs(points[a].first - wanted) < std::fabs(points[b].first - wanted);
    });
    if (chosen.empty() || chosen.back() != *nearest) chosen.push_back(*nearest);
  }
  return chosen;
}

// Log cost at a log error on such a front: linear between neighbours, beyond its ends as there. (Not their convex hull:
// that would mend a bad middle by mixing ends that nobody would use.)
double costAt(const Points &points, const std::vector<std::size_t> &front, double error) {
  const auto above = std::find_if(front.begin(), front.end(), [&](std::size_t i) { return points[i].first >= error; });
  if (above == front.begin()) return points[front.front()].second;
  if (above == front.end()) return points[front.back()].second;
  const auto &a = points[*(above - 1)], &b = points[*above];
  return a.second + (error - a.first) / (b.first - a.first) * (b.second - a.second);
}

std::vector<Candidate *> ofMethod(std::vector<Candidate> &candidates, const std::string &method) {
  std::vector<Candidate *> out;
  for (Candidate &c : candidates)
    if (c.setting.method == method) out.push_back(&c);
  return out;
}

Points pointsOf(const std::vector<Candidate *> &candidates, bool by_time) {
  Points out;
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
      const Points all = pointsOf(mine, by_time);
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
