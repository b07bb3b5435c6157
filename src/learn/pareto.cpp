#include "learn/pareto.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace petrl {

std::vector<std::size_t> paretoFront(const ParetoPoints &points, int most) {
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

double costAt(const ParetoPoints &points, const std::vector<std::size_t> &front, double error) {
  const auto above = std::find_if(front.begin(), front.end(), [&](std::size_t i) { return points[i].first >= error; });
  if (above == front.begin()) return points[front.front()].second;
  if (above == front.end()) return points[front.back()].second;
  const auto &a = points[*(above - 1)], &b = points[*above];
  return a.second + (error - a.first) / (b.first - a.first) * (b.second - a.second);
}

}  // namespace petrl
