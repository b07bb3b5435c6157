#include "policy/policy.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "policy/architectures.hpp"

namespace petrl {

namespace {

constexpr std::size_t kMaxNames = 4096, kMaxName = 256;
constexpr int kMaxRadius = 8;  // of local means

std::map<std::string, PolicyCheck> &policyChecks() {
  static auto *instance = new std::map<std::string, PolicyCheck>;
  return *instance;
}

[[noreturn]] void bad(const std::string &source, const std::string &key, const std::string &message) {
  throw Error(source + ": " + key + ": " + message, PETSC_ERR_FILE_UNEXPECTED);
}

template <typename T>
void requireFinite(const std::vector<T> &values, const std::string &source, const std::string &key) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) bad(source, key, "value " + std::to_string(i) + " is not finite");
  }
}

void validateObservation(const ObservationSpec &o, const std::string &source) {
  const std::size_t n = o.names.size();
  if (n == 0) bad(source, "/observation/names", "expected at least one name, found none");
  if (n > kMaxNames) bad(source, "/observation/names", "expected at most 4096 names, found " + std::to_string(n));
  std::set<std::string> seen;
  for (const auto &name : o.names) {
    if (name.empty()) bad(source, "/observation/names", "found an empty name");
    if (name.size() > kMaxName) bad(source, "/observation/names", "found a name of more than 256 characters");
    if (!seen.insert(name).second) bad(source, "/observation/names", "'" + name + "' appears twice");
  }
  if (o.offset.size() != n)
    bad(source, "/observation/offset",
        "expected " + std::to_string(n) + " values (one a name), found " + std::to_string(o.offset.size()));
  if (o.scale.size() != n)
    bad(source, "/observation/scale",
        "expected " + std::to_string(n) + " values (one a name), found " + std::to_string(o.scale.size()));
  requireFinite(o.offset, source, "/observation/offset");
  requireFinite(o.scale, source, "/observation/scale");
  for (const float s : o.scale) {
    if (!(s > 0)) bad(source, "/observation/scale", "expected positive values, found " + std::to_string(s));
  }
  if (!o.normalise.empty() && o.normalise.size() != n)
    bad(source, "/observation/normalise",
        "expected " + std::to_string(n) + " words (one a name), found " + std::to_string(o.normalise.size()));
  for (std::size_t i = 0; i < o.normalise.size(); ++i) {
    if (o.normalise[i] != "record" && !o.local(i) && !o.unseen(i) && !o.courant(i))
      bad(source, "/observation/normalise",
          "expected record, local, unseen or courant, found '" + o.normalise[i] + "'");
    if (o.courant(i) && o.offset[i] != 0)
      bad(source, "/observation", "'" + o.names[i] + "' is seen as a Courant number: expected offset 0");
    if (o.local(i) && (o.offset[i] != 0 || o.scale[i] != 1))
      bad(source, "/observation", "'" + o.names[i] + "' is normalised locally: expected offset 0 and scale 1");
  }
  if (o.radius < 1 || o.radius > kMaxRadius)
    bad(source, "/observation",
        "radius: expected a number from 1 to " + std::to_string(kMaxRadius) + ", found " + std::to_string(o.radius));
  if (!(o.clip > 0) || !std::isfinite(o.clip))
    bad(source, "/observation", "clip: expected a positive number, found " + std::to_string(o.clip));
}

// A misspelled parameter that may be left out would be silently ignored.
void requireParameters(const ActionSpec &a, const std::vector<std::string> &known, const std::string &source) {
  for (const auto &[name, value] : a.parameters) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      bad(source, "/action", name + ": unknown parameter, expected " + (known.empty() ? "none" : joined(known, ", ")));
  }
}

// A closure changes components of the state, by name: those that it was told, or the first that it observes.
void validateClosure(const Policy &policy, const std::string &source) {
  const ActionSpec &a = policy.action;
  static const std::set<std::string> transforms = {"additive", "additive-rate", "flux", "cell-flux"};
  if (transforms.count(a.transform) == 0)
    bad(source, "/action",
        "transform: expected additive, additive-rate, flux or cell-flux, found '" + a.transform + "'");
  const auto &names = policy.observation.names;
  const auto given = a.parameters.find("components");
  const std::vector<std::string> components =
      given == a.parameters.end() ? std::vector<std::string>() : words(given->second);
  if (given != a.parameters.end() && components.empty()) bad(source, "/action", "components: found no name");
  for (const auto &name : components) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      bad(source, "/action", "components: '" + name + "' is not among the observation's names");
    if (std::count(components.begin(), components.end(), name) > 1)
      bad(source, "/action", "components: '" + name + "' appears twice");
  }
  if (a.transform == "cell-flux") {
    requireParameters(a, {"components", "vector"}, source);
    return;
  }
  const bool flux = a.transform == "flux";
  requireParameters(
      a,
      flux ? std::vector<std::string>{"components", "faces", "speed", "velocity", "half_width", "floor", "shear"}
           : std::vector<std::string>{"components", "boundary"},
      source);
  if (flux) return;
  const auto boundary = a.parameters.find("boundary");
  if (boundary != a.parameters.end() && boundary->second != "fixed" && boundary->second != "free")
    bad(source, "/action", "boundary: expected fixed or free, found '" + boundary->second + "'");
  if (!components.empty() && components.size() != a.low.size()) {
    bad(source, "/action",
        "components: expected " + std::to_string(a.low.size()) + " names (one an action), found " +
            std::to_string(components.size()));
  }
  if (a.low.size() > names.size()) {
    bad(source, "/action",
        "found " + std::to_string(a.low.size()) + " actions, more than the " + std::to_string(names.size()) +
            " observed fields that they could change");
  }
}

