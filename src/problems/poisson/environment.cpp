#include "problems/poisson/environment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "problems/random.hpp"
#include "problems/ranges.hpp"

namespace petrl::poisson {

namespace {

constexpr double kDeviation = .03;  // share of cells that chance refines

RefinementPolicy::Field seenField(const AdaptivePoisson &now) {
  return {{now.mean().data(), now.rate().data(), now.gradient().data()}, now.range()};
}

// A random disc, so that the learner sees what its policy would not lead to.
void markDisc(const AdaptivePoisson &now, Random &draw, std::vector<signed char> &marks) {
  const CellMesh &mesh = now.mesh();
  const double *middle = &mesh.centre[static_cast<std::size_t>(2 * draw.below(mesh.owned))];
  const double radius = .4 * draw.unit();
  for (std::size_t c = 0; c < marks.size(); ++c)
    marks[c] = std::hypot(mesh.centre[2 * c] - middle[0], mesh.centre[2 * c + 1] - middle[1]) < radius;
}

// What the policy's own choices bring by the known gains, and the best ones, in units of the mesh's price.
void account(const RefinementDecision &chosen, const AdaptivePoisson &now, double price, int max_level,
             const std::vector<double> &gain, std::map<std::string, double> &metrics) {
  RefinementDecision best;
  decide(gain, now, price, max_level, best);
  const CellMesh &mesh = now.mesh();
  double reward = 0;
  for (std::size_t i = 0; i < gain.size(); ++i) {
    if (chosen.mark[i] > 0) reward += mesh.volume[i] / now.measure() * gain[i] - 3 * price;
  }
  const double whole = price * mesh.owned;
  metrics["decisions"] += 1;
  metrics["cells"] += mesh.owned;
  metrics["reward"] += reward / whole;
  metrics["best reward"] += best.gain / whole;
}

}  // namespace

void decide(const std::vector<double> &gain, const AdaptivePoisson &now, double price, int max_level,
            RefinementDecision &out) {
  const CellMesh &mesh = now.mesh();
  out.mark.assign(gain.size(), 0);
  out.priority.assign(gain.size(), 0.f);
  out.gain = 0, out.refined = 0, out.coarsened = 0;
  for (std::size_t i = 0; i < gain.size(); ++i) {
    const double net = mesh.volume[i] / now.measure() * gain[i] - 3 * price;
    if (!(net > 0) || mesh.level[i] + 2 > max_level) continue;
    out.mark[i] = 1;
    out.priority[i] = static_cast<float>(net);
    out.gain += net;
    ++out.refined;
  }
}

void predict(RefinementPolicy &policy, const AdaptivePoisson &now, std::vector<double> &gain) {
  const std::vector<float> &out = policy.predict(now.mesh(), {seenField(now)}, 1, {});
  gain.resize(out.size() / 2);
  for (std::size_t i = 0; i < gain.size(); ++i) gain[i] = static_cast<double>(out[2 * i]);
}

PoissonEnvironment::PoissonEnvironment(YamlMap yaml) {
  yaml.get<std::string>("name");
  squares_ = static_cast<int>(yaml.number("squares", 4, 2, 1024));
  if (squares_ % 2 != 0) yaml.fail("squares", "expected an even number, found " + std::to_string(squares_));
  rounds_ = static_cast<int>(yaml.number("rounds", 6, 1, 12));
  try {
    gain_ = gainKind(yaml.get<std::string>("gain", "dual"));
  } catch (const Error &error) {
    yaml.fail("gain", error.what());
  }
  unit_ = yaml.number("unit", 1e-6, 1e-300, 1);
  readRange(yaml, "odds", odds_);
  max_cells_ = static_cast<int>(yaml.number("max_cells", 2000, 10, 1e7));
  YamlMap v = yaml.map("validation", false);
  validation_.cases = static_cast<int>(v.number("cases", 8, 1, 1e4));
  validation_.reference = static_cast<int>(v.number("reference", rounds_, rounds_, 12));
  validation_.odds = v.get<std::vector<double>>("odds", {.1, 1, 10, 100});
  if (validation_.odds.empty()) v.fail("odds", "expected at least one value");
  v.finish();
  yaml.finish();
}

Validity PoissonEnvironment::validity() const {
  Validity validity;
  validity.saw("problem", "poisson");
  validity.saw("unknowns", "vertices");
  for (const int k : {1, rounds_}) validity.saw("halvings", k);
  for (const double odds : odds_) validity.saw("odds", odds);
  return validity;
}

void PoissonEnvironment::episode(std::uint64_t seed, RefinementPolicy &policy, double explore,
                                 std::vector<MeshSample> &samples, std::map<std::string, double> &metrics) {
  Random draw(seed);
  const double odds = draw.logarithmic(odds_[0], odds_[1]);
  AdaptivePoisson now(BaseMesh::lShape(squares_), drawLoad(Split::train, 0, static_cast<int>(draw.unit() * (1 << 30))));
  ForestLimits limits;
  limits.max_level = 2 * rounds_;
  limits.max_cells = max_cells_;
  std::vector<double> gain, predicted;
  for (int round = 0; round < rounds_; ++round) {
    const CellMesh &mesh = now.mesh();
    RefinementObservation seen;
    seen.compute(mesh, seenField(now).values, now.range(), 1);
    lookahead(now, gain_, gain);
    MeshSample sample{mesh.owned, mesh.slots(), mesh.neighbour, seen.node(), seen.edge(), {}};
    sample.target.assign(2 * gain.size(), std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < gain.size(); ++i)
      sample.target[2 * i] = RefinementScale::output(static_cast<float>(gain[i]));
    samples.push_back(std::move(sample));
    RefinementDecision decision;
    predict(policy, now, predicted);
    decide(predicted, now, unit_ * odds, limits.max_level, decision);
    account(decision, now, unit_ * odds, limits.max_level, gain, metrics);
    if (draw.unit() < explore) {
      markDisc(now, draw, decision.mark);
      decision.priority.clear();
    } else {
      for (signed char &m : decision.mark) {
        if (draw.unit() < kDeviation) m = static_cast<signed char>(draw.below(2));
      }
    }
    if (std::none_of(decision.mark.begin(), decision.mark.end(), [](signed char m) { return m > 0; })) break;
    const int before = mesh.owned;
    now.refine(decision.mark, limits, decision.priority);
    if (now.mesh().owned == before) break;
  }
  metrics["episodes"] += 1;
}

const std::vector<PoissonEnvironment::Held> &PoissonEnvironment::held() {
  if (held_.empty()) {
    const auto mesh = std::make_shared<ReferenceMesh>(squares_, validation_.reference);
    for (int i = 0; i < validation_.cases; ++i) {
      Held one{drawLoad(Split::valid, 0, i), nullptr, 0};
      one.reference = std::make_shared<PoissonReference>(mesh, one.load);
      const AdaptivePoisson start(BaseMesh::lShape(squares_), one.load);
      one.coarsest = one.reference->measure(start.mesh(), start.u()).l1;
      held_.push_back(std::move(one));
    }
  }
  return held_;
}

Evaluation PoissonEnvironment::validate(RefinementPolicy *policy) {
  ForestLimits limits;
  limits.max_level = 2 * rounds_;
  double error = 0, cells = 0, h1 = 0;
  int runs = 0;
  std::vector<double> gain;
  for (const Held &one : held()) {
    for (const double odds : validation_.odds) {
      AdaptivePoisson now(BaseMesh::lShape(squares_), one.load);
      for (int round = 0; round < rounds_; ++round) {
        RefinementDecision decision;
        if (policy)
          predict(*policy, now, gain);
        else
          lookahead(now, gain_, gain);
        decide(gain, now, unit_ * odds, limits.max_level, decision);
        if (decision.refined == 0) break;
        now.refine(decision.mark, limits, decision.priority);
      }
      const PoissonErrors found = one.reference->measure(now.mesh(), now.u());
      error += std::log10(std::max(found.l1 / one.coarsest, 1e-12));
      h1 += std::log10(std::max(found.h1, 1e-12));
      cells += std::log10(now.mesh().owned);
      ++runs;
    }
  }
  Evaluation result;
  result.score = (error + cells) / runs;
  result.details = {{"log error", error / runs}, {"log cells", cells / runs}, {"log energy error", h1 / runs}};
  return result;
}

Evaluation PoissonEnvironment::evaluate(RefinementPolicy &policy) {
  return validate(&policy);
}

Evaluation PoissonEnvironment::evaluateLookahead() {
  return validate(nullptr);
}

}  // namespace petrl::poisson
