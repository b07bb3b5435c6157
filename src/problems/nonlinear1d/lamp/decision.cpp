#include "problems/nonlinear1d/lamp/decision.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace petrl::lamp {

using nonlinear1d::VertexMesh;

namespace {

/// Probabilities of the eligible.
void softmax(const float *logits, const std::vector<int> &eligible, std::vector<double> &p) {
  p.resize(eligible.size());
  float largest = logits[eligible.front()];
  for (const int e : eligible) largest = std::max(largest, logits[e]);
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += p[i] = std::exp(static_cast<double>(logits[eligible[i]] - largest));
  for (double &x : p) x /= sum;
}

std::vector<int> upTo(int largest) {
  std::vector<int> counts(static_cast<std::size_t>(std::clamp(largest, 0, kCounts - 1)) + 1);
  for (std::size_t k = 0; k < counts.size(); ++k) counts[k] = static_cast<int>(k);
  return counts;
}

std::size_t largest(const float *logits, const std::vector<int> &eligible) {
  std::size_t at = 0;
  for (std::size_t i = 1; i < eligible.size(); ++i) {
    if (logits[eligible[i]] > logits[eligible[at]]) at = i;
  }
  return at;
}

}  // namespace

Action decide(const VertexMesh &mesh, const Logits &logits, const Pick &pick) {
  Action action;
  const int edges = mesh.edges();
  std::vector<int> eligible;
  for (int e = 0; e < edges; ++e) {
    if (mesh.splits(e)) eligible.push_back(e);
  }
  std::vector<int> counts = upTo(static_cast<int>(eligible.size()));
  int count = counts[pick(Factor::split_count, logits.split_count.data(), counts)];
  std::vector<char> busy(static_cast<std::size_t>(edges), 0);
  for (; count > 0; --count) {
    const std::size_t at = pick(Factor::split, logits.split.data(), eligible);
    action.split.push_back(eligible[at]);
    busy[static_cast<std::size_t>(eligible[at])] = 1;
    eligible.erase(eligible.begin() + static_cast<std::ptrdiff_t>(at));
  }
  eligible.clear();
  for (int e = 0; e < edges; ++e) {
    if (mesh.coarsens(e) && !busy[static_cast<std::size_t>(e)]) eligible.push_back(e);
  }
  // Every choice takes itself and at most two neighbours away: a third of the edges can be had in any order.
  const int spare = mesh.vertices() + static_cast<int>(action.split.size()) - VertexMesh::kFewest;
  counts = upTo(std::min(static_cast<int>(eligible.size() + 2) / 3, spare));
  count = counts[pick(Factor::coarsen_count, logits.coarsen_count.data(), counts)];
  for (; count > 0; --count) {
    const int chosen = eligible[pick(Factor::coarsen, logits.coarsen.data(), eligible)];
    action.coarsen.push_back(chosen);
    const int before = mesh.ring() ? (chosen + edges - 1) % edges : chosen - 1;
    const int after = mesh.ring() ? (chosen + 1) % edges : chosen + 1;
    eligible.erase(std::remove_if(eligible.begin(), eligible.end(),
                                  [&](int e) { return e == chosen || e == before || e == after; }),
                   eligible.end());
  }
  return action;
}

Action draw(const VertexMesh &mesh, const Logits &logits, const std::function<double()> &uniform) {
  std::vector<double> p;
  return decide(mesh, logits, [&](Factor, const float *values, const std::vector<int> &eligible) {
    softmax(values, eligible, p);
    double left = uniform();
    std::size_t at = 0;
    while (at + 1 < p.size() && left >= p[at]) left -= p[at++];
    return at;
  });
}

Action best(const VertexMesh &mesh, const Logits &logits, CountRule rule) {
  std::vector<double> p;
  return decide(mesh, logits, [&](Factor factor, const float *values, const std::vector<int> &eligible) {
    const bool counts = factor == Factor::split_count || factor == Factor::coarsen_count;
    if (!counts || rule == CountRule::argmax) return largest(values, eligible);
    softmax(values, eligible, p);
    double mean = 0;
    for (std::size_t k = 0; k < p.size(); ++k) mean += static_cast<double>(k) * p[k];
    return static_cast<std::size_t>(std::lround(mean));
  });
}

Likelihood likelihood(const VertexMesh &mesh, const Logits &logits, const Action &action, const Factors *weight,
                      const Factors *entropy_weight, Logits *gradient) {
  Likelihood result;
  std::vector<double> p;
  float *slopes[4] = {};  // by Factor
  if (gradient != nullptr) {
    slopes[0] = gradient->split_count.data(), slopes[1] = gradient->split.data();
    slopes[2] = gradient->coarsen_count.data(), slopes[3] = gradient->coarsen.data();
  }
  std::size_t taken[4] = {};
  decide(mesh, logits, [&](Factor factor, const float *values, const std::vector<int> &eligible) {
    const bool split = factor == Factor::split_count || factor == Factor::split;
    const bool counts = factor == Factor::split_count || factor == Factor::coarsen_count;
    const auto f = static_cast<std::size_t>(factor);
    const std::size_t i = taken[f]++;
    const std::vector<int> &edges = split ? action.split : action.coarsen;
    const int chosen = counts ? static_cast<int>(edges.size()) : edges[i];
    float *const g = slopes[f];
    const auto of = [&](const Factors *factors) {
      if (factors == nullptr) return 0.;
      if (counts) return split ? factors->split_count : factors->coarsen_count;
      return (split ? factors->split : factors->coarsen)[i];
    };
    const auto found = std::find(eligible.begin(), eligible.end(), chosen);
    if (found == eligible.end()) throw Error("lamp: a decision that this mesh does not allow");
    const auto at = static_cast<std::size_t>(found - eligible.begin());
    softmax(values, eligible, p);
    double entropy = 0;
    for (const double x : p) entropy -= x > 0 ? x * std::log(x) : 0;
    result.log_probability += std::log(p[at]);
    result.entropy += entropy;
    if (g != nullptr) {
      const double a = of(weight), h = of(entropy_weight);
      for (std::size_t k = 0; k < p.size(); ++k) {
        // d entropy / d logit = -p (log p + entropy)
        const double slope = p[k] > 0 ? -p[k] * (std::log(p[k]) + entropy) : 0;
        g[eligible[k]] += static_cast<float>(a * ((k == at ? 1 : 0) - p[k]) + h * slope);
      }
    }
    return at;
  });
  return result;
}

}  // namespace petrl::lamp