void validateAction(const Policy &policy, const std::string &source) {
  const ActionSpec &a = policy.action;
  if (a.low.size() > kMaxNames) bad(source, "/action/low", "expected at most 4096 actions");
  if (a.low.empty() || a.low.size() != a.high.size()) {
    bad(source, "/action",
        "expected as many low as high values and at least one, found " + std::to_string(a.low.size()) + " and " +
            std::to_string(a.high.size()));
  }
  requireFinite(a.low, source, "/action/low");
  requireFinite(a.high, source, "/action/high");
  for (std::size_t i = 0; i < a.low.size(); ++i) {
    if (!(a.low[i] < a.high[i]))
      bad(source, "/action",
          "expected low < high, found " + std::to_string(a.low[i]) + " and " + std::to_string(a.high[i]));
  }
  if (policy.kind == "closure") validateClosure(policy, source);
  if (policy.kind != "tsadapt") return;
  requireParameters(a, {"levers", "by_rule"}, source);
  const auto rules = a.parameters.find("by_rule");
  for (const auto &lever : rules == a.parameters.end() ? std::vector<std::string>() : words(rules->second)) {
    const auto levers = words(a.levers());
    if ((lever != "tolerance" && lever != "jacobian") || std::find(levers.begin(), levers.end(), lever) == levers.end())
      bad(source, "/action", "by_rule: expected tolerance or jacobian out of the levers, found '" + lever + "'");
  }
  for (const auto &lever : words(a.levers())) {
    static const std::set<std::string> levers = {"step", "accept", "tolerance", "jacobian", "order"};
    if (levers.count(lever) == 0)
      bad(source, "/action", "levers: expected some of step accept tolerance jacobian order, found '" + lever + "'");
  }
  static const std::set<std::string> transforms = {"ratio", "error-ratio", "pi-ratio", "linear", "log", "log-scaled"};
  if (transforms.count(a.transform) == 0)
    bad(source, "/action",
        "transform: expected ratio, error-ratio, pi-ratio, linear, log or log-scaled, found '" + a.transform + "'");
  const auto decided = a.decided();
  if (a.low.size() != decided.size())
    bad(source, "/action",
        "expected " + std::to_string(decided.size()) + " actions (" + joined(decided, ", ") + "), found " +
            std::to_string(a.low.size()));
  for (const double low : a.low) {
    if (!(low > 0))
      bad(source, "/action/low", "expected a positive number (a step or a factor), found " + std::to_string(low));
  }
}

}  // namespace

void validateSpecification(const Policy &policy, const std::string &source) {
  static const std::set<std::string> kinds = {"tsadapt", "closure", "refiner"};
  if (kinds.count(policy.kind) == 0)
    bad(source, "/", "kind: expected tsadapt, closure or refiner, found '" + policy.kind + "'");
  validateObservation(policy.observation, source);
  if (policy.kind != "closure" && !policy.observation.normalise.empty() &&
      policy.observation.normalise !=
          std::vector<std::string>(policy.observation.normalise.size(), std::string("record")))
    bad(source, "/observation/normalise", "local, unseen and courant are for fields on a grid (kind closure)");
  for (std::size_t i = 0; i < policy.observation.names.size(); ++i) {
    if (policy.observation.courant(i) && velocityAxis(policy, i) < 0)
      bad(source, "/observation/normalise",
          "'" + policy.observation.names[i] + "' has a Courant number only if the velocity of a flux names it");
  }
  validateAction(policy, source);
}

int velocityAxis(const Policy &policy, std::size_t name) {
  const auto given = policy.action.parameters.find("velocity");
  if (given == policy.action.parameters.end() || policy.action.transform != "flux") return -1;
  const auto axes = words(given->second);
  const auto it = std::find(axes.begin(), axes.end(), policy.observation.names[name]);
  return it == axes.end() || it - axes.begin() > 2 ? -1 : static_cast<int>(it - axes.begin());
}

std::string ActionSpec::levers() const {
  const auto given = parameters.find("levers");
  return given == parameters.end() ? "step" : given->second;
}

