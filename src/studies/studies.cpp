#include "studies/studies.hpp"

#include <map>

#include "base/error.hpp"
#include "base/files.hpp"
#include "policy/decider.hpp"

namespace petrl::studies {

namespace {

template <typename Function>
Function find(const std::map<std::string, Function> &table, const std::string &name) {
  const auto found = table.find(name);
  if (found != table.end()) return found->second;
  std::string known;
  for (const auto &[other, function] : table) known += (known.empty() ? "" : ", ") + other;
  throw Error("expected " + known + ", found '" + name + "'");
}

}  // namespace

Study findStudy(const std::string &name) {
  static const std::map<std::string, Study> table = {{"ode", odeStudy},         {"fault", faultStudy},
                                                     {"closure", closureStudy}, {"lamp", lampStudy},
                                                     {"poisson", poissonStudy}, {"refinement", refinementStudy}};
  return find(table, name);
}

Simulation findSimulation(const std::string &name) {
  static const std::map<std::string, Simulation> table = {{"fault", faultSimulation}};
  return find(table, name);
}

std::string policyFile(YamlMap &yaml, const std::string &key) {
  const auto name = yaml.get<std::string>(key);
  const std::string file = findPolicy(name);
  if (!fileExists(file)) yaml.fail(key, "found neither " + name + " nor " + policyFolder() + "/" + name);
  return file;
}

std::vector<double> positiveNumbers(YamlMap &yaml, const std::string &key, const std::vector<double> &fallback) {
  const auto values = yaml.get<std::vector<double>>(key, fallback);
  if (values.empty()) yaml.fail(key, "expected at least one number");
  for (const double v : values)
    if (!(v > 0)) yaml.fail(key, "expected numbers above 0");
  return values;
}

}  // namespace petrl::studies
