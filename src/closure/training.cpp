#include "closure/training.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <sstream>

namespace petrl {

namespace {

// How far beyond what training met nobody is bothered: of the width of a field's values; as a factor of other numbers.
constexpr double kFieldSlack = 0.25, kFactor = 1.5;
// A field whose values differ by so much less than in training is one of other units.
constexpr double kNarrow = 0.02;

// Environments of policies from before training recorded all that it met.
struct Known {
  const char *name;
  int n;
  double dt_factor;
  std::map<std::string, Validity::Range> fields;
};

const std::vector<Known> &knownEnvironments() {
  static const std::vector<Known> known = {{"advection", 64, 0.25, {{"psi", {0, 1}}, {"u", {-1, 1}}, {"v", {-1, 1}}}},
                                           {"burgers", 30, 0.9, {{"u", {-1, 1}}, {"v", {-1, 1}}}}};
  return known;
}

std::string written(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

Validity configured(const std::string &config) {
  Validity v;
  if (config.size() > 65536) return v;  // nobody writes that by hand
  try {
    const YAML::Node environment = YAML::Load(config)["environment"];
    if (!environment) return v;
    const auto name = environment["name"].as<std::string>("");
    for (const Known &known : knownEnvironments()) {
      if (name != known.name) continue;
      const YAML::Node dt_factor = environment["dt_factor"], points = environment["n"];
      const double factor = dt_factor ? dt_factor.as<double>() : known.dt_factor;
      const int n = points ? points.as<int>() : known.n;
      v.saw("step", factor / n);
      v.saw("spacing", 1. / n);
      v.saw("courant", 0.25 * factor), v.saw("courant", factor);
      v.ranges.insert(known.fields.begin(), known.fields.end());
      const bool rk4 = environment["integrator"].as<std::string>("euler") == "rk4";
      v.saw("ts_type", rk4 ? "rk" : "euler");
      v.saw("order", rk4 ? 4 : 1);
      v.saw("scheme", environment["scheme"].as<std::string>("upwind1"));
      v.saw("boundary", "periodic");
      v.saw("velocity", "u"), v.saw("velocity", "v");
      v.saw("problem", name);
    }
  } catch (const std::exception &) {
    // It is only text, and may be anything.
  }
  return v;
}

}  // namespace

Validity trainingOf(const Policy &policy) {
  Validity v = policy.validity;
  const Validity more = configured(policy.provenance.config);
  v.ranges.insert(more.ranges.begin(), more.ranges.end());
  v.words.insert(more.words.begin(), more.words.end());
  return v;
}

double ownStep(const Validity &training, double spacing) {
  const auto one = [&training](const char *name) {
    const auto it = training.ranges.find(name);
    if (it == training.ranges.end() || !(it->second.low > 0)) return 0.;
    return it->second.high <= (1 + 1e-6) * it->second.low ? it->second.high : 0.;
  };
  const double trained = one("spacing");
  return one("step") * (spacing > 0 && trained > 0 ? spacing / trained : 1);
}

Surroundings::Surroundings(const Policy &policy, const std::vector<int> &components)
    : training_(trainingOf(policy)), transform_(policy.action.transform) {
  const auto given = policy.action.parameters.find("velocity");
  if (given != policy.action.parameters.end())
    velocity_ = words(given->second);
  else if (const auto recorded = training_.words.find("velocity"); recorded != training_.words.end())
    velocity_ = recorded->second;
  for (std::size_t i = 0; i < policy.observation.names.size(); ++i)
    if (policy.observation.local(i) || policy.observation.unseen(i) || policy.observation.courant(i))
      training_.ranges.erase(policy.observation.names[i]);  // their values do not matter
  for (const int c : components) changed_.insert(policy.observation.names[static_cast<std::size_t>(c)]);
}

std::string Surroundings::outside(const ClosureUse &use) {
  std::string text;
  const auto say = [&](const std::string &name, const std::string &what) {
    if (!what.empty() && said_.insert(name).second) text += (text.empty() ? "" : "; ") + what;
  };
  const auto number = [&](const std::string &name, double value) {
    const auto it = training_.ranges.find(name);
    if (it == training_.ranges.end() || !(value > 0)) return;
    if (value > kFactor * it->second.high || (first_ && kFactor * value < it->second.low))
      say(name, training_.outside(name, value));
  };
  const std::vector<double> &h = use.spacing;
  const bool spaced = !h.empty() && std::all_of(h.begin(), h.end(), [](double x) { return x > 0; });
  double courant = 0;
  for (std::size_t a = 0; spaced && velocity_.size() == h.size() && a < h.size(); ++a) {
    const auto it = use.fields.find(velocity_[a]);
    if (it == use.fields.end()) continue;
    const double speed = std::max(std::fabs(it->second.low), std::fabs(it->second.high));
    courant = std::max(courant, speed * use.step / h[a]);
  }
  number("courant", courant);
  // Where fluxes and additive corrections are concerned, the Courant number is all that the units leave of these.
  if (transform_ == "additive-rate" || courant == 0) {
    number("step", use.step / use.time_unit);
    if (spaced) {
      const double product = std::accumulate(h.begin(), h.end(), 1., std::multiplies<>());
      number("spacing", std::pow(product, 1. / static_cast<double>(h.size())));
    }
  }
  if (spaced && *std::max_element(h.begin(), h.end()) > kFactor * *std::min_element(h.begin(), h.end()) &&
      training_.ranges.count("spacing") > 0) {
    std::string all = written(h[0]);
    for (std::size_t a = 1; a < h.size(); ++a) all += " by " + written(h[a]);
    say("shape", "spacing " + all + ", trained on equal ones");
  }
  for (const auto &[name, found] : use.fields) {
    const auto it = training_.ranges.find(name);
    if (it == training_.ranges.end()) continue;
    const auto [low, high] = it->second;
    const double slack = kFieldSlack * (high - low), width = found.high - found.low;
    if (found.high > high + slack)
      say(name, training_.outside(name, found.high));
    else if (found.low < low - slack)
      say(name, training_.outside(name, found.low));
    else if (first_ && changed_.count(name) > 0 && width > 0 && width < kNarrow * (high - low))
      say(name, name + " from " + written(found.low) + " to " + written(found.high) + " only, trained on " +
                    written(low) + " to " + written(high));
  }
  if (!use.periodic) say("boundary", training_.outside("boundary", "not-periodic"));
  // Runge and Kutta's method of first order is Euler's.
  const std::string type = use.ts_type == "rk" && use.order == 1 ? "euler" : use.ts_type;
  const std::string other = type.empty() ? "" : training_.outside("ts_type", type);
  say("ts_type", other.empty() && use.order > 0 ? training_.outside("order", use.order) : other);
  first_ = false;
  return text;
}

}  // namespace petrl