std::vector<std::string> ActionSpec::decided() const {
  const auto all = words(levers());
  const auto given = parameters.find("by_rule");
  const auto rules = given == parameters.end() ? std::vector<std::string>() : words(given->second);
  std::vector<std::string> out;
  for (const char *name : {"step", "tolerance", "jacobian"}) {
    if (std::find(all.begin(), all.end(), name) != all.end() &&
        std::find(rules.begin(), rules.end(), name) == rules.end())
      out.emplace_back(name);
  }
  return out;
}

bool ObservationSpec::anyLocal() const {
  return std::find(normalise.begin(), normalise.end(), "local") != normalise.end();
}

int dimensionsOf(const NetworkSpec &network) {
  const auto it = network.parameters.find("dimensions");
  return it == network.parameters.end() ? 2 : it->second == "1" ? 1 : it->second == "3" ? 3 : 2;
}

NetworkSpec networkPart(const NetworkSpec &network, const std::string &part) {
  NetworkSpec out;
  out.architecture = "gnn";
  const std::string parameter = part + ".", weight = part + "/";
  for (const auto &[name, value] : network.parameters) {
    if (name.rfind(parameter, 0) == 0) out.parameters[name.substr(parameter.size())] = value;
  }
  for (const auto &[name, tensor] : network.weights) {
    if (name.rfind(weight, 0) == 0) out.weights[name.substr(weight.size())] = tensor;
  }
  return out;
}

void addNetworkPart(NetworkSpec &network, const std::string &part, const NetworkSpec &from) {
  for (const auto &[name, value] : from.parameters) network.parameters[part + "." + name] = value;
  for (const auto &[name, tensor] : from.weights) network.weights[part + "/" + name] = tensor;
}

void validate(const Policy &policy, const std::string &source) {
  validateSpecification(policy, source);
  for (const auto &[name, tensor] : policy.network.weights) {
    std::size_t n = 1;
    for (const std::size_t e : tensor.shape) n *= e;
    if (n != tensor.data.size()) bad(source, "/network/" + name, "shape and number of values disagree");
    requireFinite(tensor.data, source, "/network/" + name);
  }
  const Architecture &architecture = architectureOf(policy, source);
  const auto [inputs, outputs] = architecture.validate(policy, source);
  if (inputs != policy.observation.names.size()) {
    bad(source, "/network",
        "the network has " + std::to_string(inputs) + " inputs, expected " +
            std::to_string(policy.observation.names.size()) + " (one an observation)");
  }
  if (outputs != policy.action.low.size()) {
    bad(source, "/network",
        "the network has " + std::to_string(outputs) + " outputs, expected " +
            std::to_string(policy.action.low.size()) + " (one an action)");
  }
  for (const auto &[name, range] : policy.validity.ranges) {
    if (!std::isfinite(range.low) || !std::isfinite(range.high) || range.low > range.high)
      bad(source, "/validity", name + ": expected finite numbers, low <= high");
  }
  const auto check = policyChecks().find(policy.kind);
  if (architecture.used && check != policyChecks().end()) check->second(policy, source);
}

void addPolicyCheck(const std::string &kind, PolicyCheck check) {
  policyChecks()[kind] = check;
}

void Validity::saw(const std::string &name, double value) {
  if (!std::isfinite(value)) return;
  const auto [it, first] = ranges.insert({name, {value, value}});
  if (!first) it->second = {std::min(it->second.low, value), std::max(it->second.high, value)};
}

void Validity::saw(const std::string &name, const std::string &word) {
  auto &list = words[name];
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

std::string Validity::outside(const std::string &name, double value) const {
  const auto it = ranges.find(name);
  if (it == ranges.end()) return "";
  const auto [low, high] = it->second;
  const double rounding = 1e-6 * std::max(std::fabs(low), std::fabs(high));
  if (value >= low - rounding && value <= high + rounding) return "";
  std::ostringstream text;
  text << name << " " << value << ", trained on " << low;
  if (low < high) text << " to " << high;
  return text.str();
}

std::string Validity::outside(const std::string &name, const std::string &word) const {
  const auto it = words.find(name);
  if (it == words.end() || std::find(it->second.begin(), it->second.end(), word) != it->second.end()) return "";
  return name + " '" + word + "', trained on " + joined(it->second, ", ");
}

std::vector<std::string> words(const std::string &text) {
  std::vector<std::string> result;
  std::istringstream in(text);
  for (std::string word; in >> word;) result.push_back(word);
  return result;
}

std::string joined(const std::vector<std::string> &names, const char *between) {
  std::string text;
  for (const auto &name : names) text += (text.empty() ? "" : between) + name;
  return text;
}

void requireKind(const Policy &policy, const std::string &kind, const std::string &source) {
  if (policy.kind == kind) return;
  throw Error(source + ": kind: expected a " + kind + " policy, found a " + policy.kind + " policy",
              PETSC_ERR_ARG_WRONG);
}

}  // namespace petrl
