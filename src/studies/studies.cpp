#include "studies/studies.hpp"

#include "base/files.hpp"
#include "policy/shared_policy.hpp"

namespace petrl::studies {

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
